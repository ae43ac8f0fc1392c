"""The reflector against the real API server, and against the embedded local cluster."""

from __future__ import annotations

import pytest

from tests.cluster import Cluster
from tests.cluster.local import LocalCluster


@pytest.fixture(scope="session", params=[pytest.param("real", marks=pytest.mark.cluster), "local"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each test that asks for a cluster runs on both."""
    name = "real_cluster" if request.param == "real" else "embedded_cluster"
    made: Cluster = request.getfixturevalue(name)
    return made


@pytest.fixture
def accounts(cluster: Cluster) -> None:
    """For what is about accounts and their rights."""
    if isinstance(cluster, LocalCluster):
        pytest.skip("the local cluster has one account, which may do everything")
