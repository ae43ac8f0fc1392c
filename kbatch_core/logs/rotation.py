"""Where lines may be missing because the node rotated the log (pure).

The kubelet that follows a log goes over to a new file without reading the old one to its end. So even in one
connection lines can be lost, and nothing in it tells. But the first line of the file that the kubelet has now can be
asked for: when it is another one than before, there was a rotation right before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kbatch_core.logs.anchor import Anchor
from kbatch_core.logs.events import NS, Gap
from kbatch_core.logs.stamped import Piece

ROTATED = "the node rotated the log"


class Rotation:
    """Marks each rotation of one instance's log once, at its place or as soon as it is known."""

    def __init__(self, anchor: Anchor) -> None:
        self._anchor = anchor
        # The first line of the newest file that is known, and the last line read when it was known to be that.
        self._head: int | None = None
        self._read_then: int | None = None
        # The first line of a file that reading has not come to yet.
        self._ahead: int | None = None
        # The first line of the file before which a gap was marked last.
        self._marked: int | None = None

    def see_head(self, ns: int | None) -> Gap | None:
        """The kubelet's file begins with the line of this time; None = it has none."""
        if ns is None:
            return None
        last = self._anchor.max_ns
        before, self._head = self._head, ns
        if before is None or before == ns:
            self._read_then = self._anchor.keep_from = last
            return None
        if last is None or last < ns:
            self._ahead = ns
            return None
        since = self._anchor.before(ns) or self._read_then
        self._read_then = self._anchor.keep_from = last
        return self._mark(since, ns)

    def see_boundary(self, since: int, until: int) -> Gap | None:
        """A replay begins with the line `until`, the last line of the file before was `since`."""
        return self._mark(since, until)

    def see_loss(self, pieces: Sequence[Piece], why: str = ROTATED) -> Gap:
        """A replay has nothing of what was read last, but these."""
        until = first_time(pieces)
        self._ahead, self._marked = None, until
        return gap(self._anchor.last_ns, until, why)

    def split(self, pieces: list[Piece]) -> Iterator[Gap | list[Piece]]:
        """New pieces, with a gap where a rotation is known to have been."""
        if self._ahead is not None:
            for at, piece in enumerate(pieces):
                if piece.ns is not None and piece.ns >= self._ahead:
                    yield pieces[:at]
                    self._ahead = None
                    marked = self._mark(self._anchor.last_ns, piece.ns)
                    if marked is not None:
                        yield marked
                    pieces = pieces[at:]
                    break
        yield pieces

    def _mark(self, since: int | None, until: int) -> Gap | None:
        if until == self._marked:
            return None
        self._marked = until
        return gap(since, until, ROTATED)


def first_time(pieces: Sequence[Piece]) -> int | None:
    return next((piece.ns for piece in pieces if piece.ns is not None), None)


def gap(since: int | None, until: int | None, why: str) -> Gap:
    """A Gap between two times in nanoseconds."""
    return Gap(
        None if since is None else since / NS,
        None if until is None else until / NS,
        why,
    )
