"""One contract, two back ends: the real control plane and the embedded local cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import Cluster
from tests.cluster.both import cluster
from tests.cluster.local import LocalCluster
from tests.transport.wire import Wire

__all__ = ["cluster", "wire"]


@pytest.fixture
def wire(cluster: Cluster, namespace: str) -> Iterator[Wire]:
    yield Wire(cluster, namespace)
    if not isinstance(cluster, LocalCluster):
        cluster.send("DELETE", f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/wire-{namespace}")
