"""One contract, two back ends: for the conftest of a folder whose tests run on the real API server and on ours."""

from __future__ import annotations

import pytest

from tests.cluster import Cluster


@pytest.fixture(scope="session", params=[pytest.param("real", marks=pytest.mark.cluster), "local"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each test that asks for a cluster runs on both."""
    name = "real_cluster" if request.param == "real" else "embedded_cluster"
    made: Cluster = request.getfixturevalue(name)
    return made
