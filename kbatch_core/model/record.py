"""The record: the supervisor's account of how a script ended, as it stands in the termination message."""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, rename={"cpu_seconds": "cpu", "memory_peak": "mem"}):
    """Times in seconds since the epoch, `cpu_seconds` in seconds, `memory_peak` in bytes, `oom` = kills counted."""

    id: str
    exit: int
    start: float
    end: float
    task: int | None = None
    signal: int = 0
    reason: str = ""
    cpu_seconds: float = 0.0
    memory_peak: int = 0
    oom: int = 0
    restart: int = 0
    node: str = ""
    pod: str = ""
    output: str = ""
    output_error: str = ""


def parse_record(data: bytes | str) -> Record | None:
    """The Record in `data`; None for anything else, because a container may write what it likes there."""
    try:
        return msgspec.json.decode(data, type=Record)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError):
        return None
