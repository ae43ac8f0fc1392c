"""The resources that the local cluster knows."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "v1.36.3"
"""The Kubernetes whose API this is."""
READ = ("get", "list", "watch")
WRITE = ("create", "delete", "deletecollection", *READ, "patch", "update")


@dataclass(frozen=True)
class Kind:
    """One resource: its plural, as in URLs, and what discovery says about it."""

    resource: str
    kind: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    has_generation: bool = False
    """Whether metadata.generation counts the changes of its spec."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`jobs.batch`, `pods`: the name in messages."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    @property
    def singular(self) -> str:
        return self.kind.lower()


_ALL = (
    Kind("configmaps", "ConfigMap", short=("cm",)),
    Kind("events", "Event", short=("ev",)),
    Kind("limitranges", "LimitRange", short=("limits",)),
    Kind("namespaces", "Namespace", namespaced=False, short=("ns",)),
    Kind("nodes", "Node", namespaced=False, short=("no",), subresources=("status",)),
    Kind("persistentvolumeclaims", "PersistentVolumeClaim", short=("pvc",), subresources=("status",)),
    Kind(
        "pods",
        "Pod",
        short=("po",),
        categories=("all",),
        subresources=("exec", "log", "status"),
        has_generation=True,
    ),
    Kind("resourcequotas", "ResourceQuota", short=("quota",), subresources=("status",)),
    Kind("secrets", "Secret"),
    Kind("serviceaccounts", "ServiceAccount", short=("sa",)),
    Kind(
        "jobs",
        "Job",
        group="batch",
        categories=("all",),
        subresources=("status",),
        has_generation=True,
    ),
)

KINDS = {kind.resource: kind for kind in _ALL}
