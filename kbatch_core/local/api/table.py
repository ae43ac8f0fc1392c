"""Tables: what `kubectl get` prints (pure). Columns and words are those of Kubernetes' own printers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

Object = dict[str, Any]
Cells = list[Any]

_NONE = "<none>"
# (name, priority): columns with priority 1 are for `-o wide`.
_COLUMNS: dict[str, tuple[tuple[str, int], ...]] = {
    "jobs": (
        ("Name", 0),
        ("Status", 0),
        ("Completions", 0),
        ("Duration", 0),
        ("Age", 0),
        ("Containers", 1),
        ("Images", 1),
        ("Selector", 1),
    ),
    "pods": (
        ("Name", 0),
        ("Ready", 0),
        ("Status", 0),
        ("Restarts", 0),
        ("Age", 0),
        ("IP", 1),
        ("Node", 1),
        ("Nominated Node", 1),
        ("Readiness Gates", 1),
    ),
    "events": (
        ("Last Seen", 0),
        ("Type", 0),
        ("Reason", 0),
        ("Object", 0),
        ("Subobject", 1),
        ("Source", 1),
        ("Message", 0),
        ("First Seen", 1),
        ("Count", 1),
        ("Name", 1),
    ),
    "nodes": (
        ("Name", 0),
        ("Status", 0),
        ("Roles", 0),
        ("Age", 0),
        ("Version", 0),
        ("Internal-IP", 1),
        ("External-IP", 1),
        ("OS-Image", 1),
        ("Kernel-Version", 1),
        ("Container-Runtime", 1),
    ),
    "namespaces": (("Name", 0), ("Status", 0), ("Age", 0)),
    "resourcequotas": (("Name", 0), ("Request", 0), ("Limit", 0), ("Age", 0)),
    "limitranges": (("Name", 0), ("Created At", 0)),
    "configmaps": (("Name", 0), ("Data", 0), ("Age", 0)),
    "secrets": (("Name", 0), ("Type", 0), ("Data", 0), ("Age", 0)),
}
_ANY = (("Name", 0), ("Age", 0))


def table(
    resource: str,
    objects: Sequence[Object],
    metadata: Object,
    now: float,
    *,
    include: str = "Metadata",
    columns: bool = True,
) -> Object:
    """A Table of the objects; `include` says what goes along with a row (None, Metadata, Object)."""
    made: Object = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    if columns:
        made["columnDefinitions"] = [
            {
                "name": name,
                "type": "date" if name == "Created At" else "string",
                "format": "name" if name == "Name" else "",
                "description": "",
                "priority": priority,
            }
            for name, priority in _COLUMNS.get(resource, _ANY)
        ]
    made["rows"] = [_row(resource, obj, now, include) for obj in objects]
    return made


def _row(resource: str, obj: Object, now: float, include: str) -> Object:
    row: Object = {"cells": _CELLS.get(resource, _any)(obj, now)}
    if include == "Object":
        row["object"] = obj
    elif include == "Metadata":
        row["object"] = {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": obj.get("metadata", {}),
        }
    return row


def _any(obj: Object, now: float) -> Cells:
    return [_name(obj), age(obj["metadata"].get("creationTimestamp"), now)]


def _job(job: Object, now: float) -> Cells:
    spec, status = job.get("spec", {}), job.get("status", {})
    succeeded = status.get("succeeded", 0)
    completions = spec.get("completions")
    parallelism = spec.get("parallelism", 1)
    if completions is not None:
        done = f"{succeeded}/{completions}"
    else:
        done = f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"
    start, end = seconds_of(status.get("startTime")), seconds_of(status.get("completionTime"))
    containers = spec.get("template", {}).get("spec", {}).get("containers", ())
    return [
        _name(job),
        _job_status(job, status),
        done,
        human(max(0.0, (now if end is None else end) - start)) if start is not None else "",
        age(job["metadata"].get("creationTimestamp"), now),
        ",".join(one.get("name", "") for one in containers),
        ",".join(one.get("image", "") for one in containers),
        ",".join(f"{key}={value}" for key, value in spec.get("selector", {}).get("matchLabels", {}).items()),
    ]


def _job_status(job: Object, status: Object) -> str:
    true = {one["type"] for one in status.get("conditions", ()) if one.get("status") == "True"}
    if "Complete" in true:
        return "Complete"
    if "Failed" in true:
        return "Failed"
    if "deletionTimestamp" in job["metadata"]:
        return "Terminating"
    return next(
        (one for one in ("Suspended", "FailureTarget", "SuccessCriteriaMet") if one in true), "Running"
    )


def _pod(pod: Object, now: float) -> Cells:
    status, spec = pod.get("status", {}), pod.get("spec", {})
    statuses = status.get("containerStatuses", [])
    restarts = sum(one.get("restartCount", 0) for one in statuses)
    last = max(
        (
            ended
            for one in statuses
            if (ended := seconds_of(one.get("lastState", {}).get("terminated", {}).get("finishedAt")))
            is not None
        ),
        default=None,
    )
    ago = f" ({human(max(0.0, now - last))} ago)" if restarts and last is not None else ""
    return [
        _name(pod),
        f"{sum(bool(one.get('ready')) for one in statuses)}/{len(spec.get('containers', ()))}",
        _pod_status(pod, status, statuses),
        f"{restarts}{ago}",
        age(pod["metadata"].get("creationTimestamp"), now),
        status.get("podIP") or _NONE,
        spec.get("nodeName") or _NONE,
        status.get("nominatedNodeName") or _NONE,
        _NONE,
    ]


def _pod_status(pod: Object, status: Object, statuses: Sequence[Object]) -> str:
    word: str = status.get("reason") or status.get("phase", "Unknown")
    for one in status.get("conditions", ()):
        if one.get("type") == "PodScheduled" and one.get("reason") == "SchedulingGated":
            word = "SchedulingGated"
    for one in reversed(statuses):
        state = one.get("state", {})
        ended = state.get("terminated")
        if state.get("waiting", {}).get("reason"):
            word = state["waiting"]["reason"]
        elif ended is not None:
            signal = ended.get("signal", 0)
            word = ended.get("reason") or (
                f"Signal:{signal}" if signal else f"ExitCode:{ended.get('exitCode', 0)}"
            )
        elif one.get("ready") and "running" in state and word == "Completed":
            word = "Running"
    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if status.get("phase") not in ("Succeeded", "Failed"):
            return "Terminating"
    return word


def _event(event: Object, now: float) -> Cells:
    about = event.get("involvedObject", {})
    source = event.get("source", {})
    component, host = source.get("component") or event.get("reportingComponent", ""), source.get("host", "")
    first = event.get("firstTimestamp") or event.get("eventTime")
    last = event.get("lastTimestamp") or first
    return [
        age(last, now),
        event.get("type", ""),
        event.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        event.get("message", "").strip(),
        age(first, now),
        event.get("count") or 1,
        _name(event),
    ]


def _node(node: Object, now: float) -> Cells:
    status = node.get("status", {})
    ready = next(
        (one.get("status") for one in status.get("conditions", ()) if one.get("type") == "Ready"), None
    )
    word = "Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"
    if node.get("spec", {}).get("unschedulable"):
        word += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = sorted(
        key.removeprefix(prefix) for key in node["metadata"].get("labels", {}) if key.startswith(prefix)
    )
    info = status.get("nodeInfo", {})
    addresses = {one.get("type"): one.get("address") for one in status.get("addresses", ())}
    return [
        _name(node),
        word,
        ",".join(roles) or _NONE,
        age(node["metadata"].get("creationTimestamp"), now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP") or _NONE,
        addresses.get("ExternalIP") or _NONE,
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _quota(quota: Object, now: float) -> Cells:
    status = quota.get("status", {})
    hard, used = status.get("hard", {}), status.get("used", {})
    parts: tuple[list[str], list[str]] = ([], [])
    for name in sorted(hard):
        parts[name.startswith("limits")].append(f"{name}: {used.get(name, '0')}/{hard[name]}")
    return [
        _name(quota),
        ", ".join(parts[0]),
        ", ".join(parts[1]),
        age(quota["metadata"].get("creationTimestamp"), now),
    ]


_CELLS: dict[str, Callable[[Object, float], Cells]] = {
    "jobs": _job,
    "pods": _pod,
    "events": _event,
    "nodes": _node,
    "resourcequotas": _quota,
    "namespaces": lambda one, now: [
        _name(one),
        one.get("status", {}).get("phase", ""),
        age(one["metadata"].get("creationTimestamp"), now),
    ],
    "limitranges": lambda one, now: [_name(one), one["metadata"].get("creationTimestamp")],
    "configmaps": lambda one, now: [
        _name(one),
        str(len(one.get("data", {})) + len(one.get("binaryData", {}))),
        age(one["metadata"].get("creationTimestamp"), now),
    ],
    "secrets": lambda one, now: [
        _name(one),
        one.get("type", ""),
        str(len(one.get("data", {}))),
        age(one["metadata"].get("creationTimestamp"), now),
    ],
}


def _name(obj: Object) -> str:
    name: str = obj["metadata"].get("name", "")
    return name


def seconds_of(text: Any) -> float | None:
    """A time of the API as seconds since the epoch; None for none."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def age(text: Any, now: float) -> str:
    """How long ago, in few letters."""
    then = seconds_of(text)
    return "<unknown>" if then is None else human(max(0.0, now - then))


def human(seconds: float) -> str:
    """A duration as apimachinery's HumanDuration writes it."""
    total = int(seconds)
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 120:
        return f"{total}s"
    if minutes < 10:
        return f"{minutes}m{total % 60}s" if total % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        rest = days % 365
        return f"{days // 365}y{rest}d" if rest else f"{days // 365}y"
    return f"{days // 365}y"
