"""Rows in their order, oldest first; to change one of thousands costs no look at the others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from kbatch_core.status import JobRow


class OrderedRows:
    """One row per uid."""

    def __init__(self) -> None:
        self._by_uid: dict[str, JobRow] = {}
        # The rows in their order, and what that order is by.
        self._rows: list[JobRow] = []
        self._keys: list[tuple[float, str, str]] = []
        self._shown: tuple[JobRow, ...] | None = ()

    def __iter__(self) -> Iterator[JobRow]:
        return iter(self._rows)

    def __contains__(self, uid: str) -> bool:
        return uid in self._by_uid

    def shown(self) -> tuple[JobRow, ...]:
        """All of them; the same tuple as before while nothing has changed."""
        if self._shown is None:
            self._shown = tuple(self._rows)
        return self._shown

    def put(self, row: JobRow) -> bool:
        """Add or replace a row; whether it reads otherwise than before."""
        old = self._by_uid.get(row.uid)
        if old == row:
            return False
        if old is not None and _key(old) != _key(row):
            self.remove(row.uid)
            old = None
        place = bisect_left(self._keys, _key(row))
        if old is not None:
            self._rows[place] = row
        else:
            self._keys.insert(place, _key(row))
            self._rows.insert(place, row)
        self._by_uid[row.uid] = row
        self._shown = None
        return True

    def remove(self, uid: str) -> bool:
        """Whether it was there."""
        row = self._by_uid.pop(uid, None)
        if row is None:
            return False
        place = bisect_left(self._keys, _key(row))
        del self._keys[place], self._rows[place]
        self._shown = None
        return True


def _key(row: JobRow) -> tuple[float, str, str]:
    return row.submitted or 0.0, row.id, row.uid
