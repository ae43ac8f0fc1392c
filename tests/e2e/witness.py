"""The API server as an independent witness: whether what it has of a job can be called what our row calls it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kbatch_core.status import JobRow
from tests.cluster import Cluster

Object = Mapping[str, Any]


class Disagreement(RuntimeError):
    """What the API server has is not what the row says, at this moment at least."""


def agrees(cluster: Cluster, row: JobRow) -> bool:
    """True when the API server's view of the job allows the row's state. Raises Disagreement, which tells both."""
    job = cluster.get("job", row.job_name, "-n", row.namespace)
    selector = f"batch.kubernetes.io/job-name={row.job_name}"
    pods = cluster.get("pods", "-n", row.namespace, "-l", selector)["items"]
    pods.sort(key=lambda pod: pod["metadata"]["creationTimestamp"])
    rule = RULES[row.state]
    if rule is _was_taken_away:
        # The next attempt may have been made since the row was.
        while pods and phase(pods[-1]) == "Pending":
            pods.pop()
    newest = pods[-1]["spec"].get("nodeName", "") if pods else ""
    same = {
        "state": rule(job, pods),
        "finished": row.finished == bool({"Complete", "Failed"} & set(conditions(job))),
        "node": row.tasks is not None or row.node == newest,
        "started": row.started is None
        or not pods
        or running(pods[-1])
        or phase(pods[-1]) in ("Succeeded", "Failed"),
    }
    if not all(same.values()):
        raise Disagreement(
            f"{same}: {row.state} {row.code} on {row.node!r}, finished: {row.finished}, started: {row.started}; "
            f"but the API server has {conditions(job)} {[phase(pod) for pod in pods]} on {newest!r}"
        )
    return True


def conditions(one: Object) -> dict[str, str]:
    """The conditions that are true, with their reasons."""
    found = one["status"].get("conditions", [])
    return {each["type"]: each.get("reason", "") for each in found if each["status"] == "True"}


def phase(pod: Object) -> str:
    return str(pod["status"].get("phase", ""))


def running(pod: Object) -> bool:
    return any("running" in one["state"] for one in pod["status"].get("containerStatuses", []))


def placed(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName"))


def _waits(job: Object, pods: Sequence[Object]) -> bool:
    """Nothing of it runs; a pod that is placed can only wait for its image or its configuration."""
    active = [pod for pod in pods if phase(pod) not in ("Succeeded", "Failed")]
    stuck = all(
        not placed(pod)
        or any("waiting" in one["state"] for one in pod["status"].get("containerStatuses", []))
        for pod in active
    )
    return not conditions(job).keys() & {"Complete", "Failed"} and stuck and not any(map(running, active))


def _starts(job: Object, pods: Sequence[Object]) -> bool:
    return any(phase(pod) == "Pending" and placed(pod) for pod in pods)


def _runs(job: Object, pods: Sequence[Object]) -> bool:
    return any(running(pod) for pod in pods) and not conditions(job).keys() & {"Complete", "Failed"}


def _closes(job: Object, pods: Sequence[Object]) -> bool:
    leaving = any("deletionTimestamp" in one["metadata"] for one in (job, *pods))
    closing = conditions(job).keys() & {"FailureTarget", "SuccessCriteriaMet"}
    over = bool(pods) and all(phase(pod) in ("Succeeded", "Failed") for pod in pods)
    return leaving or bool(closing) or over or job["spec"].get("activeDeadlineSeconds") == 1


def _was_taken_away(job: Object, pods: Sequence[Object]) -> bool:
    """The newest attempt ended by what is no fault of its own: refused, evicted, or marked by who took it."""
    if not pods or phase(pods[-1]) != "Failed":
        return False
    status = pods[-1]["status"]
    refused = status.get("reason", "").startswith("OutOf")
    return refused or status.get("reason") == "Evicted" or "DisruptionTarget" in conditions(pods[-1])


def _failed_by(*reasons: str) -> Callable[[Object, Sequence[Object]], bool]:
    return lambda job, pods: conditions(job).get("Failed") in reasons


_OWN_FAILURE = ("PodFailurePolicy", "BackoffLimitExceeded", "FailedIndexes")

RULES: Mapping[str, Callable[[Object, Sequence[Object]], bool]] = {
    "PD": _waits,
    "CF": _starts,
    "R": _runs,
    "CG": _closes,
    "CD": lambda job, pods: "Complete" in conditions(job),
    "F": _failed_by(*_OWN_FAILURE),
    "TO": _failed_by(*_OWN_FAILURE),
    "OOM": _failed_by(*_OWN_FAILURE),
    "CA": _failed_by("DeadlineExceeded"),
    "DL": _failed_by("DeadlineExceeded"),
    "PR": _was_taken_away,
    "NF": _was_taken_away,
    "BF": _was_taken_away,
}
