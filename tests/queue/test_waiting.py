"""Waiting for a job: driven by the watch, through drops, until it ends, starts or is deleted."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

import msgspec
import pytest

from kbatch_core.errors import AuthExpired, KbatchError, NotFound, PermissionDenied, ServerBusy
from kbatch_core.model.objects import Job
from kbatch_core.queue.waiting import REFUSED_SECONDS, wait
from tests.queue.wire import a_job, a_pod, complete
from tests.queue.world import JOBS, PODS, World


class Waiting:
    """A wait in a thread of its own."""

    def __init__(
        self,
        world: World,
        one: dict[str, Any],
        until: Literal["started", "ended"] = "ended",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self.job = msgspec.convert(one, Job)
        self._world = world
        self._until = until
        self._answer: Job | KbatchError | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = wait(self._world.api, self.job, until=self._until, clock=self._clock)
        except KbatchError as error:
            self._answer = error

    def answer(self) -> Job | KbatchError | None:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self._answer


@pytest.fixture
def world() -> World:
    return World()


def test_until_it_ends_though_the_server_was_away(world: World) -> None:
    one = world.put(JOBS, a_job("one", active=1))
    world.broken = ServerBusy("Starting.", status=503)
    waiting = Waiting(world, one)
    world.wait_asked(JOBS, 1)
    world.broken = None
    world.wait_asked(JOBS, 1, watch="1")
    world.cut()
    world.put(JOBS, a_job("one", **complete()))
    ended = waiting.answer()
    assert isinstance(ended, Job)
    assert ended.status.conditions[0].type == "Complete"
    selectors = {path: asked["labelSelector"] for path, asked in world.asked}
    assert selectors == {JOBS: "app.kubernetes.io/managed-by=kbatch,kbatch/id=one", PODS: "kbatch/id=one"}


def test_one_that_has_ended_already_is_answered_at_once(world: World) -> None:
    one = world.put(JOBS, a_job("one", **complete()))
    assert isinstance(Waiting(world, one).answer(), Job)


def test_until_its_pod_has_begun(world: World) -> None:
    one = world.put(JOBS, a_job("one", active=1))
    waiting = Waiting(world, one, until="started")
    world.put(PODS, a_pod("one"))
    world.put(PODS, a_pod("one", phase="Running", node="a"))
    assert isinstance(waiting.answer(), Job)


def test_a_list_from_an_old_cache_does_not_hide_a_new_job(world: World) -> None:
    new = a_job("new", active=1)
    new["metadata"]["resourceVersion"] = "103"
    waiting = Waiting(world, new)
    world.wait_asked(JOBS, 1, watch="1")
    world.put(JOBS, a_job("other"))
    world.put(JOBS, a_job("another"))
    world.put(JOBS, a_job("new", active=1))
    world.put(JOBS, a_job("new", **complete()))
    assert isinstance(waiting.answer(), Job)


def test_a_deleted_job_is_not_waited_for(world: World) -> None:
    one = world.put(JOBS, a_job("one", active=1))
    waiting = Waiting(world, one)
    world.wait_asked(JOBS, 1, watch="1")
    world.delete(JOBS, "uid-one")
    assert isinstance(waiting.answer(), NotFound)


@pytest.mark.parametrize("error", [AuthExpired("Who are you?"), PermissionDenied("No.", status=403)])
def test_nor_is_anything_once_it_is_refused_for_long(world: World, error: KbatchError) -> None:
    one = world.put(JOBS, a_job("one", active=1))
    world.broken = error
    clock = itertools.count(0, REFUSED_SECONDS / 3)
    assert type(Waiting(world, one, clock=lambda: next(clock)).answer()) is type(error)


def test_a_refusal_of_a_moment_is_lived_through(world: World) -> None:
    one = world.put(JOBS, a_job("one", active=1))
    world.broken = PermissionDenied("The roles are not read yet.", status=403)
    waiting = Waiting(world, one)
    world.wait_asked(JOBS, 2)
    world.broken = None
    world.put(JOBS, a_job("one", **complete()))
    assert isinstance(waiting.answer(), Job)
