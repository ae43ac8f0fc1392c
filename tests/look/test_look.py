"""One look at jobs reads no more than it must, and shows what it may."""

from __future__ import annotations

import threading

import pytest

from kbatch_core.cluster.api import core_path, jobs_path
from kbatch_core.errors import ConnectionFailed, PermissionDenied
from kbatch_core.look import AT_ONCE, EVENT_READS, Facts, Seen, look
from kbatch_core.status.missing import MissingRights
from tests.queue.wire import NOW, a_job, a_node, a_pod, an_event, complete, unscheduled
from tests.queue.world import EVENTS, JOBS, NODES, PODS, QUOTAS, World


def look_at_all(world: World, now: float = NOW) -> list[tuple[Seen, Facts]]:
    return look(
        world.api, "a=b", "c", ["ann"], lambda one, facts: (one, facts), lambda: now, MissingRights(["ann"])
    )


def seen(world: World) -> dict[str, Seen]:
    return {one.job.metadata.name: one for one, _ in look_at_all(world)}


def test_each_job_comes_with_its_own_pods_and_events() -> None:
    world = World()
    world.put(EVENTS, an_event("none", "FailedCreate", "quota"))
    world.put(EVENTS, an_event("waits-pod", "NotTriggerScaleUp", "no"))
    world.put(EVENTS, an_event("done", "SuccessfulCreate", "made"))
    for name, fields in (("none", {}), ("waits", {}), ("done", complete()), ("runs", {"active": 1})):
        world.put(JOBS, a_job(name, **fields))
    world.put(PODS, a_pod("waits", **unscheduled("0/1 nodes")))
    world.put(PODS, a_pod("runs", phase="Running", node="a"))
    found = seen(world)
    told = {
        name: ([pod.metadata.name for pod in one.pods], [e.reason for e in one.events])
        for name, one in found.items()
    }
    assert told == {
        "none": ([], ["FailedCreate"]),
        "waits": (["waits-pod"], ["NotTriggerScaleUp"]),
        "done": ([], []),
        "runs": (["runs-pod"], []),
    }
    assert world.count(EVENTS) == 2, "what runs or has ended needs no explaining"


def test_of_a_thousand_waiting_jobs_only_the_newest_are_asked_about() -> None:
    world = World()
    for number in range(1000):
        world.put(JOBS, a_job(f"job-{number}", ago=1000 - number))
    assert len(seen(world)) == 1000
    asked = {query["fieldSelector"] for path, query in world.asked if path == EVENTS}
    assert asked == {f"involvedObject.uid=uid-job-{number}" for number in range(1000 - EVENT_READS, 1000)}


def test_each_kind_is_read_once_and_nothing_else_when_there_is_nothing() -> None:
    world = World()
    assert seen(world) == {}
    world.put(JOBS, a_job("done", **complete()))
    assert list(seen(world)) == ["done"]
    assert sorted(path for path, _ in world.asked) == [PODS] * 2 + [JOBS] * 2


def test_of_what_ended_meanwhile_the_pod_is_read_again() -> None:
    """Jobs may come after pods: what is told of one that has just ended must not be the pod that still ran."""
    world = World()
    world.put(JOBS, a_job("old", **complete()))
    world.put(JOBS, a_job("new", active=1))
    world.put(PODS, a_pod("new", phase="Running", node="a"))

    def end(path: str) -> None:
        if path == JOBS:
            world.answering = lambda path: None
            world.put(JOBS, a_job("new", **complete()))
            world.put(PODS, a_pod("new", phase="Succeeded", node="a"))

    world.answering = end
    found = {one.job.metadata.name: one for one, _ in look_at_all(world, NOW - 5)}
    assert [pod.status.phase for pod in found["new"].pods] == ["Succeeded"]
    assert list(found) == ["old", "new"]
    assert world.count(PODS) == 2


def test_without_a_right_to_pods_and_events_the_jobs_are_shown() -> None:
    world = World()
    world.refused |= {PODS, EVENTS}
    world.put(JOBS, a_job("one"))
    assert seen(world)["one"][1:] == ((), ())


