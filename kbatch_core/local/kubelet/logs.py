"""Reading a container's log: the CRI's files, oldest part first, with what `kubectl logs` can ask for.

Source: cri-client, pkg/logs/logs.go. The kubelet reads the newest part only; here all that are kept are read.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kbatch_core.model.objects import parse_time

_CHUNK = 256 * 1024
# While somebody follows a log it is looked at so often, in seconds.
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class LogOptions:
    """As in the API. `since` is in seconds since the epoch; `stream` is stdout, stderr or "" for both."""

    follow: bool = False
    tail: int | None = None
    since: float | None = None
    limit_bytes: int | None = None
    timestamps: bool = False
    stream: str = ""


@dataclass(frozen=True)
class Entry:
    """A line, or a part of a long one (`whole` False: no newline follows)."""

    time: bytes
    stream: bytes
    whole: bool
    text: bytes

    def shown(self, options: LogOptions, *, begins: bool) -> bytes:
        """As the client gets it; the time stands where a line begins."""
        stamp = self.time + b" " if options.timestamps and begins else b""
        return stamp + self.text + (b"\n" if self.whole else b"")


class LogFiles:
    """The parts of one log, read from the oldest on, also while it is written and its parts are renamed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._rest = b""

    def read(self) -> Iterator[Entry]:
        """What is there and was not read yet."""
        while True:
            if self._fd < 0 and not self._open():
                return
            if data := os.read(self._fd, _CHUNK):
                yield from self._entries(data)
                continue
            # Asked before the last look: what is written to a part comes before the next one is there.
            following = self._next()
            if following is None:
                return
            if data := os.read(self._fd, _CHUNK):
                yield from self._entries(data)
                continue
            self.close()
            self._fd = os.open(following, os.O_RDONLY)

    def _entries(self, data: bytes) -> Iterator[Entry]:
        """The whole lines that have come; the begun one waits for its rest."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        return (entry for line in lines if (entry := parse(line)) is not None)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._rest = -1, b""

    def _open(self) -> bool:
        for path in parts(self._path):
            try:
                self._fd = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue
            return True
        return False

    def _next(self) -> Path | None:
        """The part after the one that is read; None when that is the newest."""
        mine = os.fstat(self._fd).st_ino
        found = parts(self._path)
        for at, path in enumerate(found):
            try:
                if path.stat().st_ino == mine:
                    return found[at + 1] if at + 1 < len(found) else None
            except FileNotFoundError:
                continue
        # It was removed: the oldest that is left comes next.
        return found[0] if found else None


def parts(path: Path) -> list[Path]:
    """The files of a log, oldest first."""
    old = sorted(path.parent.glob(f"{path.name}.*"))
    return [*old, path] if path.exists() else old


def parse(line: bytes) -> Entry | None:
    """A line of the CRI's form; None for what is not one."""
    fields = line.split(b" ", 3)
    if len(fields) != 4:
        return None
    time, stream, tag, text = fields
    return Entry(time, stream, not tag.startswith(b"P"), text)


async def read_log(path: Path, options: LogOptions, is_over: Callable[[], bool]) -> AsyncIterator[bytes]:
    """The log in pieces. With `follow` until `is_over` says that nothing more will be written."""
    files = LogFiles(path)
    left = options.limit_bytes
    begins: dict[bytes, bool] = {}
    tail = options.tail
    try:
        while left is None or left > 0:
            # Asked before it is read, so that nothing comes between.
            over = not options.follow or is_over()
            entries: Iterable[Entry] = _wanted(files.read(), options)
            if tail is not None:
                entries, tail = _last(entries, tail), None
            for piece in _pieces(entries, options, begins):
                yield piece if left is None else piece[:left]
                left = None if left is None else left - len(piece)
                if left is not None and left <= 0:
                    return
                await asyncio.sleep(0)
            if over:
                return
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        files.close()


def _pieces(entries: Iterable[Entry], options: LogOptions, begins: dict[bytes, bool]) -> Iterator[bytes]:
    """What is shown, in pieces of some size; `begins` remembers which streams are at the start of a line."""
    out = bytearray()
    for entry in entries:
        out += entry.shown(options, begins=begins.get(entry.stream, True))
        begins[entry.stream] = entry.whole
        if len(out) >= _CHUNK:
            yield bytes(out)
            out.clear()
    if out:
        yield bytes(out)


def last_lines(path: Path, lines: int, limit: int) -> str:
    """The end of a log, for a message."""
    files = LogFiles(path)
    try:
        found = _last(files.read(), lines)
        text = b"".join(entry.shown(LogOptions(), begins=True) for entry in found)
    finally:
        files.close()
    return text[-limit:].decode(errors="replace")


def _wanted(entries: Iterable[Entry], options: LogOptions) -> Iterator[Entry]:
    for entry in entries:
        if options.stream and entry.stream.decode() != options.stream:
            continue
        if options.since is not None and (parse_time(entry.time.decode()) or 0.0) < options.since:
            continue
        yield entry


def _last(entries: Iterable[Entry], lines: int) -> list[Entry]:
    """The last so many lines, with all their parts."""
    kept: deque[list[Entry]] = deque(maxlen=lines)
    line: list[Entry] = []
    for entry in entries:
        line.append(entry)
        if entry.whole:
            kept.append(line)
            line = []
    if line:
        kept.append(line)
    return [entry for one in kept for entry in one]
