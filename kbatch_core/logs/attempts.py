"""The container logs of a job's attempts, one after the other: what was interrupted begins again in a new pod."""

from __future__ import annotations

import random as system_random
import time
from collections.abc import Callable, Iterator

from kbatch_core.errors import AuthExpired, KbatchError, NotFound, Unreachable
from kbatch_core.logs.container import ContainerLog, Outcome, restarts_of
from kbatch_core.logs.events import Batch, End, Restart, Waiting
from kbatch_core.logs.podlog import LogApi
from kbatch_core.logs.task import Look, Task
from kbatch_core.model.objects import Pod
from kbatch_core.status.row import JobRow

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0


class AttemptLogs:
    """Iterate over `events`. With `follow` it goes on until the job has ended, and `End` is the last event.

    Without `follow`, raises NotFound when there is no log. `tail` and `previous` concern the newest attempt and the
    one before it; otherwise all attempts whose pods are still there are read.
    """

    def __init__(
        self,
        api: LogApi,
        task: Task,
        *,
        follow: bool = False,
        previous: bool = False,
        tail: int | None = None,
        since: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
        random: Callable[[], float] = system_random.random,
    ) -> None:
        self._api = api
        self._task = task
        self._follow = follow
        self._previous = previous
        self._tail = tail
        self._since = since
        self._clock = clock
        self._wait = wait or api.stopper.wait
        self._random = random
        self._waiting = ""

    def events(self) -> Iterator[Batch]:
        """The lines of the attempts, and what happens between them."""
        if self._previous:
            yield from self._read_previous()
        elif self._follow:
            yield from self._stay()
        else:
            yield from self._read_all()

    def _read_all(self) -> Iterator[Batch]:
        look = self._task.look()
        pods = look.started(self._task.container)
        if not pods:
            raise no_log(self._task.id, look.row)
        for number, pod in enumerate(pods if self._tail is None else pods[-1:]):
            if number:
                yield [Restart(number, pod.metadata.name)]
            yield from self._log(pod).events()

    def _read_previous(self) -> Iterator[Batch]:
        look = self._task.look()
        pods = look.started(self._task.container)
        if pods and restarts_of(pods[-1], self._task.container):
            yield from self._log(pods[-1], previous=True).events()
        elif len(pods) > 1:
            yield from self._log(pods[-2]).events()
        else:
            raise NotFound(
                f"There is no earlier attempt of job {self._task.id} whose log is still there.",
                "Leave --previous out.",
            )

    def _stay(self) -> Iterator[Batch]:
        done: set[tuple[str, int]] = set()
        count = 0
        pause = FIRST_PAUSE
        while not self._api.stopper.stopped:
            try:
                look = self._task.look()
            except AuthExpired:
                raise
            except Unreachable as error:
                yield from self._say(f"{error.sentence} Trying again.")
            else:
                pod = self._next(look, done, count)
                if pod is not None:
                    yield from self._say("")
                    if count:
                        yield [Restart(count, pod.metadata.name)]
                    count += 1
                    yield from self._read(pod, done)
                    pause = FIRST_PAUSE
                    continue
                if look.row is None or look.row.finished:
                    yield from self._say("")
                    yield [end_of(look.row)]
                    return
                # Between the end of a log and that of its job there is nothing to tell.
                if not count or look.row.state == "PD":
                    yield from self._say(reason(look.row))
            self._wait(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _next(self, look: Look, done: set[tuple[str, int]], count: int) -> Pod | None:
        """The oldest attempt that has not been read; with `tail`, at first the newest."""
        container = self._task.container
        unread = [
            pod
            for pod in look.started(container)
            if (pod.metadata.uid, restarts_of(pod, container)) not in done
        ]
        if self._tail is not None and not count:
            done |= {(pod.metadata.uid, restarts_of(pod, container)) for pod in unread[:-1]}
            return unread[-1] if unread else None
        return unread[0] if unread else None

    def _read(self, pod: Pod, done: set[tuple[str, int]]) -> Iterator[Batch]:
        instance = restarts_of(pod, self._task.container)
        log = self._log(pod, first=not done)
        yield from log.events()
        done.add((pod.metadata.uid, instance))
        if log.outcome is Outcome.RESTARTED:
            # Those between were named in a gap.
            now = restarts_of(log.pod, self._task.container)
            done |= {(pod.metadata.uid, number) for number in range(instance, now)}

    def _log(self, pod: Pod, *, previous: bool = False, first: bool = True) -> ContainerLog:
        return ContainerLog(
            self._api,
            pod,
            container=self._task.container,
            follow=self._follow and not previous,
            previous=previous,
            tail=self._tail if first else None,
            since=self._since,
            clock=self._clock,
            wait=self._wait,
            random=self._random,
        )

    def _say(self, why: str) -> Iterator[Batch]:
        """That nothing comes, and why, when it is another reason than before."""
        if why != self._waiting:
            self._waiting = why
            yield [Waiting(why)]


def reason(row: JobRow) -> str:
    """Why nothing comes yet, for a person."""
    return f"Job {row.id} {row.state}: {row.sentence}" if row.sentence else f"Job {row.id} is {row.state}."


def no_log(job_id: str, row: JobRow | None) -> KbatchError:
    """The error for a job that has no log to read."""
    if row is None:
        return NotFound(f"Job {job_id} was deleted, and its log with it.", "Look for its output file.")
    if row.finished:
        return NotFound(
            f"The log of job {job_id} is gone: its pod was deleted ({row.state}: {row.sentence.rstrip('.')}).",
            f"`kqueue show {job_id}` says whether there is an output file.",
        )
    return NotFound(
        f"Job {job_id} has no output yet ({row.state}: {row.sentence.rstrip('.')}).",
        f"Wait for it with `kqueue logs -f {job_id}`.",
    )


def end_of(row: JobRow | None) -> End:
    """The last event."""
    if row is None:
        return End("", "The job was deleted.")
    return End(row.state, row.sentence, row.hint, row.exit_code, row.signal)
