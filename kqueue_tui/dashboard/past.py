"""PastJobs: the jobs that only the history in home has, joined to those of the cluster when somebody wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.app import App
from textual.message import Message

from kbatch_core.errors import KbatchError

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow
    from kqueue_tui.dashboard.feed import Feed


class PastJobs:
    """Owned by the app. Home is read in a thread: when they are wanted, and again when the cluster forgets a job."""

    @dataclass
    class Read(Message):
        """From the thread: their rows, or why there are none."""

        rows: tuple[JobRow, ...]
        problem: str = ""

    def __init__(self, app: App[None], feed: Feed, *, wanted: bool) -> None:
        self.wanted = wanted
        self._app = app
        self._feed = feed
        self._rows: tuple[JobRow, ...] = ()
        self._live: frozenset[str] = frozenset()

    def read(self) -> None:
        """Read them anew, if they are wanted and there is a connection."""
        backend = self._feed.backend
        if backend is None or not self.wanted:
            return

        def work() -> None:
            # What was not heard of lately may still be there, so only a live queue can call a job gone.
            live = [row.id for row in backend.queue.rows()] if backend.queue.sync().state == "LIVE" else None
            try:
                rows = tuple(_named(row) for row in backend.past(live))
            except (KbatchError, OSError) as error:
                self._app.post_message(self.Read((), str(error)))
                return
            self._app.post_message(self.Read(rows))

        self._app.run_worker(
            work, name="history", group="history", thread=True, exclusive=True, exit_on_error=False
        )

    def take(self, read: Read) -> None:
        """From now on these are joined."""
        self._rows = read.rows

    def joined(self, rows: Sequence[JobRow]) -> Sequence[JobRow]:
        """The rows of the cluster, and of the history those that it does not have."""
        if not self.wanted:
            return rows
        live = frozenset(row.id for row in rows)
        if self._live - live:
            self.read()
        self._live = live
        return (*(row for row in self._rows if row.id not in live), *rows)


def _named(row: JobRow) -> JobRow:
    """With something to know it by: a job that no server has accepted has no uid."""
    return row if row.uid else replace(row, uid=f"history/{row.id}")
