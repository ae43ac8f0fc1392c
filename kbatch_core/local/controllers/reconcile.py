"""What is to be done for a Job: pods to make, to end and to count, its status and its events (pure).

The order of the questions, the words and the numbers are those of the Job controller of Kubernetes 1.36
(pkg/controller/job). Not here: successPolicy, and the adoption of pods that another made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kbatch_core.local.controllers.indexes import first_free, format_indexes
from kbatch_core.local.controllers.jobfacts import (
    NO_FAILURE,
    Backoff,
    JobFacts,
    backoff_seconds,
    failures_of,
    next_backoff,
    uid_of,
)
from kbatch_core.local.controllers.jobpods import new_pod, surplus
from kbatch_core.local.state.podfacts import (
    Object,
    finished_at,
    index_of,
    is_ready,
    is_terminating,
    is_tracked,
    match_policy,
    phase,
)
from kbatch_core.local.state.store import timestamp
from kbatch_core.model.objects import parse_time

# So many pods are made or ended, and counted, in one step.
PODS_PER_STEP = 500

_NO_LIMIT = 2**31 - 1
_COMPLETE = ("Complete", "SuccessCriteriaMet")


@dataclass(frozen=True)
class Event:
    """An event about the Job."""

    reason: str
    message: str
    type: str = "Normal"


@dataclass
class Plan:
    """One step, in the order in which it is to be done; what is left follows from the changes it makes.

    `counting` is the status while the finalizers of `release` are there, `status` the one afterwards.
    """

    drop: list[Object] = field(default_factory=list)
    """Pods to end on the Job's own wish: they lose their finalizer first and are not counted."""
    delete: list[Object] = field(default_factory=list)
    """Pods to end."""
    create: list[Object] = field(default_factory=list)
    counting: Object = field(default_factory=dict)
    release: list[Object] = field(default_factory=list)
    """Pods that are counted then: their finalizer goes."""
    status: Object = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    again: float | None = None
    """When to look again if nothing changes; seconds since the epoch."""
    backoff: Backoff = NO_FAILURE


def is_finished(job: Object) -> bool:
    """Whether it is Complete or Failed, for good."""
    return any(
        one["type"] in ("Complete", "Failed") and one["status"] == "True"
        for one in job.get("status", {}).get("conditions", ())
    )


def reconcile(
    job: Object, pods: Sequence[Object], now: float, backoff: Backoff = NO_FAILURE, *, asleep: float = 0.0
) -> Plan:
    """The next step for a Job that is not finished. `pods` are its own.

    `asleep`: seconds that the machine has slept since the Job's start, which count towards no deadline.
    """
    step = _Step(job, pods, now, backoff, asleep)
    step.judge()
    step.manage()
    step.count()
    return step.plan


