"""A Case: the evidence about one job, or one task of an array, sorted once so that each rule only looks (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model import labels
from kbatch_core.model.arrays import ArraySpec, parse_array
from kbatch_core.model.objects import (
    Condition,
    ContainerStatus,
    Event,
    Job,
    OwnedMetadata,
    Pod,
    Terminated,
    Waiting,
    parse_time,
)
from kbatch_core.model.progress import parse_progress
from kbatch_core.model.record import Record, parse_record
from kbatch_core.status.verdict import ClusterFacts

# The reasons of a pod that a node refused: it never ran there, and no exit code tells of it.
_REFUSED_BY_NODE = ("UnexpectedAdmissionError", "NodeAffinity", "NodeShutdown", "TopologyAffinityError")


class Case(msgspec.Struct, frozen=True):
    """One job or task. `pod` is its newest; `events` are oldest first; `task` None is the job as a whole.

    `succeeded` and `failed` say that it is over, by the Job's own conditions (or indexes, for a task). Neither
    is ever concluded from a pod alone: a pod may have a successor.
    """

    job: Job
    pods: tuple[Pod, ...]
    pod: Pod | None
    job_events: tuple[Event, ...]
    pod_events: tuple[Event, ...]
    now: float
    facts: ClusterFacts
    task: int | None
    succeeded: bool
    failed: bool
    record: Record | None
    terminated: Terminated | None

    @property
    def finished(self) -> bool:
        return self.succeeded or self.failed

    @property
    def failure(self) -> Condition | None:
        """Why Kubernetes calls the Job failed."""
        return condition(self.job.status.conditions, "Failed")

    @property
    def own_failure(self) -> bool:
        """Whether it failed itself; False for a task that ended because its array did."""
        if self.task is None or not self.failed:
            return self.failed
        return in_indexes(index_of(self.job, self.task), self.job.status.failed_indexes)

    @property
    def deadline_passed(self) -> bool:
        """Whether the Job's own deadline ended it: that of --give-up-after, or of a cancel."""
        if self.task is not None and self.own_failure:
            return False
        return self.failed and self.failure is not None and self.failure.reason == "DeadlineExceeded"

    @property
    def disruption(self) -> str:
        """Who took the pod away: the reason of its DisruptionTarget condition, or of the pod; "" if nobody did."""
        if self.pod is None:
            return ""
        if self.pod.status.reason in ("Evicted", "NodeLost"):
            return self.pod.status.reason
        target = condition(self.pod.status.conditions, "DisruptionTarget")
        if target is not None:
            return target.reason or "DisruptionTarget"
        if refused_by_node(self.pod):
            return self.pod.status.reason
        if self.terminated is not None and self.terminated.reason == "ContainerStatusUnknown":
            return self.terminated.reason
        return ""

    @property
    def progress(self) -> str:
        """What the script reports while it runs, or reported last."""
        if self.record is not None:
            return parse_progress(self.record.progress)
        running = not self.finished and any(status.state.running for status in job_statuses(self.pod))
        if not running or self.facts.progress is None:
            return ""
        return self.facts.progress.get((self.job.metadata.labels.get(labels.ID, ""), self.task)) or ""

    @property
    def waiting(self) -> Waiting:
        """What a container of the pod waits for; an empty one when none waits."""
        return next(
            (status.state.waiting for status in statuses(self.pod) if status.state.waiting), Waiting()
        )

    @property
    def restart(self) -> str:
        """Half a sentence about what comes after a disruption."""
        attempts = self._attempts
        if not self.failed:
            return f"restart {attempts} is queued" if self.restarts else "no restart is left"
        return f"given up after {attempts - 1} restarts" if attempts > 1 else "it was not to be restarted"

    @property
    def restarts(self) -> bool:
        """Whether another attempt follows one that was taken away."""
        limit = self.job.spec.backoff_limit
        return not self.failed and (limit is None or self._attempts <= limit or is_array(self.job))

    @property
    def rerun(self) -> str:
        """What to do about an end that was no fault of the job."""
        return f"`kqueue rerun {self.job_id}{f'_{self.task}' if self.task is not None else ''}` runs it again"

    @property
    def job_id(self) -> str:
        """What a command names the job by."""
        return self.job.metadata.labels.get(labels.ID, self.job.metadata.name)

    @property
    def _attempts(self) -> int:
        return max(self.job.status.failed, len(self.pods), 1)

    def last_event(self, *reasons: str, after: Sequence[str] = ()) -> Event | None:
        """The pod's newest event with one of `reasons`, unless one of `after` came later and settled it."""
        found: Event | None = None
        for event in self.pod_events:
            if event.reason in reasons:
                found = event
            elif event.reason in after:
                found = None
        return found


def make_case(
    job: Job,
    pods: Sequence[Pod],
    events: Iterable[Event],
    now: float,
    facts: ClusterFacts,
    *,
    pod: Pod | None,
    task: int | None = None,
) -> Case:
    """The case of a job, or of one task when `task` is its number. `pods` are the job's or the task's own.

    `pod` is the one whose state counts, None for "no pod has a say".
    """
    uid = pod.metadata.uid if pod is not None else None
    of_job, of_pod = [], []
    for event in events:
        if event.involved_object.uid == uid:
            of_pod.append(event)
        elif event.involved_object.uid == job.metadata.uid:
            of_job.append(event)
    succeeded, failed = _outcome(job, task)
    terminated = next(
        (status.state.terminated for status in job_statuses(pod) if status.state.terminated), None
    )
    record = parse_record(terminated.message) if terminated is not None else None
    if record is None and (succeeded or failed) and facts.history is not None:
        record = facts.history.get((job.metadata.labels.get(labels.ID, ""), task))
    return Case(
        job=job,
        pods=tuple(pods),
        pod=pod,
        job_events=tuple(sorted(of_job, key=event_time)),
        pod_events=tuple(sorted(of_pod, key=event_time)),
        now=now,
        facts=facts,
        task=task,
        succeeded=succeeded,
        failed=failed,
        record=record,
        terminated=terminated,
    )


