"""QueueLog: the pane of the queue with the log of the job under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.timer import Timer

from kqueue_tui.dashboard.logs.job import JobLog
from kqueue_tui.dashboard.screens.log_pane import LogPane
from kqueue_tui.dashboard.view.lines import Line

if TYPE_CHECKING:
    from kqueue_tui.dashboard.base_app import BaseApp

# A cursor that only passes by opens no log.
SETTLE_SECONDS = 0.25


class QueueLog(Vertical):
    """Turns to another log a moment after the cursor has come to rest there."""

    def __init__(self, dashboard: BaseApp) -> None:
        super().__init__(id="queue-log")
        self.pane: LogPane | None = None
        self._dashboard = dashboard
        self._line: Line | None = None
        self._log: JobLog | None = None
        self._key = ""
        self._timer: Timer | None = None

    def follow(self, line: Line | None) -> None:
        """The cursor is there now; on no line, what is shown stays."""
        if line is None:
            return
        self._line = line
        if line.key == self._key:
            if self._log is not None:
                self._log.row = line.row
            return
        if self._timer is not None:
            self._timer.stop()
        if self._key:
            self._timer = self.set_timer(SETTLE_SECONDS, self._turn)
        else:
            self.call_later(self._turn)

    def _turn(self) -> None:
        line = self._line
        if line is None or line.key == self._key:
            return
        log = self._log = JobLog(lambda: self._dashboard.backend, line.row)
        self._key = line.key
        request = log.first_request()
        if self.pane is None:
            self.pane = LogPane(log.read, log.title, request, tasks=log.tasks, now=self._dashboard.now)
            self.mount(self.pane)
        else:
            self.pane.turn_to(log.read, log.title, request, log.tasks)
