"""The Job controller, case by case. Each plays with one Job and says how it ends, in whatever world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kbatch_core.local.state.deletion import delete_pod
from kbatch_core.local.state.statuses import ApiError
from tests.local.jobworlds import RUNNING, LocalWorld, Object, RealWorld, World, ended

KBATCH_POLICY: Object = {
    "rules": [
        {"action": "Count", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0]}},
    ]
}
INDEX_POLICY: Object = {
    "rules": [KBATCH_POLICY["rules"][0], {**KBATCH_POLICY["rules"][1], "action": "FailIndex"}]
}


class Play:
    """One Job in a world."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name

    def submit(self, **spec: Any) -> None:
        pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "none"}]}
        self.world.create(self.name, {"template": {"spec": pod}, **spec})

    def pods(self, count: int, live: int | None = None) -> list[Object]:
        """Its pods, once there are so many (`live` of them not over)."""
        found: list[Object] = []

        def enough() -> bool:
            found[:] = self.world.pods(self.name)
            alive = [pod for pod in found if pod["status"].get("phase") in ("Pending", "Running")]
            return len(found) >= count and (live is None or len(alive) == live)

        self.world.until(enough, f"{count} pods of {self.name}")
        return found

    def newest(self, count: int) -> Object:
        """The one that still lives of `count` pods."""
        live = [pod for pod in self.pods(count, 1) if pod["status"].get("phase") in ("Pending", "Running")]
        return live[0]

    def end(self, pod: Object, code: int = 0, *, disrupted: bool = False) -> None:
        self.world.set_status(pod, ended(self.world, code, disrupted=disrupted))

    def run(self, pod: Object) -> None:
        self.world.set_status(pod, RUNNING)

    def until(self, true: Callable[[Object], object]) -> Object:
        """The status, once that is true of it."""
        self.world.until(lambda: true(self.status()), f"something of {self.name}")
        return self.status()

    def status(self) -> Object:
        status: Object = self.world.job(self.name).get("status", {})
        return status

    def outcome(self) -> Object:
        """The status without times, once the Job is over."""
        self.until(lambda status: conditions(status) & {"Complete", "Failed"})
        return plain(self.status())

    def says(self, *events: tuple[str, ...]) -> None:
        """Until it has said these, as (type, reason) or with the message."""
        self.world.until(
            lambda: (
                {event[: len(wanted)] for wanted in events for event in self.world.events(self.name)}
                >= set(events)
            ),
            f"{events} of {self.name}",
        )


def conditions(status: Object) -> set[str]:
    return {one["type"] for one in status.get("conditions", ()) if one["status"] == "True"}


def plain(status: Object) -> Object:
    """Without times, conditions as `type: reason: message`."""
    kept = {key: value for key, value in status.items() if not key.endswith("Time")}
    kept["conditions"] = [
        f"{one['type']}: {one['reason']}: {one['message']}" for one in status.get("conditions", ())
    ]
    return kept


