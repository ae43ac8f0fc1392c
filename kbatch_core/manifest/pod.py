"""The pod template: the notebook server's environment, the supervisor, and the script (pure)."""

from __future__ import annotations

import itertools
from typing import Any

from kbatch_core.environment import Environment, escape, escaped
from kbatch_core.manifest.place import Place
from kbatch_core.model import labels as label_names
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.jobspec import KILL_WAIT_SECONDS, JobSpec
from kbatch_core.model.quantity import (
    parse_cpus,
    parse_quantity,
    to_quantity_cpus,
    to_quantity_memory,
)
from kbatch_core.runner import supervisor_program

CONTAINER = "job"
BIN = "/kbatch/bin"
TMP = "/kbatch/tmp"
GPU = "nvidia.com/gpu"
# A pod's deadline also counts the pull of the image; the supervisor keeps the limit to the second.
PULL_ALLOWANCE_SECONDS = 3600


def build_pod(
    spec: JobSpec,
    environment: Environment,
    place: Place,
    *,
    job_id: str,
    name: str,
    labels: dict[str, str],
    submit_dir: str,
    submit_host: str,
) -> dict[str, Any]:
    """The pod template of a Job."""
    resources = build_resources(spec, environment)
    program = ["/bin/sh", f"{BIN}/supervisor", *supervisor_options(spec, place), "--"]
    program += [*spec.interpreter, f"{BIN}/script", *spec.args]
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": environment.image,
        # In `args` the image's ENTRYPOINT (tini, start.sh, conda activation) still runs before it.
        "args" if environment.keep_entrypoint else "command": [escape(word) for word in program],
        "env": build_env(spec, environment, job_id, name, resources, submit_dir, submit_host),
        "resources": resources,
        "volumeMounts": [
            *environment.volume_mounts,
            {"name": "kbatch", "mountPath": BIN},
            {"name": "kbatch-tmp", "mountPath": TMP},
        ],
    }
    if environment.image_pull_policy:
        container["imagePullPolicy"] = environment.image_pull_policy
    if place.workdir:
        container["workingDir"] = place.workdir
    if environment.container_security:
        container["securityContext"] = environment.container_security
    pod: dict[str, Any] = {
        **_placement(spec, environment),
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containers": [container],
        "volumes": [*environment.volumes, _program_volume(), {"name": "kbatch-tmp", "emptyDir": {}}],
    }
    if spec.time_limit is not None:
        pod["activeDeadlineSeconds"] = spec.time_limit + KILL_WAIT_SECONDS + PULL_ALLOWANCE_SECONDS
    return {
        "metadata": {
            "labels": _pod_labels(environment, labels),
            "annotations": {
                label_names.SCRIPT: spec.script,
                label_names.SUPERVISOR: supervisor_program(),
            },
        },
        "spec": pod,
    }


def _pod_labels(environment: Environment, labels: dict[str, str]) -> dict[str, str]:
    """What pods are selected on. Never app, component or release: the hub's own Services select on those."""
    owner = {label_names.HUB_USERNAME: environment.owner_label} if environment.home_on_one_node else {}
    ours = {key: labels[key] for key in (label_names.ID, label_names.USER) if key in labels}
    return {**environment.labels, **{key: value for key, value in owner.items() if value}, **ours}


def _placement(spec: JobSpec, environment: Environment) -> dict[str, Any]:
    """The copied fields of the pod, with the labels and tolerations that were asked for."""
    fields = dict(environment.pod)
    if spec.node_labels:
        fields["nodeSelector"] = {**fields.get("nodeSelector", {}), **spec.node_labels}
    if spec.tolerations:
        fields["tolerations"] = [*fields.get("tolerations", []), *spec.tolerations]
    if environment.home_on_one_node and environment.owner_label:
        fields["affinity"] = _with_home(fields.get("affinity", {}), environment.owner_label)
    return fields


def _with_home(affinity: dict[str, Any], owner: str) -> dict[str, Any]:
    """The affinity that brings a job to the node where the user's home is mounted: by her server or another job.

    The job's own pod matches it too, so the first one may go anywhere when none of them runs.
    """
    term = {
        "labelSelector": {"matchLabels": {label_names.HUB_USERNAME: owner}},
        "topologyKey": "kubernetes.io/hostname",
    }
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    pods = affinity.get("podAffinity", {})
    return {**affinity, "podAffinity": {**pods, required: [*pods.get(required, []), term]}}


def supervisor_options(spec: JobSpec, place: Place) -> list[str]:
    """The supervisor's options; docs/supervisor.md has their meaning."""
    pairs = [
        ("-o", place.output),
        ("-e", place.error),
        ("-m", "truncate" if spec.open_mode == "truncate" else ""),
        ("-t", str(spec.time_limit or "")),
        ("-s", spec.signal.format() if spec.signal else ""),
        ("-d", place.record_dir),
        ("-i", spec.array.format().partition("%")[0] if spec.array else ""),
    ]
    return [word for pair in pairs if pair[1] for word in pair]


