"""Jobs, pods and events as a real API server gives them, made from what differs. Wire format in, structs out."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from kbatch_core.model import labels
from kbatch_core.model.objects import Event, Job, Node, Pod, ResourceQuota, Workload
from kbatch_core.model.record import Record

Decoded = TypeVar("Decoded")

NOW = 1_790_000_000.0
JOB_UID = "5d3bb0f4-0f53-4c4b-8c7e-5a3f6f0d0001"
ID = "c3kd9x2p"
_serial = itertools.count(1)


def stamp(ago: float) -> str:
    """The time `ago` seconds before NOW, as the API writes it."""
    return datetime.fromtimestamp(NOW - ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decode(kind: type[Decoded], data: Mapping[str, Any]) -> Decoded:
    """Through the wire format, as in real life."""
    return msgspec.json.decode(json.dumps(data), type=kind)


def condition(
    kind: str, reason: str = "", message: str = "", *, status: str = "True", ago: float = 10
) -> Any:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastProbeTime": None,
        "lastTransitionTime": stamp(ago),
    }


def complete() -> list[Any]:
    return [
        condition("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"),
        condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods"),
    ]


def failed(reason: str, message: str = "") -> list[Any]:
    return [condition("FailureTarget", reason, message), condition("Failed", reason, message)]


def exit_failed(code: int) -> list[Any]:
    """As the Job controller writes it when our FailJob rule matches."""
    return failed(
        "PodFailurePolicy",
        f"Container job for pod ann/train-{ID}-x7k2p failed with exit code {code} matching FailJob rule at index 1",
    )


def job(
    *,
    conditions: list[Any] = [],  # noqa: B006
    annotations: Mapping[str, str] = {},
    labels_: Mapping[str, str] = {},
    suspend: bool = False,
    array: str = "",
    count: int = 0,
    parallelism: int | None = None,
    resources: Mapping[str, Any] | None = None,
    deadline: int | None = None,
    restarts: int = 5,
    deleted: bool = False,
    ago: float = 600,
    **status: Any,
) -> Job:
    """A Job of ours; `array` with `count` tasks makes it an Indexed one; `status` are more status fields."""
    spec: dict[str, Any] = {
        "parallelism": parallelism or count or 1,
        "completions": count or 1,
        "completionMode": "Indexed" if array else "NonIndexed",
        "backoffLimit": 2147483647 if array else restarts,
        "suspend": suspend,
        "podReplacementPolicy": "Failed",
        "manualSelector": False,
        "template": {
            "metadata": {"labels": {labels.ID: ID}},
            "spec": {
                "restartPolicy": "Never",
                "containers": [
                    {
                        "name": "job",
                        "image": "quay.io/jupyter/base-notebook:2026-01",
                        "resources": resources
                        or {"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "4Gi"}},
                    }
                ],
            },
        },
    }
    if deadline is not None:
        spec["activeDeadlineSeconds"] = deadline
    metadata: dict[str, Any] = {
        "name": f"train-{ID}",
        "namespace": "ann",
        "uid": JOB_UID,
        "resourceVersion": "1042",
        "generation": 1,
        "creationTimestamp": stamp(ago),
        "labels": {
            labels.MANAGED_BY: labels.MANAGER,
            labels.ID: ID,
            labels.NAME: "train",
            labels.USER: "ann",
            **labels_,
        },
        "annotations": {**({labels.ARRAY: array} if array else {}), **annotations},
    }
    if deleted:
        metadata["deletionTimestamp"] = stamp(1)
    return decode(
        Job,
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": spec,
            "status": {
                "startTime": stamp(ago),
                "conditions": conditions,
                "uncountedTerminatedPods": {},
                **status,
            },
        },
    )


def pod(
    phase: str = "Running",
    *,
    node: str = "node-a",
    state: Mapping[str, Any] | None = None,
    conditions: list[Any] = [],  # noqa: B006
    reason: str = "",
    message: str = "",
    init: list[Any] = [],  # noqa: B006
    index: int | None = None,
    sidecars: list[str] = [],  # noqa: B006
    gates: list[str] = [],  # noqa: B006
    nominated: str = "",
    resources: Mapping[str, Any] | None = None,
    deleted: bool = False,
    ago: float = 500,
    uid: str = "",
) -> Pod:
    """A pod of the job. `state` is the container's; None for a container that was not made yet."""
    number = next(_serial)
    metadata: dict[str, Any] = {
        "name": f"train-{ID}-{number:05}",
        "generateName": f"train-{ID}-",
        "namespace": "ann",
        "uid": uid or f"0b0f1f6e-0000-4000-8000-{number:012}",
        "resourceVersion": str(2000 + number),
        "creationTimestamp": stamp(ago),
        "labels": {labels.ID: ID, labels.JOB_NAME: f"train-{ID}", "controller-uid": JOB_UID},
        "annotations": {},
        "ownerReferences": [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": f"train-{ID}",
                "uid": JOB_UID,
                "controller": True,
            }
        ],
        "finalizers": ["batch.kubernetes.io/job-tracking"],
    }
    if index is not None:
        metadata["labels"][labels.COMPLETION_INDEX] = str(index)
        metadata["annotations"][labels.COMPLETION_INDEX] = str(index)
    if deleted:
        metadata["deletionTimestamp"] = stamp(1)
        metadata["deletionGracePeriodSeconds"] = 30
    spec: dict[str, Any] = {
        "containers": [
            {
                "name": "job",
                "image": "quay.io/jupyter/base-notebook:2026-01",
                "resources": resources
                or {"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "4Gi"}},
            }
        ],
        "initContainers": [{"name": name, "restartPolicy": "Always"} for name in sidecars],
        "schedulingGates": [{"name": gate} for gate in gates],
    }
    if node:
        spec["nodeName"] = node
    if state is None and phase == "Running":
        state = {"running": {"startedAt": stamp(ago - 5)}}
    status: dict[str, Any] = {
        "phase": phase,
        "conditions": conditions,
        "initContainerStatuses": init,
        "containerStatuses": [
            {
                "name": "job",
                "state": state,
                "lastState": {},
                "ready": phase == "Running",
                "restartCount": 0,
                "image": "quay.io/jupyter/base-notebook:2026-01",
                "imageID": "",
            }
        ]
        if state is not None
        else [],
        "qosClass": "Burstable",
    }
    status |= {"reason": reason} if reason else {}
    status |= {"message": message} if message else {}
    status |= {"nominatedNodeName": nominated} if nominated else {}
    return decode(Pod, {"metadata": metadata, "spec": spec, "status": status})


def record(**fields: Any) -> str:
    """The supervisor's record as it stands in the termination message."""
    return json.dumps(
        {
            "v": 1,
            "id": ID,
            "task": None,
            "exit": 0,
            "signal": 0,
            "reason": "",
            "start": NOW - 400,
            "end": NOW - 20,
            "cpu": 380.5,
            "mem": 3 * 2**30,
            "oom": 0,
            "restart": 0,
            "node": "node-a",
            "output_error": "",
            **fields,
        }
    )


def record_struct(**fields: Any) -> Record:
    return msgspec.json.decode(record(**fields), type=Record)


def ended(code: int, *, reason: str = "", message: str = "", signal: int = 0) -> dict[str, Any]:
    """The state of a container that ended."""
    state: dict[str, Any] = {
        "exitCode": code,
        "reason": reason or ("Completed" if code == 0 else "Error"),
        "startedAt": stamp(400),
        "finishedAt": stamp(20),
        "containerID": "containerd://6f0e",
    }
    state |= {"message": message} if message else {}
    state |= {"signal": signal} if signal else {}
    return {"terminated": state}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message} if message else {"reason": reason}}


