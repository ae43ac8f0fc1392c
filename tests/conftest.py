"""Fixtures that many tests share. The real cluster starts only when a test asks for it."""

from __future__ import annotations

import gc
import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster, Missing, Node
from tests.cluster.local import LocalCluster, local_cluster
from tests.cluster.users import User

_numbers = itertools.count(1)

# A run that was started in the background ignores SIGINT and SIGQUIT, one under nohup SIGHUP, and so would every
# program that a test starts; no shell may trap what it was given ignored.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)


# What is started when a test asks for it, by the marker of the tests that do; their files come in this order. Tests
# of a real node wait most, and what needs the processor runs beside them.
_ORDER = ("node", "cluster")
_running: dict[str, Cluster] = {}
_ranks: dict[Path, int] = {}


def pytest_configure(config: pytest.Config) -> None:
    """Workers get the files in the order that they have: xdist's own is by number of tests."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that need most come first."""
    for item in items:
        names = [mark.name for mark in item.iter_markers()]
        if isinstance(item, pytest.Function) and "real_cluster" in item.fixturenames:
            names.append("cluster")
        needed = [rank for rank, name in enumerate(_ORDER) if name in names]
        _ranks[item.path] = min(_ranks.get(item.path, len(_ORDER)), *needed, len(_ORDER))
    items.sort(key=lambda item: _ranks[item.path])


def pytest_collection_finish() -> None:
    """Four thousand tests are no garbage, and what is garbage is looked for less often: a third of the time that a
    worker spent on tests of the dashboard went into looking."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """What no later file needs is stopped: also an idle cluster takes the processor's time, 6 % with a node."""
    for name in _ORDER[: _ranks[nextitem.path]] if nextitem is not None else ():
        if name in _running:
            _running.pop(name).stop()


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
        _running["cluster"] = made
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
    cluster.delete_namespace(name)


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """A real node with its own control plane: pods run."""
    try:
        made = Node()
    except Missing as reason:
        unavailable(reason)
        raise
    with made:
        _running["node"] = made
        yield made


@pytest.fixture
def user(node: Node) -> Iterator[User]:
    """A hub's user with a namespace, an account and a home of her own."""
    made = User(node, f"hub-{next(_numbers)}")
    yield made
    made.remove()
