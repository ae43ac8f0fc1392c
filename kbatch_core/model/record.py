"""The record: the supervisor's account of how a script ended, as it stands in the termination message."""

from __future__ import annotations

from typing import Annotated

import msgspec

from kbatch_core.model.decoding import decoder

# Whoever writes the termination message chooses these; outside of what can be, it is no record of ours.
Moment = Annotated[float, msgspec.Meta(ge=0, le=1e11)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]


class Record(msgspec.Struct, frozen=True, kw_only=True, rename={"cpu_seconds": "cpu", "memory_peak": "mem"}):
    """Times in seconds since the epoch, `cpu_seconds` in seconds, `memory_peak` in bytes, `oom` = kills counted.

    `exit` is 128 + n for a script that signal n ended: a shell cannot tell the two apart. `output_error` is the first
    thing that went wrong with the output's file, `progress` what the script last reported.
    """

    id: str
    exit: Annotated[int, msgspec.Meta(ge=0, le=255)]
    start: Moment
    end: Moment
    task: int | None = None
    signal: Annotated[int, msgspec.Meta(ge=0, le=127)] = 0
    reason: str = ""
    cpu_seconds: Moment = 0.0
    memory_peak: Amount = 0
    oom: Count = 0
    restart: Count = 0
    node: str = ""
    output_error: str = ""
    progress: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the script ended well, by its own will."""
        return not (self.exit or self.signal or self.reason)


def parse_record(data: bytes | str) -> Record | None:
    """The Record in `data`; None for anything else, because a container may write what it likes there."""
    try:
        return decoder(Record).decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError, RecursionError):
        return None
