"""What the Job controller knows of a Job and its pods, sorted once so that each question only looks (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kbatch_core.local.controllers.indexes import parse_indexes
from kbatch_core.local.state.podfacts import (
    FAILURES,
    IGNORED_FAILURES,
    Object,
    count,
    finished_at,
    index_of,
    is_active,
    is_failed,
    is_ready,
    is_terminating,
    is_tracked,
    match_policy,
    phase,
)
from kbatch_core.local.state.store import timestamp

BACKOFF_SECONDS = 10.0
LONGEST_BACKOFF_SECONDS = 600.0


@dataclass(frozen=True)
class Backoff:
    """Failures since the last success, and when the last one was."""

    failures: int = 0
    last: float = 0.0


NO_FAILURE = Backoff()


class JobFacts:
    """A Job and its pods at one moment. `status` is a copy to be changed."""

    def __init__(self, job: Object, pods: Sequence[Object], now: float, asleep: float) -> None:
        self.job = job
        self.spec: Object = job["spec"]
        self.pods = sorted(pods, key=index_of)
        self.now = now
        self.asleep = asleep
        self.status: Object = {**job.get("status", {})}
        self.status["conditions"] = [dict(one) for one in self.status.get("conditions", ())]
        self.indexed = self.spec.get("completionMode") == "Indexed"
        self.per_index = self.spec.get("backoffLimitPerIndex")
        self.completions: int | None = self.spec.get("completions")
        self.suspended = bool(self.spec.get("suspend"))
        self.policy = self.spec.get("podFailurePolicy")
        self.replace_failed_only = (
            self.spec.get("podReplacementPolicy", "Failed" if self.policy else "") == "Failed"
        )
        self.uncounted = {
            end: list(self.status.get("uncountedTerminatedPods", {}).get(end, ()))
            for end in ("succeeded", "failed")
        }
        self.active = [pod for pod in self.pods if is_active(pod)]
        self.terminating = sum(map(is_terminating, self.pods))
        self.ready = sum(map(is_ready, self.active))
        self.done: set[int] = set()
        self.lost: set[int] = set()
        self.delayed: dict[int, Object] = {}

    def sort_indexes(self) -> None:
        """Which indexes have succeeded, which have failed for good, and which failed pods wait for a successor."""
        total = self.completions or 0
        self.done = parse_indexes(self.status.get("completedIndexes", ""), total)
        self.done |= {index_of(pod) for pod in self.pods if phase(pod) == "Succeeded" and self.is_new(pod)}
        self.succeeded = len(self.done)
        if self.per_index is None:
            return
        self.lost = parse_indexes(self.status.get("failedIndexes") or "", total)
        self.lost |= {index_of(pod) for pod in self.pods if self.is_new(pod) and self._loses_index(pod)}
        settled = self.done | self.lost | {index_of(pod) for pod in self.active}
        for pod in self.pods:
            index = index_of(pod)
            if self.is_new(pod) and self.is_failed(pod) and index not in settled:
                other = self.delayed.get(index)
                if other is None or (failures_of(other), finished_at(other)) <= (
                    failures_of(pod),
                    finished_at(pod),
                ):
                    self.delayed[index] = pod

    def _loses_index(self, pod: Object) -> bool:
        if not self.is_failed(pod):
            return False
        action = match_policy(self.policy, pod)[0]
        return action == "FailIndex" or (action != "Ignore" and count(pod, FAILURES) >= self.per_index)

    def failure_counts(self, before: Object | None) -> dict[str, str]:
        """What the successor of a failed pod carries on."""
        if before is None:
            return {FAILURES: "0"}
        ignored = match_policy(self.policy, before)[0] == "Ignore"
        numbers = {
            FAILURES: count(before, FAILURES) + (not ignored),
            IGNORED_FAILURES: count(before, IGNORED_FAILURES) + ignored,
        }
        return {name: str(number) for name, number in numbers.items() if number or name == FAILURES}

    def is_failed(self, pod: Object) -> bool:
        return is_failed(pod, replace_failed_only=self.replace_failed_only)

    def has_valid_index(self, pod: Object) -> bool:
        return 0 <= index_of(pod) < (self.completions or 0)

    def is_new(self, pod: Object) -> bool:
        return is_tracked(pod) and self.has_valid_index(pod)

    def uncounted_pods(self, end: str) -> list[Object]:
        return [
            pod
            for pod in self.pods
            if is_tracked(pod)
            and uid_of(pod) not in self.uncounted[end]
            and (not self.indexed or self.has_valid_index(pod))
            and (phase(pod) == "Succeeded" if end == "succeeded" else self.is_failed(pod))
        ]

    def number(self, name: str) -> int:
        value: int = self.status.get(name, 0)
        return value

    def condition(self, kind: str, reason: str, message: str, *, status: str = "True") -> Object:
        now = timestamp(self.now)
        return {
            "type": kind,
            "status": status,
            "lastProbeTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }

    def set_condition(self, kind: str, reason: str, message: str, *, status: str = "True") -> None:
        others = [one for one in self.status["conditions"] if one["type"] != kind]
        self.status["conditions"] = [*others, self.condition(kind, reason, message, status=status)]


def backoff_seconds(failures: int) -> float:
    """How long after a failure the next pod is made: 10 s, twice as long with each, at most 10 min."""
    return min(BACKOFF_SECONDS * 2 ** min(failures - 1, 10), LONGEST_BACKOFF_SECONDS) if failures else 0.0


def uid_of(pod: Object) -> str:
    uid: str = pod["metadata"]["uid"]
    return uid


def failures_of(pod: Object) -> int:
    return count(pod, FAILURES) + count(pod, IGNORED_FAILURES)


def next_backoff(before: Backoff, succeeded: Sequence[Object], failed: Sequence[Object]) -> Backoff:
    """The record after these pods: failures before the last success do not count."""
    if not succeeded and not failed:
        return before
    ends = sorted(map(finished_at, failed))
    if not succeeded:
        return Backoff(before.failures + len(ends), ends[-1])
    since = [end for end in ends if end > max(map(finished_at, succeeded))]
    return Backoff(len(since), since[-1]) if since else Backoff()
