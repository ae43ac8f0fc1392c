"""LogReader: one job's or task's log, from the file in home where that is mounted here, else from its containers.

The file is complete and outlives the job; the node keeps only the newest part of a container's log, but knows when
each line was written. So the file is read, unless times are asked for.
"""

from __future__ import annotations

import os
import random as system_random
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import msgspec

from kbatch_core.errors import AuthExpired, BadOption, KbatchError, NotFound, Unreachable
from kbatch_core.history import History, Past, output_path
from kbatch_core.logs.attempts import FIRST_PAUSE, LONGEST_PAUSE, AttemptLogs, reason
from kbatch_core.logs.events import Batch, LogEvent, Reading, Waiting
from kbatch_core.logs.filelog import FileLog
from kbatch_core.logs.homefile import HomeFile, job_folder, local_path, output_file
from kbatch_core.logs.podlog import LogApi, Source, Stopper
from kbatch_core.logs.task import Look, Task
from kbatch_core.manifest.program import program_of
from kbatch_core.model.objects import Job
from kbatch_core.model.record import Record
from kbatch_core.status.reading import id_of, index_of, is_array
from kbatch_core.status.tasks import no_task

# How long a job that runs may be without the file that it should write, before its container is read instead.
FILE_SECONDS = 5.0


class LogRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a log. `since` is in seconds of the epoch; `times`: the time of each line is needed.

    `task` is the number of an array's task. `previous`: the attempt before the newest one. `stderr`: the file of
    `--error` in place of that of `--output`.
    """

    task: int | None = None
    follow: bool = False
    tail: int | None = None
    since: float | None = None
    times: bool = False
    previous: bool = False
    stderr: bool = False

    @property
    def needs_container(self) -> bool:
        """Whether only the container's log can tell."""
        return self.times or self.previous or self.since is not None


