"""The pages of one job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import force_setattr
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Static

from kbatch_core.errors import NotFound
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.backend import Backend
from kqueue_tui.dashboard.screens.detail import DetailScreen
from kqueue_tui.dashboard.screens.logs import LogScreen
from kqueue_tui.dashboard.widgets.page import Page
from kqueue_tui.dashboard.widgets.usage_plot import UsagePlot
from tests.dashboard.demo import NOW, Clock, make_app, running, settle, until
from tests.dashboard.demo.play import Play

TRAINS, SWEEP, OOM, QUOTA = "t4n8qw2x", "m2k7vd9c", "b6h2pz8v", "z7t5bn4c"


async def open_detail(pilot: Pilot[None], job_id: str, *options: str) -> DetailScreen:
    """The detail of one of the demo's jobs, read and painted."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    assert app.backend is not None
    row = next(row for row in app.backend.queue.rows() if row.id == job_id)
    app.open_job("detail", row, *options)
    await settle(pilot)
    assert isinstance(app.screen, DetailScreen)
    return app.screen


def text(screen: DetailScreen) -> str:
    """All that the page says."""
    return "\n".join(str(static.content) for static in screen.query(Static))


async def test_the_overview_has_reason_facts_efficiency_timeline_and_next_commands() -> None:
    async with running(make_app()) as pilot:
        told = text(await open_detail(pilot, OOM))
        for words in ("out of memory", "killed at 8G of 8G", "Try --mem", "137:9", "4 CPU, 8G memory", "peak 8G of",
                      "Started", "Ended: exit 137", f"kqueue rerun {OOM}"):  # fmt: skip
            assert words in told, words
        assert "kqueue cancel" not in told


async def test_what_it_says_to_press_next_works() -> None:
    async with running(make_app()) as pilot:
        screen = await open_detail(pilot, TRAINS)
        keys = {key for action in screen.ACTIONS for key in action.keys.split(",")}
        assert {key for key, _ in screen._next()} <= keys
        await pilot.press("l")
        assert type(pilot.app.screen) is LogScreen
        await pilot.press("q")
        assert pilot.app.screen_stack[-1] is screen


async def test_a_job_that_waits_says_why_and_has_no_picture() -> None:
    async with running(make_app()) as pilot:
        screen = await open_detail(pilot, QUOTA)
        assert "Quota" in text(screen)
        assert not screen.query_one(UsagePlot).display


@pytest.mark.parametrize(
    ("key", "words"),
    [("m", "6.22 of 8 cores"), ("e", "no events about it"), ("v", "python train.py"), ("y", "kind: Job"),
     ("d", "What happened")],
)  # fmt: skip
async def test_each_page_has_its_key(key: str, words: str) -> None:
    async with running(make_app()) as pilot:
        screen = await open_detail(pilot, TRAINS)
        assert screen.query_one(UsagePlot).display
        await pilot.press("y" if key == "d" else "d", key)
        await pilot.pause()
        assert words in text(screen)
        assert screen.query_one(UsagePlot).display == (key in "md")


@pytest.mark.parametrize("key", ["d", "m", "e", "v", "y", "enter"])
async def test_the_queue_opens_the_page_at_once(key: str) -> None:
    async with running(make_app()) as pilot:
        await pilot.press(key)
        await settle(pilot)
        assert isinstance(pilot.app.screen, DetailScreen)


async def test_pages_follow_each_other_and_tasks_are_only_an_arrays() -> None:
    async with running(make_app()) as pilot:
        screen = await open_detail(pilot, SWEEP)
        await pilot.press("tab", "tab")
        assert "failed" in text(screen)
        assert text(screen).count("completed") == 18
        await pilot.press("shift+tab", "shift+tab", "shift+tab")
        assert "kind: Job" in text(screen)
        await pilot.press("q")
        screen = await open_detail(pilot, TRAINS)
        await pilot.press("t")
        assert "What happened" in text(screen)


