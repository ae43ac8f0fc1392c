"""From the bytes of a container's log, read with `timestamps=true`, to lines with their time (pure).

The kubelet puts the time before each line, except where a line of more than 16 KiB goes on, which the container
runtime wrote in parts. So text without a time at the start of a line is no line of the program: it is the rest of
a line whose beginning was not asked for, or a message of the kubelet's or a proxy's own.
Source: cri-client, pkg/logs/logs.go.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from kbatch_core.logs.events import NS

# A line without end is handed on in pieces of this many bytes, counted from its beginning.
PIECE = 256 * 1024

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ")


class Piece(NamedTuple):
    """A line, or a piece of a long one. `ns` is the line's time, None for text that had none.

    `key` tells it from others: a hash of its bytes and of those of its line before it, with the time.
    """

    ns: int | None
    text: bytes
    whole: bool
    key: int


class StampedLines:
    """Takes chunks as they come and gives the pieces that are complete."""

    def __init__(self) -> None:
        self._tail = b""
        # The time and key of the line whose first pieces have been given.
        self._inside: tuple[int | None, int] | None = None
        # The usual stamp is in UTC with nine digits, and most lines are of the same second as the last.
        self._second = b""
        self._second_ns = 0

    def feed(self, chunk: bytes) -> list[Piece]:
        """The pieces that end in this chunk."""
        lines = (self._tail + chunk).split(b"\n")
        tail = lines.pop()
        pieces: list[Piece] = []
        for line in lines:
            if len(line) >= PIECE or self._inside is not None:
                line = self._cut(line, pieces)
            pieces.append(self._piece(line, True))
        self._tail = self._cut(tail, pieces) if len(tail) >= PIECE else tail
        return pieces

    def rest(self) -> Piece | None:
        """What came after the last newline; None when nothing did."""
        return self._piece(self._tail, False) if self._tail else None

    def _cut(self, line: bytes, pieces: list[Piece]) -> bytes:
        """Give the full pieces of a long line, and return what is left of it."""
        while len(line) >= PIECE:
            pieces.append(self._piece(line[:PIECE], False))
            self._inside = (pieces[-1].ns, pieces[-1].key)
            line = line[PIECE:]
        return line

    def _piece(self, line: bytes, whole: bool) -> Piece:
        if self._inside is not None:
            ns, key = self._inside
            if whole:
                self._inside = None
            return Piece(ns, line, whole, hash((key, line, whole)))
        key = hash(line) if whole else hash((line, whole))
        if line[29:31] == b"Z " and line[:19] == self._second and line[20:29].isdigit():
            return Piece(self._second_ns + int(line[20:29]), line[31:], whole, key)
        ns, length = parse_stamp(line)
        if ns is not None and line[29:31] == b"Z ":
            self._second, self._second_ns = line[:19], ns - ns % NS
        return Piece(ns, line[length:], whole, key)


def parse_stamp(line: bytes) -> tuple[int | None, int]:
    """(nanoseconds since the epoch, length of the stamp with its blank); (None, 0) when there is none."""
    found = _STAMP.match(line)
    if found is None:
        return None, 0
    second, fraction, zone = found.groups()
    try:
        whole = datetime.fromisoformat((second + zone).decode()).timestamp()
    except ValueError:
        return None, 0
    return int(whole) * NS + int((fraction or b"").ljust(9, b"0")), found.end()


def format_stamp(ns: int) -> bytes:
    """The time as the kubelet writes it, in UTC with nine digits."""
    second = datetime.fromtimestamp(ns // NS, UTC)
    return f"{second:%Y-%m-%dT%H:%M:%S}.{ns % NS:09d}Z".encode()
