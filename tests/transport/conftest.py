"""One contract, two back ends: the real control plane and the embedded local cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import Cluster
from tests.cluster.local import LocalCluster
from tests.transport.wire import Wire


@pytest.fixture(scope="session", params=[pytest.param("real", marks=pytest.mark.cluster), "local"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each test that asks for a cluster runs on both."""
    name = "real_cluster" if request.param == "real" else "embedded_cluster"
    made: Cluster = request.getfixturevalue(name)
    return made


@pytest.fixture
def wire(cluster: Cluster, namespace: str) -> Iterator[Wire]:
    yield Wire(cluster, namespace)
    if not isinstance(cluster, LocalCluster):
        cluster.kubectl("delete", "clusterrolebinding", f"wire-{namespace}")
