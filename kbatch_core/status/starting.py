"""Rules for what runs or is being started on a node (pure)."""

from __future__ import annotations

from kbatch_core.model.objects import Event, Pod, parse_time
from kbatch_core.status.case import Case
from kbatch_core.status.ended import runtime_words
from kbatch_core.status.reading import condition, event_time, is_over, is_running, statuses
from kbatch_core.status.verdict import Verdict, quote, verdict
from kbatch_core.status.words import lasting

# What the kubelet reports once volumes and network of a pod are there.
_KUBELET_WENT_ON = ("Pulling", "Pulled", "Created", "Started")
_BAD_IMAGE = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
)
_BAD_CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_MAY_HEAL = ("timeout", "timed out", "connection refused", "too many requests", "reset by peer", "EOF", " 50")
# The default of node-monitor-grace-period plus a pod's toleration of an unreachable node.
NODE_REPLACED_SECONDS = 300
_TRIED_AGAIN = "The node tries again by itself; tell your admin if it stays"


def node_silent(case: Case) -> Verdict | None:
    """It ran when its node was last heard of."""
    pod = case.pod
    if pod is None or not is_running(pod):
        return None
    since, evidence = _silent_since(case, pod)
    if since is None:
        return None
    silent = lasting(max(case.now - since, 0.0))
    return verdict(
        "R",
        "NodeSilent",
        f"Node {pod.spec.node_name} has been silent for {silent}; it may still run",
        f"Kubernetes replaces it after {lasting(NODE_REPLACED_SECONDS)}",
        evidence,
    )


def _silent_since(case: Case, pod: Pod) -> tuple[float | None, str]:
    """From the node itself, or, where nodes may not be read, from what Kubernetes wrote on the pod."""
    if case.facts.nodes is not None:
        node = case.facts.nodes.get(pod.spec.node_name)
        if node is None or condition(node.status.conditions, "Ready") is not None:
            return None, ""
        found = next((one for one in node.status.conditions if one.type == "Ready"), None)
        if found is None:
            return None, ""
        return parse_time(found.last_transition_time) or case.now, f"{found.reason}: {found.message}"
    event = case.last_event("NodeNotReady")
    not_ready = any(one.type == "Ready" and one.status == "False" for one in pod.status.conditions)
    if event is None or not not_ready:
        return None, ""
    return event_time(event), event.message


def running(case: Case) -> Verdict | None:
    """The script runs."""
    pod = case.pod
    if pod is None or not is_running(pod):
        return None
    return verdict("R", "", f"Runs on {pod.spec.node_name}" if pod.spec.node_name else "Runs")


def bad_image(case: Case) -> Verdict | None:
    """Kubernetes tries a bad image for ever, so it is said."""
    waiting = case.waiting
    if not _on_its_way(case) or waiting.reason not in _BAD_IMAGE:
        return None
    image = next((one.image for one in statuses(case.pod) if one.state.waiting is waiting), "") or "the image"
    failed = [event for event in case.pod_events if event.reason == "Failed" and "pull" in event.message]
    # "Back-off pulling image" alone hides the cause, which the event before it had.
    cause = waiting.message
    if failed and ("Back-off" in cause or not cause):
        cause = failed[-1].message
    lowered = cause.lower()
    if waiting.reason == "InvalidImageName":
        why = "its name is not one of an image"
    elif "not found" in lowered or "manifest unknown" in lowered:
        why = "not found or no access; it will not heal by itself"
    elif any(word in lowered for word in ("denied", "unauthorized", "forbidden", " 401", " 403")):
        why = "no access; it will not heal by itself"
    elif waiting.reason == "ErrImageNeverPull":
        why = "it is not on the node, and the pull policy is Never"
    elif any(word.lower() in lowered for word in _MAY_HEAL):
        why = "the registry does not answer; it is tried again"
    else:
        why = quote(cause) or waiting.reason
    return verdict(
        "PD",
        "BadImage",
        f"Cannot pull {image}: {why}",
        "Cancel it and check --image",
        f"{waiting.reason}: {cause}",
    )


