"""Each situation has a sentence and says what to press; none of them ends the dashboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.widget import Widget
from textual.widgets import LoadingIndicator, Static

from kbatch_core.errors import ConnectionFailed, NoCluster, PermissionDenied
from kbatch_core.queue.sync import Sync
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.backend import Backend, Scope
from kqueue_tui.dashboard.config import Config
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.saved_state import State
from kqueue_tui.dashboard.view.sync import stale_words, sync_words
from kqueue_tui.dashboard.widgets.notice import Notice
from kqueue_tui.dashboard.widgets.queue_table import QueueTable
from kqueue_tui.dashboard.widgets.status_line import StatusLine
from tests.dashboard.demo import NOW, Clock, make_app, running, settle, until
from tests.dashboard.demo.backend import DemoQueue, demo_backend
from tests.dashboard.demo.play import Play

AWAY = ConnectionFailed("The API server at https://10.0.0.1 does not answer.", "Is the network up?")
FORBIDDEN = PermissionDenied('The account may not list jobs in namespace "research".', "Ask your admin.")


def notice(app: Dashboard) -> str:
    found = app.screen.query_one(Notice)
    return str(found.render()) if found.display else ""


def status(app: Dashboard) -> str:
    return str(app.screen.query_one(StatusLine).render())


def seen(widget: Widget) -> bool:
    return bool(widget.display)


def queue_of(app: Dashboard) -> DemoQueue:
    assert app.backend is not None and isinstance(app.backend.queue, DemoQueue)
    return app.backend.queue


def in_sync(state: Sync | None, *, empty: bool = False) -> Callable[[Backend], None]:
    def prepare(backend: Backend) -> None:
        assert isinstance(backend.queue, DemoQueue)
        backend.queue.state = state
        if empty:
            backend.queue.clear()

    return prepare


@pytest.mark.parametrize(
    ("sync", "sentence", "keys"),
    [
        (Sync("LIVE", NOW), 'No jobs of ann in namespace "research".', ["A looks at more"]),
        (Sync("LOADING"), 'Reading the jobs of ann in namespace "research"…', ["q quits"]),
        (Sync("FORBIDDEN", None, FORBIDDEN), "may not list jobs", ["U tries again", "A looks elsewhere"]),
        (Sync("RETRYING", None, AWAY, NOW + 4), "does not answer", ["U tries again"]),
    ],
)
async def test_nothing_to_list(sync: Sync, sentence: str, keys: list[str]) -> None:
    app = make_app(prepare=in_sync(sync, empty=True))
    async with running(app, (80, 24)):
        assert sentence in notice(app)
        assert all(key in notice(app) for key in keys)
        # The first paint does not wait for the styles of a table that has nothing to show.
        assert not app.screen.query(QueueTable)


async def test_what_a_missing_right_costs_is_said_once() -> None:
    pods, events = "Pods may not be read: some cost.", "Events may not be read: another."
    app = make_app(prepare=in_sync(Sync("LIVE", NOW, missing=(pods,))))
    async with running(app) as pilot:
        said = app._notifications
        await until(pilot, lambda: [one.message for one in said] == [pods])
        queue_of(app).state = Sync("LIVE", NOW, missing=(pods, events))
        await until(pilot, lambda: [one.message for one in said] == [pods, events])
        queue_of(app).state = Sync("RETRYING", NOW, AWAY, NOW + 4, missing=(pods, events))
        await until(pilot, lambda: "LIVE" not in status(app))
        assert [one.message for one in said] == [pods, events]


async def test_several_namespaces_are_named_and_told_apart() -> None:
    app = make_app(Options(namespaces=("research", "lab")), prepare=in_sync(Sync("LIVE", NOW), empty=True))
    async with running(app):
        assert "No jobs of ann in research, lab." in notice(app)
        assert "namespace" in app.shown_columns
        assert "research, lab" in app.place


async def test_a_filter_that_finds_nothing_says_so() -> None:
    app = make_app(Options(filter="nowhere"))
    async with running(app) as pilot:
        assert "None of 17 jobs is shown by the filter." in notice(app)
        assert "/nowhere" in status(app)
        await pilot.press("escape")
        assert notice(app) == ""


async def test_while_the_first_jobs_come_the_cursor_stays_on_the_first_line_and_then_on_its_job() -> None:
    newest, newer = "demo-c9x4rm2k", "demo-h6w3zt8p"
    kept: dict[str, Play] = {}

    def begin(backend: Backend) -> None:
        queue = backend.queue
        assert isinstance(queue, DemoQueue)
        queue.state = Sync("LOADING")
        for uid in (newest, newer):
            kept[uid] = queue.play(uid)
            queue.change(None, uid)

    app = make_app(prepare=begin)
    async with running(app) as pilot:
        queue, table = queue_of(app), app.screen.query_one(QueueTable)

        async def cursor_after(uid: str) -> str:
            queue.change(kept[uid], uid)
            await settle(pilot)
            assert table.cursor is not None
            return table.cursor.row.id

        assert table.cursor is not None
        assert table.cursor.row.id == "m2k7vd9c"
        assert not app.screen.query(LoadingIndicator)  # nothing covers the jobs that are there
        assert await cursor_after(newer) == "h6w3zt8p"
        queue.state = None
        await until(pilot, lambda: "LIVE" in status(app))
        assert await cursor_after(newest) == "h6w3zt8p"
        assert table.view.lines[0].row.id == "c9x4rm2k"


async def test_no_cluster_then_one() -> None:
    """The first connect fails; U tries again."""
    answers: list[Exception | None] = [NoCluster("No cluster is configured here.", "Set KUBECONFIG."), None]

    def connect(scope: Scope, on_change: Callable[[], None]) -> Backend:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return demo_backend(scope, on_change, clock=Clock())

    app = Dashboard(Options(), connect, config=Config(), state=State(), clock=Clock(), environ={})
    async with running(app) as pilot:
        assert "No cluster is configured here. Set KUBECONFIG." in notice(app)
        await pilot.press("j", "c", "U")
        await settle(pilot)
        assert app.view.total == 17


async def test_a_connect_that_crashes_is_shown() -> None:
    def connect(scope: Scope, on_change: Callable[[], None]) -> Backend:
        raise ZeroDivisionError("[/x]")

    app = Dashboard(Options(), connect, config=Config(), state=State(), clock=Clock(), environ={})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "ZeroDivisionError: [/x]" in notice(app))
        await pilot.press("j")
        assert app.is_running


async def test_the_server_goes_away_and_comes_back() -> None:
    app = make_app()
    async with running(app) as pilot:
        stale = app.screen.query_one("#stale", Static)
        assert status(app).rstrip().endswith("LIVE")
        queue_of(app).state = Sync("RETRYING", NOW - 12, AWAY, NOW + 4)
        await until(pilot, lambda: "RETRY in 4s" in status(app))
        assert seen(stale)
        assert "does not answer. Is the network up?" in str(stale.content)
        assert app.view.total == 17
        queue_of(app).state = None
        await until(pilot, lambda: status(app).rstrip().endswith("LIVE"))
        assert not seen(stale)


async def test_trying_again_keeps_what_is_shown_until_there_is_more() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("j", "j")
        before = app.backend
        await pilot.press("U")
        assert app.view.total == 17
        await settle(pilot)
        assert app.backend is not before
        line = app.screen.query_one(QueueTable).cursor
        assert line is not None and line.row.id == "m2k7vd9c"


def test_words_for_how_fresh() -> None:
    assert sync_words(None, NOW)[0] == "LOADING"
    assert sync_words(Sync("LOADING"), NOW)[0] == "LOADING"
    assert sync_words(Sync("LIVE", NOW - 3), NOW)[0] == "LIVE"
    assert sync_words(Sync("LIVE", NOW - 33), NOW)[0] == "LIVE 30s"
    assert sync_words(Sync("STALE", NOW - 72), NOW)[0] == "STALE 1m"
    assert sync_words(Sync("RETRYING", NOW - 12, AWAY, NOW + 3.2), NOW)[0] == "RETRY in 4s"
    assert sync_words(Sync("RETRYING", NOW - 12, AWAY, NOW - 1), NOW)[0] == "STALE 12s"
    assert sync_words(Sync("RETRYING", None, AWAY), NOW)[0] == "RETRYING"
    assert sync_words(Sync("FORBIDDEN", NOW), NOW)[0] == "FORBIDDEN"
    assert stale_words(Sync("LIVE", NOW), NOW) == ""
    assert "No word from the cluster" in stale_words(Sync("STALE", NOW - 80), NOW)
