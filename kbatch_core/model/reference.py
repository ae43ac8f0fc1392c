"""What names a job on a command line, as Slurm writes it: `ID`, a task `ID_3`, several `ID_[1-4,7]` (pure)."""

from __future__ import annotations

import re

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model.arrays import ArraySpec, parse_array

_WITH_TASKS = r"(?s)(.+)_(\d+|\[[^\[\]]*\])"


# A comma that is not in brackets.
_COMMA = r",(?![^\[\]]*\])"


def split_references(text: str) -> list[str]:
    """The parts of a comma list of references: `a,b_[1,3]` has two."""
    return [part.strip() for part in re.split(_COMMA, text) if part.strip()]


class Reference(msgspec.Struct, frozen=True):
    """`text` as it was typed. `job` is what it means if the rest names `tasks`; None = the whole job.

    A job's name may look like a task of another one: who looks it up tries `text` too.
    """

    text: str
    job: str
    tasks: ArraySpec | None = None


def parse_reference(text: str) -> Reference:
    """Read one. The throttle that `kqueue list` shows, `ID_[0-99%4]`, says nothing here. Raises BadOption."""
    if not text.strip():
        raise BadOption("An empty text names no job.", "Write an id, a unique beginning of one, or a name.")
    found = re.fullmatch(_WITH_TASKS, text)
    if found is None:
        return Reference(text, text)
    try:
        tasks = parse_array(found[2].strip("[]"))
    except BadOption:
        return Reference(text, text)
    return Reference(text, found[1], msgspec.structs.replace(tasks, throttle=None))
