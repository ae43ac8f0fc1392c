"""Queue: the live set of jobs. The dashboard, `kqueue list --watch` and `wait` stand on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kbatch_core.cluster.api import Api, core_path, jobs_path
from kbatch_core.cluster.mirror import Change, Mirror
from kbatch_core.cluster.reflector import STOP_SECONDS, Health, Reflector
from kbatch_core.errors import KbatchError, Refused
from kbatch_core.model import labels
from kbatch_core.model.names import label_value
from kbatch_core.model.objects import Event, Job, Pod
from kbatch_core.queue.asking import Asker, Kind
from kbatch_core.queue.joined import Joined
from kbatch_core.queue.sync import Sync, combine
from kbatch_core.status import JobRow, task_rows
from kbatch_core.status.verdict import Records, Reported

# Rows made in one go while the lock is held: what a reader may have to wait for.
BATCH = 50
# The reader is told at most this often.
TELL_SECONDS = 0.05
# When the time of day has gone on by so much more than a clock that stands still while the machine sleeps, it slept.
SLEPT_SECONDS = 20.0
# For where no home is mounted.
NO_RECORDS: Records = {}


class Queue:
    """Jobs of one user (or of all: user "" or None) in some namespaces, joined with what explains them.

    Its owner calls `start` and later `stop`. It owns one reflector thread per kind and namespace, one thread that
    makes rows and calls `on_change`, and one that asks for events and other facts. `stop` ends them within a
    second from any state; a connect in progress outlives it, silent, until it gives up.
    Everything else may be called from any thread, also before `start` and after `stop`.
    """

    def __init__(
        self,
        api: Api,
        *,
        user: str | None = None,
        namespaces: Sequence[str] = (),
        selector: str = "",
        job_id: str = "",
        history: Records = NO_RECORDS,
        progress: Reported | None = None,
        on_change: Callable[[], None] = lambda: None,
        explain: bool = True,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`namespaces`: none = the api's own, [""] = all. `selector`: more terms of a label selector of jobs.
        `job_id`: only this job.

        `history` has the records in home, `progress` what scripts that run report there. `on_change` is called from
        a thread of the queue, at most every TELL_SECONDS. `explain` False reads no events and no facts: for who only
        waits for an end.
        """
        self._transport = api.transport
        self._on_change = on_change
        self._clock = clock
        self._monotonic = monotonic
        self._namespaces = tuple(dict.fromkeys(namespaces or (api.namespace,)))
        of_user = f"{labels.USER}={label_value(user)}" if user else ""
        of_job = f"{labels.ID}={job_id}" if job_id else ""
        self._selector = _join(labels.SELECTOR, of_user, of_job, selector)
        pod_selector = _join(of_job or labels.POD_SELECTOR, of_user)
        # One lock. The thread that makes rows waits for news, the one that asks for questions.
        lock = threading.Lock()
        self._news = threading.Condition(lock)
        self._questions = threading.Condition(lock)
        self._stopping = False
        self._loaded = False
        self._told = -1
        # Whether rows are made soon without anybody's asking.
        self._paced = False
        self._fault: KbatchError | None = None
        self._joined = Joined(now=self.now, clock=monotonic, explain=explain, namespaces=self._namespaces)
        self._joined.wait_for_pods(self._namespaces)
        self._asker = Asker(
            self._transport,
            self._joined,
            self._questions,
            self._wake,
            begin=self._watch_more,
            history=history,
            progress=progress,
            clock=monotonic,
        )
        self._jobs = {
            name: self._reflect(Job, jobs_path(name), self._joined.change_jobs, self._selector)
            for name in self._namespaces
        }
        self._pods = {
            name: self._reflect(Pod, core_path(name, "pods"), self._joined.change_pods, pod_selector)
            for name in self._namespaces
        }
        self._more: list[Reflector[Any]] = []
        self._awake_since = clock() - monotonic()
        self._threads: list[threading.Thread] = []

    # For its owner

    def start(self) -> None:
        """Begin to list and watch. Once."""
        for reflector in (*self._jobs.values(), *self._pods.values()):
            reflector.start()
        for target, name in ((self._make_rows, "queue rows"), (self._asker.run, "queue facts")):
            thread = threading.Thread(target=self._run, args=(target,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End it, within a second from any state; `on_change` is not called afterwards."""
        deadline = self._monotonic() + STOP_SECONDS
        with self._news:
            self._stopping = True
            self._asker.stop()
            self._news.notify()
            self._questions.notify()
            reflectors = [*self._jobs.values(), *self._pods.values(), *self._more]
        for reflector in reflectors:
            reflector.stop(0.0)
        for reflector in reflectors:
            reflector.stop(max(0.0, deadline - self._monotonic()))
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - self._monotonic()))

    # For readers

    @property
    def version(self) -> int:
        """Rises with each change of `rows` or `sync`."""
        with self._news:
            return self._joined.version

    def now(self) -> float:
        """Seconds since the epoch by the server: what ages are counted with."""
        return self._clock() + self._transport.server_ahead

    def rows(self) -> tuple[JobRow, ...]:
        """Oldest first. The same tuple as before while nothing has changed."""
        with self._news:
            return self._joined.rows()

    def task_rows(self, uid: str) -> tuple[JobRow, ...]:
        """A row per task of an array, in the order of the task numbers; made anew in each call."""
        with self._news:
            found = self._joined.evidence(uid)
        return tuple(task_rows(*found)) if found is not None else ()

    def job(self, uid: str) -> Job | None:
        """The Job as it was last seen; None when it is gone."""
        with self._news:
            return self._joined.jobs.get(uid)

    def pods(self, uid: str) -> tuple[Pod, ...]:
        """The pods of a job, oldest first."""
        with self._news:
            return self._joined.pods(uid)

    def events(self, uid: str) -> tuple[Event, ...]:
        """The events of a job and its pods that were read because it needed explaining, oldest first."""
        with self._news:
            return self._joined.events(uid)

    def put(self, job: Job) -> None:
        """The answer to a write of ours: it is in `rows` when this returns."""
        reflector = self._jobs.get(job.metadata.namespace) or self._jobs.get("")
        if reflector is None or not self._selects(job):
            return
        reflector.mirror.put(job)
        with self._news:
            self._joined.compute_one(job.metadata.uid)

    def sync(self) -> Sync:
        """How fresh it all is. After a sleep of the machine what is open is left: such a path is mostly dead."""
        now = self._monotonic()
        since_epoch = self._clock() - now
        with self._news:
            missing, loaded, fault = self._joined.missing(), self._loaded, self._fault
            slept = since_epoch - self._awake_since >= SLEPT_SECONDS
            self._awake_since = since_epoch
            reflectors = [*self._jobs.values(), *self._pods.values(), *self._more] if slept else []
        for reflector in reflectors:
            reflector.reconnect()
        jobs, pods = self._healths(self._jobs), self._healths(self._pods)
        # What one namespace refuses costs the others nothing, and jobs are worth showing without their pods.
        counting = [health for health in jobs if not health.forbidden] or jobs
        counting += [health for health in pods if not isinstance(health.error, Refused)]
        return combine(
            counting, now=now, since_epoch=since_epoch, loaded=loaded, missing=missing, fault=fault
        )

    def readable(self) -> tuple[str, ...]:
        """The namespaces whose jobs may be read, as far as it is known; "" = all."""
        return tuple(name for name, reflector in self._jobs.items() if not reflector.health.forbidden)

    def _selects(self, job: Job) -> bool:
        """Whether the job is one of those shown, as far as plain equality of labels tells."""
        terms = [term.partition("=") for term in self._selector.split(",")]
        return all(
            job.metadata.labels.get(key) == value.removeprefix("=")
            for key, sign, value in terms
            if sign and not key.endswith("!") and " " not in key
        )

    # Reflectors

    def _reflect(
        self, kind: type[Any], path: str, arrive: Callable[[Iterable[Change[Any]]], None], selector: str = ""
    ) -> Reflector[Any]:
        def notify(changes: Sequence[Change[Any]]) -> None:
            with self._news:
                arrive(changes)
                self._wake()

        return Reflector(
            self._transport,
            path,
            kind,
            Mirror(notify),
            query={"labelSelector": selector} if selector else None,
            on_health=self._health_changed,
            clock=self._monotonic,
        )

    def _watch_more(self, name: str, kind: Kind) -> None:
        """Called by the asking thread, for what turned out to be readable."""
        arrive: dict[str, Callable[[Iterable[Change[Any]]], None]] = {
            "nodes": self._joined.change_nodes,
            "quotas": self._joined.change_quotas,
            "workloads": self._joined.change_workloads,
        }
        reflector = self._reflect(kind.struct, kind.path, arrive[name])
        with self._news:
            if self._stopping:
                return
            self._more.append(reflector)
            reflector.start()

    def _health_changed(self) -> None:
        """Rows are made once pods are known, or known to be out of reach."""
        with self._news:
            for right, reflectors in (("jobs", self._jobs), ("pods", self._pods)):
                for name, reflector in reflectors.items():
                    if reflector.health.forbidden:
                        self._joined.miss(right, name)
                    else:
                        self._joined.have(right, name)
            self._joined.wait_for_pods(
                name
                for name, reflector in self._pods.items()
                if not (reflector.health.synced or reflector.health.forbidden)
            )
            self._joined.version += 1
            self._news.notify()

    # Its threads

    def _run(self, target: Callable[[], None]) -> None:
        try:
            target()
        except Exception as error:  # noqa: BLE001 - the thread's top frame: nobody else could say it
            with self._news:
                self._fault = KbatchError(f"The queue stands still by a fault of ours: {error!r}.")
                self._joined.version += 1
            self._on_change()

    def _wake(self) -> None:
        """There is news: rows are to be made, at once or with those that come until it is time."""
        if not self._paced:
            self._news.notify()

    def _make_rows(self) -> None:
        """Make the rows of what changed and tell the reader: at once when it was quiet, else every TELL_SECONDS."""
        told_at = float("-inf")
        while True:
            with self._news:
                while not self._stopping and (wait := self._seconds_to_tell(told_at)) != 0.0:
                    self._paced = wait is not None and wait <= TELL_SECONDS
                    self._news.wait(wait)
                self._paced = False
                if self._stopping:
                    return
            told_at = self._monotonic()
            self._compute(told_at + TELL_SECONDS)
            self._on_change()

    def _compute(self, until: float) -> None:
        """Make rows until all are made or it is time to tell; a reader need not wait for more than BATCH of them."""
        while True:
            with self._news:
                self._joined.compute(BATCH)
                more = self._joined.is_due()
                if not self._loaded and self._is_loaded() and not more:
                    self._loaded = True
                    self._joined.version += 1
                if not more or self._stopping or self._monotonic() >= until:
                    self._told = self._joined.version
                    self._questions.notify()
                    return

    def _seconds_to_tell(self, told_at: float) -> float | None:
        """How long there is nothing to make or to tell; None = until something comes."""
        now = self._monotonic()
        if self._joined.is_due() or self._told != self._joined.version:
            return max(0.0, told_at + TELL_SECONDS - now)
        due = self._joined.next_due()
        return max(0.0, due - now) if due is not None else None

    def _is_loaded(self) -> bool:
        healths = (*self._healths(self._jobs), *self._healths(self._pods))
        return all(health.synced or health.forbidden for health in healths)

    @staticmethod
    def _healths(reflectors: Mapping[str, Reflector[Any]]) -> list[Health]:
        return [reflector.health for reflector in reflectors.values()]


def _join(*terms: str) -> str:
    """A label selector of all of them."""
    return ",".join(term for term in terms if term)
