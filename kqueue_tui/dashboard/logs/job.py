"""JobLog: the logs of one job, for panes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kbatch_core.errors import KbatchError
from kbatch_core.logs import LogRequest
from kqueue_tui.dashboard.view.looks import look_of

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow
    from kqueue_tui.dashboard.backend import Backend, Reader

TAIL = 10_000
"""Lines at its end that are read at first."""
_TASKS_FIRST = ("R", "F", "OOM", "TO", "CD")


@dataclass(frozen=True)
class LogTask:
    """A task that may be chosen: its number, and a word about it."""

    number: int
    about: str = ""


class JobLog:
    """What a LogPane is made of. `row` is of a job or of a task; who has a newer one may set it.

    `backend` gives the connection as it is now, None while there is none.
    """

    def __init__(self, backend: Callable[[], Backend | None], row: JobRow) -> None:
        self.row = row
        self._backend = backend

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
        backend = self._backend()
        if backend is None:
            raise KbatchError("There is no connection yet.", "Wait for it, and try again.")
        rows = self.task_rows() if request.task is None and self.row.tasks is not None else ()
        if not rows:
            return backend.logs(self.row, request)
        from kqueue_tui.dashboard.logs.all_tasks import MOST, AllTasks

        begun = sorted((row for row in rows if row.started is not None), key=lambda row: row.finished)[:MOST]
        each = request.tail // max(len(begun), 1) if request.tail is not None else None
        readers = {
            task: backend.logs(self.row, replace(request, task=task, tail=each))
            for row in sorted(begun, key=lambda row: row.task or 0)
            if (task := row.task) is not None
        }
        return AllTasks(readers, tasks=len(rows), follow=request.follow)

    def task_rows(self) -> Sequence[JobRow]:
        backend = self._backend()
        return backend.queue.task_rows(self.row.uid) if backend is not None else ()

    def tasks(self) -> list[LogTask]:
        """The tasks that may be chosen."""
        return [LogTask(row.task, look_of(row).word) for row in self.task_rows() if row.task is not None]


def first_task(rows: Sequence[JobRow]) -> int | None:
    """The task that is most worth looking at: one that runs, or failed, or came first."""

    def rank(row: JobRow) -> int:
        return _TASKS_FIRST.index(row.state) if row.state in _TASKS_FIRST else len(_TASKS_FIRST)

    return min(rows, key=lambda row: (rank(row), row.task or 0)).task if rows else None
