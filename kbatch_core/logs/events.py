"""What a reader of a log tells, in the order in which it happened."""

# mypy does not know that `frozen` is inherited in msgspec.
# mypy: disable-error-code="misc"

from __future__ import annotations

from collections.abc import Sequence

import msgspec

NS = 1_000_000_000


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line, or a piece of a very long one. Bytes: a job may print anything.

    `ns`: when the node read it, in nanoseconds since the epoch; None where that is not known (a file).
    """

    text: bytes
    ns: int | None = None
    ends_with_newline: bool = True

    @property
    def when(self) -> float | None:
        """Seconds since the epoch."""
        return None if self.ns is None else self.ns / NS


class Partial(msgspec.Struct, frozen=True):
    """The last line as far as it is written, such as a progress bar. The next Line or Partial takes its place."""

    text: bytes


class Gap(msgspec.Struct, frozen=True):
    """Lines may be missing here. `since`, `until`: seconds since the epoch between which they were written."""

    since: float | None
    until: float | None
    why: str


class Reading(msgspec.Struct, frozen=True):
    """What is read, in words: "the file /home/ann/x.out" or "the container's log"."""

    source: str


class Restart(msgspec.Struct, frozen=True):
    """Here begins the output of another attempt. `number` counts restarts, from 1 on."""

    number: int
    pod: str


class Waiting(msgspec.Struct, frozen=True):
    """Nothing comes for now, and why, in one sentence; an empty one when that is over."""

    why: str


class End(msgspec.Struct, frozen=True):
    """The job (or task) has ended, and nothing more will come.

    `state` is Slurm's code, empty when the job was deleted; `exit_code` and `signal` are the script's.
    """

    state: str
    sentence: str
    hint: str = ""
    exit_code: int | None = None
    signal: int = 0


LogEvent = Line | Partial | Gap | Reading | Restart | Waiting | End
Batch = Sequence[LogEvent]
"""Events that came together: whoever shows them can do that in one go before the next are waited for."""
