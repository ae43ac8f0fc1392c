"""TableAndLog: the body of the queue: the table, and the log pane below it, beside it, or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container
from textual.widget import Widget

from kqueue_tui.dashboard.saved_state import LOG_PANES

if TYPE_CHECKING:
    from kqueue_tui.dashboard.base_app import BaseApp
    from kqueue_tui.dashboard.screens.queue_log import QueueLog
    from kqueue_tui.dashboard.view.lines import Line

# From this width on the log may stand beside the table.
WIDE = 120


class TableAndLog(Container):
    """`table` is what has the focus when the log has not; `body` is it with all that belongs to it."""

    def __init__(self, dashboard: BaseApp, body: Widget, table: Widget) -> None:
        super().__init__(body, id="main", classes="empty")
        self._dashboard = dashboard
        self._table = table
        self._log: QueueLog | None = None

    def on_mount(self) -> None:
        self._place()

    def on_resize(self) -> None:
        self._arrange()

    def follow(self, line: Line | None) -> None:
        """The log is that of this line."""
        if self._log is not None:
            self._log.follow(line)

    def show_log(self, there_are_lines: bool) -> None:
        self.set_class(not there_are_lines, "empty")

    def move_log(self) -> None:
        """To the next of LOG_PANES for which there is room."""
        places = [place for place in LOG_PANES if place != "beside" or self.size.width >= WIDE]
        now = self._dashboard.settings.log_pane
        self._dashboard.settings.log_pane = (
            places[(places.index(now) + 1) % len(places)] if now in places else ""
        )
        self._place()

    def zoom(self) -> None:
        """What has the focus fills the screen, or no longer."""
        if self._log is not None:
            part = "log" if self._log.has_focus_within else "table"
            self._zoom("" if self.has_class(f"zoom-{part}") else part)

    def other(self) -> None:
        """The focus to the other part."""
        log = self._log
        if log is None or log.pane is None:
            return
        self._zoom("")
        # At once: the next key comes perhaps before a message would, and is for the other part.
        self.screen.set_focus(self._table if log.has_focus_within else log.pane.lines)

    def step_back(self) -> bool:
        """In the log: its search and filter away, then back to the table. False when that has the focus."""
        log = self._log
        if log is None or not log.has_focus_within:
            return False
        if log.pane is None or not log.pane.take_step_back():
            self.other()
        return True

    def leave_log(self) -> bool:
        """Back to the table; False when that has the focus."""
        inside = self._log is not None and self._log.has_focus_within
        if inside:
            self.other()
        return inside

    def _place(self) -> None:
        self._zoom("")
        self._arrange()
        if not self._dashboard.settings.log_pane:
            self._table.focus()
            if self._log is not None:
                self._log.remove()
                self._log = None
        elif self._log is None:
            from kqueue_tui.dashboard.screens.queue_log import QueueLog  # most look at the queue alone

            self._log = QueueLog(self._dashboard)
            self.mount(self._log)

    def _arrange(self) -> None:
        self.set_class(self._dashboard.settings.log_pane == "beside" and self.size.width >= WIDE, "wide")

    def _zoom(self, part: str) -> None:
        for each in ("table", "log"):
            self.set_class(each == part, f"zoom-{each}")