class _Step(JobFacts):
    """One call of `reconcile`: `judge`, `manage` and `count`, in this order."""

    def __init__(
        self, job: Object, pods: Sequence[Object], now: float, backoff: Backoff, asleep: float
    ) -> None:
        super().__init__(job, pods, now, asleep)
        self.plan = Plan(backoff=backoff)
        self.finish: Object | None = None

    # 1. Is it over?

    def judge(self) -> None:
        """Set `finish`, the condition that ends the Job, if there is one."""
        new = {end: [pod for pod in self.uncounted_pods(end)] for end in ("succeeded", "failed")}
        counted_failed = [pod for pod in new["failed"] if match_policy(self.policy, pod)[0] != "Ignore"]
        self.succeeded = self.number("succeeded") + len(new["succeeded"]) + len(self.uncounted["succeeded"])
        self.failed = self.number("failed") + len(counted_failed) + len(self.uncounted["failed"])
        if "startTime" not in self.status and not self.suspended:
            self.status["startTime"] = timestamp(self.now)
        self.plan.backoff = next_backoff(self.plan.backoff, new["succeeded"], new["failed"])
        if self.indexed:
            self.sort_indexes()
        self.finish = self._finish_of_before() or self._failure() or self._failed_indexes()

    def _finish_of_before(self) -> Object | None:
        for one in self.status["conditions"]:
            if one["type"] in ("SuccessCriteriaMet", "FailureTarget") and one["status"] == "True":
                met: Object = one
                return met
        return None

    def _failure(self) -> Object | None:
        if self.policy is not None:
            for pod in self.pods:
                if self.is_failed(pod):
                    message = match_policy(self.policy, pod)[1]
                    if message:
                        return self.condition("FailureTarget", "PodFailurePolicy", message)
        limit = self.spec.get("backoffLimit", 6 if self.per_index is None else _NO_LIMIT)
        if self.failed > limit or self._restarted_too_often(limit):
            return self.condition(
                "FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
            )
        deadline = self.spec.get("activeDeadlineSeconds")
        if deadline is not None and not self.suspended:
            end = (parse_time(self.status["startTime"]) or self.now) + deadline + self.asleep
            if self.now >= end:
                return self.condition(
                    "FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline"
                )
            self._again(end)
        return None

    def _restarted_too_often(self, limit: int) -> bool:
        """With restartPolicy OnFailure: by the restarts of the containers."""
        if self.spec["template"]["spec"].get("restartPolicy") != "OnFailure":
            return False
        restarts: int = sum(
            one.get("restartCount", 0)
            for pod in self.pods
            if phase(pod) in ("Running", "Pending")
            for kind in ("initContainerStatuses", "containerStatuses")
            for one in pod["status"].get(kind, ())
        )
        return restarts > 0 if limit == 0 else restarts >= limit

    def _failed_indexes(self) -> Object | None:
        if self.per_index is None or not self.indexed:
            return None
        most = self.spec.get("maxFailedIndexes")
        if most is not None and len(self.lost) > most:
            return self.condition(
                "FailureTarget",
                "MaxFailedIndexesExceeded",
                "Job has exceeded the specified maximal number of failed indexes",
            )
        if self.lost and len(self.lost) + len(self.done) >= (self.completions or 0):
            return self.condition("FailureTarget", "FailedIndexes", "Job has failed indexes")
        return None

    # 2. Pods to make and to end

    def manage(self) -> None:
        """Fill `create` and `delete`, and say whether it is complete or suspended."""
        self.active_number = len(self.active)
        if self.finish is not None:
            self.plan.delete = self.active
            self._leave(self.active)
            return
        if "deletionTimestamp" not in self.job["metadata"]:
            self._balance()
        wanted = self.completions
        reached = self.succeeded > 0 if wanted is None else self.succeeded >= wanted
        if reached and self.active_number == 0:
            self.finish = self.condition(
                "SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"
            )
        elif "deletionTimestamp" not in self.job["metadata"]:
            self._say_suspended()

    def _balance(self) -> None:
        parallelism = self.spec.get("parallelism", 1)
        active = len(self.active)
        if self.suspended:
            want = 0
        elif self.completions is None:
            want = active if self.succeeded > 0 else parallelism
        else:
            want = max(min(self.completions - self.succeeded, parallelism), 0)
        too_many = surplus(self.active, max(active - want, 0), self.completions if self.indexed else None)
        if self.suspended or too_many:
            self.plan.drop = too_many[:PODS_PER_STEP]
            self._leave(self.plan.drop)
            return
        missing = want - active - (self.terminating if self.replace_failed_only else 0)
        if missing > 0:
            self._create(min(missing, PODS_PER_STEP))

    def _create(self, number: int) -> None:
        indexes = [-1] * number
        if self.per_index is None:
            start = self.plan.backoff.last + backoff_seconds(self.plan.backoff.failures)
            if self.plan.backoff.failures and start > self.now:
                self._again(start)
                return
        if self.indexed:
            taken = self.done | self.lost | {index_of(pod) for pod in self.active}
            if self.replace_failed_only:
                taken |= {index_of(pod) for pod in self.pods if is_terminating(pod)}
            indexes = first_free(number, self.completions or 0, taken)
            if self.per_index is not None:
                indexes = self._that_may_start(indexes)
        for index in indexes:
            extra = self.failure_counts(self.delayed.get(index)) if self.per_index is not None else {}
            self.plan.create.append(new_pod(self.job, index, extra))
        self.active_number += len(indexes)

    def _that_may_start(self, indexes: list[int]) -> list[int]:
        """Without those whose last failure is too fresh; when no other is left, it is looked at again then."""
        starts = {}
        for index in indexes:
            before = self.delayed.get(index)
            starts[index] = (
                0.0 if before is None else finished_at(before) + backoff_seconds(failures_of(before) + 1)
            )
        now = [index for index in indexes if starts[index] <= self.now]
        later = [start for start in starts.values() if start > self.now]
        if later:
            self._again(min(later))
        return now

    def _again(self, when: float) -> None:
        self.plan.again = when if self.plan.again is None else min(self.plan.again, when)

    def _leave(self, pods: Sequence[Object]) -> None:
        self.active_number -= len(pods)
        self.terminating += len(pods)
        self.ready -= sum(map(is_ready, pods))

    def _say_suspended(self) -> None:
        found = next((one for one in self.status["conditions"] if one["type"] == "Suspended"), None)
        if self.suspended and (found is None or found["status"] != "True"):
            self.set_condition("Suspended", "JobSuspended", "Job suspended")
            self.status.pop("startTime", None)
            self.plan.events.append(Event("Suspended", "Job suspended"))
        elif not self.suspended and found is not None and found["status"] == "True":
            self.set_condition("Suspended", "JobResumed", "Job resumed", status="False")
            self.plan.events.append(Event("Resumed", "Job resumed"))
            self.status["startTime"] = timestamp(self.now)

    # 3. Count what has ended

    def count(self) -> None:
        """Fill `counting`, `release` and `status`."""
        tracked = {uid_of(pod) for pod in self.pods if is_tracked(pod)}
        self._settle(tracked)
        dropped = {uid_of(pod) for pod in self.plan.drop}
        for pod in self.pods:
            if is_tracked(pod) and uid_of(pod) not in dropped and self._may_go(pod):
                self.plan.release.append(pod)
                self._note(pod)
        if self.indexed:
            self.status["succeeded"] = len(self.done)
            self.status["completedIndexes"] = format_indexes(self.done)
            if self.per_index is not None:
                self.status["failedIndexes"] = format_indexes(self.lost)
        final = self._interim_condition()
        self.status |= {"active": self.active_number, "ready": self.ready, "terminating": self.terminating}
        self.plan.counting = self._written()
        self._settle(tracked - {uid_of(pod) for pod in self.plan.release})
        if final is not None and not any(self.uncounted.values()) and self.terminating == 0:
            self._end(final)
        self.plan.status = self._written()

    def _may_go(self, pod: Object) -> bool:
        if (
            "deletionTimestamp" in self.job["metadata"]
            or self.finish is not None
            or phase(pod) == "Succeeded"
        ):
            return True
        if not self.is_failed(pod):
            return False
        return self.per_index is None or self.delayed.get(index_of(pod)) is not pod

    def _note(self, pod: Object) -> None:
        """Remember a pod as one to be counted once its finalizer is gone."""
        uid = uid_of(pod)
        if phase(pod) == "Succeeded" and uid not in self.uncounted["failed"]:
            if not self.indexed and uid not in self.uncounted["succeeded"]:
                self.uncounted["succeeded"].append(uid)
            return
        over = self.finish is not None and self.finish["type"] not in _COMPLETE
        if not (self.is_failed(pod) or over) or uid in self.uncounted["failed"]:
            return
        if self.indexed and not self.has_valid_index(pod):
            return
        if match_policy(self.policy, pod)[0] != "Ignore":
            self.uncounted["failed"].append(uid)

    def _interim_condition(self) -> Object | None:
        """Write the condition that announces the end; the one of the end itself."""
        if self.finish is None:
            return None
        if self.finish not in self.status["conditions"]:
            self.status["conditions"].append(self.finish)
        kind = "Complete" if self.finish["type"] in _COMPLETE else "Failed"
        return self.condition(kind, self.finish["reason"], self.finish["message"])

    def _end(self, final: Object) -> None:
        self.status["conditions"].append(final)
        if final["type"] == "Failed":
            self.plan.events.append(Event(final["reason"], final["message"], "Warning"))
            return
        self.status["completionTime"] = timestamp(self.now)
        if self.completions is not None and self.status.get("succeeded", 0) > self.completions:
            words = "Too many succeeded pods running after completion count reached"
            self.plan.events.append(Event("TooManySucceededPods", words, "Warning"))
        self.plan.events.append(Event("Completed", "Job completed"))

    def _settle(self, tracked: set[str]) -> None:
        """Count those that were noted and are let go."""
        for end, uids in self.uncounted.items():
            left = [uid for uid in uids if uid in tracked]
            self.status[end] = self.number(end) + len(uids) - len(left)
            self.uncounted[end] = left

    def _written(self) -> Object:
        """The status as the API shows it: without what is empty, but for the two numbers that are always there."""
        always = {"ready", "terminating", "failedIndexes"}
        status = {key: value for key, value in self.status.items() if value or key in always}
        status["uncountedTerminatedPods"] = {end: list(uids) for end, uids in self.uncounted.items() if uids}
        if "conditions" in status:
            status["conditions"] = [dict(one) for one in status["conditions"]]
        return status


def ttl_end(job: Object) -> float | None:
    """When a finished Job is to be removed; None for never or not yet finished."""
    ttl: Any = job["spec"].get("ttlSecondsAfterFinished")
    if ttl is None or not is_finished(job):
        return None
    ends = [
        parse_time(one["lastTransitionTime"]) or 0.0
        for one in job["status"]["conditions"]
        if one["type"] in ("Complete", "Failed") and one["status"] == "True"
    ]
    return max(ends) + float(ttl)
