"""A Case: the evidence about one job, or one task of an array, sorted once so that each rule only looks (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from kbatch_core.model.objects import Condition, Event, Job, Pod, Terminated, Waiting
from kbatch_core.model.progress import parse_progress
from kbatch_core.model.record import Record, parse_record
from kbatch_core.status.reading import (
    condition,
    event_time,
    id_of,
    in_indexes,
    index_of,
    is_array,
    job_statuses,
    refused_by_node,
    statuses,
)
from kbatch_core.status.verdict import ClusterFacts


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
        return self.facts.progress.get((self.job_id, self.task)) or ""

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
        return id_of(self.job)

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
        record = facts.history.get((id_of(job), task))
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