def test_nodes_and_quotas_are_read_when_a_job_needs_them_and_they_may_be_read() -> None:
    world = World()
    world.put(NODES, a_node("a", "4"))
    world.put(JOBS, a_job("done", **complete()))
    assert [facts for _, facts in look_at_all(world)] == [(None, None)]
    assert not world.count(NODES) + world.count(QUOTAS)
    world.put(JOBS, a_job("none"))
    world.put(JOBS, a_job("waits", active=1))
    world.put(PODS, a_pod("waits", **unscheduled("0/1 nodes")))
    facts = look_at_all(world)[-1][1]
    assert (list(facts.nodes or ()), facts.quotas) == (["a"], [])
    world.refused |= {NODES, QUOTAS}
    assert look_at_all(world)[-1][1] == (None, None)


def look_at_several(world: World, names: list[str], missing: MissingRights | None = None) -> list[str]:
    missing = missing or MissingRights(names)
    return look(world.api, "a=b", "c", names, lambda one, facts: one.job.metadata.name, lambda: NOW, missing)


def test_namespaces_are_read_side_by_side_and_told_in_their_order() -> None:
    world = World()
    names = [f"n{number}" for number in range(AT_ONCE + 2)]
    for name in names:
        world.put(jobs_path(name), a_job(f"of-{name}", **complete()))
    # The first is not answered before the last of those that are asked at once was asked.
    last_asked = threading.Event()

    def answer(path: str) -> None:
        if path == jobs_path(names[0]):
            assert last_asked.wait(20)
        if path == jobs_path(names[AT_ONCE - 1]):
            last_asked.set()

    world.answering = answer
    assert look_at_several(world, names) == [f"of-{name}" for name in names]


def test_what_one_namespace_refuses_costs_the_others_nothing_and_is_told() -> None:
    world = World()
    names = ["a", "b", "c", "d"]
    for name in names:
        one = a_job(f"of-{name}")
        one["metadata"]["namespace"] = name
        world.put(jobs_path(name), one)
    world.refused |= {jobs_path("a"), core_path("b", "pods"), core_path("c", "events")}
    missing = MissingRights(names)
    assert look_at_several(world, names, missing) == ["of-b", "of-c", "of-d"]
    assert [text.partition(":")[0] for text in missing.sentences()] == [
        'Jobs may not be read in namespace "a"',
        'Pods may not be read in namespace "b"',
        'Events may not be read in namespace "c"',
    ]
    assert missing.without("jobs") == ("b", "c", "d")


def test_a_server_that_is_away_in_one_of_them_is_no_missing_right() -> None:
    world = World()

    def answer(path: str) -> None:
        if path == jobs_path("b"):
            raise ConnectionFailed("Away.")

    world.answering = answer
    with pytest.raises(ConnectionFailed):
        look_at_several(world, ["a", "b"])


def test_when_all_namespaces_refuse_the_first_is_told() -> None:
    world = World()
    second_failed = threading.Event()

    def answer(path: str) -> None:
        if path == jobs_path("a"):
            assert second_failed.wait(20)
            raise PermissionDenied("Not a.")
        if path == jobs_path("b"):
            second_failed.set()
            raise PermissionDenied("Not b.")

    world.answering = answer
    with pytest.raises(PermissionDenied, match=r"Not a\."):
        look_at_several(world, ["a", "b"])


def test_a_fault_of_ours_in_one_of_them_is_not_swallowed() -> None:
    world = World()
    world.put(jobs_path("b"), a_job("one", **complete()))

    def make(one: Seen, facts: Facts) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look(world.api, "a=b", "c", ["a", "b"], make, lambda: NOW, MissingRights(["a", "b"]))


def test_nodes_are_read_once_for_all_namespaces() -> None:
    world = World()
    world.put(NODES, a_node("a", "4"))
    for name in ("a", "b", "c"):
        world.put(jobs_path(name), a_job(f"job-{name}", active=1))
        world.put(core_path(name, "pods"), a_pod(f"job-{name}", **unscheduled("0/1 nodes")))
    assert len(look_at_several(world, ["a", "b", "c"])) == 3
    assert world.count(NODES) == 1
