"""Where a log goes on after a cut, found by what was read last (pure).

`sinceTime` is whole seconds on the wire, so a new connection gives again what has been seen of the last seconds.
The kubelet's file does not change its order, so the replay begins with exactly those lines: they are matched in
their order, which is safe also for equal lines in one nanosecond, and left out. A replay that begins in the
middle of them, or with something else, tells that the node rotated the log: the kubelet serves only the newest
file of several.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from kbatch_core.logs.events import NS
from kbatch_core.logs.stamped import Piece

# Two streams of a container may step back in time against each other: the window begins a second earlier. Of a
# writer at full speed a second is more than a bad connection may ever carry: then by what is likely, no more.
SLACK_SECONDS = 1
FAST_SLACK_NS = NS // 10
FAST_LINES = 20_000
# How many lines of a replay are kept in memory while it is not clear whether they have been seen.
HELD_LIMIT = 100_000
KEPT_LIMIT = 1_000_000


class Anchor:
    """The times and keys of the lines of the last seconds, in the order of the log."""

    def __init__(self) -> None:
        self.max_ns: int | None = None
        self.last_ns: int | None = None
        # Of lines before this time (in ns) not all are here; None = all that a replay can have.
        self.complete_from: int | None = None
        # Lines from here on are kept for `before`, also when no replay would have them; None = no more than that.
        self.keep_from: int | None = 0
        self._times = array("q")
        self._keys = array("q")
        self._second = 0

    def add(self, pieces: Iterable[Piece]) -> None:
        """These have been given out."""
        for ns, _, _, key in pieces:
            if ns is None:
                continue
            self._times.append(ns)
            self._keys.append(key)
            self.last_ns = ns
            if self.max_ns is None or ns > self.max_ns:
                self.max_ns = ns
            elif ns < self.max_ns - (SLACK_SECONDS + 1) * NS:
                # The node's clock was set back. What was written in the time that comes again is not all here.
                self.complete_from = self.max_ns + 1
                self.max_ns = ns
        if self.max_ns is not None and self.max_ns // NS != self._second:
            self._second = self.max_ns // NS
            self._trim()

    def since(self) -> int | None:
        """The `sinceTime` of the next connection, in seconds since the epoch; None = from the beginning."""
        if self.max_ns is None:
            return None
        if len(self._times) >= FAST_LINES:
            return (self.max_ns - FAST_SLACK_NS) // NS
        return self.max_ns // NS - SLACK_SECONDS

    def around(self, ns: int) -> tuple[int | None, int]:
        """The times of the last line before the file that begins at `ns`, None when not known, and of its first."""
        for at, time in enumerate(self._times):
            if time >= ns:
                return self._times[at - 1] if at else None, time
        return self.last_ns, ns

    def keys_since(self, second: int) -> tuple[Sequence[int], Sequence[int]]:
        """(times, keys) of the lines that a replay from `second` begins with."""
        start = second * NS
        at = [index for index, ns in enumerate(self._times) if ns >= start]
        return [self._times[index] for index in at], [self._keys[index] for index in at]

    def cut(self, first: int, last: int, second: int) -> None:
        """Forget all but the lines first..last-1 of what a replay from `second` begins with."""
        times, keys = self.keys_since(second)
        self._times = array("q", times[first:last])
        self._keys = array("q", keys[first:last])

    def _trim(self) -> None:
        start = (self._second - SLACK_SECONDS) * NS
        if self.keep_from is not None and len(self._times) < KEPT_LIMIT:
            start = min(start, self.keep_from)
        gone = 0
        for ns in self._times:
            if ns >= start:
                break
            gone += 1
        del self._times[:gone]
        del self._keys[:gone]


class Replay:
    """Leaves out of a new connection's lines what has been seen.

    `lost`: the lines that were seen last are not in the log any more. `boundary`: the times of two lines between
    which the log was rotated, when the replay begins in the middle of what was seen.
    """

    def __init__(self, anchor: Anchor, second: int | None) -> None:
        """`second`: the `sinceTime` of the connection; None = from the beginning."""
        self._anchor = anchor
        self._second = second if second is not None else -(1 << 33)
        self._times, self._keys = anchor.keys_since(self._second)
        complete_from = anchor.complete_from
        self._whole = complete_from is None or self._second * NS >= complete_from
        self._earliest = min(self._times, default=0)
        self._latest = max((*self._times, complete_from or 0), default=0) + SLACK_SECONDS * NS
        self._matched = 0
        self._starts: list[int] = []
        # What is new if the shortest explanation holds, and not if a longer one does.
        self._held: list[Piece] = []
        # What the replay begins with that was not seen in this form: text without a time, which is the rest of a
        # line, or the rest of one that the runtime broke in two when the log was rotated.
        self._head: list[Piece] = []
        self._broken = False
        self._began = False
        self._end: int | None = None
        self.done = not self._keys
        self.lost = False
        self.boundary: tuple[int | None, int] | None = None

    def feed(self, pieces: Sequence[Piece]) -> list[Piece]:
        """The pieces that are new. When `lost` becomes true, all of them are."""
        if self.done:
            return list(pieces)
        for at, piece in enumerate(pieces):
            new = self._next(piece)
            if new is not None:
                return [*new, *pieces[at + 1 :]]
        return []

    @property
    def undecided(self) -> bool:
        """Whether something is held back because more of the replay would tell if it has been seen."""
        return not self.done and bool(self._held or self._broken)

    def decide(self) -> list[Piece]:
        """Nothing more comes while it is undecided: what of that is likely to be new."""
        if self._end is not None:
            return self._settle(self._end)
        return [] if self._matched else self._lose()

    def _next(self, piece: Piece) -> list[Piece] | None:
        """Take one piece; what turns out to be new when that settles it, None when it does not."""
        if piece.ns is None:
            # The rest of a line that began before, or a message; in a sequence it has no say.
            if not self._matched:
                self._head.append(piece)
            return None
        if not self._matched:
            return self._first(piece)
        at = self._matched
        alive = [k for k in self._starts if k + at < len(self._keys) and self._keys[k + at] == piece.key]
        if not alive and self._end is None and not self._whole and self._slide(piece):
            return None
        if not alive:
            self._held.append(piece)
            return self._break() if self._end is None else self._settle(self._end)
        if self._end is not None:
            self._held.append(piece)
        self._matched += 1
        self._starts = alive
        return self._check_end()

    def _first(self, piece: Piece) -> list[Piece] | None:
        self._starts = [k for k, key in enumerate(self._keys) if key == piece.key]
        if not self._whole and self._began:
            # Not at the beginning of the file, so nothing of what was seen is before this.
            self._starts = self._starts[:1] if self._starts[:1] == [0] else []
        self._began = True
        if self._starts:
            self._matched = 1
            self._held.clear()
            return self._check_end()
        if self._whole:
            self._head.append(piece)
            if self._broken:
                return self._lose()
            self._broken = True
            return None
        # Lines from before the first that was asked for come first.
        assert piece.ns is not None
        if piece.ns >= self._earliest:
            self._held.append(piece)
        return self._lose() if piece.ns > self._latest or len(self._held) > HELD_LIMIT else None

    def _slide(self, piece: Piece) -> bool:
        """What looked like the first line seen was an equal one before it: begin later. False for no such thing."""
        if self._starts != [0]:
            return False
        pending = [*self._keys[: self._matched], piece.key]
        for shift in range(1, len(pending) + 1):
            rest = pending[shift:]
            if self._keys[: len(rest)] == rest:
                self._matched = len(rest)
                return True
        return False

    def _check_end(self) -> list[Piece] | None:
        """Settled when the longest explanation is; a shorter one is remembered, with what comes after it."""
        ended = [k for k in self._starts if k + self._matched == len(self._keys)]
        if not ended:
            return None
        self._held.clear()
        if ended[0] == self._starts[0]:
            return self._settle(ended[0])
        self._end = ended[0]
        return None

    def _settle(self, start: int) -> list[Piece]:
        """What was seen is lines `start` and on; the replay has given all of them."""
        self.done = True
        if (start or self._broken) and self._whole:
            self.boundary = (self._anchor.around(self._times[start])[0], self._times[start])
            self._anchor.cut(start, len(self._keys), self._second)
        held, self._held = self._held, []
        return held

    def _break(self) -> list[Piece]:
        """The order is not what it was, which no file of a kubelet shows."""
        start = self._starts[0]
        self.done = self.lost = True
        self._anchor.cut(start, start + self._matched, self._second)
        held, self._held = self._held, []
        return held

    def _lose(self) -> list[Piece]:
        self.done = self.lost = True
        self._anchor.cut(0, 0, self._second)
        self._anchor.complete_from = None
        new, self._head, self._held = [*self._head, *self._held], [], []
        return new
