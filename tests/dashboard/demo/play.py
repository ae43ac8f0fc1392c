"""A Play is one scripted job; `objects` is what an API server would have of it at some moment (pure)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from kbatch_core.manifest.carry import BIN, SCRIPT
from kbatch_core.model import labels
from kbatch_core.model.objects import Event, Job, Pod

Decoded = TypeVar("Decoded")
Objects = tuple[Job, tuple[Pod, ...], tuple[Event, ...]]
IMAGE = "quay.io/pangeo/pangeo-notebook:2026.10"


@dataclass(frozen=True)
class Play:
    """Times in seconds since the epoch. `starts` None = never, `ends` None = not while anybody looks.

    `exit` is the script's code; `end` is "" or "oom" or "timeout". `why` is what a job that waits waits for:
    "resources", "image", "quota". An array has `tasks`, of which `throttle` run at a time for `each` seconds.
    """

    id: str
    name: str
    submitted: float
    starts: float | None = None
    ends: float | None = None
    exit: int = 0
    end: str = ""
    why: str = "resources"
    user: str = "ann"
    account: str = "climate"
    partition: str = ""
    cpus: str = "1"
    memory: str = "2Gi"
    gpus: int = 0
    limit: int = 0
    node: str = "node-a"
    script: str = "#!/bin/bash\necho hello\n"
    command: str = ""
    tasks: int = 0
    throttle: int = 0
    each: float = 60.0
    bad: tuple[int, ...] = ()
    peak: float = 0.6
    held: bool = False
    cancelled: float | None = None
    namespace: str = "research"

    @property
    def uid(self) -> str:
        return f"demo-{self.id}"

    @property
    def job_name(self) -> str:
        slug = "".join(c if c.isalnum() and c.isascii() else "-" for c in self.name.lower()).strip("-")
        return f"{slug or 'job'}-{self.id}"

    @property
    def output(self) -> str:
        return f"/home/{self.user}/work/kbatch-{self.id}{'_%a' if self.tasks else ''}.out"

    def cancel(self, now: float) -> Play:
        return replace(self, cancelled=now)

    def task_times(self, index: int) -> tuple[float, float] | None:
        """When a task starts and ends; the tasks run in rounds of `throttle`."""
        if self.starts is None:
            return None
        start = self.starts + (index // max(self.throttle, 1)) * self.each
        return start, start + self.each * (0.7 + 0.3 * ((index * 7) % 10) / 10)

    def moments(self) -> list[float]:
        """When something happens to it."""
        if self.tasks:
            return [moment for index in range(self.tasks) for moment in self.task_times(index) or ()]
        return [moment for moment in (self.starts, self.ends, self.cancelled) if moment is not None]


def objects(play: Play, now: float) -> Objects:
    """The Job, its pods and their events as they are at `now`."""
    if play.tasks:
        return _array(play, now)
    stop = play.cancelled
    started = play.starts is not None and play.starts <= min(now, stop or now) and not play.held
    over = stop if stop is not None else play.ends
    ended = over is not None and over <= now and (started or stop is not None)
    conditions: list[Any] = []
    pods = []
    if ended and over is not None:
        conditions = _conditions(play, over)
    if started and play.starts is not None:
        pods = [_pod(play, play.starts, over if ended else None)]
    elif not play.held and stop is None and play.why != "quota":
        pods = [_waiting_pod(play)]
    status = {
        "active": 0 if ended else len(pods),
        "succeeded": int(ended and play.exit == 0 and stop is None),
        "failed": int(ended and (play.exit != 0 or stop is not None)),
        "conditions": conditions,
    }
    return _job(play, status), tuple(pods), () if started or ended else _events(play, pods)


def _array(play: Play, now: float) -> Objects:
    done: list[int] = []
    failed: list[int] = []
    pods = []
    for index in range(play.tasks):
        times = play.task_times(index)
        if times is None or times[0] > now:
            continue
        start, end = times
        if end > now:
            pods.append(_pod(play, start, None, index))
        else:
            (failed if index in play.bad else done).append(index)
            code = 1 if index in play.bad else 0
            pods.append(_pod(replace(play, exit=code), start, end, index))
    over = len(done) + len(failed) == play.tasks
    running = [pod for pod in pods if pod.status.phase == "Running"]
    last = max((times[1] for i in range(play.tasks) if (times := play.task_times(i))), default=now)
    status = {
        "active": len(running),
        "ready": len(running),
        "succeeded": len(done),
        "failed": len(failed),
        "completedIndexes": ",".join(map(str, done)),
        "failedIndexes": ",".join(map(str, failed)),
        "conditions": _conditions(replace(play, exit=1 if failed else 0), last) if over else [],
    }
    return _job(play, status), tuple(pods), ()


def _stamp(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _resources(play: Play) -> dict[str, Any]:
    limits: dict[str, str] = {"memory": play.memory}
    if play.gpus:
        limits["nvidia.com/gpu"] = str(play.gpus)
    return {"requests": {"cpu": play.cpus, "memory": play.memory}, "limits": limits}


def _job(play: Play, status: dict[str, Any]) -> Job:
    annotations = {labels.NAME: play.name, labels.COMMAND: play.command or f"kbatch {play.name}.sh"}
    if play.limit:
        annotations[labels.TIME_LIMIT] = str(play.limit)
    if play.tasks:
        annotations[labels.ARRAY] = f"0-{play.tasks - 1}%{play.throttle}"
    if play.cancelled is not None:
        annotations[labels.CANCELLED_AT] = str(int(play.cancelled))
    names = {labels.ID: play.id, labels.USER: play.user, labels.ACCOUNT: play.account, labels.NAME: "job"}
    names |= {labels.MANAGED_BY: labels.MANAGER}
    names |= {labels.PARTITION: play.partition} if play.partition else {}
    limit = ["-t", str(play.limit)] if play.limit else []
    container = {
        "name": "job",
        "image": IMAGE,
        "workingDir": f"/home/{play.user}/work",
        "command": ["/bin/sh", f"{BIN}/supervisor", "-o", play.output, *limit, "--", f"{BIN}/{SCRIPT}"],
        "resources": _resources(play),
    }
    data = {
        "metadata": {
            "name": play.job_name,
            "namespace": play.namespace,
            "uid": play.uid,
            "resourceVersion": "1",
            "creationTimestamp": _stamp(play.submitted),
            "labels": names,
            "annotations": annotations,
        },
        "spec": {
            "parallelism": play.throttle or 1,
            "completions": play.tasks or 1,
            "completionMode": "Indexed" if play.tasks else "NonIndexed",
            "backoffLimit": 5,
            "suspend": play.held,
            "template": {
                "metadata": {"labels": {labels.ID: play.id}, "annotations": {labels.SCRIPT: play.script}},
                "spec": {"containers": [container]},
            },
        },
        "status": {"startTime": _stamp(play.submitted), **status},
    }
    return _decode(Job, data)


def _pod(play: Play, start: float, end: float | None, index: int | None = None) -> Pod:
    state: dict[str, Any] = {"running": {"startedAt": _stamp(start)}}
    phase = "Running"
    if end is not None:
        phase = "Succeeded" if play.exit == 0 and play.cancelled is None else "Failed"
        state = {"terminated": {**_terminated(play, start, end, index)}}
    return _make_pod(play, start - 4, phase, index, node=play.node, state=state)


def _terminated(play: Play, start: float, end: float, index: int | None) -> dict[str, Any]:
    code = (
        143
        if play.cancelled is not None or play.end == "timeout"
        else 137
        if play.end == "oom"
        else play.exit
    )
    memory = _bytes(play.memory)
    record = {
        "id": play.id,
        "task": index,
        "exit": code,
        "signal": code - 128 if code > 128 else 0,
        "reason": "TimeLimit" if play.end == "timeout" else "",
        "start": start,
        "end": end,
        "cpu": (end - start) * 0.83,
        "mem": memory if play.end == "oom" else int(memory * play.peak),
        "oom": int(play.end == "oom"),
        "node": play.node,
    }
    return {
        "exitCode": code,
        "reason": "OOMKilled" if play.end == "oom" else "Completed" if code == 0 else "Error",
        "startedAt": _stamp(start),
        "finishedAt": _stamp(end),
        "message": json.dumps(record),
    }


def _bytes(memory: str) -> int:
    return int(memory.removesuffix("Gi")) << 30


def _waiting_pod(play: Play) -> Pod:
    if play.why == "image":
        words = f'Back-off pulling image "{IMAGE}"'
        state = {"waiting": {"reason": "ImagePullBackOff", "message": words}}
        return _make_pod(play, play.submitted, "Pending", None, node=play.node, state=state)
    words = "0/6 nodes are available: 4 Insufficient cpu, 2 node(s) had untolerated taint {dedicated: gpu}."
    if play.gpus:
        words = "0/6 nodes are available: 2 Insufficient nvidia.com/gpu, 4 node(s) didn't match Pod's node affinity."
    unplaced = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}
    return _make_pod(play, play.submitted, "Pending", None, conditions=[unplaced])


def _make_pod(
    play: Play,
    made: float,
    phase: str,
    index: int | None,
    *,
    node: str = "",
    state: dict[str, Any] | None = None,
    conditions: list[Any] | None = None,
) -> Pod:
    name = f"{play.job_name}-{index}-x7k2p" if index is not None else f"{play.job_name}-x7k2p"
    names = {labels.ID: play.id, labels.JOB_NAME: play.job_name}
    names |= {labels.COMPLETION_INDEX: str(index)} if index is not None else {}
    data = {
        "metadata": {
            "name": name,
            "namespace": play.namespace,
            "uid": f"pod-{name}",
            "creationTimestamp": _stamp(made),
            "labels": names,
            "annotations": {labels.COMPLETION_INDEX: str(index)} if index is not None else {},
        },
        "spec": {
            "containers": [{"name": "job", "image": IMAGE, "resources": _resources(play)}],
            "nodeName": node,
        },
        "status": {
            "phase": phase,
            "conditions": conditions or [],
            "containerStatuses": [{"name": "job", "image": IMAGE, "state": state}] if state else [],
        },
    }
    return _decode(Pod, data)


def _conditions(play: Play, when: float) -> list[dict[str, str]]:
    at = _stamp(when)
    if play.cancelled is not None:
        reason, words = "DeadlineExceeded", "Job was active longer than specified deadline"
        return [
            {"type": "Failed", "status": "True", "reason": reason, "message": words, "lastTransitionTime": at}
        ]
    if play.exit == 0 and not play.end:
        return [
            {"type": "Complete", "status": "True", "reason": "CompletionsReached", "lastTransitionTime": at}
        ]
    words = f"Container job for pod {play.namespace}/{play.job_name} failed with exit code {play.exit or 137}"
    reason = "FailedIndexes" if play.tasks else "PodFailurePolicy"
    return [
        {"type": "Failed", "status": "True", "reason": reason, "message": words, "lastTransitionTime": at}
    ]


def _events(play: Play, pods: list[Pod]) -> tuple[Event, ...]:
    if play.why == "quota":
        words = (
            f'Error creating: pods "{play.job_name}-x7k2p" is forbidden: exceeded quota: compute, '
            f"requested: requests.memory={play.memory}, used: requests.memory=250Gi, limited: requests.memory=256Gi"
        )
        return (_event(play, "Job", play.job_name, play.uid, "FailedCreate", words),)
    if play.why == "image" and pods:
        words = f'Failed to pull image "{IMAGE}": manifest unknown'
        return (_event(play, "Pod", pods[0].metadata.name, pods[0].metadata.uid, "Failed", words),)
    return ()


def _event(play: Play, kind: str, name: str, uid: str, reason: str, words: str) -> Event:
    at = _stamp(play.submitted + 5)
    data = {
        "metadata": {"name": f"{name}.1", "namespace": play.namespace, "creationTimestamp": at},
        "involvedObject": {"kind": kind, "namespace": play.namespace, "name": name, "uid": uid},
        "type": "Warning",
        "reason": reason,
        "message": words,
        "count": 3,
        "firstTimestamp": at,
        "lastTimestamp": at,
    }
    return _decode(Event, data)


def _decode(kind: type[Decoded], data: dict[str, Any]) -> Decoded:
    """Through the wire format, so that what the demo shows is what a server could have sent."""
    return msgspec.json.decode(json.dumps(data), type=kind)