REACHED = "CompletionsReached: Reached expected number of succeeded pods"
COMPLETE = [f"SuccessCriteriaMet: {REACHED}", f"Complete: {REACHED}"]
CREATED = ("Normal", "SuccessfulCreate", "Created pod: POD")
DELETED = ("Normal", "SuccessfulDelete", "Deleted pod: POD")
COMPLETED = ("Normal", "Completed", "Job completed")
ALWAYS: Object = {"ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}


def failed(reason: str, message: str) -> list[str]:
    return [f"FailureTarget: {reason}: {message}", f"Failed: {reason}: {message}"]


def succeeds(play: Play) -> None:
    play.submit()
    (pod,) = play.pods(1)
    assert pod["metadata"]["finalizers"] == ["batch.kubernetes.io/job-tracking"]
    play.run(pod)
    running = play.until(lambda status: status.get("ready") == 1)
    assert plain(running) == {
        "active": 1, "ready": 1, "terminating": 0, "uncountedTerminatedPods": {}, "conditions": [],
    }  # fmt: skip
    play.end(pod)
    assert play.outcome() == {**ALWAYS, "succeeded": 1, "conditions": COMPLETE}
    assert play.status()["completionTime"] >= play.status()["startTime"]
    play.says(CREATED, COMPLETED)
    assert len(play.world.events(play.name)) == 2
    assert "finalizers" not in play.pods(1)[0]["metadata"]


def fails_by_its_own_exit_code(play: Play) -> None:
    play.submit(podFailurePolicy=KBATCH_POLICY, backoffLimit=5)
    (pod,) = play.pods(1)
    play.end(pod, 3)
    outcome = play.outcome()
    name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    why = f"Container main for pod {name} failed with exit code 3 matching FailJob rule at index 1"
    assert outcome == {**ALWAYS, "failed": 1, "conditions": failed("PodFailurePolicy", why)}
    play.says(("Warning", "PodFailurePolicy"))


def a_disruption_is_run_again(play: Play) -> None:
    play.submit(podFailurePolicy=KBATCH_POLICY, backoffLimit=5, podReplacementPolicy="Failed")
    play.end(play.pods(1)[0], 137, disrupted=True)
    play.end(play.newest(2))
    assert play.outcome() == {**ALWAYS, "failed": 1, "succeeded": 1, "conditions": COMPLETE}


def too_many_disruptions(play: Play) -> None:
    play.submit(podFailurePolicy=KBATCH_POLICY, backoffLimit=0)
    play.end(play.pods(1)[0], 137, disrupted=True)
    why = "Job has reached the specified backoff limit"
    assert play.outcome() == {**ALWAYS, "failed": 1, "conditions": failed("BackoffLimitExceeded", why)}
    play.says(("Warning", "BackoffLimitExceeded", why))


def ignored_failures_do_not_count(play: Play) -> None:
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    play.submit(podFailurePolicy={"rules": [rule]}, backoffLimit=0)
    play.end(play.pods(1)[0], 137, disrupted=True)
    play.end(play.newest(2))
    assert play.outcome() == {**ALWAYS, "succeeded": 1, "conditions": COMPLETE}


def several_completions(play: Play) -> None:
    play.submit(completions=3, parallelism=2)
    first, second = play.pods(2)
    assert play.until(lambda status: status.get("active") == 2)
    play.end(first)
    play.pods(3, 2)
    for pod in play.pods(3):
        if pod["status"].get("phase") != "Succeeded":
            play.end(pod)
    assert play.outcome() == {**ALWAYS, "succeeded": 3, "conditions": COMPLETE}
    assert second["metadata"]["name"] != first["metadata"]["name"]


def an_array(play: Play) -> None:
    play.submit(completions=4, parallelism=2, completionMode="Indexed", backoffLimitPerIndex=1)
    for done in range(4):
        pods = play.pods(min(done + 2, 4))
        lowest = min(
            (pod for pod in pods if pod["status"].get("phase") == "Pending"), key=lambda pod: index(pod)
        )
        assert index(lowest) == done
        assert lowest["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] == str(done)
        assert lowest["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"] == "0"
        assert lowest["metadata"]["generateName"] == f"{play.name}-{done}-"
        assert lowest["spec"]["hostname"] == f"{play.name}-{done}"
        play.end(lowest)
        play.until(lambda status, done=done: status.get("succeeded") == done + 1)  # type: ignore[misc]
    assert play.outcome() == {
        **ALWAYS, "succeeded": 4, "completedIndexes": "0-3", "failedIndexes": "", "conditions": COMPLETE,
    }  # fmt: skip


def index(pod: Object) -> int:
    return int(pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"])


def a_task_that_fails_leaves_the_others(play: Play) -> None:
    play.submit(
        completions=3,
        parallelism=3,
        completionMode="Indexed",
        backoffLimitPerIndex=5,
        podFailurePolicy=INDEX_POLICY,
    )
    for pod in play.pods(3):
        play.end(pod, 1 if index(pod) == 1 else 0)
    assert play.outcome() == {
        **ALWAYS,
        "succeeded": 2,
        "failed": 1,
        "completedIndexes": "0,2",
        "failedIndexes": "1",
        "conditions": failed("FailedIndexes", "Job has failed indexes"),
    }


def a_task_that_is_disrupted_is_run_again(play: Play) -> None:
    play.submit(
        completions=2,
        parallelism=2,
        completionMode="Indexed",
        backoffLimitPerIndex=1,
        podFailurePolicy=INDEX_POLICY,
    )
    first, second = sorted(play.pods(2), key=index)
    play.end(first)
    play.end(second, 137, disrupted=True)
    again = play.newest(3)
    assert index(again) == 1
    assert again["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"] == "1"
    play.end(again, 137, disrupted=True)
    assert play.outcome() == {
        **ALWAYS,
        "succeeded": 1,
        "failed": 2,
        "completedIndexes": "0",
        "failedIndexes": "1",
        "conditions": failed("FailedIndexes", "Job has failed indexes"),
    }


def too_many_failed_tasks(play: Play) -> None:
    play.submit(
        completions=3, parallelism=2, completionMode="Indexed", backoffLimitPerIndex=0, maxFailedIndexes=0
    )
    for pod in play.pods(2):
        if index(pod) == 0:
            play.end(pod, 1)
    why = "Job has exceeded the specified maximal number of failed indexes"
    assert play.outcome() == {
        **ALWAYS,
        "failed": 2,
        "failedIndexes": "0",
        "conditions": failed("MaxFailedIndexesExceeded", why),
    }
    play.says(DELETED)


def held_and_let_go(play: Play) -> None:
    play.submit(suspend=True)
    status = play.until(lambda status: "Suspended" in conditions(status))
    assert plain(status) == {**ALWAYS, "conditions": ["Suspended: JobSuspended: Job suspended"]}
    assert "startTime" not in status
    play.world.change(play.name, {"suspend": False})
    (pod,) = play.pods(1)
    assert play.until(lambda status: status.get("startTime"))
    play.end(pod)
    outcome = play.outcome()
    assert outcome["conditions"] == ["Suspended: JobResumed: Job resumed", *COMPLETE]
    play.says(("Normal", "Suspended", "Job suspended"), ("Normal", "Resumed", "Job resumed"))


def held_while_it_runs(play: Play) -> None:
    play.submit(podFailurePolicy=KBATCH_POLICY)
    (pod,) = play.pods(1)
    play.world.bind(pod)
    play.run(pod)
    play.world.change(play.name, {"suspend": True})
    status = play.until(lambda status: status.get("terminating") == 1)
    assert plain(status)["conditions"] == ["Suspended: JobSuspended: Job suspended"]
    play.world.until(lambda: "finalizers" not in play.pods(1)[0]["metadata"], "it not to be counted")
    play.world.let_go(pod)
    status = play.until(lambda status: status.get("terminating") == 0)
    assert plain(status) == {**ALWAYS, "conditions": ["Suspended: JobSuspended: Job suspended"]}
    assert "startTime" not in status
    play.says(DELETED)


def its_deadline_passes(play: Play) -> None:
    play.submit()
    (pod,) = play.pods(1)
    play.world.bind(pod)
    play.run(pod)
    # Only now: on a busy machine a second may pass before.
    play.world.change(play.name, {"activeDeadlineSeconds": 1})
    status = play.until(lambda status: "FailureTarget" in conditions(status))
    assert status["terminating"] == 1
    assert "Failed" not in conditions(status), "not before the last pod is gone"
    play.says(DELETED)
    (pod,) = play.pods(1)
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 30
    play.end(pod, 143)
    play.world.let_go(pod)
    why = "Job was active longer than specified deadline"
    assert play.outcome() == {**ALWAYS, "failed": 1, "conditions": failed("DeadlineExceeded", why)}
    assert play.world.pods(play.name) == []


def nothing_runs_twice_at_once(play: Play) -> None:
    """A pod that is being deleted is replaced when it is over, and not before."""
    play.submit(podFailurePolicy=KBATCH_POLICY, podReplacementPolicy="Failed", backoffLimit=3)
    (pod,) = play.pods(1)
    play.world.bind(pod)
    play.run(pod)
    delete(play, pod)
    play.until(lambda status: status.get("terminating") == 1)
    assert len(play.world.pods(play.name)) == 1
    play.end(pod, 137, disrupted=True)
    play.world.let_go(pod)
    again = play.newest(1)
    assert again["metadata"]["name"] != pod["metadata"]["name"]
    play.end(again)
    assert play.outcome() == {**ALWAYS, "failed": 1, "succeeded": 1, "conditions": COMPLETE}


def delete(play: Play, pod: Object) -> None:
    if isinstance(play.world, RealWorld):
        play.world.transport.request("DELETE", f"{play.world.core}/pods/{pod['metadata']['name']}")
        return
    assert isinstance(play.world, LocalWorld)
    delete_pod(
        play.world.store, play.world.store.get("pods", "default", pod["metadata"]["name"]), play.world.now()
    )
    play.world.settle()


def fewer_at_a_time(play: Play) -> None:
    play.submit(completions=4, parallelism=3, completionMode="Indexed")
    pods = play.pods(3)
    play.run(min(pods, key=index))
    # News of a pod and of its Job may come in either order.
    play.until(lambda status: status.get("ready") == 1)
    play.world.change(play.name, {"parallelism": 1})
    status = play.until(lambda status: status.get("active") == 1 and status["terminating"] == 0)
    assert "failed" not in status
    (left,) = play.world.pods(play.name)
    assert index(left) == 0, "the one that runs stays"


def no_number_of_completions(play: Play) -> None:
    play.submit(parallelism=2)
    first, second = play.pods(2)
    play.end(first)
    play.until(lambda status: status.get("succeeded") == 1 and status.get("active") == 1)
    play.end(second, 1)
    outcome = play.outcome()
    assert outcome == {**ALWAYS, "succeeded": 1, "failed": 1, "conditions": COMPLETE}


def it_is_removed_after_its_time(play: Play) -> None:
    play.submit(ttlSecondsAfterFinished=1)
    play.end(play.pods(1)[0])

    def gone() -> bool:
        try:
            play.world.job(play.name)
        except ApiError:
            return not play.world.pods(play.name)
        return False

    play.world.until(gone, f"{play.name} to be gone with its pods")


CASES: tuple[Callable[[Play], None], ...] = (
    succeeds,
    fails_by_its_own_exit_code,
    a_disruption_is_run_again,
    too_many_disruptions,
    ignored_failures_do_not_count,
    several_completions,
    an_array,
    a_task_that_fails_leaves_the_others,
    a_task_that_is_disrupted_is_run_again,
    too_many_failed_tasks,
    held_and_let_go,
    held_while_it_runs,
    its_deadline_passes,
    nothing_runs_twice_at_once,
    fewer_at_a_time,
    no_number_of_completions,
    it_is_removed_after_its_time,
)
