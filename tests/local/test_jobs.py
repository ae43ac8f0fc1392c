"""The Job controller: the same cases asked of ours and of the real one."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cluster import Cluster
from tests.local import jobcases
from tests.local.jobcases import CASES, Play, plain
from tests.local.jobworlds import LocalWorld, RealWorld


@pytest.fixture
def world(quick_folder: Path) -> Iterator[LocalWorld]:
    made = LocalWorld(quick_folder)
    yield made
    made.store.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_our_controller(world: LocalWorld, case: Callable[[Play], None]) -> None:
    case(Play(world, case.__name__.replace("_", "-")))


@pytest.mark.parametrize(
    "case",
    (
        jobcases.several_completions,
        jobcases.a_disruption_is_run_again,
        jobcases.a_task_that_fails_leaves_the_others,
        jobcases.held_and_let_go,
        jobcases.its_deadline_passes,
    ),
    ids=lambda case: case.__name__,
)
def test_killed_before_any_write(quick_folder: Path, case: Callable[[Play], None]) -> None:
    """Each pod is counted once, and made once. Of events one may be missing, as with the real one."""
    for writes in range(2, 30):
        (quick_folder / str(writes)).mkdir()
        world = LocalWorld(quick_folder / str(writes), writes=writes)
        play = Play(world, case.__name__.replace("_", "-"))
        play.says = lambda *events: None  # type: ignore[method-assign]
        case(play)
        world.store.close()


def test_a_refused_pod_is_tried_again_later_each_time(tmp_path: Path) -> None:
    why = ["exceeded quota: q"]
    world = LocalWorld(tmp_path, refuse=lambda pod: why[0])
    play = Play(world, "waits")
    play.submit(parallelism=3, completions=3)
    assert plain(play.status())["conditions"] == []
    assert "active" not in play.status()
    (event,) = (event for event in world.events("waits") if event[1] == "FailedCreate")
    assert event[2] == 'Error creating: pods "waits-xxxxx" is forbidden: exceeded quota: q'
    starts = [world.time]
    for _ in range(3):
        due = world.settle()
        assert due is not None
        world.time = due
        starts.append(due)
    waits = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert waits == [2.0, 4.0, 8.0]
    why[0] = ""
    assert len(play.pods(3)) == 3
    world.store.close()


@pytest.mark.cluster
def test_the_real_controller(cluster: Cluster, namespace: str) -> None:
    """All cases side by side: some have to wait for the real clock."""

    def play(case: Callable[[Play], None]) -> str:
        try:
            case(Play(RealWorld(cluster, namespace), case.__name__.replace("_", "-")))
        except AssertionError as error:
            return f"{case.__name__}: {error}"
        return ""

    with contextlib.closing(RealWorld(cluster, namespace)), ThreadPoolExecutor(len(CASES)) as pool:
        assert not [wrong for wrong in pool.map(play, CASES) if wrong]
