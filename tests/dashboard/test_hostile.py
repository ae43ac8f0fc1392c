"""The dashboard survives what a cluster, a terminal and its own mistakes may do to it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import force_setattr
from textual.widgets import Static

from kbatch_core.errors import AuthExpired, NotFound
from kbatch_core.logs import LogRequest
from kbatch_core.model.objects import Job
from kbatch_core.queue.sync import Sync
from kbatch_core.status.row import JobRow
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.backend import Backend
from kqueue_tui.dashboard.dialogs.confirm import Confirm
from kqueue_tui.dashboard.dialogs.problem import Problem
from kqueue_tui.dashboard.saved_state import State
from kqueue_tui.dashboard.screens.detail import DetailScreen
from kqueue_tui.dashboard.screens.log_pane import LogPane
from kqueue_tui.dashboard.widgets.notice import Notice
from kqueue_tui.dashboard.widgets.queue_table import QueueTable
from kqueue_tui.dashboard.widgets.status_line import StatusLine
from tests.dashboard.demo import NOW, make_app, running, settle, until
from tests.dashboard.demo.backend import DemoActs, DemoQueue
from tests.dashboard.demo.play import Play
from tests.dashboard.rows import row

EXPIRED = AuthExpired("The token has expired.", "Log in again, then press U.")
NASTY = "[/x] [red]\x1b]0;owned\x07\x1b[2J 数据处理 e\u0301\u0301\u0301 \u202egnp.exe"
NASTY += " \u200b\U0001f469\u200d\U0001f52c \x9b31m\r\n\t|"


def queue_of(app: Dashboard) -> DemoQueue:
    assert app.backend is not None and isinstance(app.backend.queue, DemoQueue)
    return app.backend.queue


def toasts(app: Dashboard) -> str:
    return " | ".join(str(toast.render()) for toast in app.screen.query("Toast"))


def words(app: Dashboard) -> str:
    return "\n".join(str(static.content) for static in app.screen.query(Static))


def assert_clean(app: Dashboard) -> None:
    """What is painted has no control character, and no line is wider or narrower than the screen."""
    for strip in app.screen._compositor.render_strips(app.size):
        assert strip.cell_length == app.size.width
        assert not any(
            ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u202e\u200b" for char in strip.text
        )


def replaced(**parts: Any) -> Callable[[Backend], None]:
    """Change parts of the Backend before the app gets it."""

    def prepare(backend: Backend) -> None:
        for name, part in parts.items():
            force_setattr(backend, name, part)

    return prepare


# Text


async def test_a_hostile_name_is_shown_and_does_nothing() -> None:
    app = make_app(state=State(log_pane="below"))
    async with running(app, (100, 30)) as pilot:
        play = Play(
            "evil0000", NASTY, NOW - 60, NOW - 50, cpus="1", node="node-a", account=NASTY, script=NASTY
        )
        queue_of(app).change(play, play.uid)
        await settle(pilot)
        app.screen.query_one(QueueTable).put_cursor(play.uid)
        await until(pilot, lambda: app.screen.query(LogPane))
        await settle(pilot)
        assert_clean(app)
        for keys in (
            ("c",), ("escape", "Y"), ("2",), ("escape", "b", "d"), ("v",), ("y",),
            ("e",), ("q", "l"), ("q", "slash", "[", "/", "x", "]"), ("escape", "C"), ("escape", "colon"),
        ):  # fmt: skip
            await pilot.press(*keys)
            await settle(pilot)
            assert_clean(app)
        await pilot.press("escape")
        app.settings.watched.add(play.uid)
        queue_of(app).change(Play("evil0000", NASTY, NOW - 60, NOW - 50, NOW - 1, exit=1), play.uid)
        await until(pilot, lambda: "evil0000" in toasts(app))
        assert_clean(app)


# The terminal


@pytest.mark.parametrize(
    "keys",
    [("|",), ("d",), ("j", "j", "l", "|", "1"), ("question_mark",), ("c",), ("o",), ("colon",), ("slash",)],
)
async def test_any_size_at_any_moment(keys: tuple[str, ...]) -> None:
    chance = random.Random(str(keys))
    sizes = [
        (1, 1),
        (20, 5),
        (2, 40),
        (200, 3),
        *((chance.randint(1, 220), chance.randint(1, 70)) for _ in range(4)),
    ]
    app = make_app()
    async with running(app, (80, 24)) as pilot:
        await pilot.press(*("vertical_line" if key == "|" else key for key in keys))
        for size in chance.sample(sizes, len(sizes)):
            await pilot.resize_terminal(*size)
            await pilot.press("down")
            await pilot.pause()
            assert app.size == size
            app.screen._compositor.render_strips(app.size)
        await pilot.resize_terminal(80, 24)
        # A screen that shines through is laid out anew a moment after the one on top.
        await until(pilot, lambda: widths(app) == {80})
        assert app.is_running


def widths(app: Dashboard) -> set[int]:
    return {strip.cell_length for strip in app.screen._compositor.render_strips(app.size)}


async def test_a_terminal_of_few_lines_shows_jobs_and_what_is_asked() -> None:
    app = make_app()
    async with running(app, (20, 5)) as pilot:
        table = app.screen.query_one(QueueTable)
        assert table.size.height == 2
        assert str(app.screen.query_one(StatusLine).render()).endswith("LIVE ")
        await pilot.resize_terminal(20, 3)
        await pilot.press("colon", "pageup", "c")
        await pilot.resize_terminal(40, 10)
        await settle(pilot)
        for part in ("#no", "#yes", ".question", ".names"):
            widget = app.screen.query_one(part)
            assert widget.size.height and app.screen.region.contains_region(widget.region), part
        await pilot.press("escape", "n")
        await settle(pilot)
        assert app.screen.query_one("#form-fields").size.height >= 7


# The cluster


class Expired(DemoActs):
    """A token that is no longer good."""

    def may(self, verb: str, resource: str = "jobs", subresource: str = "") -> bool:
        raise EXPIRED

    def cancel(self, job: Job) -> Job:
        raise EXPIRED


async def test_an_expired_token_is_told_wherever_it_is_met_and_ends_nothing() -> None:
    def details(row: JobRow) -> None:
        raise EXPIRED

    def logs(row: JobRow, request: LogRequest) -> None:
        raise EXPIRED

    def past(live: object) -> None:
        raise EXPIRED

    parts = replaced(details=details, logs=logs, past=past)
    app = make_app(acts=Expired, prepare=parts)
    async with running(app) as pilot:
        assert "mistake" not in toasts(app)
        await pilot.press("c", "y")
        await until(pilot, lambda: isinstance(app.screen, Problem))
        assert "The token has expired. Log in again" in words(app)
        await pilot.press("enter", "d", "y")
        await until(pilot, lambda: "The token has expired." in words(app))
        await pilot.press("q", "l")
        notice = app.screen.query_one(Notice)
        await until(pilot, lambda: "The token has expired." in str(notice.render()))
        await pilot.press("q", "H")
        await until(pilot, lambda: "The token has expired." in toasts(app))
        queue_of(app).state = Sync("RETRYING", NOW - 12, EXPIRED, NOW + 4)
        stale = app.screen.query_one("#stale", Static)
        await until(pilot, lambda: "The token has expired." in str(stale.content))
        assert app.view.total == 17


class Gone(DemoActs):
    """The namespace is being deleted."""

    def cancel(self, job: Job) -> Job:
        raise NotFound(f"There is no job {job.metadata.name}.", "Look again.")


async def test_the_namespace_is_deleted_while_one_looks() -> None:
    app = make_app(acts=Gone, state=State(log_pane="below"))
    async with running(app) as pilot:
        await pilot.press("space", "c")
        assert isinstance(app.screen, Confirm)
        queue_of(app).clear()
        queue_of(app)._on_change()
        await settle(pilot)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, Problem))
        assert "There is no job" in words(app)
        await pilot.press("enter")
        await settle(pilot)
        assert "No jobs of ann" in str(app.screen.query_one("#body > Notice", Notice).render())
        await pilot.press("j", "G", "space", "V", "c", "x", "t", "enter", "l", "s", "Y", "tab", "z", "escape")
        await settle(pilot)
        assert app.is_running


async def test_the_job_goes_away_while_its_details_are_open() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("d")
        await settle(pilot)
        queue_of(app).change(None, "demo-c9x4rm2k")
        await until(pilot, lambda: "no longer in the queue" in words(app))
        await pilot.press("m", "e", "v", "y", "d", "c")
        assert isinstance(app.screen, DetailScreen)
        assert "no longer has it" in toasts(app)


async def test_ten_thousand_jobs() -> None:
    many = tuple(
        row(f"u{n:05}", state="R" if n % 3 else "CD", name=f"job {n}", submitted=NOW - n)
        for n in range(10_000)
    )

    def prepare(backend: Backend) -> None:
        assert isinstance(backend.queue, DemoQueue)
        backend.queue.rows = lambda: many  # type: ignore[method-assign]

    app = make_app(prepare=prepare)
    async with running(app, (80, 24)) as pilot:
        table = app.screen.query_one(QueueTable)
        assert len(app.view.lines) == 10_000
        await pilot.press("G")
        assert table.cursor is app.view.lines[-1]
        await pilot.press("V", "g", "V")
        assert len(table.targets) == 10_000
        await pilot.press("escape", "1", "slash", *"job 999", "enter")
        assert {line.row.name for line in app.view.lines} == {
            name for n in range(10_000) if n % 3 and (name := f"job {n}").startswith("job 999")
        }
        await pilot.press("escape", "greater_than_sign", "S")
        assert len(app.view.lines) == 10_000
        assert_clean(app)


# Mistakes of our own


@pytest.mark.parametrize("part", ["details", "past", "logs", "may"])
async def test_a_crashed_worker_is_shown_and_the_rest_goes_on(part: str) -> None:
    def crash(*args: object, **options: object) -> Any:
        raise ZeroDivisionError("[/oops]")

    class Crashing(DemoActs):
        may = crash

    app = make_app(
        prepare=replaced(**({part: crash} if part != "may" else {})),
        acts=Crashing if part == "may" else DemoActs,
    )
    async with running(app) as pilot:
        await pilot.press({"details": "d", "past": "H", "logs": "l", "may": "j"}[part])

        def told() -> str:
            return (
                toasts(app)
                + words(app)
                + "".join(str(notice.render()) for notice in app.screen.query(Notice))
            )

        await until(pilot, lambda: "[/oops]" in told())
        assert "mistake in kqueue" in told()
        await pilot.press("q" if part in ("details", "logs") else "j")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert app.is_running
