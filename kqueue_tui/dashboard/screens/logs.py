"""LogScreen: the output of one job, full screen; `|` puts a second log of it beside or below the first."""

from __future__ import annotations

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Container

from kbatch_core.logs import LogRequest
from kqueue_tui.dashboard.actions import LOG_SCREEN, bindings
from kqueue_tui.dashboard.logs.job import TAIL, JobLog
from kqueue_tui.dashboard.screens.job import JobScreen, Target
from kqueue_tui.dashboard.screens.log_pane import LogPane
from kqueue_tui.dashboard.widgets.hints import Hints

# From this width on two logs stand side by side, else one over the other.
WIDE = 100


class LogScreen(JobScreen):
    """Opens on the row's task; of a whole array on the task that runs, or failed, or came first."""

    ACTIONS = LOG_SCREEN
    BINDINGS = bindings(LOG_SCREEN)

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._log: JobLog
        self._panes: list[LogPane] = []
        self._body = Container(id="logs-body")

    def compose(self) -> ComposeResult:
        yield self._body
        yield Hints()

    def on_mount(self) -> None:
        self._log = JobLog(lambda: self.dashboard.backend, self.row)
        super().on_mount()
        self._add(self._log.first_request())

    def on_resize(self) -> None:
        self._body.set_class(self.size.width >= WIDE, "wide")

    # The logs

    def show_job(self) -> None:
        self._log.row = self.row

    def _add(self, request: LogRequest) -> None:
        log = self._log
        pane = LogPane(log.read, log.title, request, tasks=log.tasks, now=self.dashboard.now)
        pane.set_class(bool(self._panes), "second")
        self._panes.append(pane)
        self._body.mount(pane)
        self.call_after_refresh(pane.lines.focus)

    # Keys

    def action_split(self) -> None:
        """A second log: of another task, of stderr or of the attempt before; without one, the same once more."""
        if self._body.has_class("zoomed"):
            self.action_zoom()
        if len(self._panes) > 1:
            pane = self._panes.pop()
            pane.remove()
            self._panes[0].lines.focus()
            return
        from kqueue_tui.dashboard.dialogs.choose import Choice, Choose

        first = self._panes[0].request
        requests = {
            "same": LogRequest(follow=True, tail=TAIL, task=first.task),
            "stderr": LogRequest(follow=True, tail=TAIL, task=first.task, stderr=True),
            "previous": LogRequest(follow=True, tail=TAIL, task=first.task, previous=True),
        }
        choices = [
            Choice("same", "The same log", "to search in one while the other follows"),
            Choice("stderr", "Stderr", "where it has a file of its own"),
            Choice("previous", "The attempt before", "of a job that began again"),
        ]
        for task in self._log.tasks():
            if task.number != first.task:
                requests[str(task.number)] = replace(requests["same"], task=task.number)
                choices.append(Choice(str(task.number), f"Task {task.number}", task.about))

        def chosen(answer: str | None) -> None:
            if answer is not None:
                self._add(requests[answer])

        self.app.push_screen(Choose("Which log beside this one?", choices), chosen)

    def action_zoom(self) -> None:
        """The log that has the focus fills the screen, or no longer."""
        zoomed = not self._body.has_class("zoomed") and len(self._panes) > 1
        self._body.set_class(zoomed, "zoomed")
        for pane in self._panes:
            pane.display = not zoomed or pane.has_focus_within

    def action_other(self) -> None:
        for pane in self._panes:
            if not pane.has_focus_within:
                if self._body.has_class("zoomed"):
                    self.action_zoom()
                self.set_focus(pane.lines)
                return

    def action_back(self) -> None:
        """One step: the search, the filter, the screen."""
        for pane in self._panes:
            if pane.has_focus_within and pane.take_step_back():
                return
        self.dismiss()
