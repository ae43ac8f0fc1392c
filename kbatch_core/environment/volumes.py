"""Which volumes of a notebook server a job mounts, and where (pure).

Every mount of a kept volume keeps its exact subPath, because on a shared disk the subPath is what keeps users
apart. Nothing that holds a Secret or a token goes along; webhooks that inject tokens do so again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kbatch_core.environment.facts import Mount, is_under
from kbatch_core.environment.variables import REFERENCE, is_secret_name

_TOKEN_DIRS = ("/var/run/secrets/kubernetes.io", "/var/run/secrets/eks.amazonaws.com")
_KEPT = ("persistentVolumeClaim", "emptyDir", "configMap", "hostPath", "nfs", "csi", "ephemeral")
# Inline CSI volumes that no job can have: what they hold, or what else of the server they need.
_DRIVERS = {
    "secrets-store.csi.k8s.io": "it holds secrets",
    "csi.cert-manager.io": "it holds a private key",
    "spiffe.csi.cert-manager.io": "it holds a private key",
    "csi.spiffe.io": "it gives an identity",
    "gcsfuse.csi.storage.gke.io": "it needs a sidecar",
}
_PERSISTENT = ("persistentVolumeClaim", "hostPath", "nfs", "csi")


def copy_volumes(
    pod: Mapping[str, Any], container: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """(volumes, mounts, what was left out and why) of the server's container."""
    kept: dict[str, dict[str, Any]] = {}
    dropped: list[str] = []
    for volume in pod["spec"].get("volumes") or []:
        driver = (volume.get("csi") or {}).get("driver")
        if driver in _DRIVERS:
            dropped.append(f'volume "{volume["name"]}": {_DRIVERS[driver]} ({driver})')
        elif any(kind in volume for kind in _KEPT):
            kept[volume["name"]] = volume
        elif "secret" in volume:
            dropped.append(f'volume "{volume["name"]}": it holds a Secret')
        elif "downwardAPI" not in volume and not _is_token(volume):
            kind = next((key for key in volume if key != "name"), "unknown")
            dropped.append(f'volume "{volume["name"]}": kind {kind} is not copied')
    mounts = []
    values: dict[str, str] | None = None
    for mount in container.get("volumeMounts") or []:
        if mount["name"] not in kept or any(is_under(mount["mountPath"], folder) for folder in _TOKEN_DIRS):
            continue
        if mount.get("subPathExpr"):
            values = _values(pod, container) if values is None else values
            path = _expand(mount["subPathExpr"], values)
            if REFERENCE.search(path):
                dropped.append(f"the mount at {mount['mountPath']}: its subPathExpr cannot be resolved")
                continue
            mount = {**{key: value for key, value in mount.items() if key != "subPathExpr"}, "subPath": path}
        mounts.append(mount)
    used = {mount["name"] for mount in mounts}
    return [volume for name, volume in kept.items() if name in used], mounts, dropped


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


def _is_token(volume: Mapping[str, Any]) -> bool:
    """Whether it is the account's token and what goes with it, which the API server adds to pods by itself."""
    sources = (volume.get("projected") or {}).get("sources") or []
    return any("serviceAccountToken" in source for source in sources)


def _values(pod: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, str]:
    """The server's variables that may stand in a subPathExpr, as Kubernetes expands them: in their order."""
    metadata = pod["metadata"]
    fields = {f"metadata.{name}": metadata.get(name) for name in ("name", "namespace", "uid")}
    for kind in ("labels", "annotations"):
        fields |= {f"metadata.{kind}['{key}']": text for key, text in (metadata.get(kind) or {}).items()}
    values: dict[str, str] = {}
    for entry in container.get("env") or []:
        source = entry.get("valueFrom") or {}
        value = (
            fields.get(str((source.get("fieldRef") or {}).get("fieldPath", "")))
            if source
            else entry.get("value", "")
        )
        if value is not None and not is_secret_name(entry["name"]):
            values[entry["name"]] = _expand(str(value), values)
    return values


def _expand(text: str, values: Mapping[str, str]) -> str:
    """`text` with what $(NAME) means; an unknown name stays."""
    return REFERENCE.sub(lambda match: values.get(match[1], match[0]), text)