def build_resources(spec: JobSpec, environment: Environment) -> dict[str, Any]:
    """Requests and limits: what was asked for, else what the notebook server has."""
    requests = dict(environment.requests)
    limits = dict(environment.limits)
    if spec.cpus is not None:
        requests["cpu"] = to_quantity_cpus(spec.cpus)
        if "cpu" in limits:
            limits["cpu"] = requests["cpu"]
    if spec.memory is not None:
        requests["memory"] = limits["memory"] = to_quantity_memory(spec.memory)
    if spec.tmp is not None:
        requests["ephemeral-storage"] = limits["ephemeral-storage"] = to_quantity_memory(spec.tmp)
    if spec.gpus:
        limits[GPU] = str(spec.gpus)
    parts = {"requests": requests, "limits": limits}
    return {key: value for key, value in parts.items() if value}


def build_env(
    spec: JobSpec,
    environment: Environment,
    job_id: str,
    name: str,
    resources: dict[str, Any],
    submit_dir: str,
    submit_host: str,
) -> list[dict[str, Any]]:
    """Copied variables in their order, then the user's, then ours; a later one replaces an earlier one in place."""
    requests: dict[str, str] = resources.get("requests", {})
    limits: dict[str, str] = resources.get("limits", {})
    entries: dict[str, dict[str, Any]] = {entry["name"]: entry for entry in environment.env}
    entries |= {key: escaped({"name": key, "value": value}) for key, value in spec.env.items()}
    ours = {
        "KBATCH_JOB_ID": job_id,
        "KBATCH_JOB_NAME": name,
        "KBATCH_JOB_PARTITION": spec.partition,
        "KBATCH_JOB_ACCOUNT": spec.account,
        "KBATCH_SUBMIT_DIR": submit_dir,
        "KBATCH_SUBMIT_HOST": submit_host,
        "KBATCH_CPUS_PER_TASK": _whole_cpus(requests),
        "KBATCH_MEM_PER_NODE": _mebibytes(limits) or _mebibytes(requests),
        "KBATCH_GPUS": str(spec.gpus or ""),
    }
    entries |= {key: escaped({"name": key, "value": value}) for key, value in ours.items() if value}
    entries |= {
        key: escaped({"name": key, "value": value})
        for key, value in _hub_sizes(environment, resources).items()
    }
    entries["KBATCH_JOB_NODELIST"] = _field("KBATCH_JOB_NODELIST", "spec.nodeName")
    return list(entries.values())


def _field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _program_volume() -> dict[str, Any]:
    """The script and the supervisor, as files that can be executed."""
    return {
        "name": "kbatch",
        "downwardAPI": {
            "defaultMode": 0o555,
            "items": [
                _annotation_file("script", label_names.SCRIPT),
                _annotation_file("supervisor", label_names.SUPERVISOR),
            ],
        },
    }


def _annotation_file(path: str, annotation: str) -> dict[str, Any]:
    return {"path": path, "fieldRef": {"fieldPath": f"metadata.annotations['{annotation}']"}}


def _whole_cpus(requests: dict[str, str]) -> str:
    """CPUs as Slurm exports them: a whole number, at least 1."""
    if "cpu" not in requests:
        return ""
    return str(max(1, parse_cpus(requests["cpu"]) // 1000))


def _mebibytes(amounts: dict[str, str]) -> str:
    return str(int(parse_quantity(amounts["memory"])) // 2**20) if "memory" in amounts else ""


def _array_exports(array: ArraySpec, job_id: str) -> dict[str, str]:
    """What sbatch exports in each task of an array; the task's own number is the supervisor's to find."""
    numbers = [array.task(index) for index in range(array.count)]
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return {
        "KBATCH_ARRAY_JOB_ID": job_id,
        "KBATCH_ARRAY_TASK_COUNT": str(len(numbers)),
        "KBATCH_ARRAY_TASK_MIN": str(min(numbers)),
        "KBATCH_ARRAY_TASK_MAX": str(max(numbers)),
        "KBATCH_ARRAY_TASK_STEP": str(steps.pop() if len(steps) == 1 else 1),
    }


def _hub_sizes(environment: Environment, resources: dict[str, Any]) -> dict[str, str]:
    """CPU_LIMIT, MEM_GUARANTEE, ... as KubeSpawner sets them in a server, where libraries size themselves by them."""
    if not environment.server:
        return {}
    wanted = {
        "CPU_GUARANTEE": ("requests", "cpu"),
        "CPU_LIMIT": ("limits", "cpu"),
        "MEM_GUARANTEE": ("requests", "memory"),
        "MEM_LIMIT": ("limits", "memory"),
    }
    sizes = {name: _plain(resources.get(kind, {}).get(key)) for name, (kind, key) in wanted.items()}
    return {name: size for name, size in sizes.items() if size}


def _plain(quantity: str | None) -> str:
    """A Kubernetes quantity as a plain number (cores, bytes), as KubeSpawner writes it."""
    return f"{float(parse_quantity(quantity)):.15g}" if quantity else ""