def _outcome(job: Job, task: int | None) -> tuple[bool, bool]:
    """(succeeded, failed) of the job or of a task."""
    conditions = job.status.conditions
    complete = condition(conditions, "Complete") is not None
    failed = condition(conditions, "Failed") is not None
    if task is None:
        return complete, failed and not complete
    index = index_of(job, task)
    if in_indexes(index, job.status.completed_indexes):
        return True, False
    return False, failed or in_indexes(index, job.status.failed_indexes)


def newest(pods: Iterable[Pod]) -> Pod | None:
    """The pod that was made last."""
    return max(pods, key=lambda pod: (pod.metadata.creation_timestamp, pod.metadata.name), default=None)


def condition(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type, if it is true."""
    for one in conditions:
        if one.type == kind and one.status == "True":
            return one
    return None


def statuses(pod: Pod | None) -> Iterator[ContainerStatus]:
    """Init containers first, as they run."""
    if pod is not None:
        yield from pod.status.init_container_statuses
        yield from pod.status.container_statuses


def job_statuses(pod: Pod | None) -> list[ContainerStatus]:
    """The status of the container that runs the script, before those that a webhook may have added."""
    if pod is None:
        return []
    return sorted(pod.status.container_statuses, key=lambda status: status.name != "job")


def refused_by_node(pod: Pod) -> bool:
    """Whether the kubelet turned the pod away when it arrived."""
    reason = pod.status.reason
    return pod.status.phase == "Failed" and (reason.startswith("OutOf") or reason in _REFUSED_BY_NODE)


def is_over(pod: Pod) -> bool:
    """Whether nothing of the pod runs any more."""
    return pod.status.phase in ("Succeeded", "Failed")


def script_is_over(pod: Pod) -> bool:
    """Whether the script runs no more: the kubelet tells of its container's end seconds before the pod's."""
    return is_over(pod) or any(status.state.terminated is not None for status in job_statuses(pod)[:1])


def is_running(pod: Pod) -> bool:
    return pod.status.phase == "Running" and any(
        status.state.running is not None for status in pod.status.container_statuses
    )


def owner_uid(metadata: OwnedMetadata) -> str:
    """The uid of the controlling owner, of a pod that of its Job; "" when there is none."""
    return next((owner.uid for owner in metadata.owner_references if owner.controller), "")


def event_time(event: Event) -> float:
    """When it last happened, in seconds since the epoch."""
    series = event.series.last_observed_time if event.series else None
    text = event.last_timestamp or series or event.event_time or event.first_timestamp
    return parse_time(text or event.metadata.creation_timestamp) or 0.0


# Arrays: tasks have the user's numbers, indexes are Kubernetes' own, counted from 0.


def is_array(job: Job) -> bool:
    return job.spec.completion_mode == "Indexed"


@lru_cache(maxsize=256)
def _parse_array(text: str) -> ArraySpec | None:
    try:
        return parse_array(text)
    except BadOption:
        return None


def array_of(job: Job) -> ArraySpec | None:
    """The array's task numbers; None when the annotation is missing or was tampered with."""
    text = job.metadata.annotations.get(labels.ARRAY, "")
    array = _parse_array(text) if text else None
    return array if array is not None and array.count == (job.spec.completions or 0) else None


def task_of(job: Job, index: int) -> int:
    """The task number at a Kubernetes index; the index itself when the array is not ours."""
    array = array_of(job)
    return array.task(index) if array is not None and 0 <= index < array.count else index


def index_of(job: Job, task: int) -> int:
    """The Kubernetes index of a task number."""
    array = array_of(job)
    try:
        return array.index(task) if array is not None else task
    except ValueError:
        return -1


def is_task_over(job: Job, task: int) -> bool:
    """Whether a task of an array has ended for good."""
    index = index_of(job, task)
    status = job.status
    return in_indexes(index, status.completed_indexes) or in_indexes(index, status.failed_indexes)


def pod_index(pod: Pod) -> int | None:
    """Which index of an Indexed Job the pod runs."""
    text = pod.metadata.annotations.completion_index or pod.metadata.labels.get(labels.COMPLETION_INDEX, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@lru_cache(maxsize=1024)
def parse_indexes(text: str) -> tuple[range, ...]:
    """The Job status's way of writing indexes, `1,3-5,7`, as ranges; what is not that is left out."""
    ranges = []
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if part.isascii() and first.isdigit() and (last.isdigit() or not dash) and len(part) < 24:
            ranges.append(range(int(first), int(last if dash else first) + 1))
    return tuple(ranges)


def in_indexes(index: int, text: str) -> bool:
    return any(index in part for part in parse_indexes(text))


def count_indexes(text: str) -> int:
    return sum(len(part) for part in parse_indexes(text))
