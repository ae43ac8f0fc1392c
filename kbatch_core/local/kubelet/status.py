"""The status of a pod from the states of its containers, in the kubelet's words (pure).

Source: pkg/kubelet/kubelet_pods.go and pkg/kubelet/status/generate.go of Kubernetes 1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kbatch_core.local.state.podfacts import Object
from kbatch_core.local.state.store import timestamp

CREATING: Object = {"waiting": {"reason": "ContainerCreating"}}
INITIALIZING: Object = {"waiting": {"reason": "PodInitializing"}}
UNKNOWN = "The container could not be located when the pod was terminated"
DEADLINE = "Pod was active on the node longer than the specified deadline"


@dataclass(frozen=True)
class ContainerNow:
    """A container as it is: `state` and `last` are those of its status, with one key each or none."""

    state: Object
    last: Object = field(default_factory=dict)
    restarts: int = 0
    id: str = ""


@dataclass(frozen=True)
class Outcome:
    """What made an end of the pod that its containers do not tell: `target` is the reason of a DisruptionTarget."""

    reason: str
    message: str
    target: str = ""


def phase_of(pod: Object, containers: Mapping[str, ContainerNow]) -> str:
    """Pending, Running, Succeeded or Failed."""
    policy = pod["spec"].get("restartPolicy", "Always")
    for container in pod["spec"].get("initContainers") or ():
        now = containers[container["name"]]
        code = now.state.get("terminated", {}).get("exitCode")
        if code is None:
            return "Pending"
        if code != 0:
            return "Failed" if policy == "Never" else "Pending"
    states = [containers[one["name"]] for one in pod["spec"]["containers"]]
    if any("running" in one.state for one in states):
        return "Running"
    if any("waiting" in one.state for one in states):
        begun = any(one.restarts or "terminated" in one.last for one in states)
        return "Running" if begun else "Pending"
    codes = [one.state["terminated"]["exitCode"] for one in states]
    if policy == "Always" or (policy == "OnFailure" and any(codes)):
        return "Running"
    return "Failed" if any(codes) else "Succeeded"


def pod_status(
    pod: Object, containers: Mapping[str, ContainerNow], now: float, outcome: Outcome | None = None
) -> Object:
    """The whole status; what does not change keeps its times. `outcome` makes it Failed."""
    old: Object = pod.get("status", {})
    phase = "Failed" if outcome is not None else phase_of(pod, containers)
    status: Object = {
        **old,
        "phase": phase,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "hostIP": "127.0.0.1",
        "hostIPs": [{"ip": "127.0.0.1"}],
        "podIP": "127.0.0.1",
        "podIPs": [{"ip": "127.0.0.1"}],
        "startTime": old.get("startTime") or timestamp(now),
    }
    for key, specs in (("initContainerStatuses", "initContainers"), ("containerStatuses", "containers")):
        init = specs == "initContainers"
        shown = [_container(one, containers[one["name"]], init=init) for one in pod["spec"].get(specs) or ()]
        if shown:
            status[key] = shown
    if outcome is not None:
        status |= {"reason": outcome.reason, "message": outcome.message}
    status["conditions"] = _conditions(pod, status, old, now, outcome)
    return status


def _container(spec: Object, now: ContainerNow, *, init: bool) -> Object:
    running = "running" in now.state
    status: Object = {
        "name": spec["name"],
        "state": now.state,
        "lastState": now.last,
        "ready": running or (init and now.state.get("terminated", {}).get("exitCode") == 0),
        "restartCount": now.restarts,
        "image": spec.get("image", ""),
        "imageID": "",
        "started": running,
    }
    if now.id:
        status["containerID"] = now.id
    if spec.get("resources"):
        status["resources"] = spec["resources"]
    return status


def _conditions(
    pod: Object, status: Object, old: Object, now: float, outcome: Outcome | None
) -> list[Object]:
    """In the kubelet's order, then the scheduler's and others'."""
    phase = status["phase"]
    over = phase in ("Succeeded", "Failed")
    waiting = [one["name"] for one in status["containerStatuses"] if not one["ready"]]
    init = status.get("initContainerStatuses", ())
    missing = [one["name"] for one in init if one["state"].get("terminated", {}).get("exitCode") != 0]
    unready: Object = {}
    if phase == "Succeeded":
        unready = {"reason": "PodCompleted"}
    elif phase == "Failed":
        unready = {"reason": "PodFailed"}
    elif waiting:
        names = " ".join(waiting)
        unready = {"reason": "ContainersNotReady", "message": f"containers with unready status: [{names}]"}
    initialized: Object = {"reason": "PodCompleted"} if phase == "Succeeded" else {}
    if missing and phase != "Succeeded":
        names = " ".join(missing)
        initialized = {
            "reason": "ContainersNotInitialized",
            "message": f"containers with incomplete status: [{names}]",
        }
    wanted = [
        *([("DisruptionTarget", True, {"reason": outcome.target, "message": outcome.message})]
          if outcome is not None and outcome.target else []),
        ("PodReadyToStartContainers", not over, {}),
        ("Initialized", not missing or phase == "Succeeded", initialized),
        ("Ready", not unready, unready),
        ("ContainersReady", not unready, unready),
    ]  # fmt: skip
    before = {one["type"]: one for one in old.get("conditions", ())}
    made = [
        _condition(kind, true, words, before.pop(kind, None), pod["metadata"].get("generation", 1), now)
        for kind, true, words in wanted
    ]
    return [*made, *before.values()]


def _condition(
    kind: str, true: bool, words: Object, before: Object | None, generation: int, now: float
) -> Object:
    status = "True" if true else "False"
    since = timestamp(now)
    if before is not None and before["status"] == status:
        since = before["lastTransitionTime"]
    return {
        "type": kind,
        "observedGeneration": generation,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": since,
        **words,
    }


def container_names(pod: Object) -> Sequence[str]:
    """Init containers first, as they run."""
    spec = pod["spec"]
    return [one["name"] for one in (*(spec.get("initContainers") or ()), *spec["containers"])]
