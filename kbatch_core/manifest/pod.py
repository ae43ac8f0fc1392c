"""The pod template: the notebook server's environment, the supervisor, and the script (pure)."""

from __future__ import annotations

from typing import Any

from kbatch_core.environment import Environment, escape
from kbatch_core.manifest.carry import BIN, Carried
from kbatch_core.manifest.exports import build_env, build_exports
from kbatch_core.manifest.place import Place
from kbatch_core.model import labels as label_names
from kbatch_core.model.jobspec import KILL_WAIT_SECONDS, JobSpec
from kbatch_core.model.quantity import to_quantity_cpus, to_quantity_memory
from kbatch_core.runner import supervisor_program
from kbatch_core.runner.words import file_word, task_parts

CONTAINER = "job"
TMP = "/kbatch/tmp"
OUR_VOLUMES = ("kbatch", "kbatch-tmp")
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
"""The terms of an affinity that a node must fulfil, and that count only until the pod has one."""
# A pod's deadline also counts the pull of the image; the supervisor keeps the limit to the second.
PULL_ALLOWANCE_SECONDS = 3600


def build_pod(
    spec: JobSpec,
    environment: Environment,
    place: Place,
    carried: Carried,
    *,
    job_id: str,
    name: str,
    labels: dict[str, str],
    submit_dir: str,
    submit_host: str,
) -> dict[str, Any]:
    """The pod template of a Job."""
    resources = build_resources(spec, environment)
    exports = build_exports(spec, job_id, name, resources, submit_dir, submit_host)
    program = ["/bin/sh", f"{BIN}/supervisor", *supervisor_options(spec, place)]
    program += [*map("=".join, exports.items()), "--", *carried.command]
    container = _container(environment, place, program, build_env(spec, environment, resources), resources)
    pod: dict[str, Any] = {
        **_placement(spec, environment),
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containers": [container],
        "volumes": [*environment.volumes, _program_volume(carried), {"name": OUR_VOLUMES[1], "emptyDir": {}}],
    }
    if spec.time_limit is not None:
        pod["activeDeadlineSeconds"] = spec.time_limit + KILL_WAIT_SECONDS + PULL_ALLOWANCE_SECONDS
    if spec.signal is not None:
        # Told to end, the supervisor sends it first and gives the script its time.
        pod["terminationGracePeriodSeconds"] = spec.signal.seconds + KILL_WAIT_SECONDS
    return {
        "metadata": {
            "labels": _pod_labels(environment, labels),
            "annotations": {**carried.annotations, label_names.SUPERVISOR: supervisor_program()},
        },
        "spec": pod,
    }


def _container(
    environment: Environment,
    place: Place,
    program: list[str],
    env: list[dict[str, Any]],
    resources: dict[str, Any],
) -> dict[str, Any]:
    """The one container of a job."""
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": environment.image,
        # In `args` the image's ENTRYPOINT (tini, start.sh, conda activation) still runs before it.
        "args" if environment.keep_entrypoint else "command": [escape(word) for word in program],
        "env": env,
        "resources": resources,
        "volumeMounts": [
            *environment.volume_mounts,
            *({"name": name, "mountPath": path} for name, path in zip(OUR_VOLUMES, (BIN, TMP), strict=True)),
        ],
    }
    given = {
        "envFrom": list(environment.env_from),
        "imagePullPolicy": environment.image_pull_policy,
        "workingDir": place.workdir,
        "securityContext": environment.container_security,
    }
    return container | {key: value for key, value in given.items() if value}


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
    pods = affinity.get("podAffinity", {})
    return {**affinity, "podAffinity": {**pods, REQUIRED: [*pods.get(REQUIRED, []), home_term(owner)]}}


def home_term(owner: str) -> dict[str, Any]:
    """What the affinity for a home on one node asks for: a node with a pod of this owner."""
    return {
        "labelSelector": {"matchLabels": {label_names.HUB_USERNAME: owner}},
        "topologyKey": "kubernetes.io/hostname",
    }


def supervisor_options(spec: JobSpec, place: Place) -> list[str]:
    """The supervisor's options; docs/supervisor.md has their meaning."""
    pairs = [
        ("-o", file_word(place.output)),
        ("-e", file_word(place.error)),
        ("-m", "truncate" if spec.open_mode == "truncate" else ""),
        ("-t", str(spec.time_limit or "")),
        ("-s", spec.signal.format() if spec.signal else ""),
        ("-d", place.record_dir),
        ("-i", task_parts(spec.array) if spec.array else ""),
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
    if spec.cpu_limit and "cpu" in requests:
        limits["cpu"] = requests["cpu"]
    if spec.memory is not None:
        requests["memory"] = limits["memory"] = to_quantity_memory(spec.memory)
    if spec.tmp is not None:
        requests["ephemeral-storage"] = limits["ephemeral-storage"] = to_quantity_memory(spec.tmp)
    if spec.gpus:
        limits[spec.gpu_resource] = str(spec.gpus)
    parts = {"requests": requests, "limits": limits}
    return {key: value for key, value in parts.items() if value}


def _program_volume(carried: Carried) -> dict[str, Any]:
    """The script and the supervisor, as files that can be executed."""
    files = {**carried.projected, "supervisor": label_names.SUPERVISOR}
    return {
        "name": OUR_VOLUMES[0],
        "downwardAPI": {
            "defaultMode": 0o555,
            "items": [_annotation_file(path, annotation) for path, annotation in files.items()],
        },
    }


def _annotation_file(path: str, annotation: str) -> dict[str, Any]:
    return {"path": path, "fieldRef": {"fieldPath": f"metadata.annotations['{annotation}']"}}
