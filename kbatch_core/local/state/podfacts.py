"""What the controllers ask of a pod (pure). Sources: pkg/controller and pkg/api/v1/pod of Kubernetes."""

from __future__ import annotations

from typing import Any

from kbatch_core.local.state.quantities import amount_of
from kbatch_core.model.objects import parse_time

Object = dict[str, Any]

TRACKING = "batch.kubernetes.io/job-tracking"
"""The finalizer that keeps a pod until its Job has counted it."""
INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"


def phase(pod: Object) -> str:
    text: str = pod.get("status", {}).get("phase", "")
    return text


def is_over(pod: Object) -> bool:
    """Whether nothing of it runs or will run."""
    return phase(pod) in ("Succeeded", "Failed")


def is_deleted(pod: Object) -> bool:
    """Whether it is asked to go."""
    return "deletionTimestamp" in pod["metadata"]


def is_active(pod: Object) -> bool:
    return not is_over(pod) and not is_deleted(pod)


def is_terminating(pod: Object) -> bool:
    return not is_over(pod) and is_deleted(pod)


def is_ready(pod: Object) -> bool:
    return any(
        one["type"] == "Ready" and one["status"] == "True"
        for one in pod.get("status", {}).get("conditions", ())
    )


def is_tracked(pod: Object) -> bool:
    """Whether its Job has not counted it yet."""
    return TRACKING in pod["metadata"].get("finalizers", ())


def owner(pod: Object) -> tuple[str, str]:
    """(kind, uid) of its controller; two empty strings when it has none."""
    for reference in pod["metadata"].get("ownerReferences", ()):
        if reference.get("controller"):
            return reference["kind"], reference["uid"]
    return "", ""


def index_of(pod: Object) -> int:
    """Its completion index; -1 for none."""
    text = pod["metadata"].get("annotations", {}).get(INDEX, "")
    return int(text) if text.isdecimal() else -1


def count(pod: Object, annotation: str) -> int:
    """A number that a pod carries from those before it; 0 for none."""
    text = pod["metadata"].get("annotations", {}).get(annotation, "")
    return int(text) if text.isdecimal() else 0


def finished_at(pod: Object) -> float:
    """When it ended, in seconds since the epoch, by the first of what tells: its containers, conditions, deletion."""
    status = pod.get("status", {})
    ends = [
        one.get("state", {}).get("terminated", {}).get("finishedAt")
        for one in status.get("containerStatuses", ())
    ]
    if ends and all(ends):
        return max(_time(end) for end in ends)
    for one in status.get("conditions", ()):
        if one["type"] == "Ready" and one["status"] == "False" and one.get("lastTransitionTime"):
            return _time(one["lastTransitionTime"])
    metadata = pod["metadata"]
    if is_deleted(pod):
        return _time(metadata["deletionTimestamp"]) - float(metadata.get("deletionGracePeriodSeconds", 0))
    return _time(metadata["creationTimestamp"])


def is_failed(pod: Object, *, replace_failed_only: bool) -> bool:
    """Whether its Job takes it as failed; one that is being deleted, only when it may be replaced before its end."""
    if phase(pod) == "Failed":
        return True
    return not replace_failed_only and is_terminating(pod)


def match_policy(policy: Object | None, pod: Object) -> tuple[str, str]:
    """(action, message) of the first rule of a podFailurePolicy that a failed pod meets; two "" for none.

    Only FailJob has a message.
    """
    for at, rule in enumerate((policy or {}).get("rules", ())):
        why = _meets(rule, pod)
        if why:
            action = rule["action"]
            return action, f"{why} matching {action} rule at index {at}" if action == "FailJob" else ""
    return "", ""


def _meets(rule: Object, pod: Object) -> str:
    name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    status = pod.get("status", {})
    codes = rule.get("onExitCodes")
    if codes is not None:
        for one in (*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())):
            code = one.get("state", {}).get("terminated", {}).get("exitCode", 0)
            if not code or codes.get("containerName") not in (None, one["name"]):
                continue
            if (code in codes["values"]) == (codes["operator"] == "In"):
                return f"Container {one['name']} for pod {name} failed with exit code {code}"
        return ""
    for one in status.get("conditions", ()):
        for wanted in rule.get("onPodConditions") or ():
            if one["type"] == wanted["type"] and one["status"] == wanted.get("status", "True"):
                return f"Pod {name} has condition {one['type']}"
    return ""


def _time(text: str) -> float:
    return parse_time(text) or 0.0


def requests_of(spec: Object) -> dict[str, float]:
    """All containers together, or the largest init container where that is more; a limit alone is a request too."""
    total: dict[str, float] = {}
    for container in spec["containers"]:
        for name, amount in _requests(container).items():
            total[name] = total.get(name, 0.0) + amount
    for container in spec.get("initContainers") or ():
        for name, amount in _requests(container).items():
            total[name] = max(total.get(name, 0.0), amount)
    for name, text in (spec.get("overhead") or {}).items():
        total[name] = total.get(name, 0.0) + amount_of(text)
    return total


def _requests(container: Object) -> dict[str, float]:
    resources = container.get("resources") or {}
    texts = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: amount_of(text) for name, text in texts.items()}
