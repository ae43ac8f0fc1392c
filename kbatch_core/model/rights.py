"""What an account must be allowed to do, and what it may be: docs/admin.md as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_GROUPS = {"jobs": "batch", "localqueues": "kueue.x-k8s.io", "workloads": "kueue.x-k8s.io"}


class Right(NamedTuple):
    """A verb on a resource, as a SelfSubjectAccessReview asks for it."""

    verb: str
    resource: str = "jobs"
    subresource: str = ""

    @property
    def what(self) -> str:
        """`jobs`, `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


class Extra(NamedTuple):
    """Rights that are done without where they lack; `gives` is what for. `everywhere`: in the whole cluster."""

    rights: tuple[Right, ...]
    gives: str
    everywhere: bool = False
    kueue: bool = False
    """Means something only where Kueue is."""


OWN_POD = Right("get", "pods")
"""Of the notebook server's own pod: where the hub wrote that down, nobody needs it."""

NEEDED = {
    Right("create"): "`kbatch`, `kqueue rerun`",
    Right("get"): "`kqueue show -o`, `kqueue rerun`, `kbatch --like`",
    Right("list"): "`kqueue list`, and every command that is given a job",
    Right("watch"): "the dashboard, `kqueue wait`, `kqueue list --watch`",
    Right("patch"): "`kqueue cancel`, `hold`, `release`, `update`",
    Right("delete"): "`kqueue delete`",
    OWN_POD: "`kbatch` without --image, `kqueue logs` from the container",
    Right("list", "pods"): "where a job runs and why it does not start",
    Right("watch", "pods"): "the same in the dashboard",
    Right("get", "pods", "log"): "`kqueue logs` from the container",
    Right("list", "events"): "why a job waits",
}
"""Each right of the Role in docs/admin.md, and what does not work without it."""

EXTRA = (
    Extra((Right("create", "pods", "exec"), Right("get", "pods", "exec")), "`kqueue shell`"),
    Extra((Right("get", "persistentvolumeclaims"),), "whether home is for one node (else taken so)"),
    Extra(
        (Right("list", "resourcequotas"), Right("watch", "resourcequotas"), Right("list", "limitranges")),
        "quotas and limits",
    ),
    Extra(
        (Right("list", "localqueues"), Right("list", "workloads"), Right("watch", "workloads")),
        "`-p` with a Kueue queue, and why a job waits in it",
        kueue=True,
    ),
    Extra(
        (Right("list", "nodes"), Right("watch", "nodes")),
        "what fits on no node, GPU types",
        everywhere=True,
    ),
    Extra((Right("list", "pods"),), "room now in `--test-only`", everywhere=True),
)


def group_of(resource: str) -> str:
    """The API group of a resource; empty for the core's."""
    return _GROUPS.get(resource, "")


def name_rights(rights: Iterable[Right]) -> str:
    """As a person says it: `create, delete jobs; list events`."""
    verbs: dict[str, list[str]] = {}
    for right in rights:
        verbs.setdefault(right.what, []).append(right.verb)
    return "; ".join(f"{', '.join(found)} {what}" for what, found in verbs.items())
