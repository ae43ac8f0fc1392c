"""Writes ask first, name their targets, and are bound to the jobs that were shown."""

from __future__ import annotations

from textual.widgets import Static

from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.screens.confirm import Confirm
from tests.dashboard.demo import make_app, running, settle


def state_of(app: Dashboard, job_id: str) -> str:
    row = app.find_row(f"demo-{job_id}")
    return row.state if row is not None else ""


async def test_cancel_asks_and_enter_alone_does_nothing() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("c")
        assert isinstance(app.screen, Confirm)
        names = str(app.screen.query_one(".names", Static).content)
        assert "c9x4rm2k" in names
        await pilot.press("enter")
        await settle(pilot)
        assert state_of(app, "c9x4rm2k") == "R"


async def test_yes_cancels_the_job_that_was_named() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("j", "c", "y")
        await settle(pilot)
        assert state_of(app, "h6w3zt8p") == "CA"
        assert state_of(app, "c9x4rm2k") == "R"
