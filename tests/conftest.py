"""Fixtures that many tests share. The real cluster starts only when a test asks for it."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator

import pytest

from tests.cluster import Cluster, Missing, Node
from tests.cluster.local import LocalCluster, local_cluster
from tests.cluster.users import User

_numbers = itertools.count(1)

# A run that was started in the background ignores SIGINT, one under nohup SIGHUP, and so would every program that a
# test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a real node come first: they wait most, and what needs the processor runs beside them."""
    node_files = {item.path for item in items if item.get_closest_marker("node")}
    items.sort(key=lambda item: item.path not in node_files)


def unavailable(reason: Missing) -> None:
    """Skip with the reason, or fail where the real cluster is required."""
    if os.environ.get("KBATCH_REQUIRE_CLUSTER") == "1":
        pytest.fail(f"KBATCH_REQUIRE_CLUSTER=1, but: {reason}", pytrace=False)
    pytest.skip(str(reason))


@pytest.fixture(scope="session")
def real_cluster() -> Iterator[Cluster]:
    """A real control plane: API server, etcd, controller manager, scheduler; no node."""
    try:
        made = Cluster()
    except Missing as reason:
        unavailable(reason)
        raise
    with made:
        yield made


@pytest.fixture(scope="session")
def embedded_cluster() -> Iterator[LocalCluster]:
    """The embedded local cluster, in a folder of its own."""
    with local_cluster() as made:
        yield made


@pytest.fixture(scope="session")
def cluster(real_cluster: Cluster) -> Cluster:
    """The real control plane, where a folder's own conftest does not say otherwise."""
    return real_cluster


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own on the control plane."""
    name = f"test-{next(_numbers)}"
    cluster.create_namespace(name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """A real node with its own control plane: pods run."""
    try:
        made = Node()
    except Missing as reason:
        unavailable(reason)
        raise
    with made:
        yield made


@pytest.fixture
def user(node: Node) -> Iterator[User]:
    """A hub's user with a namespace, an account and a home of her own."""
    made = User(node, f"hub-{next(_numbers)}")
    yield made
    made.remove()
