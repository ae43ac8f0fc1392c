"""Streams: what is heard of jobs as it happens: the live queue, waiting, logs."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from kbatch_core.actions import Actions
from kbatch_core.errors import AuthExpired
from kbatch_core.history.folder import ProgressFiles
from kbatch_core.model.objects import Job
from kbatch_core.status import JobRow

if TYPE_CHECKING:
    from kbatch_core.history import Found
    from kbatch_core.logs import LogReader, LogRequest
    from kbatch_core.queue import Queue

LOOK_SECONDS = 1.0


class Streams(Actions):
    """Owns no thread: a queue is its caller's."""

    def queue(
        self,
        *,
        user: str | None = None,
        namespaces: Sequence[str] = (),
        selector: str = "",
        on_change: Callable[[], None] = lambda: None,
    ) -> Queue:
        """The jobs as they change; its owner starts and stops it. `user` as in `selector`, the rest as in Queue."""
        from kbatch_core.queue import Queue  # only for who stays: a single answer starts sooner without it

        return Queue(
            self.api,
            user=self.session.user if user is None else user,
            namespaces=namespaces,
            selector=selector,
            history=self.history,
            progress=ProgressFiles(self.history),
            on_change=on_change,
            clock=self._clock,
        )

    def watch(
        self, *, user: str | None = None, namespaces: Sequence[str] = (), selector: str = ""
    ) -> Iterator[tuple[JobRow, ...]]:
        """The rows of all jobs, oldest first, now and after each change; without end. `user` as in `selector`.

        Lives through an API server that is away. Raises AuthExpired, PermissionDenied.
        """
        changed = threading.Event()
        queue = self.queue(user=user, namespaces=namespaces, selector=selector, on_change=changed.set)
        queue.start()
        given: tuple[JobRow, ...] | None = None
        try:
            while True:
                changed.wait(LOOK_SECONDS)
                changed.clear()
                sync = queue.sync()
                if sync.error is not None and (
                    sync.state == "FORBIDDEN" or isinstance(sync.error, AuthExpired)
                ):
                    raise sync.error
                rows = queue.rows()
                if sync.state == "LIVE" and rows is not given:
                    given = rows
                    yield rows
        finally:
            queue.stop()

    def wait(
        self,
        job: Job,
        *,
        until: Literal["started", "ended"] = "ended",
        tasks: Collection[int] = (),
        look: Callable[[Queue], None] | None = None,
    ) -> Job:
        """The job once it has ended (or a pod of it has started to run, or `tasks` of an array have ended).

        `look` is called with what is known meanwhile, at each change and each second. Lives through an API server
        that is away: a job may take days. Raises NotFound when it was deleted.
        """
        from kbatch_core.queue.waiting import wait

        return wait(self.api, job, until=until, tasks=tasks, look=look)

    def log_reader(self, job: Job | Found, request: LogRequest | None = None) -> LogReader:
        """A reader of the log of a job, or of one task of an array; None = all so far. Raises BadOption."""
        from kbatch_core.logs import LogReader, LogRequest  # `kqueue list` is faster without

        past = None if isinstance(job, Job) else job.past
        return LogReader(
            self.api.transport,
            job if isinstance(job, Job) else job.job,
            request or LogRequest(),
            home=self.session.home,
            past=past,
            now=self._clock,
        )

    def lines(
        self, job: Job | Found, *, task: int | None = None, follow: bool = True, stderr: bool = False
    ) -> Iterator[str]:
        """The lines of a job's or a task's output, without their ends; with `follow` until the job ends.

        What is not UTF-8 is replaced. Where lines may be missing, a warning says so. Raises NotFound, BadOption.
        """
        from kbatch_core.logs import Gap, Line, LogRequest

        begun = b""
        for event in self.log_reader(job, LogRequest(task=task, follow=follow, stderr=stderr)):
            if isinstance(event, Gap):
                warnings.warn(f"Lines may be missing here: {event.why}.", stacklevel=2)
            elif isinstance(event, Line):
                begun += event.text
                if event.ends_with_newline:
                    yield begun.decode(errors="replace")
                    begun = b""
        if begun:
            yield begun.decode(errors="replace")
