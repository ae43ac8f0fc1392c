"""What rights that are missing cost the queue, and what they do not: on an API server in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from kbatch_core.client import Client
from kbatch_core.environment import Session
from kbatch_core.errors import PermissionDenied
from tests.queue.watched import watching_world as watching
from tests.queue.wire import FULL, NOW, a_job, a_pod, an_event, complete
from tests.queue.world import EVENTS, JOBS, NODES, PODS, QUOTAS, WORKLOADS, World


@pytest.fixture
def world() -> World:
    return World()


def test_a_missing_right_costs_its_own_reason_and_is_said_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kbatch_core.queue.asking.SOON_SECONDS", (0.0, 0.0))
    world.absent.clear()
    world.refused |= {EVENTS, NODES, QUOTAS, WORKLOADS}
    world.put(JOBS, a_job("queued", queue="gpu", spec={"suspend": True}))
    world.put(JOBS, a_job("waits"))
    world.put(JOBS, a_job("runs", active=1))
    world.put(PODS, a_pod("runs", phase="Running", node="a"))
    with watching(world) as watched:
        watched.until(lambda: len(watched.queue.sync().missing) == 4)
        assert watched.queue.sync().state == "LIVE"
        states = {row.id: (row.state, row.code) for row in watched.queue.rows()}
        assert states == {"queued": ("PD", "QueueWait"), "waits": ("PD", "None"), "runs": ("R", "")}
        assert [text.partition(" may")[0] for text in watched.queue.sync().missing] == [
            "Events",
            "Nodes",
            "Resource quotas",
            "Kueue's workloads",
        ]
        assert {world.count(path) for path in (EVENTS, NODES, QUOTAS, WORKLOADS)} == {3}, (
            "believed the third time"
        )


def test_without_a_right_to_pods_jobs_are_shown_all_the_same(world: World) -> None:
    world.refused.add(PODS)
    world.put(JOBS, a_job("one", **complete()))
    with watching(world) as watched:
        watched.until(watched.says("one", "CD"))
        watched.until(lambda: watched.queue.sync().state == "LIVE")
        assert "Pods may not be read" in watched.queue.sync().missing[0]


def test_several_namespaces_are_one_queue_and_what_one_refuses_costs_the_others_nothing(world: World) -> None:
    lab_jobs, lab_pods = JOBS.replace("/ann/", "/lab/"), PODS.replace("/ann/", "/lab/")
    world.put(JOBS, a_job("mine", active=1))
    world.put(PODS, a_pod("mine", phase="Running", node="a"))
    shared = a_job("shared", ago=900, **complete())
    shared["metadata"]["namespace"] = "lab"
    world.put(lab_jobs, shared)
    world.refused.add(lab_pods)
    with watching(world, namespaces=["ann", "lab", "ann"]) as watched:
        watched.until(watched.says("mine", "R"))
        watched.until(watched.says("shared", "CD"))
        assert [(row.namespace, row.id) for row in watched.queue.rows()] == [
            ("lab", "shared"),
            ("ann", "mine"),
        ]
        watched.until(lambda: watched.queue.sync().state == "LIVE")
        assert [text.partition(" may")[0] for text in watched.queue.sync().missing] == ["Pods"]
        assert (world.count(JOBS, watch="1"), world.count(lab_jobs, watch="1")) == (1, 1)
        world.refused.add(lab_jobs)
        world.cut()
        watched.until(lambda: isinstance(watched.queue.sync().error, PermissionDenied))
        world.put(JOBS, a_job("later", spec={"suspend": True}))
        watched.until(watched.says("later", "PD", "JobHeldUser"))
        assert watched.row("shared") is not None, "what was seen stays"


def test_without_a_right_to_jobs_it_says_so(world: World) -> None:
    world.refused.add(JOBS)
    with watching(world) as watched:
        watched.until(lambda: watched.queue.sync().state == "FORBIDDEN")
        assert "You may not" in str(watched.queue.sync().error)


def test_a_server_that_refuses_everybody_for_a_moment_is_no_missing_right(world: World) -> None:
    """As one does that has just started, before it has read the roles."""
    world.put(JOBS, a_job("one", **complete()))
    with watching(world) as watched:
        # What was listed and never watched is believed at once to be refused.
        watched.until(lambda: watched.is_live() and watched.row("one"))
        world.wait_watched(JOBS, PODS)
        world.refused |= {JOBS, PODS}
        world.cut()
        watched.until(lambda: isinstance(watched.queue.sync().error, PermissionDenied))
        sync = watched.queue.sync()
        assert (sync.state, sync.missing) == ("RETRYING", ())
        world.refused.clear()
        watched.until(watched.is_live)


@pytest.mark.parametrize("right", ["quotas", "events"])
def test_what_one_namespace_refuses_is_asked_in_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, right: str
) -> None:
    monkeypatch.setattr("kbatch_core.queue.asking.SOON_SECONDS", (0.0, 0.0))
    path = QUOTAS if right == "quotas" else EVENTS
    world.refused.add(path)
    full = {"hard": {"pods": "1"}, "used": {"pods": "1"}}
    lab = {"name": "q", "namespace": "lab", "uid": "uid-q"}
    if right == "quotas":
        world.put(QUOTAS.replace("/ann/", "/lab/"), {"metadata": lab, "spec": {}, "status": full})
    else:
        event = an_event("there", "FailedCreate", FULL)
        world.put(EVENTS.replace("/ann/", "/lab/"), event)
    world.put(JOBS, a_job("here"))
    there = a_job("there")
    there["metadata"]["namespace"] = "lab"
    world.put(JOBS.replace("/ann/", "/lab/"), there)
    with watching(world, namespaces=["ann", "lab"]) as watched:
        watched.until(watched.says("there", "PD", "QuotaExceeded"))
        watched.until(lambda: watched.queue.sync().missing)
        what = "Resource quotas" if right == "quotas" else "Events"
        (said,) = watched.queue.sync().missing
        assert said.startswith(f'{what} may not be read in namespace "ann": ')
        assert watched.says("here", "PD", "None")()


def test_who_iterates_from_python_lives_through_a_refusal_of_a_moment(world: World) -> None:
    session = Session(cwd="/", home="", user="ann", host="x", in_pod=False, environ={})
    rows = Client(world.api, session, clock=lambda: NOW).watch(user="")
    assert next(rows) == ()
    world.refused |= {JOBS, PODS}
    world.cut()
    with ThreadPoolExecutor() as threads:
        coming = threads.submit(next, rows)
        # Refused twice, so that it was told of.
        world.wait_asked(JOBS, 4)
        world.put(JOBS, a_job("one", **complete()))
        world.refused.clear()
        assert [row.id for row in coming.result(20)] == ["one"]
    world.refused.add(JOBS)
    rows.close()  # type: ignore[attr-defined]
    forbidden = Client(world.api, session, clock=lambda: NOW).watch(user="")
    with pytest.raises(PermissionDenied):
        next(forbidden)
