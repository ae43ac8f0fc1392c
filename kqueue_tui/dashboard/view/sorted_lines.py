"""SortedLines: lines of jobs in their order; to change one of thousands costs no look at the others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from operator import itemgetter
from typing import Any, Generic, Protocol, TypeVar

FEW = 100
"""Up to so many lines are taken out and put in one by one; for more the whole is sorted again."""


class Keyed(Protocol):
    """What has a key that no other has: the uid of its job."""

    @property
    def key(self) -> str: ...


Line = TypeVar("Line", bound=Keyed)


class SortedLines(Generic[Line]):
    """By keys of which no two are equal. `lines` is theirs in that order, and not to be changed by others."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._keys: list[Any] = []
        self._key_of: dict[str, Any] = {}

    def place(self, uid: str) -> int | None:
        """Where the line of a job is; None when there is none."""
        key = self._key_of.get(uid)
        return bisect_left(self._keys, key) if key is not None else None

    def change(self, out: Collection[str], into: Mapping[str, tuple[Any, Line]]) -> bool:
        """Take out what is there of the jobs `out`, put in the (key, line) by job of `into`, which are all in `out`.

        Whether the jobs are other ones or in another order than before.
        """
        if len(out) > FEW:
            self._sort_again(out, into)
            return True
        return any([self._change_one(uid, into.get(uid)) for uid in out])

    def _change_one(self, uid: str, new: tuple[Any, Line] | None) -> bool:
        place = self.place(uid)
        if place is not None and new is not None and new[0] == self._keys[place]:
            self.lines[place] = new[1]
            return False
        if place is not None:
            del self._keys[place], self.lines[place], self._key_of[uid]
        if new is not None:
            key, line = new
            place = bisect_left(self._keys, key)
            self._keys.insert(place, key)
            self.lines.insert(place, line)
            self._key_of[uid] = key
        return place is not None or new is not None

    def _sort_again(self, out: Collection[str], into: Mapping[str, tuple[Any, Line]]) -> None:
        kept = zip(self._keys, self.lines, strict=True)
        pairs = [pair for pair in kept if pair[1].key not in out]
        pairs += into.values()
        pairs.sort(key=itemgetter(0))
        self._keys = [key for key, _ in pairs]
        self.lines = [line for _, line in pairs]
        self._key_of = {line.key: key for key, line in pairs}
