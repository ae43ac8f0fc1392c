"""JobScreen: the base of the screens for one job: detail, logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on

from kqueue_tui.dashboard.messages import QueueChanged
from kqueue_tui.dashboard.screens.job_actions import JobActions

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow


@dataclass(frozen=True)
class Target:
    """A job, or one task of an array, as it was when the screen was opened. `row` may be of a job long gone."""

    row: JobRow

    @property
    def uid(self) -> str:
        return self.row.uid

    @property
    def task(self) -> int | None:
        return self.row.task


class JobScreen(JobActions):
    """A screen for one job. `show_job` is called when it opens and whenever the queue changed while it is on top.

    `row` is the newest row of the job; `gone` says that the queue no longer has it.
    """

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.target = target
        self.row = target.row
        self.gone = False

    def show_job(self) -> None:
        """Show `self.row` anew. For subclasses; called in the app's thread, at most four times a second."""

    def chosen_rows(self) -> Sequence[JobRow]:
        return (self.row,)

    def action_open(self, name: str, *options: str) -> None:
        self.dashboard.open_job(name, self.row, *options)

    def on_mount(self) -> None:
        self._renew()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._renew()

    @on(QueueChanged)
    def _renew(self) -> None:
        backend = self.dashboard.backend
        if backend is not None:
            found = self.dashboard.find_row(self.target.uid, self.target.task)
            self.gone = found is None
            self.row = found or self.row
        self.show_job()
