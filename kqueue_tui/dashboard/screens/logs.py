"""LogScreen: the output of one job, full screen; `|` puts a second log of it beside or below the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.containers import Container

from kbatch_core.errors import KbatchError
from kbatch_core.logs import LogRequest
from kqueue_tui.dashboard.actions import LOG, LOG_SCREEN, bindings
from kqueue_tui.dashboard.screens.job import JobScreen, Target
from kqueue_tui.dashboard.view.looks import look_of
from kqueue_tui.dashboard.widgets.hints import Hint, Hints
from kqueue_tui.dashboard.widgets.log_pane import TAIL, LogPane, LogTask

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow
    from kqueue_tui.dashboard.log_feed import Reader

# From this width on two logs stand side by side, else one over the other.
WIDE = 100
_TASKS_FIRST = ("R", "F", "OOM", "TO", "CD")


class LogScreen(JobScreen):
    """Opens on the row's task; of a whole array on the task that runs, or failed, or came first."""

    ACTIONS = LOG_SCREEN
    BINDINGS = bindings(LOG_SCREEN)

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._panes: list[LogPane] = []
        self._body = Container(id="logs-body")

    def compose(self) -> ComposeResult:
        yield self._body
        yield Hints()

    def on_mount(self) -> None:
        super().on_mount()
        task = self.target.task
        if task is None and self.row.tasks is not None:
            task = first_task(self._task_rows())
        self._add(LogRequest(follow=True, tail=TAIL, task=task))

    def on_resize(self) -> None:
        self._body.set_class(self.size.width >= WIDE, "wide")

    def refresh_hints(self) -> None:
        """The pane's keys are those that matter here."""
        keys = self.keys_by_id()
        hints = [
            Hint(keys[action.id][0], action.title, run)
            for action, run in (
                *((action, f"screen.log('{action.id}')") for action in LOG),
                *((action, f"screen.{action.name}") for action in LOG_SCREEN),
            )
            if action.hint and action.id in keys
        ]
        for footer in self.query(Hints):
            footer.show(hints)

    def on_descendant_focus(self) -> None:
        self.refresh_hints()

    async def action_log(self, action_id: str) -> None:
        """An action of the pane that has the focus, for a click on its hint."""
        name = next(action.name for action in LOG if action.id == action_id)
        for pane in self._panes:
            if pane.has_focus_within:
                await self.app.run_action(name, pane)

    # The logs

    def _read(self, request: LogRequest) -> Reader:
        """In a pane's thread."""
        backend = self.dashboard.backend
        if backend is None:
            raise KbatchError("There is no connection yet.", "Wait for it, and try again.")
        return backend.logs(self.row, request)

    def _add(self, request: LogRequest) -> None:
        pane = LogPane(
            self._read, f"{self.row.id.partition('_')[0]} {self.row.name}", request,
            tasks=self._tasks, now=self.dashboard.now,
        )  # fmt: skip
        pane.set_class(bool(self._panes), "second")
        self._panes.append(pane)
        self._body.mount(pane)
        self.call_after_refresh(pane.lines.focus)

    def _task_rows(self) -> Sequence[JobRow]:
        backend = self.dashboard.backend
        return backend.queue.task_rows(self.target.uid) if backend is not None else ()

    def _tasks(self) -> list[LogTask]:
        return [LogTask(row.task, look_of(row).word) for row in self._task_rows() if row.task is not None]

    # Keys

    def action_split(self) -> None:
        """A second log: of another task, of stderr or of the attempt before; without one, the same once more."""
        if len(self._panes) > 1:
            pane = self._panes.pop()
            pane.remove()
            self._panes[0].lines.focus()
            return
        from kqueue_tui.dashboard.screens.choose import Choice, Choose

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
        for task in self._tasks():
            if task.number != first.task:
                requests[str(task.number)] = replace(requests["same"], task=task.number)
                choices.append(Choice(str(task.number), f"Task {task.number}", task.about))

        def chosen(answer: str | None) -> None:
            if answer is not None:
                self._add(requests[answer])

        self.app.push_screen(Choose("Which log beside this one?", choices), chosen)

    def action_other(self) -> None:
        for pane in self._panes:
            if not pane.has_focus_within:
                pane.lines.focus()
                return

    def action_back(self) -> None:
        """One step: the search, the filter, the screen."""
        for pane in self._panes:
            if pane.has_focus_within and pane.take_step_back():
                return
        self.dismiss()


def first_task(rows: Sequence[JobRow]) -> int | None:
    """The task that is most worth looking at."""

    def rank(row: JobRow) -> int:
        return _TASKS_FIRST.index(row.state) if row.state in _TASKS_FIRST else len(_TASKS_FIRST)

    return min(rows, key=lambda row: (rank(row), row.task or 0)).task if rows else None
