"""Jobs, pods, events and facts joined into rows; only the rows of what changed are made anew (pure, no threads).

Its owner holds one lock around every call.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from kbatch_core.cluster.mirror import DELETED, Change
from kbatch_core.model import labels
from kbatch_core.model.objects import Event, Job, Node, Pod, ResourceQuota, Workload
from kbatch_core.model.record import Record
from kbatch_core.queue.known import Known
from kbatch_core.queue.ordered import OrderedRows
from kbatch_core.queue.reads import Need, ReadPlan
from kbatch_core.queue.records import AskedRecords, Key
from kbatch_core.status import ClusterFacts, JobRow, make_row
from kbatch_core.status.missing import MissingRights
from kbatch_core.status.needs import next_look, to_explain, wants_nodes
from kbatch_core.status.reading import event_time, id_of, is_array, owner_uid, pod_index, task_of

# Events kept of one job, the newest.
EVENTS_KEPT = 100
# A row costs a look at each of its pods: large arrays are looked at less often, so that none takes all the time.
PODS_PER_SECOND = 2500.0
# When facts of the cluster change, the rows that they may concern follow at this rate.
FACTS_PER_SECOND = 500.0


class Evidence(NamedTuple):
    """The arguments of `make_row` and `task_rows`."""

    job: Job
    pods: tuple[Pod, ...]
    events: tuple[Event, ...]
    now: float
    facts: ClusterFacts


class Joined:
    """The store behind the rows of some `namespaces`, "" = of all.

    `now` = seconds since the epoch by the server; `clock` = one that never jumps.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        clock: Callable[[], float],
        explain: bool,
        namespaces: Sequence[str] = ("",),
    ) -> None:
        self.version = 0
        self.plan = ReadPlan()
        self.records = AskedRecords(clock)
        self.jobs: dict[str, Job] = {}
        # What could say more about a job that is there and was not found yet, as (nodes, quotas or workloads, the
        # namespace to ask in).
        self.wanted: set[tuple[str, str]] = set()
        self._had: set[tuple[str, str]] = set()
        self._everywhere = "" in namespaces
        self._missing = MissingRights(namespaces)
        self._now = now
        self._clock = clock
        self._explain = explain
        self._pods: dict[str, dict[str, Pod]] = {}
        self._events: dict[str, dict[str, Event]] = {}
        self._waiting_for_pods: set[str] = set()
        self._rows = OrderedRows()
        self._running: dict[str, None] = {}
        self._dirty: dict[str, None] = {}
        self._due: list[tuple[float, str]] = []
        self._due_at: dict[str, float] = {}
        self._not_before: dict[str, float] = {}
        self._progress: dict[Key, str] = {}
        self._known = Known(self.records, self._progress)

    # What arrives

    def change_jobs(self, changes: Iterable[Change[Job]]) -> None:
        for change in changes:
            uid = change.object.metadata.uid
            if change.type == DELETED:
                self._remove(uid)
            else:
                self.jobs[uid] = change.object
                self._dirty[uid] = None

    def change_pods(self, changes: Iterable[Change[Pod]]) -> None:
        for change in changes:
            pod = change.object
            job = owner_uid(pod.metadata)
            if change.type != DELETED:
                self._pods.setdefault(job, {})[pod.metadata.uid] = pod
            elif job in self._pods:
                self._pods[job].pop(pod.metadata.uid, None)
                if not self._pods[job]:
                    del self._pods[job]
            if job in self.jobs:
                self._dirty[job] = None

    def add_events(self, job: str, events: Iterable[Event]) -> None:
        """Keep events of a job that is there, also when the server has forgotten them."""
        if job not in self.jobs:
            return
        kept = self._events.setdefault(job, {})
        before = dict(kept)
        kept |= {event.metadata.uid: event for event in events}
        if len(kept) > EVENTS_KEPT:
            newest = sorted(kept.values(), key=event_time)[-EVENTS_KEPT:]
            self._events[job] = kept = {event.metadata.uid: event for event in newest}
        if kept != before:
            self._dirty[job] = None

    def change_nodes(self, changes: Iterable[Change[Node]]) -> None:
        names, sizes = self._known.change_nodes(changes)
        if names or sizes:
            self._look_again(
                uid
                for uid, pods in self._pods.items()
                if any(pod.spec.node_name in names if pod.spec.node_name else sizes for pod in pods.values())
            )

    def change_quotas(self, changes: Iterable[Change[ResourceQuota]]) -> None:
        namespaces = self._known.change_quotas(changes)
        self._look_again(
            row.uid
            for row in self._rows
            if row.namespace in namespaces and not row.finished and row.uid not in self._pods
        )

    def change_workloads(self, changes: Iterable[Change[Workload]]) -> None:
        for job in self._known.change_workloads(changes):
            if job in self.jobs:
                self._dirty[job] = None

    def add_records(self, read: Iterable[tuple[Key, Record | None]]) -> None:
        """What was found in home of what `records` wanted."""
        ids = self.records.answer(read)
        for uid, job in self.jobs.items() if ids else ():
            if id_of(job) in ids:
                self._dirty[uid] = None
                self.version += 1  # a row of a task may read otherwise when that of its array does not

    def running(self, limit: int) -> list[Key]:
        """Jobs that run and tasks of arrays that do, at most `limit`: whose progress may be read."""
        found: list[Key] = []
        for uid in self._running:
            if len(found) >= limit:
                break
            job = self.jobs[uid]
            job_id = id_of(job)
            if not is_array(job):
                found.append((job_id, None))
                continue
            indexes = (
                pod_index(pod) for pod in self._pods.get(uid, {}).values() if pod.status.phase == "Running"
            )
            found += [(job_id, task_of(job, index)) for index in indexes if index is not None]
        return found[:limit]

    def add_progress(self, read: Sequence[tuple[Key, str]]) -> None:
        """What scripts report now."""
        changed = {key[0] for key, text in read if self._progress.get(key, "") != text}
        self._progress.update(read)
        for uid, job in self.jobs.items() if changed else ():
            if id_of(job) in changed:
                self._dirty[uid] = None
                self.version += 1  # as for records: a task's row may read otherwise when its array's does not

    def wait_for_pods(self, namespaces: Iterable[str]) -> None:
        """Make no rows of jobs in these, "" = in any, until their pods are known: without them all would wait."""
        self._waiting_for_pods = set(namespaces)

    def have(self, right: str, namespace: str = "") -> None:
        """A right that is there."""
        self.wanted.discard((right, namespace))
        self._had.add((right, namespace))
        self.version += self._missing.discard(right, namespace)

    def miss(self, right: str, namespace: str = "") -> None:
        """A right that is missing."""
        self.version += self._missing.add(right, namespace)

    # What is asked

    def missing(self) -> tuple[str, ...]:
        """A sentence per right that is missing."""
        return self._missing.sentences()

    def events(self, uid: str) -> tuple[Event, ...]:
        """Oldest first."""
        return tuple(sorted(self._events.get(uid, {}).values(), key=event_time))

    def pods(self, uid: str) -> tuple[Pod, ...]:
        """Oldest first."""
        found = self._pods.get(uid, {}).values()
        return tuple(sorted(found, key=lambda pod: (pod.metadata.creation_timestamp, pod.metadata.name)))

    def rows(self) -> tuple[JobRow, ...]:
        """Oldest first; the same tuple as before while nothing has changed."""
        return self._rows.shown()

    def evidence(self, uid: str) -> Evidence | None:
        """What rows of the job are made of; None when it is gone."""
        job = self.jobs.get(uid)
        return self._evidence(job) if job is not None else None

    def _evidence(self, job: Job) -> Evidence:
        uid = job.metadata.uid
        return Evidence(job, self.pods(uid), self.events(uid), self._now(), self._known.facts)

    # Rows

    def is_due(self) -> bool:
        """Whether `compute` has something to do now."""
        self._collect_due()
        return any(not self._is_held(uid) for uid in self._dirty)

    def next_due(self) -> float | None:
        """When time alone will give it something to do, by the clock."""
        while self._due and self._due_at.get(self._due[0][1]) != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def compute(self, limit: int) -> None:
        """Make the rows of up to `limit` jobs that changed."""
        self._collect_due()
        for uid in list(islice((uid for uid in self._dirty if not self._is_held(uid)), limit)):
            self.compute_one(uid)

    def compute_one(self, uid: str) -> None:
        """Make the row of one job now."""
        job = self.jobs.get(uid)
        if job is None or self._is_held(uid):
            return
        self._dirty.pop(uid, None)
        clock = self._clock()
        number = len(self._pods.get(uid, ()))
        if clock < self._not_before.get(uid, 0.0):
            self._look_at(uid, self._not_before[uid])
            return
        if number > 100:
            self._not_before[uid] = clock + number / PODS_PER_SECOND
        found = self._evidence(job)
        row = make_row(*found)
        self._plan(found.job, found.pods, row, found.now, clock)
        if row.state == "R":
            self._running[uid] = None
        else:
            self._running.pop(uid, None)
        self.version += self._rows.put(row)

    def _plan(self, job: Job, pods: Sequence[Pod], row: JobRow, now: float, clock: float) -> None:
        """What is to be read or looked at later because the job is as it is."""
        uid = row.uid
        later = next_look(job, pods, row, now)
        if later is not None:
            self._look_at(uid, clock + later)
        if not self._explain:
            return
        wanted = to_explain(job, pods, nodes_known=self._known.facts.nodes is not None)
        if wanted is None:
            self.plan.forget(uid)
        else:
            stamp = next(
                (pod.metadata.resource_version for pod in pods if pod.metadata.uid == wanted),
                job.metadata.resource_version,
            )
            need = Need(uid, wanted, row.namespace)
            self.plan.want(need, submitted=row.submitted or 0.0, stamp=stamp, now=clock)
        if not row.finished:
            where = "" if self._everywhere else row.namespace
            found = {("workloads", where)} if job.metadata.labels.get(labels.QUEUE) else set()
            found |= {("nodes", "")} if wants_nodes(pods) else set()
            found |= {("quotas", where)} if not pods and not job.spec.suspend else set()
            self.wanted |= found - self._had

    def _remove(self, uid: str) -> None:
        for known in (self.jobs, self._events, self._dirty, self._running, self._not_before, self._due_at):
            known.pop(uid, None)
        self.plan.forget(uid)
        self.version += self._rows.remove(uid)

    def _is_held(self, uid: str) -> bool:
        return "" in self._waiting_for_pods or self.jobs[uid].metadata.namespace in self._waiting_for_pods

    def _look_at(self, uid: str, when: float) -> None:
        """Make the row again at `when`, or sooner if that was planned."""
        if when < self._due_at.get(uid, float("inf")):
            self._due_at[uid] = when
            heapq.heappush(self._due, (when, uid))

    def _look_again(self, uids: Iterable[str]) -> None:
        """One after the other, because there may be thousands."""
        clock = self._clock()
        for number, uid in enumerate([uid for uid in uids if uid in self._rows]):
            self._look_at(uid, clock + number / FACTS_PER_SECOND)

    def _collect_due(self) -> None:
        clock = self._clock()
        when = self.next_due()
        while when is not None and when <= clock:
            uid = heapq.heappop(self._due)[1]
            del self._due_at[uid]
            if uid in self.jobs:
                self._dirty[uid] = None
            when = self.next_due()
