"""Environment: the facts of a notebook server that a job reproduces.

Parts of a pod spec that are passed on unread stay as the API sent them (dicts), so that a field which we do
not know survives the copy.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import msgspec


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """One volume mount that is kept. `persistent`: what is written there is there after the pod."""

    path: str
    volume: str
    persistent: bool
    read_only: bool = False


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What a job copies. `server` is the pod it came from, empty when there is none (a laptop)."""

    image: str
    server: str = ""
    user: str = ""
    """The raw user name, for people and for `%u`; a label gets its slug."""
    home: str = ""
    """The directory in the job where the user's persistent home is mounted; empty = none."""
    workdir: str = ""
    """The image's working directory in the notebook server, where a job starts that has no better place."""
    image_pull_policy: str = ""
    keep_entrypoint: bool = True
    env: tuple[dict[str, Any], ...] = ()
    env_from: tuple[dict[str, Any], ...] = ()
    """ConfigMaps whose keys are variables."""
    volumes: tuple[dict[str, Any], ...] = ()
    volume_mounts: tuple[dict[str, Any], ...] = ()
    mounts: tuple[Mount, ...] = ()
    requests: dict[str, str] = {}
    limits: dict[str, str] = {}
    container_security: dict[str, Any] = {}
    pod: dict[str, Any] = {}
    """Fields of the pod spec that go along as they are (tolerations, nodeSelector, securityContext, ...)."""
    labels: dict[str, str] = {}
    owner_label: str = ""
    """The hub's label value for the user, on her servers and jobs alike."""
    home_access: str = ""
    """How the home claim may be mounted: ReadWriteOnce, ReadWriteMany, ...; empty = not known."""
    dropped: tuple[str, ...] = ()
    """What was left out and why, one line each, for the user."""

    @property
    def home_on_one_node(self) -> bool:
        """Whether all pods that mount home must be on one node.

        What is not known is taken so, unless the mount has a subPath: then many share the claim.
        """
        mount = self.mount_of(self.home) if self.home else None
        if mount is None or self.home_access:
            return mount is not None and self.home_access == "ReadWriteOnce"
        of_home = [entry for entry in self.volume_mounts if entry["mountPath"] == mount.path]
        return not any(entry.get("subPath") or entry.get("subPathExpr") for entry in of_home)

    def home_claim(self) -> str:
        """The claim that holds home; empty when it is none."""
        mount = self.mount_of(self.home) if self.home else None
        for volume in self.volumes:
            if mount is not None and volume["name"] == mount.volume:
                return str((volume.get("persistentVolumeClaim") or {}).get("claimName", ""))
        return ""

    def mount_of(self, path: str) -> Mount | None:
        """The mount that `path` lies on; None when it is in the image. The deepest mount wins."""
        best: Mount | None = None
        for mount in self.mounts:
            if is_under(path, mount.path) and (best is None or len(mount.path) > len(best.path)):
                best = mount
        return best

    def keeps(self, path: str) -> bool:
        """Whether a file written at `path` in a job can be read after it."""
        mount = self.mount_of(path)
        return mount is not None and mount.persistent and not mount.read_only


def is_under(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or in it; both absolute and normal."""
    return PurePosixPath(path).is_relative_to(PurePosixPath(folder))


def escape(text: str) -> str:
    """Kubernetes expands $(NAME) in args and env, and makes `$` of `$$`: double every `$`."""
    return text.replace("$", "$$")


def escaped(entry: dict[str, Any]) -> dict[str, Any]:
    """A variable whose value arrives as it is."""
    return {"name": entry["name"], "value": escape(entry["value"])}