async def test_moving_and_leaving() -> None:
    async with running(make_app(), (80, 24)) as pilot:
        screen = await open_detail(pilot, TRAINS)
        body = screen.query_one(VerticalScroll)
        await until(pilot, lambda: body.max_scroll_y > body.size.height // 2)
        last = body.max_scroll_y
        half = body.size.height // 2
        for key, line in (("j", 1), ("k", 0), ("ctrl+d", half), ("ctrl+u", 0), ("G", last), ("g", 0)):
            await pilot.press(key)
            await until(pilot, lambda line=line: body.scroll_offset.y == line)  # type: ignore[misc]
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, DetailScreen)


async def test_an_action_is_about_the_job_that_is_shown() -> None:
    async with running(make_app()) as pilot:
        await open_detail(pilot, TRAINS)
        await pilot.press("c")
        await settle(pilot)
        told = "\n".join(str(static.content) for static in pilot.app.screen.query(Static))
        assert TRAINS in told
        assert QUOTA not in told


async def test_what_cannot_be_read_is_said_and_the_rest_is_there() -> None:
    def break_it(backend: Backend) -> None:
        def gone(row: Any) -> Any:
            raise NotFound('There is no job "x".', status=404)

        force_setattr(backend, "details", gone)

    async with running(make_app(prepare=break_it)) as pilot:
        screen = await open_detail(pilot, TRAINS)
        assert "There is no job" in text(screen)
        assert "8 CPU, 32G memory" in text(screen)
        await pilot.press("y")
        assert "There is no job" in text(screen)


async def test_a_running_job_is_read_again_and_its_end_is_seen() -> None:
    clock = Clock()
    async with running(make_app(clock=clock)) as pilot:
        screen = await open_detail(pilot, TRAINS)
        clock.now = NOW + 3600
        app = pilot.app
        assert isinstance(app, Dashboard)
        assert app.backend is not None
        queue: Any = app.backend.queue
        queue.change(queue.play(f"demo-{TRAINS}"), f"demo-{TRAINS}")
        await until(pilot, lambda: "Ended: exit 0" in text(screen))
        assert "completed" in text(screen)


async def test_hostile_text_is_only_text() -> None:
    def hostile(backend: Backend) -> None:
        queue: Any = backend.queue
        play = Play("h9x4rm2k", "[/x]\x1b]0;title\x07[red]", NOW - 60, NOW - 50, None, command="[b]\x1b[2J",
                    script="#!/bin/sh\necho '[/bold]\x1b[31m'\n", node="[link=x]")  # fmt: skip
        queue.change(play, play.uid)

    async with running(make_app(prepare=hostile)) as pilot:
        screen = await open_detail(pilot, "h9x4rm2k")
        assert "[/x][red]" in text(screen)
        for key in "mevyd":
            await pilot.press(key)
            await pilot.pause()
            assert "\x1b" not in text(screen)


async def test_a_page_that_says_more_before_it_was_idle_is_not_cut_to_what_it_said_before() -> None:
    class Pages(App[None]):
        def compose(self) -> ComposeResult:
            yield Page("page")

    async with Pages().run_test() as pilot:
        page = pilot.app.query_one(Page)
        page.show(Content("one"))
        pilot.app.screen._refresh_layout()  # a layout for another's sake, before the page's own turn
        page.show(Content("one\ntwo\nthree"))
        await pilot.pause()
        assert page.size.height == 3


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize(("job_id", "tab"), [(TRAINS, "overview"), (TRAINS, "usage"), (OOM, "overview"),
                                             (SWEEP, "tasks"), (TRAINS, "script")])  # fmt: skip
def test_how_it_looks(
    snap_compare: Callable[..., bool], size: tuple[int, int], job_id: str, tab: str
) -> None:
    async def before(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await open_detail(pilot, job_id, tab)

    assert snap_compare(make_app(), terminal_size=size, run_before=before)
