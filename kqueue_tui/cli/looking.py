"""What the commands that show jobs have in common: each looked up in the cluster, and in the history in home."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from kbatch_core.client import Client
from kbatch_core.errors import KbatchError
from kbatch_core.history import Found
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.reference import split_references
from kqueue_tui.cli.run import complain

Made = TypeVar("Made")


def each_reference(texts: Sequence[str]) -> list[str]:
    """What was typed, by comma lists too, each once in its order."""
    return list(dict.fromkeys(part for text in texts for part in split_references(text) or [text]))


def look_up_each(
    client: Client, references: Sequence[str], make: Callable[[Found, ArraySpec | None], Made]
) -> tuple[list[Made], int]:
    """(what `make` makes of each job and the tasks of it that are meant, exit code).

    The only one that is named must be there: its KbatchError is raised. Of several each problem is said.
    """
    made: list[Made] = []
    code = 0
    for reference in references:
        try:
            found, tasks = client.look_up_task(reference)
            made.append(make(found, tasks))
        except KbatchError as error:
            if len(references) == 1:
                raise
            complain("kqueue", error.sentence, error.hint)
            code = max(code, error.exit_code)
            continue
        say_source(found)
    return made, code


def say_source(found: Found) -> None:
    """That no cluster answered, when the history alone tells of a job."""
    if found.error is not None:
        complain("kqueue", f"{found.error.sentence} This is from your home's history.", found.error.hint)