def unscheduled(message: str, reason: str = "Unschedulable") -> list[Any]:
    return [condition("PodScheduled", reason, message, status="False")]


def event(
    about: Job | Pod,
    reason: str,
    message: str,
    *,
    kind: str = "Warning",
    ago: float = 30,
    new_api: bool = False,
) -> Event:
    """An event; `new_api` as the scheduler writes it, with eventTime and a series."""
    data: dict[str, Any] = {
        "metadata": {"name": f"e.{next(_serial)}", "namespace": "ann", "creationTimestamp": stamp(ago)},
        "involvedObject": {
            "kind": "Job" if isinstance(about, Job) else "Pod",
            "namespace": "ann",
            "name": about.metadata.name,
            "uid": about.metadata.uid,
        },
        "reason": reason,
        "message": message,
        "type": kind,
    }
    if new_api:
        data |= {"firstTimestamp": None, "lastTimestamp": None, "eventTime": stamp(ago)[:-1] + ".123456Z"}
    else:
        data |= {"firstTimestamp": stamp(ago + 60), "lastTimestamp": stamp(ago), "count": 3}
    return decode(Event, data)


def node(
    name: str = "node-a",
    *,
    allocatable: Mapping[str, str] | None = None,
    ready: str = "True",
    ago: float = 180,
    reason: str = "KubeletReady",
) -> Node:
    return decode(
        Node,
        {
            "metadata": {"name": name},
            "spec": {"taints": []},
            "status": {
                "allocatable": allocatable or {"cpu": "16", "memory": "64Gi", "pods": "110"},
                "conditions": [condition("Ready", reason, "kubelet status", status=ready, ago=ago)],
            },
        },
    )


def quota(hard: Mapping[str, str], used: Mapping[str, str], *, name: str = "compute") -> ResourceQuota:
    return decode(
        ResourceQuota,
        {
            "metadata": {"name": name, "namespace": "ann"},
            "spec": {"hard": hard},
            "status": {"hard": hard, "used": used},
        },
    )


def workload(*conditions: Any) -> Workload:
    return decode(
        Workload,
        {
            "metadata": {
                "name": f"job-train-{ID}-1b2c3",
                "namespace": "ann",
                "ownerReferences": [
                    {"apiVersion": "batch/v1", "kind": "Job", "name": f"train-{ID}", "uid": JOB_UID}
                ],
            },
            "spec": {"queueName": "gpu", "active": True},
            "status": {"conditions": list(conditions)},
        },
    )
