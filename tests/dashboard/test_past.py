"""`H` shows the jobs that only the history in home has."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import pytest
from msgspec.structs import force_setattr
from textual.widgets import Static

from kbatch_core.errors import KbatchError
from kbatch_core.queue.sync import Sync
from kbatch_core.status.row import JobRow
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.backend import Backend
from kqueue_tui.dashboard.past import PastJobs
from kqueue_tui.dashboard.saved_state import State
from kqueue_tui.dashboard.screens.detail import DetailScreen
from kqueue_tui.dashboard.widgets.queue_table import QueueTable
from tests.dashboard.demo import NOW, make_app, running, settle, until
from tests.dashboard.demo.backend import DemoQueue
from tests.dashboard.rows import row

PAST = {"y5m2rt8k", "a6d9vw3h"}


def shown(app: Dashboard) -> set[str]:
    return {line.row.id for line in app.view.lines}


def toasts(app: Dashboard) -> str:
    return " | ".join(str(toast.render()) for toast in app.screen.query("Toast"))


async def test_past_jobs_are_shown_when_they_are_wanted_and_next_time_too() -> None:
    kept: list[State] = []
    app = make_app(keep=kept.append)
    async with running(app) as pilot:
        assert not PAST & shown(app)
        await pilot.press("H")
        await settle(pilot)
        assert shown(app) >= PAST
        assert len(shown(app)) == app.view.total == 19
        await pilot.press("q")
    assert kept[0].history
    app = make_app(state=kept[0])
    async with running(app) as pilot:
        assert shown(app) >= PAST
        await pilot.press("H")
        await settle(pilot)
        assert not PAST & shown(app)


async def test_a_past_job_can_be_looked_at_but_not_be_cancelled() -> None:
    app = make_app(state=State(history=True))
    async with running(app) as pilot:
        app.screen.query_one(QueueTable).put_cursor("demo-y5m2rt8k")
        await pilot.press("c", "x")
        assert len(app.screen_stack) == 1
        assert "ended already" in toasts(app) and "no longer has it" in toasts(app)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, DetailScreen)
        words = "\n".join(str(static.content) for static in app.screen.query(Static))
        assert "train-resnet50" in words
        assert "no longer in the queue" not in words


async def test_a_past_job_can_be_run_again() -> None:
    app = make_app(state=State(history=True))
    async with running(app) as pilot:
        before = app.view.total
        app.screen.query_one(QueueTable).put_cursor("demo-y5m2rt8k")
        await pilot.press("r")
        assert "y5m2rt8k" in str(app.screen.query_one(".names", Static).content)
        await pilot.press("y")
        await until(pilot, lambda: app.view.total == before + 1)
        await until(pilot, lambda: "Submitted again: 1 job." in toasts(app))


async def test_a_job_that_the_cluster_forgets_stays_as_a_past_one() -> None:
    app = make_app(state=State(history=True))
    async with running(app) as pilot:
        await pilot.press("x", "y")
        await settle(pilot)
        await settle(pilot)
        found = app.find_row("demo-c9x4rm2k")
        assert found is not None and found.past and found.state == "CA"
        assert "c9x4rm2k" in shown(app)


async def test_a_history_that_cannot_be_read_is_said() -> None:
    def prepare(backend: Backend) -> None:
        def past(live: object) -> list[JobRow]:
            raise KbatchError("Home is away: [/x].", "Come back later.")

        force_setattr(backend, "past", past)

    app = make_app(prepare=prepare, state=State(history=True))
    async with running(app) as pilot:
        await settle(pilot)
        assert "Home is away: [/x]." in toasts(app)
        assert app.view.total == 17


def test_joined() -> None:
    """A job that the cluster has is not shown twice; one that no server accepted has a key of its own."""
    past = PastJobs(None, None, wanted=True)  # type: ignore[arg-type]
    live, old, lost = row("u1"), row("u1", past=True), row("u3", past=True)
    past.take(PastJobs.Read((old, lost)))
    assert list(past.joined([live])) == [lost, live]
    past.wanted = False
    assert list(past.joined([live])) == [live]


@pytest.mark.parametrize("state", ["LIVE", "RETRYING"])
async def test_only_a_live_queue_can_call_a_job_gone(state: Literal["LIVE", "RETRYING"]) -> None:
    asked: list[Collection[str] | None] = []

    def prepare(backend: Backend) -> None:
        def past(live: Collection[str] | None) -> list[JobRow]:
            asked.append(live)
            return []

        assert isinstance(backend.queue, DemoQueue)
        backend.queue.state = Sync(state, NOW)
        force_setattr(backend, "past", past)

    async with running(make_app(prepare=prepare, state=State(history=True))):
        assert asked
        if state == "LIVE":
            assert asked[0] is not None and "t4n8qw2x" in asked[0]
        else:
            assert asked[0] is None