def bad_config(case: Case) -> Verdict | None:
    """The node cannot make the container: a Secret or ConfigMap is missing, or the runtime refuses."""
    waiting = case.waiting
    if not _on_its_way(case) or waiting.reason not in _BAD_CONFIG:
        return None
    return verdict(
        "PD",
        "BadConfig",
        f"The container cannot be made: {runtime_words(waiting.message) or waiting.reason}",
        "Cancel it, or make what is missing: the node tries again by itself",
        f"{waiting.reason}: {waiting.message}",
    )


def volume_busy(case: Case) -> Verdict | None:
    """A disk that only one node at a time may have is on another one."""
    event = case.last_event("FailedAttachVolume", after=("SuccessfulAttachVolume", *_KUBELET_WENT_ON))
    if not _placed(case) or event is None:
        return None
    if "Multi-Attach" not in event.message:
        return verdict(
            "CF",
            "VolumeMount",
            f"Its disk cannot be attached: {quote(event.message)}",
            _TRIED_AGAIN,
            event.message,
        )
    return verdict(
        "CF",
        "VolumeBusy",
        "Its disk is attached to another node, by your notebook server or another job",
        "It starts when that one ends, or submit it while your notebook server runs, to join its node",
        event.message,
    )


def volume_mount(case: Case) -> Verdict | None:
    event = case.last_event("FailedMount", "FailedMapVolume", after=_KUBELET_WENT_ON)
    if not _placed(case) or event is None:
        return None
    return _stuck("VolumeMount", "A volume cannot be mounted", event)


def network(case: Case) -> Verdict | None:
    event = case.last_event("FailedCreatePodSandBox", after=_KUBELET_WENT_ON)
    if not _placed(case) or event is None:
        return None
    return _stuck("Network", "The node cannot set up its network", event)


def _stuck(code: str, what: str, event: Event) -> Verdict:
    return verdict("CF", code, f"{what}: {quote(event.message)}", _TRIED_AGAIN, event.message)


def init(case: Case) -> Verdict | None:
    """A container that runs before the script, put there by a webhook, fails or is at work."""
    if not _placed(case) or case.pod is None:
        return None
    sidecars = [one.name for one in case.pod.spec.init_containers if one.restart_policy == "Always"]
    for status in case.pod.status.init_container_statuses:
        ended = status.state.terminated or status.last_state.terminated
        if ended is not None and ended.exit_code:
            return verdict(
                "CF",
                "Init",
                f"Init container {status.name} failed: exit {ended.exit_code}",
                "Your admin's cluster adds it to every pod; tell them if it stays",
                ended.message or ended.reason,
            )
        if status.state.running is not None and status.name not in sidecars:
            sentence = f"Init container {status.name} runs before it"
            return verdict("CF", "Init", sentence, "The script starts by itself when that one is done")
    return None


def image_pull(case: Case) -> Verdict | None:
    event = case.last_event("Pulling", after=("Pulled", "Failed", "Created", "Started"))
    if not _placed(case) or event is None:
        return None
    since = lasting(max(case.now - event_time(event), 0.0))
    hint = "It starts by itself; a large image takes minutes on a node that never had it"
    return verdict("CF", "ImagePull", f"Pulling the image for {since}", hint, event.message)


def creating(case: Case) -> Verdict | None:
    """It has a node, and nothing is wrong."""
    if not _placed(case) or case.pod is None:
        return None
    return verdict("CF", "ContainerCreating", f"Being started on {case.pod.spec.node_name}")


def _on_its_way(case: Case) -> bool:
    return case.pod is not None and not is_over(case.pod)


def _placed(case: Case) -> bool:
    return case.pod is not None and bool(case.pod.spec.node_name) and not is_over(case.pod)
