"""JobActions: what can be done to jobs, the same in the queue and in the screens for one job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kqueue_tui.dashboard.screens.base import DashboardScreen

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow


class JobActions(DashboardScreen):
    """A screen whose actions are about `chosen_rows`."""

    def chosen_rows(self) -> Sequence[JobRow]:
        """The jobs that an action is about now. For subclasses."""
        return ()

    def action_cancel(self) -> None:
        self.dashboard.acting.ask("cancel", self.chosen_rows())

    def action_hold(self) -> None:
        self.dashboard.acting.ask("hold", self.chosen_rows())

    def action_release(self) -> None:
        self.dashboard.acting.ask("release", self.chosen_rows())

    def action_rerun(self) -> None:
        self.dashboard.acting.ask("rerun", self.chosen_rows())

    def action_delete(self) -> None:
        self.dashboard.acting.ask("delete", self.chosen_rows())

    def action_watch(self) -> None:
        """Ring when they end; when all of them are watched already, no longer."""
        uids = {row.uid for row in self.chosen_rows() if not row.finished}
        watched = self.dashboard.watched
        if not uids:
            self.dashboard.say("Nothing to wait for: it has ended already.", severity="warning")
            return
        if uids <= watched:
            watched -= uids
        else:
            watched |= uids
        self.watched_changed()

    def watched_changed(self) -> None:
        """For subclasses that show it."""
