"""Where lines may be missing because the node rotated the log (pure).

The kubelet that follows a log goes over to a new file without reading the old one to its end. So even in one
connection lines can be lost, and nothing in it tells. But the first line of the file that the kubelet has now can be
asked for: when it is another one than before, there was a rotation right before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kbatch_core.logs.anchor import Anchor
from kbatch_core.logs.events import NS, Gap
from kbatch_core.logs.stamped import Piece

# A kubelet looks at the size of its logs every 3 s at most, so that two rotations are as far apart.
ROTATION_SECONDS = 3.0
ROTATED = "the node rotated the log"
# What a node keeps of a log at least, in bytes: its usual limit is ten times that.
KEPT = 1024 * 1024
# From so much, or such a stretch of time, it is told how fast a job prints.
SAMPLE = 256 * 1024
SAMPLE_SECONDS = 2.0
# A script may take so long to print its first line.
START_SECONDS = 1.0


class Rotation:
    """Marks each rotation of one instance's log once, at its place or as soon as it is known."""

    def __init__(self, anchor: Anchor, clock: Callable[[], float], *, whole: bool) -> None:
        """`whole`: the log is read from its beginning, so the first line read is the first of the file."""
        self._anchor = anchor
        self._clock = clock
        self._whole = whole
        # Whether the file was empty when it was looked at right before a connection: that one reads it from its
        # beginning, also when only its end is asked for.
        self._empty = False
        # The first line of the newest file that is known; the last line read when it was known to be that, and when.
        self._head: int | None = None
        self._sure_ns: int | None = None
        self._sure_at = 0.0
        # The first line of a file that reading has not come to yet; whether it is the only one since `_sure_ns`.
        self._ahead: int | None = None
        self._ahead_only = True
        # The first line of the file before which a gap was marked last.
        self._marked: int | None = None

    def see_first(self, ns: int) -> None:
        """The first line that was read at all."""
        if (self._whole or self._empty) and self._head is None:
            self._head, self._sure_ns, self._sure_at = ns, ns, self._clock()

    def see_nothing(self) -> None:
        """The look at the head was not answered."""
        self._empty = False

    def see_head(self, ns: int | None) -> Gap | None:
        """The kubelet's file begins with the line of this time; None = it has none."""
        last = self._anchor.max_ns
        if ns is None:
            self._empty = last is None
            return None
        self._empty = False
        before, self._head = self._head, ns
        found: Gap | None = None
        if before is not None and before != ns:
            if last is None or last < ns:
                self._ahead, self._ahead_only = ns, self._is_only()
                return None
            since, until = self._anchor.around(ns)
            found = self._mark(self._since(since), until)
        self._sure_ns, self._sure_at, self._anchor.keep_from = last, self._clock(), last or 0
        return found

    def see_boundary(self, since: int | None, until: int) -> Gap | None:
        """A replay begins with the line `until`, the last line of the file before was `since`, if that is known."""
        return self._mark(self._since(since), until)

    def see_loss(self, pieces: Sequence[Piece]) -> Gap:
        """A replay has nothing of what was read last, but these."""
        until = first_time(pieces)
        self._ahead, self._marked = None, until
        return gap(self._since(self._anchor.last_ns), until, ROTATED)

    def split(self, pieces: list[Piece]) -> Iterator[Gap | list[Piece]]:
        """New pieces, with a gap where a rotation is known to have been."""
        if self._ahead is not None:
            for at, piece in enumerate(pieces):
                if piece.ns is not None and piece.ns >= self._ahead:
                    yield pieces[:at]
                    self._ahead = None
                    since = self._anchor.last_ns if self._ahead_only else self._sure_ns
                    marked = self._mark(since, piece.ns)
                    if marked is not None:
                        yield marked
                    pieces = pieces[at:]
                    break
        yield pieces

    def _since(self, since: int | None) -> int | None:
        """Where what is missing may begin: at `since` when there was no time for another rotation before this one."""
        return since if since is not None and self._is_only() else self._sure_ns

    def _is_only(self) -> bool:
        return self._clock() - self._sure_at < ROTATION_SECONDS

    def _mark(self, since: int | None, until: int) -> Gap | None:
        if until == self._marked:
            return None
        self._marked = until
        return gap(since, until, ROTATED)


class Beginning:
    """Whether the log had been rotated before it was first read.

    Nothing tells, but when the first line is so late that a job which prints as fast as this one does could have
    filled a file before it, lines may be missing there.
    """

    def __init__(self, started: float | None) -> None:
        """`started`: when the container started, in seconds since the epoch; None = there is nothing to judge."""
        self._started = started
        self._first: int | None = None
        self._last = 0
        self._size = 0

    def judge(self, pieces: Sequence[Piece], *, end: bool = False) -> Gap | None:
        """The gap before the first line, once. `end`: no more will come for now."""
        if self._started is None:
            return None
        for ns, text, _, _ in pieces:
            if ns is not None:
                self._first = ns if self._first is None else self._first
                self._last = max(self._last, ns)
            self._size += len(text)
        if self._first is None:
            return None
        seconds = (self._last - self._first) / NS
        if not end and self._size < SAMPLE and seconds < SAMPLE_SECONDS:
            return None
        started, self._started = self._started, None
        late = self._first / NS - started
        seconds = max(seconds, 0.1 if self._size >= SAMPLE else SAMPLE_SECONDS)
        if late < START_SECONDS or self._size / seconds * late < KEPT:
            return None
        why = f"the log begins {late:.0f} s after the start, and the node keeps only the newest part of one"
        return Gap(started, self._first / NS, why)


def first_time(pieces: Sequence[Piece]) -> int | None:
    return next((piece.ns for piece in pieces if piece.ns is not None), None)


def gap(since: int | None, until: int | None, why: str) -> Gap:
    """A Gap between two times in nanoseconds."""
    return Gap(
        None if since is None else since / NS,
        None if until is None else until / NS,
        why,
    )
