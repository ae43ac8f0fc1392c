"""The reflector against the real API server, and against the embedded local cluster."""

from __future__ import annotations

import pytest

from tests.cluster import Cluster
from tests.cluster.both import cluster
from tests.cluster.local import LocalCluster

__all__ = ["accounts", "cluster"]


@pytest.fixture
def accounts(cluster: Cluster) -> None:
    """For what is about accounts and their rights."""
    if isinstance(cluster, LocalCluster):
        pytest.skip("the local cluster has one account, which may do everything")
