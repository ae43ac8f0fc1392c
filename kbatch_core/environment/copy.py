"""A notebook server's pod to an Environment (pure): what to copy and what never to.

Written against pods as KubeSpawner makes them and admission webhooks change them. The rules and their reasons:
the image by digest, so that a moved tag does not change the job; every mount of a kept volume with its exact
subPath, because on a shared disk the subPath is what keeps users apart; no token, no init container, no
sidecar, no owner reference, because the job must live without the server and with less power.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from kbatch_core.environment.facts import Environment, Mount, is_under
from kbatch_core.environment.variables import filter_env
from kbatch_core.errors import UsageError
from kbatch_core.model import labels

# Fields of the pod spec that go along unread. Not: nodeName, priority, serviceAccount, restartPolicy, hostname.
_POD_FIELDS = (
    "nodeSelector",
    "affinity",
    "imagePullSecrets",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "topologySpreadConstraints",
    "dnsPolicy",
    "dnsConfig",
    "hostAliases",
)
# The admission plugin DefaultTolerationSeconds adds these two to every pod; it will again.
_AUTOMATIC_TOLERATIONS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOKEN_DIRS = ("/var/run/secrets/kubernetes.io", "/var/run/secrets/eks.amazonaws.com")
_KEPT_VOLUMES = ("persistentVolumeClaim", "emptyDir", "configMap", "hostPath", "nfs", "csi", "ephemeral")
_PERSISTENT = ("persistentVolumeClaim", "hostPath", "nfs", "csi")


def copy_environment(pod: dict[str, Any], *, home: str, export: Collection[str] = ()) -> Environment:
    """The Environment of the notebook server `pod` (as the API sent it).

    `home` is $HOME in the server; `export` names variables that go along although they look secret. Raises
    UsageError when the home claim can be used by one pod only (ReadWriteOncePod is found by the caller).
    """
    metadata, spec = pod["metadata"], pod["spec"]
    container = notebook_container(pod)
    kept_volumes, dropped = _volumes(spec.get("volumes") or [])
    names = {volume["name"] for volume in kept_volumes}
    volume_mounts = [
        mount
        for mount in container.get("volumeMounts") or []
        if mount["name"] in names and not any(is_under(mount["mountPath"], folder) for folder in _TOKEN_DIRS)
    ]
    used = {mount["name"] for mount in volume_mounts}
    mounts = mounts_of(volume_mounts, kept_volumes)
    env, dropped_env = filter_env(container.get("env") or [], export)
    dropped += [f"environment variable {name}: {why}" for name, why in dropped_env]
    if container.get("envFrom"):
        dropped.append("variables from whole Secrets and ConfigMaps (envFrom)")
    dropped += [
        f'sidecar container "{other["name"]}"' for other in spec["containers"] if other is not container
    ]
    resources = container.get("resources") or {}
    return Environment(
        image=_image(pod, container),
        server=metadata["name"],
        user=_user(metadata, container),
        home=_home(home, mounts),
        workdir=container.get("workingDir") or "",
        image_pull_policy=container.get("imagePullPolicy") or "",
        keep_entrypoint=not container.get("command"),
        env=tuple(env),
        volumes=tuple(volume for volume in kept_volumes if volume["name"] in used),
        volume_mounts=tuple(volume_mounts),
        mounts=mounts,
        requests=_without_extended(resources.get("requests") or {}),
        limits=_without_extended(resources.get("limits") or {}),
        container_security=container.get("securityContext") or {},
        pod=pod_fields(spec),
        labels={
            key: value
            for key, value in (metadata.get("labels") or {}).items()
            if key.startswith(labels.HUB_NETWORK_ACCESS)
        },
        owner_label=(metadata.get("labels") or {}).get(labels.HUB_USERNAME, ""),
        dropped=tuple(dropped),
    )


def without_home(environment: Environment) -> Environment:
    """The environment without the volume that holds home, wherever that is mounted."""
    mount = environment.mount_of(environment.home) if environment.home else None
    if mount is None:
        return environment
    return msgspec.structs.replace(
        environment,
        home="",
        volumes=tuple(volume for volume in environment.volumes if volume["name"] != mount.volume),
        volume_mounts=tuple(other for other in environment.volume_mounts if other["name"] != mount.volume),
        mounts=tuple(other for other in environment.mounts if other.volume != mount.volume),
    )


def notebook_container(pod: dict[str, Any]) -> dict[str, Any]:
    """The container that the notebook server runs in: KubeSpawner names it `notebook`, hooks may not."""
    containers: list[dict[str, Any]] = pod["spec"].get("containers") or []
    for container in containers:
        if container["name"] == "notebook":
            return container
    for container in containers:
        if any(port.get("name") == "notebook-port" for port in container.get("ports") or []):
            return container
    if not containers:
        raise UsageError(f'The pod "{pod["metadata"]["name"]}" has no containers to copy.')
    return containers[0]


def _image(pod: dict[str, Any], container: dict[str, Any]) -> str:
    """By digest where the node reports `repository@sha256:...`; a bare digest cannot be pulled anywhere else."""
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        if status.get("name") == container["name"]:
            image_id = str(status.get("imageID") or "").removeprefix("docker-pullable://")
            if "@sha256:" in image_id:
                return image_id
    return str(container["image"])


def _user(metadata: dict[str, Any], container: dict[str, Any]) -> str:
    """The raw user name: the annotation has it, the label of the same name is a slug."""
    raw = (metadata.get("annotations") or {}).get(labels.HUB_USERNAME)
    if raw:
        return str(raw)
    for entry in container.get("env") or []:
        if entry["name"] == "JUPYTERHUB_USER" and entry.get("value"):
            return str(entry["value"])
    return str((metadata.get("labels") or {}).get(labels.HUB_USERNAME, ""))


def _home(home: str, mounts: tuple[Mount, ...]) -> str:
    """$HOME when it lies on a persistent mount that can be written, else empty."""
    environment = Environment(image="", mounts=mounts)
    return home if home and environment.keeps(home) else ""


def _volumes(volumes: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """(kept volumes, what was dropped). Secrets and tokens stay behind; webhooks add theirs again."""
    kept: list[dict[str, Any]] = []
    dropped: list[str] = []
    for volume in volumes:
        if any(kind in volume for kind in _KEPT_VOLUMES):
            kept.append(volume)
        elif "secret" in volume:
            dropped.append(f'volume "{volume["name"]}": it holds a Secret')
        elif "projected" not in volume:
            kind = next((key for key in volume if key != "name"), "unknown")
            dropped.append(f'volume "{volume["name"]}": kind {kind} is not copied')
    return kept, dropped


def mounts_of(
    volume_mounts: Collection[Mapping[str, Any]], volumes: Collection[Mapping[str, Any]]
) -> tuple[Mount, ...]:
    """What each mount of a container means to a job."""
    persistent = {volume["name"] for volume in volumes if any(kind in volume for kind in _PERSISTENT)}
    return tuple(
        Mount(
            path=mount["mountPath"],
            volume=mount["name"],
            persistent=mount["name"] in persistent,
            read_only=bool(mount.get("readOnly")),
        )
        for mount in volume_mounts
    )


def pod_fields(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a pod spec that go along."""
    fields = {name: spec[name] for name in _POD_FIELDS if spec.get(name)}
    tolerations = [
        toleration
        for toleration in spec.get("tolerations") or []
        if not (
            toleration.get("key") in _AUTOMATIC_TOLERATIONS and toleration.get("tolerationSeconds") == 300
        )
    ]
    if tolerations:
        fields["tolerations"] = tolerations
    if fields.get("schedulerName") == "default-scheduler":
        del fields["schedulerName"]
    if fields.get("dnsPolicy") == "ClusterFirst":
        del fields["dnsPolicy"]
    return fields


def _without_extended(resources: dict[str, Any]) -> dict[str, str]:
    """cpu and memory only: a GPU is never inherited silently."""
    return {name: str(amount) for name, amount in resources.items() if name in ("cpu", "memory")}
