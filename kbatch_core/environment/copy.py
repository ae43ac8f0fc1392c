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

from kbatch_core.environment.facts import Environment, Mount
from kbatch_core.environment.variables import filter_env
from kbatch_core.environment.volumes import copy_volumes, mounts_of
from kbatch_core.errors import UsageError
from kbatch_core.model import labels
from kbatch_core.status.words import is_gpu

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
    "hostUsers",
)
# The admission plugin DefaultTolerationSeconds adds these two to every pod; it will again.
_AUTOMATIC_TOLERATIONS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_NATIVE = ("cpu", "memory", "ephemeral-storage")


def copy_environment(pod: dict[str, Any], *, home: str, export: Collection[str] = ()) -> Environment:
    """The Environment of the notebook server `pod` (as the API sent it).

    `home` is $HOME in the server; `export` names variables that go along although they look secret. Raises
    UsageError when the home claim can be used by one pod only (ReadWriteOncePod is found by the caller).
    """
    metadata, spec = pod["metadata"], pod["spec"]
    container = notebook_container(pod)
    volumes, volume_mounts, dropped = copy_volumes(pod, container)
    mounts = mounts_of(volume_mounts, volumes)
    env, dropped_env = filter_env(_of_itself(container), export)
    dropped += [f"environment variable {name}: {why}" for name, why in dropped_env]
    dropped += _not_copied(pod, container)
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
        env_from=tuple(entry for entry in container.get("envFrom") or [] if "configMapRef" in entry),
        volumes=tuple(volumes),
        volume_mounts=tuple(volume_mounts),
        mounts=mounts,
        requests=_of_any_node(resources.get("requests") or {}),
        limits=_of_any_node(resources.get("limits") or {}),
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


def _of_itself(container: dict[str, Any]) -> list[dict[str, Any]]:
    """The container's variables, its own sizes without its name: a job's container has another one."""
    env: list[dict[str, Any]] = []
    for entry in container.get("env") or []:
        size = (entry.get("valueFrom") or {}).get("resourceFieldRef") or {}
        if size.get("containerName") == container["name"]:
            own = {key: value for key, value in size.items() if key != "containerName"}
            entry = {**entry, "valueFrom": {"resourceFieldRef": own}}
        env.append(entry)
    return env


def _image(pod: dict[str, Any], container: dict[str, Any]) -> str:
    """By digest where the node reports `repository@sha256:...`; a bare digest cannot be pulled anywhere else.

    An image that the node knows by two names may be reported by the other one, which the server's pull secrets need
    not open: then it is taken as the server asked for it.
    """
    asked = str(container["image"])
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        if status.get("name") == container["name"]:
            image_id = str(status.get("imageID") or "").removeprefix("docker-pullable://")
            if "@sha256:" in image_id and _repository(image_id) == _repository(asked):
                return image_id
    return asked


def _repository(image: str) -> str:
    """`docker.io/library/python` of `python:3.13`, as container runtimes complete a name."""
    path = image.partition("@")[0]
    host, _, rest = path.partition("/")
    if not rest or not ("." in host or ":" in host or host == "localhost"):
        host, rest = "docker.io", path
    rest = rest.partition(":")[0]
    if host in ("docker.io", "index.docker.io"):
        return f"docker.io/{rest}" if "/" in rest else f"docker.io/library/{rest}"
    return f"{host}/{rest}"


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


def pod_fields(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a pod spec that go along."""
    # `hostUsers: false` says something: root in the server is nobody on its node, and so it is in the job.
    fields = {name: spec[name] for name in _POD_FIELDS if spec.get(name) or spec.get(name) is False}
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


def _of_any_node(resources: dict[str, Any]) -> dict[str, str]:
    """What every node has: a GPU is never inherited."""
    return {name: str(amount) for name, amount in resources.items() if name in _NATIVE}


def _not_copied(pod: dict[str, Any], container: dict[str, Any]) -> list[str]:
    """What else a server has and a job has not, for the user."""
    spec = pod["spec"]
    said = [f'sidecar container "{other["name"]}"' for other in spec["containers"] if other is not container]
    said += [f'init container "{other["name"]}"' for other in spec.get("initContainers") or []]
    said += [f"the server's {hook} hook" for hook in sorted(container.get("lifecycle") or {})]
    said += [
        f'variables of the whole Secret "{entry["secretRef"].get("name")}"'
        for entry in container.get("envFrom") or []
        if "secretRef" in entry
    ]
    said += [
        f'resource claim "{claim["name"]}"'
        for claim in (container.get("resources") or {}).get("claims") or []
    ]
    extended = {**(container.get("resources") or {}).get("limits", {})}
    said += [
        f"{amount} {name}{f' (--gpus={amount} asks for it)' if is_gpu(name) else ''}"
        for name, amount in extended.items()
        if name not in _NATIVE
    ]
    return said
