"""Nodes that are none: kwok says of them and of their pods what a kubelet would, and nothing runs.

For what only the scheduler decides: a real one places pods on as many nodes as a test wants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.cluster.control import Cluster
from tests.cluster.processes import Component, wait_for

LABEL = "kbatch.test/fake"
_STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
)
_DELETE = "pod/fast/pod-delete.yaml"


class FakeNodes:
    """kwok beside a Cluster; pods on its nodes run until they are deleted. Use it in `with`.

    `lets_go` False: pods that are being deleted stay until the test plays the kubelet that ends them.
    """

    def __init__(self, cluster: Cluster, name: str = "kwok", *, lets_go: bool = True) -> None:
        self.cluster = cluster
        self._made: list[str] = []
        stages = cluster.bin / "kwok-stage"
        command = [str(cluster.bin / "kwok"), f"--kubeconfig={cluster.kubeconfig}",
                   f"--manage-nodes-with-label-selector={LABEL}"]  # fmt: skip
        command += [f"--config={stages / path}" for path in (*_STAGES, *([_DELETE] if lets_go else ()))]
        self._kwok = Component(name, command, cluster.folder / "log", tied=True)

    def __enter__(self) -> FakeNodes:
        self._kwok.start()
        return self

    def __exit__(self, *exc: object) -> None:
        for name in self._made:
            self.cluster.send("DELETE", f"/api/v1/nodes/{name}")
        self._kwok.stop()

    def add(
        self,
        name: str,
        amounts: Mapping[str, str] | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        taints: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """A node, ready for pods when this returns; `amounts` are of its capacity."""
        capacity = {"cpu": "4", "memory": "8Gi", "pods": "20", **(amounts or {})}
        node: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "labels": {LABEL: "yes", "kubernetes.io/hostname": name, **(labels or {})},
            },
            "spec": {"taints": list(taints)},
            "status": {"capacity": capacity, "allocatable": capacity},
        }
        self.cluster.apply(node)
        self._made.append(name)
        wait_for(lambda: self._ready(name), what=f"the fake node {name}")

    def _ready(self, name: str) -> bool:
        node = self.cluster.get("node", name)
        taints = {taint["key"] for taint in node["spec"].get("taints", [])}
        conditions = {one["type"]: one["status"] for one in node["status"].get("conditions", [])}
        return conditions.get("Ready") == "True" and "node.kubernetes.io/not-ready" not in taints
