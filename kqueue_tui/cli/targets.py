"""Which jobs a command is to act on: those that were named, those that filters find, or both together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from kbatch_core.client import Client
from kbatch_core.errors import BadOption, KbatchError, NotFound
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.objects import Job
from kbatch_core.model.reference import parse_reference, split_references
from kbatch_core.model.safetext import safe_text
from kbatch_core.status import JobRow
from kbatch_core.status.reading import id_of, name_of
from kqueue_tui.cli.filters import make_filter

Suits = Callable[[Job, JobRow], bool]
"""Whether a filter alone may take a job; one that was named is tried in any case."""


class Target(msgspec.Struct, frozen=True):
    """A job, or with `tasks` some tasks of it. `row` is there when filters had to look at it."""

    job: Job
    tasks: ArraySpec | None = None
    row: JobRow | None = None

    @property
    def name(self) -> str:
        """The id as people type it: `ID`, `ID_3`, `ID_[1-4]`."""
        if self.tasks is None:
            return id_of(self.job)
        numbers = self.tasks.format_indices()
        return f"{id_of(self.job)}_{numbers if numbers.isdigit() else f'[{numbers}]'}"

    @property
    def title(self) -> str:
        """The id with the job's name, for a question."""
        name = name_of(self.job)
        return f"{self.name} ({safe_text(name, 60)})" if name else self.name


class Missed(msgspec.Struct, frozen=True):
    """What was named and cannot be acted on."""

    name: str
    error: KbatchError


def choose(
    client: Client,
    references: Sequence[str],
    options: Mapping[str, Any],
    suits: Suits,
    *,
    anybodys: bool = False,
    active: bool = True,
    past: bool = False,
) -> tuple[list[Target], list[Missed]]:
    """The jobs, and what was named in vain. `anybodys`, `active`: as in Finder; `past`: as in `named`.

    With names and filters both must hold: a job that was named and does not pass is left out without a word, as
    scancel does it. Raises BadOption when nothing says which.
    """
    wanted = make_filter(options)
    filtered = wanted.narrows or wanted.users is not None
    if not references and not filtered and not options["me"]:
        raise BadOption(
            "Nothing says which jobs.", "Name them, or give --me, --name, --state or another filter."
        )
    if not references:
        user = None if wanted.users is None else ""
        surveyed = client.survey(user=user, selector=wanted.selector())
        found = [Target(job, row=row) for job, row, _ in surveyed if wanted.matches(row) and suits(job, row)]
        return sorted(found, key=lambda target: target.job.metadata.creation_timestamp), []
    targets, missed = named(client, references, anybodys=anybodys, active=active, past=past)
    if filtered:
        targets = [msgspec.structs.replace(target, row=client.row(target.job)) for target in targets]
        targets = [target for target in targets if target.row is not None and wanted.matches(target.row)]
    return targets, missed


def named(
    client: Client,
    references: Sequence[str],
    *,
    anybodys: bool = False,
    active: bool = True,
    past: bool = False,
) -> tuple[list[Target], list[Missed]]:
    """The jobs that are named, by a comma list too, each once, in their order.

    With `past` one that the cluster does not have may be one of the history.
    """
    finder = client.finder()
    every = dict.fromkeys(part for text in references for part in split_references(text) or [text])
    parsed = [parse_reference(text) for text in every]
    finder.expect(parsed)
    targets: dict[tuple[str, str], Target] = {}
    missed: list[Missed] = []
    for reference in parsed:
        try:
            job, tasks = finder.find_tasks(reference, anybodys=anybodys, active=active)
        except (NotFound, BadOption) as error:
            found = _of_history(client, reference.job) if past and isinstance(error, NotFound) else None
            if found is None:
                missed.append(Missed(safe_text(reference.text), error))
                continue
            job, tasks = found, reference.tasks
        key = (job.metadata.uid, tasks.format() if tasks is not None else "")
        targets.setdefault(key, Target(job, tasks))
    return list(targets.values()), missed


def _of_history(client: Client, reference: str) -> Job | None:
    """The job of that id or name that only the history has."""
    try:
        found = client.look_up(reference)
    except KbatchError:
        return None
    return found.job if found.past is not None else None
