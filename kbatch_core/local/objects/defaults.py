"""What the API server fills in: in a Job, in a pod, and in the few other objects (pure).

Source: the defaults of batch/v1 and core/v1 and the strategies of Kubernetes 1.36, checked against its answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]

JOB_NAME, JOB_UID = "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"
OLD_JOB_NAME, OLD_JOB_UID = "job-name", "controller-uid"
_MAX_INT32 = 2**31 - 1
_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def fill_job(job: Object) -> None:
    """A Job that is created. Its uid is known: the selector and the labels of its pods are made of it."""
    spec = job.setdefault("spec", {})
    metadata = job["metadata"]
    had_labels = bool(metadata.get("labels"))
    template = spec.setdefault("template", {})
    if not spec.get("manualSelector"):
        own = {
            JOB_UID: metadata["uid"],
            JOB_NAME: metadata["name"],
            OLD_JOB_UID: metadata["uid"],
            OLD_JOB_NAME: metadata["name"],
        }
        given = template.setdefault("metadata", {}).setdefault("labels", {})
        given |= own
        selector = spec.setdefault("selector", {})
        selector["matchLabels"] = {**selector.get("matchLabels", {}), JOB_UID: metadata["uid"]}
    if not had_labels and template.get("metadata", {}).get("labels"):
        metadata["labels"] = dict(template["metadata"]["labels"])
    fill_job_spec(spec)
    job["status"] = {}


def fill_job_spec(spec: Object) -> None:
    """What follows from the spec alone; it is done on each write, so that a null becomes the default again."""
    if "completions" not in spec and "parallelism" not in spec and spec.get("completionMode") != "Indexed":
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    if spec.get("completionMode") == "Indexed" and "completions" not in spec and spec["parallelism"] == 1:
        spec["completions"] = 1
    spec.setdefault("backoffLimit", _MAX_INT32 if "backoffLimitPerIndex" in spec else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    spec.setdefault("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")
    for rule in spec.get("podFailurePolicy", {}).get("rules", ()):
        for pattern in rule.get("onPodConditions", ()):
            pattern.setdefault("status", "True")
    fill_pod_spec(spec.setdefault("template", {}).setdefault("spec", {}), restart="")


def fill_pod(pod: Object) -> None:
    """A pod that is created."""
    spec = pod.setdefault("spec", {})
    fill_pod_spec(spec)
    spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = spec["serviceAccountName"]
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    tolerations = spec.setdefault("tolerations", [])
    for key in _TOLERATED:
        if not any(one.get("key") == key for one in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            )
    pod["status"] = {"phase": "Pending", "qosClass": quality(spec)}


def fill_pod_spec(spec: Object, *, restart: str = "Always") -> None:
    """What a pod and a template have in common."""
    if restart:
        spec.setdefault("restartPolicy", restart)
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    for volume in spec.get("volumes", ()):
        _fill_volume(volume)
    for container in containers_of(spec):
        _fill_container(container)


def _fill_volume(volume: Object) -> None:
    for source in ("downwardAPI", "secret", "configMap", "projected"):
        if source in volume:
            volume[source].setdefault("defaultMode", 0o644)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    if "downwardAPI" in volume:
        for item in volume["downwardAPI"].get("items", ()):
            _fill_reference(item)
    if set(volume) <= {"name"}:
        volume["emptyDir"] = {}


def _fill_container(container: Object) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    image = container.get("image", "").rpartition("/")[2]
    latest = "@" not in image and image.partition(":")[2] in ("", "latest")
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    resources = container.setdefault("resources", {})
    limits = resources.get("limits", {})
    if limits:
        resources["requests"] = {**limits, **resources.get("requests", {})}
    for entry in container.get("env", ()):
        _fill_reference(entry.get("valueFrom", {}))
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")


def _fill_reference(source: Object) -> None:
    if "fieldRef" in source:
        source["fieldRef"].setdefault("apiVersion", "v1")
    if "resourceFieldRef" in source:
        source["resourceFieldRef"].setdefault("divisor", "0")


def containers_of(spec: Object) -> Iterator[Object]:
    """All containers of a pod spec that begin with the pod."""
    yield from spec.get("initContainers", ())
    yield from spec.get("containers", ())


def quality(spec: Object) -> str:
    """The quality of service class, from what is asked of CPU and memory."""
    asked, limited = [], []
    for container in containers_of(spec):
        resources = container.get("resources", {})
        asked.append({key: resources.get("requests", {}).get(key) for key in ("cpu", "memory")})
        limited.append({key: resources.get("limits", {}).get(key) for key in ("cpu", "memory")})
    if not any(value for one in (*asked, *limited) for value in one.values()):
        return "BestEffort"
    whole = all(value for one in limited for value in one.values())
    return "Guaranteed" if whole and asked == limited else "Burstable"


def fill(resource: str, obj: Object) -> None:
    """Any other object that is created."""
    if resource == "jobs":
        fill_job(obj)
    elif resource == "pods":
        fill_pod(obj)
    elif resource == "namespaces":
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}
    elif resource == "resourcequotas":
        obj["status"] = {}
    elif resource == "limitranges":
        for limit in obj.get("spec", {}).get("limits", ()):
            _fill_limit(limit)
    elif resource == "secrets":
        obj.setdefault("type", "Opaque")


def _fill_limit(limit: Object) -> None:
    if limit.get("type") != "Container":
        return
    limit["default"] = {**limit.get("max", {}), **limit.get("default", {})}
    limit["defaultRequest"] = {**limit["default"], **limit.get("min", {}), **limit.get("defaultRequest", {})}
    for key in ("default", "defaultRequest"):
        if not limit[key]:
            del limit[key]
