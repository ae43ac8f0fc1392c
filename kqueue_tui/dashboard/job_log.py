"""JobLog: the logs of one job, for panes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kbatch_core.errors import KbatchError
from kbatch_core.logs import LogRequest
from kqueue_tui.dashboard.view.looks import look_of
from kqueue_tui.dashboard.widgets.log_pane import TAIL, LogTask

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow
    from kqueue_tui.dashboard.app import Dashboard
    from kqueue_tui.dashboard.log_feed import Reader

_TASKS_FIRST = ("R", "F", "OOM", "TO", "CD")


class JobLog:
    """What a LogPane is made of. `row` is of a job or of a task; who has a newer one may set it."""

    def __init__(self, dashboard: Dashboard, row: JobRow) -> None:
        self.row = row
        self._dashboard = dashboard

    @property
    def title(self) -> str:
        return f"{self.row.id.partition('_')[0]} {self.row.name}"

    def first_request(self) -> LogRequest:
        """The end of the log, followed; of a whole array that of the task which is most worth looking at."""
        task = self.row.task
        if task is None and self.row.tasks is not None:
            task = first_task(self.task_rows())
        return LogRequest(follow=True, tail=TAIL, task=task)

    def read(self, request: LogRequest) -> Reader:
        """In a pane's thread. Raises KbatchError."""
        backend = self._dashboard.backend
        if backend is None:
            raise KbatchError("There is no connection yet.", "Wait for it, and try again.")
        return backend.logs(self.row, request)

    def task_rows(self) -> Sequence[JobRow]:
        backend = self._dashboard.backend
        return backend.queue.task_rows(self.row.uid) if backend is not None else ()

    def tasks(self) -> list[LogTask]:
        """The tasks that may be chosen."""
        return [LogTask(row.task, look_of(row).word) for row in self.task_rows() if row.task is not None]


def first_task(rows: Sequence[JobRow]) -> int | None:
    """The task that is most worth looking at: one that runs, or failed, or came first."""

    def rank(row: JobRow) -> int:
        return _TASKS_FIRST.index(row.state) if row.state in _TASKS_FIRST else len(_TASKS_FIRST)

    return min(rows, key=lambda row: (rank(row), row.task or 0)).task if rows else None
