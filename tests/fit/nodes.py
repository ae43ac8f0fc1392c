"""Nodes and pods of a made-up cluster, as decoded from the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kbatch_core.model.objects import Node, Pod


def node(
    name: str,
    amounts: Mapping[str, str] | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Mapping[str, str]] = (),
    unschedulable: bool = False,
    cpu: str = "8",
    memory: str = "32Gi",
    pods: str = "110",
) -> Node:
    """A node; `amounts` are further ones of its allocatable."""
    allocatable = {"cpu": cpu, "memory": memory, "pods": pods, **(amounts or {})}
    return msgspec.convert(
        {
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
            "spec": {"taints": taints, "unschedulable": unschedulable},
            "status": {"allocatable": allocatable},
        },
        Node,
    )


def running(on: str, phase: str = "Running", **requests: str) -> Pod:
    """A pod that takes room on a node."""
    return msgspec.convert(
        {
            "spec": {"nodeName": on, "containers": [{"resources": {"requests": requests}}]},
            "status": {"phase": phase},
        },
        Pod,
    )


def asking(gpus: int = 0, **fields: Any) -> dict[str, Any]:
    """A pod spec; `cpu` and `memory` are requests, everything else is a field of the spec."""
    requests = {name: fields.pop(name) for name in ("cpu", "memory") if name in fields}
    resources: dict[str, Any] = {"requests": requests}
    if gpus:
        resources["limits"] = {"nvidia.com/gpu": str(gpus)}
    return {"containers": [{"resources": resources}], **fields}
