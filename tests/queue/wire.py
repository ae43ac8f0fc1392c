"""Objects as the API sends them, for the queue's tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kbatch_core.model import labels

NOW = 1_790_000_000.0
FULL = (
    'Error creating: pods "x" is forbidden: exceeded quota: q, requested: cpu=1, used: cpu=2, limited: cpu=2'
)


def stamp(ago: float) -> str:
    return datetime.fromtimestamp(NOW - ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def a_job(name: str, *, ago: float = 600, user: str = "ann", queue: str = "", **more: Any) -> dict[str, Any]:
    """A Job of ours; `more` are fields of its spec or status."""
    own = {labels.MANAGED_BY: labels.MANAGER, labels.ID: name, labels.USER: user}
    return {
        "metadata": {
            "name": name,
            "namespace": "ann",
            "uid": f"uid-{name}",
            "creationTimestamp": stamp(ago),
            "labels": own | ({labels.QUEUE: queue} if queue else {}),
            "annotations": more.pop("annotations", {}),
        },
        "spec": {
            "completions": 1,
            "template": {"spec": {"containers": [{"name": "job", "resources": {"requests": {"cpu": "1"}}}]}},
            **more.pop("spec", {}),
        },
        "status": more,
    }


def a_pod(
    job: str, name: str = "", *, phase: str = "Pending", node: str = "", **status: Any
) -> dict[str, Any]:
    """A pod of a job; `status` are fields of its status."""
    name = name or f"{job}-pod"
    if phase == "Running":
        status.setdefault(
            "containerStatuses",
            [{"name": "job", "ready": True, "state": {"running": {"startedAt": stamp(100)}}}],
        )
    return {
        "metadata": {
            "name": name,
            "namespace": "ann",
            "uid": f"uid-{name}",
            "creationTimestamp": stamp(500),
            "labels": {labels.ID: job, labels.USER: "ann"},
            "annotations": status.pop("annotations", {}),
            "ownerReferences": [{"kind": "Job", "name": job, "uid": f"uid-{job}", "controller": True}],
        },
        "spec": {
            "nodeName": node,
            "containers": [{"name": "job", "resources": {"requests": {"cpu": "1"}}}],
        },
        "status": {"phase": phase, **status},
    }


def an_event(about: str, reason: str, message: str, *, name: str = "", ago: float = 30) -> dict[str, Any]:
    """An event of the object with the uid `uid-<about>`."""
    name = name or f"{about}.{reason}.{ago:.0f}"
    return {
        "metadata": {"name": name, "namespace": "ann", "uid": f"uid-{name}"},
        "involvedObject": {"namespace": "ann", "name": about, "uid": f"uid-{about}"},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": stamp(ago),
    }


def complete() -> dict[str, Any]:
    return {"conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": stamp(5)}]}


def failed(reason: str) -> dict[str, Any]:
    return {
        "conditions": [{"type": "Failed", "status": "True", "reason": reason, "lastTransitionTime": stamp(5)}]
    }


def unscheduled(message: str) -> dict[str, Any]:
    return {
        "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        ]
    }


def a_node(name: str, cpu: str, *, ready: str = "True") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "status": {
            "allocatable": {"cpu": cpu},
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": stamp(60)}],
        },
    }
