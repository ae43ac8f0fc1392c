"""The Job controller: the same cases asked of ours and of the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cluster import Cluster
from tests.local.jobcases import CASES, Play
from tests.local.jobworlds import LocalWorld, RealWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LocalWorld]:
    made = LocalWorld(tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_our_controller(world: LocalWorld, case: Callable[[Play], None]) -> None:
    case(Play(world, case.__name__.replace("_", "-")))


@pytest.mark.cluster
def test_the_real_controller(cluster: Cluster, namespace: str) -> None:
    """All cases side by side: some have to wait for the real clock."""

    def play(case: Callable[[Play], None]) -> str:
        try:
            case(Play(RealWorld(cluster, namespace), case.__name__.replace("_", "-")))
        except AssertionError as error:
            return f"{case.__name__}: {error}"
        return ""

    with ThreadPoolExecutor(len(CASES)) as pool:
        assert not [wrong for wrong in pool.map(play, CASES) if wrong]
