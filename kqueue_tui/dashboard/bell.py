"""Bell: which jobs have just ended that somebody waits for (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow


class Bell:
    """`mode` is "watched", "all" or "none"; `watched` holds uids and is shared with who changes it.

    Only what was seen unfinished before can end: a list that is read anew rings for nothing.
    """

    def __init__(self, mode: str, watched: set[str]) -> None:
        self._mode = mode
        self._watched = watched
        self._unfinished: set[str] = set()

    def ended(self, changed: Iterable[JobRow]) -> list[JobRow]:
        """Those of the changed rows to ring for; a job rings once and is then no longer watched."""
        ring = []
        for row in changed:
            if not row.finished:
                self._unfinished.add(row.uid)
                continue
            if row.uid in self._unfinished and self._wanted(row.uid):
                ring.append(row)
            self._unfinished.discard(row.uid)
            self._watched.discard(row.uid)
        return ring

    def _wanted(self, uid: str) -> bool:
        return self._mode == "all" or (self._mode == "watched" and uid in self._watched)
