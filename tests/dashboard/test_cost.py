"""What the dashboard does not do: paint what has not changed, or go through all jobs for the sake of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from kbatch_core.queue.sync import Sync
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.backend import Backend
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.view.sorted_lines import SortedLines
from kqueue_tui.dashboard.widgets.column_header import ColumnHeader
from kqueue_tui.dashboard.widgets.hints import Hints
from kqueue_tui.dashboard.widgets.job_bar import JobBar
from kqueue_tui.dashboard.widgets.queue_table import QueueTable
from kqueue_tui.dashboard.widgets.status_line import StatusLine
from tests.dashboard.demo import Clock, make_app, running, settle
from tests.dashboard.demo.backend import DemoQueue
from tests.dashboard.rows import NOW, row
from tests.dashboard.test_lines import make_view

WAITS = "demo-z7t5bn4c"


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each part of the queue was painted: widgets by their name, and "line" for one of the table."""
    counts: Counter[str] = Counter()

    def counted(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            counts[name] += 1
            return method(*args)

        return call

    for widget in (StatusLine, ColumnHeader, JobBar, Hints):
        monkeypatch.setattr(widget, "render", counted(widget.__name__, widget.render))
    # No second passes but those of the tests.
    monkeypatch.setattr(Dashboard, "set_interval", lambda *args: None)
    monkeypatch.setattr(QueueTable, "render_line", counted("line", QueueTable.render_line))
    return counts


def queue_of(app: Dashboard) -> DemoQueue:
    assert app.backend is not None and isinstance(app.backend.queue, DemoQueue)
    return app.backend.queue


async def calm(pilot: Pilot[None]) -> None:
    """Until what has been told is also painted."""
    await settle(pilot)
    await pilot.pause()


async def test_while_nothing_happens_nothing_is_painted(painted: Counter[str]) -> None:
    clock = Clock()
    app = make_app(Options(filter="ensemble-member-07"), clock=clock)
    async with running(app) as pilot:
        assert [line.row.state for line in app.view.lines] == ["PD"]
        await calm(pilot)
        painted.clear()
        for _ in range(3):
            clock.now += 1
            app._tick()
            app._show()
            await calm(pilot)
        assert painted == {}


async def test_the_clock_paints_only_lines_of_what_runs(painted: Counter[str]) -> None:
    clock = Clock()
    app = make_app(clock=clock)
    async with running(app) as pilot:
        run = sum(line.row.started is not None and not line.row.finished for line in app.view.lines)
        await calm(pilot)
        painted.clear()
        clock.now += 1
        app._tick()
        await calm(pilot)
        assert painted == {"line": run}


async def test_a_job_that_changed_costs_its_line_alone(painted: Counter[str]) -> None:
    app = make_app()
    async with running(app) as pilot:
        queue = queue_of(app)
        await calm(pilot)
        painted.clear()
        queue.change(replace(queue.play(WAITS), account="genomics"), WAITS)
        await calm(pilot)
        assert app.view.row(WAITS).account == "genomics"  # type: ignore[union-attr]
        assert painted == {"line": 1}


def test_what_moves_nothing_sorts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    view = make_view()
    rows = [row(f"job-{number}", submitted=NOW - number) for number in range(1000)]
    view.update(rows, NOW)
    index = view.index
    monkeypatch.setattr(SortedLines, "_sort_again", None)
    rows[500] = row("job-500", submitted=NOW - 500, node="node-z")
    assert [line.row for line in view.update(tuple(rows), NOW)] == [rows[500]]
    assert view.lines[index["job-500"]].row is rows[500]
    assert view.index is index


async def test_the_first_picture_has_the_columns_of_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[int] = []

    def counted(table: QueueTable, y: int, paint: Callable[..., Any] = QueueTable.render_line) -> Any:
        painted.append(len(table.places))
        return paint(table, y)

    monkeypatch.setattr(QueueTable, "render_line", counted)
    async with running(make_app()):
        assert len(set(painted)) == 1


async def test_that_it_is_painted_and_that_all_is_loaded_are_told_once() -> None:
    def begin(backend: Backend) -> None:
        assert isinstance(backend.queue, DemoQueue)
        backend.queue.state = Sync("LOADING")

    told: list[str] = []
    app = make_app(prepare=begin)
    app._painted = lambda: told.append("painted")
    app._loaded = lambda: told.append("loaded")
    async with running(app):
        app._tick()
        assert told == ["painted"]
        for sync in (Sync("LIVE", NOW), Sync("STALE", NOW), Sync("LIVE", NOW)):
            queue_of(app).state = sync
            app._tick()
            assert told == ["painted", "loaded"]
