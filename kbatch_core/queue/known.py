"""What is known of the cluster beyond jobs and pods, and which jobs a change of it may concern."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kbatch_core.cluster.mirror import DELETED, Change
from kbatch_core.model.objects import Node, ResourceQuota, Workload
from kbatch_core.queue.records import AskedRecords, Key
from kbatch_core.status import ClusterFacts
from kbatch_core.status.reading import condition, owner_uid


class NodeNews(NamedTuple):
    """The nodes that fell silent or came back, and whether there is room of another size than before."""

    names: frozenset[str]
    sizes: bool


class Known:
    """The facts as they are read; `facts` is what rows are made with."""

    def __init__(self, records: AskedRecords, progress: dict[Key, str]) -> None:
        self._records = records
        self._progress = progress
        self._nodes: dict[str, Node] | None = None
        self._quotas: dict[str, ResourceQuota] | None = None
        self._workloads: dict[str, Workload] | None = None
        self.facts = self._make()

    def change_nodes(self, changes: Iterable[Change[Node]]) -> NodeNews:
        nodes = self._nodes = dict(self._nodes or {})
        names: set[str] = set()
        sizes = False
        for change in changes:
            node, name = change.object, change.object.metadata.name
            old = nodes.pop(name, None)
            if change.type != DELETED:
                nodes[name] = node
            if old is None or change.type == DELETED or old.status.allocatable != node.status.allocatable:
                sizes = True
            if old is None or _is_ready(old) != _is_ready(node):
                names.add(name)
        self.facts = self._make()
        return NodeNews(frozenset(names), sizes)

    def change_quotas(self, changes: Iterable[Change[ResourceQuota]]) -> set[str]:
        """The namespaces in which one changed."""
        quotas = self._quotas = dict(self._quotas or {})
        namespaces = set()
        for change in changes:
            quotas.pop(change.object.metadata.uid, None)
            if change.type != DELETED:
                quotas[change.object.metadata.uid] = change.object
            namespaces.add(change.object.metadata.namespace)
        self.facts = self._make()
        return namespaces

    def change_workloads(self, changes: Iterable[Change[Workload]]) -> set[str]:
        """The uids of the jobs that own them."""
        workloads = self._workloads = dict(self._workloads or {})
        jobs = set()
        for change in changes:
            job = owner_uid(change.object.metadata)
            workloads.pop(job, None)
            if change.type != DELETED:
                workloads[job] = change.object
            jobs.add(job)
        self.facts = self._make()
        return jobs

    def _make(self) -> ClusterFacts:
        return ClusterFacts(
            nodes=self._nodes,
            quotas=tuple(self._quotas.values()) if self._quotas is not None else None,
            workloads=self._workloads,
            history=self._records,
            progress=self._progress,
        )


def _is_ready(node: Node) -> bool:
    return condition(node.status.conditions, "Ready") is not None