class LogReader:
    """A blocking iterator over one log. It owns no thread; `stop`, from another one, ends it within a second.

    With `follow` the last event is `End`. Raises NotFound when there is no log, PermissionDenied, AuthExpired, and
    without `follow` Unreachable. `source` says what is read, once that is known.
    """

    def __init__(
        self,
        source: Source,
        job: Job,
        request: LogRequest,
        *,
        home: str = "",
        past: Past | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
        random: Callable[[], float] = system_random.random,
    ) -> None:
        """`home` is that of this session. `past`: the job is only in the history. Raises BadOption."""
        if past is None or past.submission is not None:
            check(job, request)
        self.source = ""
        self.job = job
        self.request = request
        self._home = home
        self._past = past
        self._stopper = Stopper()
        self._clock = clock
        self._wait = wait or self._stopper.wait
        self._random = random
        self._api = LogApi(source, job.metadata.namespace, self._stopper, clock)
        self._task = Task(self._api, job, request.task, now)
        self._history = History(home)

    def stop(self) -> None:
        """End the iteration, from another thread."""
        self._stopper.stop()

    def __iter__(self) -> Iterator[LogEvent]:
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[Batch]:
        """The events, those together that came together."""
        try:
            yield from self._events()
        except KbatchError:
            # What was cut off on purpose is no error.
            if not self._stopper.stopped:
                raise

    def _events(self) -> Iterator[Batch]:
        if self._past is not None:
            yield from self._read_past(self._past)
            return
        path: Path | None = None
        if not self.request.needs_container and job_folder(self.job, self._home) is not None:
            path = (yield from self._awaited()) if self.request.follow else self._file_now()
        if self._stopper.stopped:
            return
        if path is None or not readable(path):
            yield from self._containers()
        elif self.request.follow:
            yield from self._follow_file(path)
        else:
            yield from self._read_file(path)

    # Containers

    def _containers(self) -> Iterator[Batch]:
        if self.request.stderr:
            raise NotFound(
                f"The file of stderr of job {self._task.id} cannot be read here, and its container's log has both "
                "streams in one.",
                "Read it where its home is mounted, or leave --stderr out.",
            )
        yield [self._reading("the container's log, of which the node keeps the newest part")]
        since = self.request.since
        yield from AttemptLogs(
            self._api,
            self._task,
            follow=self.request.follow,
            previous=self.request.previous,
            tail=self.request.tail,
            since=int(since) if since is not None else None,
            clock=self._clock,
            wait=self._wait,
            random=self._random,
        ).events()

    # The file in home

    def _file(self, look: Look | None = None) -> Path | None:
        """The output file in this session; None when the job has none that can be read here, or not known yet."""
        if job_folder(self.job, self._home) is None:
            return None
        record = self._record()
        if record is not None and record.output_error and not self.request.follow:
            # The file is not whole; the container's log is.
            return None
        node = record.node if record is not None else ""
        if look is not None and look.pods:
            node = look.pods[-1].spec.node_name or node
        path = output_file(self.job, self.request.task, node, stderr=self.request.stderr)
        return local_path(self.job, path, self._home) if path else None

    def _file_now(self) -> Path | None:
        """The output file as it is known now; only some names need to be asked for."""
        path = self._file()
        return path if path is not None or not program_of(self.job).output else self._file(self._task.look())

    def _record(self) -> Record | None:
        return self._history.get((self._task.id, self.request.task))

    def _awaited(self) -> Generator[Batch, None, Path | None]:
        """The file once it is there; None when the containers are to be read instead."""
        pause = FIRST_PAUSE
        started: float | None = None
        look: Look | None = None
        said = ""
        while not self._stopper.stopped:
            path = self._file(look)
            if path is not None and readable(path):
                return path
            why = ""
            try:
                look = self._task.look()
            except AuthExpired:
                raise
            except Unreachable as error:
                why = f"{error.sentence} Trying again."
            else:
                if look.row is None or look.row.finished:
                    return self._file(look)
                why = reason(look.row)
                if look.started(self._task.container):
                    started = self._clock() if started is None else started
                    if self._clock() - started >= FILE_SECONDS:
                        return None
            if why != said:
                said = why
                yield [Waiting(why)]
            self._wait(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        return None

    def _follow_file(self, path: Path) -> Iterator[Batch]:
        folder = job_folder(self.job, self._home)
        assert folder is not None
        task = self.request.task
        yield [self._reading(f"the file {path}")]
        yield from FileLog(
            path,
            self._task,
            record_file=folder / ("record.json" if task is None else f"record-{task}.json"),
            record=self._record,
            tail=self.request.tail,
            stopper=self._stopper,
            clock=self._clock,
            wait=self._wait,
        ).events()

    def _read_past(self, past: Past) -> Iterator[Batch]:
        """The output file of a job that the cluster has no more."""
        there = program_of(self.job).error if self.request.stderr else output_path(past, self.request.task)
        if not there:
            raise NotFound(
                f"The log of job {past.id} is gone with it, and it is not known to have an output file.",
                f"`kqueue show {past.id}` says what is known.",
            )
        if self.request.needs_container:
            raise NotFound(
                f"The log of job {past.id} is gone with it, and its output file {there} tells no times or attempts.",
                "Leave --since, --timestamps and --previous out.",
            )
        path = local_path(self.job, there, self._home)
        try:
            yield from self._read_file(path)
        except OSError as error:
            raise NotFound(
                f"The log of job {past.id} is gone with it, and its output file {there} cannot be read here "
                f"({error.strerror}).",
                "Look where that home is mounted.",
            ) from error

    def _read_file(self, path: Path) -> Iterator[Batch]:
        path.stat()
        yield [self._reading(f"the file {path}")]
        with HomeFile(path, tail=self.request.tail) as file:
            for part in (file.read(), file.rest()):
                for batch in part:
                    if self._stopper.stopped:
                        return
                    yield batch

    def _reading(self, source: str) -> Reading:
        self.source = source
        return Reading(source)


def readable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK)


def check(job: Job, request: LogRequest) -> None:
    """Raises BadOption for what this job cannot have."""
    job_id = id_of(job)
    if request.task is None and is_array(job):
        raise BadOption(f"Job {job_id} is an array.", "Name one of its tasks with --task.")
    if request.task is not None and (not is_array(job) or not has_task(job, request.task)):
        raise no_task(job, request.task)
    if request.stderr and not program_of(job).error:
        raise BadOption(
            f"Job {job_id} has no file of its own for stderr: it is in the output.", "Leave --stderr out."
        )


def has_task(job: Job, number: int) -> bool:
    index = index_of(job, number)
    return 0 <= index < (job.spec.completions or 0)
