"""Records from home for rows that need them: rows are made without waiting for a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kbatch_core.model.record import Record

Key = tuple[str, int | None]

# A record that was not there may have been late (a network file system shows a new file after a while).
AGAIN_SECONDS = 60.0


class AskedRecords:
    """Answers with what is known, and notes what was asked for and is not. `clock` never jumps."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[Key, Record] = {}
        self._absent: dict[Key, float] = {}
        self._wanted: dict[Key, None] = {}

    def get(self, key: Key, /) -> Record | None:
        """The record, or None for "not there" and for "not read yet"."""
        found = self._known.get(key)
        if found is None and self._clock() - self._absent.get(key, float("-inf")) >= AGAIN_SECONDS:
            self._wanted[key] = None
        return found

    def wanted(self, limit: int) -> list[Key]:
        """Some of what is to be read."""
        return [key for key, _ in zip(self._wanted, range(limit), strict=False)]

    def answer(self, read: Iterable[tuple[Key, Record | None]]) -> set[str]:
        """What was read; the ids of the jobs that got a record."""
        ids = set()
        for key, record in read:
            self._wanted.pop(key, None)
            if record is None:
                self._absent[key] = self._clock()
            else:
                self._known[key] = record
                ids.add(key[0])
        return ids
