"""The Backend of the scripted jobs: a Queue and the acts on them. One thread wakes when a job does something."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from kbatch_core.errors import Refused
from kbatch_core.queue.sync import Sync
from kbatch_core.status.row import JobRow, make_row, task_rows
from kqueue_tui.dashboard.backend import Backend, Scope
from tests.dashboard.demo.details import details_of
from tests.dashboard.demo.form import DemoForm
from tests.dashboard.demo.logs import DemoLog
from tests.dashboard.demo.play import Objects, Play, objects
from tests.dashboard.demo.script import past_plays, plays

if TYPE_CHECKING:
    from kbatch_core.model.objects import Event, Job, Pod


class DemoQueue:
    """Its owner calls `start` and `stop`. Tests pass a clock that stands still and change `state` and the plays."""

    def __init__(
        self,
        script: list[Play],
        *,
        on_change: Callable[[], None],
        clock: Callable[[], float],
        user: str = "ann",
    ) -> None:
        self._on_change = on_change
        self._clock = clock
        self._lock = threading.Lock()
        self._plays = {play.uid: play for play in script if not user or play.user == user}
        self._past: dict[str, Play] = {}
        self._objects: dict[str, Objects] = {}
        self._rows: dict[str, JobRow] = {}
        self._version = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo queue", daemon=True)
        self.state: Sync | None = None
        self._renew()

    @property
    def version(self) -> int:
        return self._version

    def start(self) -> None:
        self._thread.start()
        self._on_change()

    def stop(self) -> None:
        self._stop.set()

    def rows(self) -> tuple[JobRow, ...]:
        with self._lock:
            return tuple(sorted(self._rows.values(), key=lambda row: (row.submitted or 0.0, row.id)))

    def task_rows(self, uid: str) -> tuple[JobRow, ...]:
        found = self._objects.get(uid)
        return tuple(task_rows(*found, self._clock())) if found is not None else ()

    def row(self, row: JobRow, task: int | None) -> JobRow:
        """The row as it is now, or that of one of its tasks."""
        if task is None:
            return self._rows.get(row.uid, row)
        return next((one for one in self.task_rows(row.uid) if one.task == task), row)

    def job(self, uid: str) -> Job | None:
        found = self._objects.get(uid)
        return found[0] if found is not None else None

    def pods(self, uid: str) -> tuple[Pod, ...]:
        found = self._objects.get(uid)
        return found[1] if found is not None else ()

    def events(self, uid: str) -> tuple[Event, ...]:
        found = self._objects.get(uid)
        return found[2] if found is not None else ()

    def put(self, job: Job) -> None:
        """Nothing: the acts have changed the play already."""

    def sync(self) -> Sync:
        return self.state or Sync("LIVE", self._clock())

    def play(self, uid: str) -> Play:
        """The script of a job. Raises Refused when it is gone."""
        found = self._plays.get(uid) or self._past.get(uid)
        if found is None:
            raise Refused("That job is gone.")
        return found

    def change(self, play: Play | None, uid: str) -> None:
        """Replace the script of a job, or take the job away."""
        with self._lock:
            if play is None:
                self._forget(uid)
            else:
                self._plays[uid] = play
        self._renew()
        self._on_change()

    def forget(self, *plays: Play) -> None:
        """They are in the history alone."""
        self._past.update((play.uid, play) for play in plays)

    def _forget(self, uid: str) -> None:
        play = self._plays.pop(uid, None)
        if play is not None:
            self._past[uid] = play if self._rows[uid].finished else play.cancel(self._clock())

    def past(self, shown: Collection[str] | None) -> list[JobRow]:
        """The rows of the history."""
        now = self._clock()
        rows = [
            make_row(*objects(play, now), now) for play in self._past.values() if play.id not in (shown or ())
        ]
        return [structs.replace(row, past=True) for row in rows]

    def clear(self) -> None:
        """Take all jobs away."""
        with self._lock:
            self._plays.clear()
        self._renew()

    def _run(self) -> None:
        while not self._stop.is_set():
            now = self._clock()
            coming = [moment for play in self._plays.values() for moment in play.moments() if moment > now]
            if self._stop.wait(min(min(coming, default=now + 60) - now + 0.01, 60)):
                return
            if self._renew():
                self._on_change()

    def _renew(self) -> bool:
        """Compute what changed; whether anything did."""
        now = self._clock()
        with self._lock:
            made = {uid: objects(play, now) for uid, play in self._plays.items()}
            changed = {uid for uid, found in made.items() if self._objects.get(uid) != found}
            gone = self._objects.keys() - made.keys()
            self._objects = made
            for uid in changed:
                self._rows[uid] = make_row(*made[uid], now)
            for uid in gone:
                self._rows.pop(uid, None)
            self._version += bool(changed or gone)
            return bool(changed or gone)


class DemoActs:
    """The writes, on the script."""

    def __init__(self, queue: DemoQueue, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._clock = clock
        self._made = 0
        self.forbidden: set[tuple[str, str, str]] = set()

    def may(self, verb: str, resource: str = "jobs", subresource: str = "") -> bool:
        return (verb, resource, subresource) not in self.forbidden

    def cancel(self, job: Job) -> Job:
        return self._set(job, lambda play: play.cancel(self._clock()))

    def hold(self, job: Job) -> Job:
        return self._set(job, lambda play: replace(play, held=True))

    def release(self, job: Job) -> Job:
        now = self._clock()
        return self._set(job, lambda play: replace(play, held=False, starts=now + 3, ends=now + 90))

    def update(self, job: Job, *, throttle: int | None = None, time_limit: int | None = None) -> Job:
        if throttle is not None:
            job = self._set(job, lambda play: replace(play, throttle=throttle or play.tasks))
        if time_limit is not None:
            job = self._set(job, lambda play: replace(play, limit=time_limit))
        return job

    def rerun(self, job: Job, *, failed_only: bool = False) -> Job:
        now, old = self._clock(), self._queue.play(job.metadata.uid)
        self._made += 1
        play = replace(
            old,
            id=f"rerun{self._made:03}",
            submitted=now,
            starts=now + 4,
            ends=now + 120,
            exit=0,
            end="",
            cancelled=None,
        )
        self._queue.change(play, play.uid)
        return job

    def delete(self, job: Job) -> None:
        self._queue.play(job.metadata.uid)
        self._queue.change(None, job.metadata.uid)

    def _set(self, job: Job, change: Callable[[Play], Play]) -> Job:
        self._queue.change(change(self._queue.play(job.metadata.uid)), job.metadata.uid)
        return self._queue.job(job.metadata.uid) or job


def demo_backend(
    scope: Scope, on_change: Callable[[], None], *, clock: Callable[[], float] = time.time
) -> Backend:
    """A Backend that needs no cluster."""
    user = "ann" if scope.user is None else scope.user
    queue = DemoQueue(plays(clock()), on_change=on_change, clock=clock, user=user)
    queue.forget(*past_plays(clock()))
    return Backend(
        context="demo",
        namespace="research",
        user="ann",
        queue=queue,
        acts=DemoActs(queue, clock),
        now=clock,
        details=lambda row: details_of(queue.play(row.uid), row, clock()),
        logs=lambda row, request: DemoLog(lambda: queue.row(row, request.task), request, clock),
        past=queue.past,
        form=DemoForm(queue, clock),
        past_job=lambda row: objects(queue.play(row.uid), clock())[0],
        shell=lambda row: ["sh", "-c", f"echo The demo has no pod for {row.id}.; sleep 1"],
        attach=lambda row: ["sh", "-c", f"echo What {row.id} prints."],
    )
