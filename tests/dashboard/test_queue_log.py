"""The log pane of the queue shows the job under the cursor."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.saved_state import State
from kqueue_tui.dashboard.screens.log_pane import LogPane
from kqueue_tui.dashboard.screens.queue_log import QueueLog
from kqueue_tui.dashboard.widgets.hints import Hints
from kqueue_tui.dashboard.widgets.notice import Notice
from kqueue_tui.dashboard.widgets.queue_table import QueueTable
from tests.dashboard.demo import make_app, running, until
from tests.dashboard.logs import press, title, typed


def table(app: Dashboard) -> QueueTable:
    return app.screen_stack[0].query_one(QueueTable)


def pane(app: Dashboard) -> LogPane:
    return app.screen.query_one(LogPane)


async def shows(pilot: Pilot[None], job_id: str) -> LogPane:
    """Wait until the pane has lines or a sentence of the job."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    await until(pilot, lambda: app.screen.query(LogPane) and job_id in title(pane(app)))
    found = pane(app)
    await until(pilot, lambda: found.lines.buffer.rows or "Reading" not in str(found._notice.render()))
    return found


async def test_the_log_follows_the_cursor() -> None:
    async with running(make_app(), (80, 24)) as pilot:
        await press(pilot, "vertical_line")
        first = await shows(pilot, "c9x4rm2k")
        assert "analysis" in title(first)
        assert pilot.app.screen.query_one(QueueTable).has_focus
        await press(pilot, "j", "j", "j")
        second = await shows(pilot, "t4n8qw2x")
        assert second is first
        await press(pilot, "vertical_line")
        assert not pilot.app.screen.query(LogPane)


async def test_a_cursor_that_passes_by_opens_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    turn = QueueLog._turn

    def noted(self: QueueLog) -> None:
        opened.append(self._line.row.id if self._line is not None else "")
        turn(self)

    monkeypatch.setattr(QueueLog, "_turn", noted)
    async with running(make_app(), (80, 24)) as pilot:
        await press(pilot, "vertical_line")
        await shows(pilot, "c9x4rm2k")
        table(pilot.app).action_move(1)  # type: ignore[arg-type]
        table(pilot.app).action_move(1)  # type: ignore[arg-type]
        table(pilot.app).action_move(1)  # type: ignore[arg-type]
        await shows(pilot, "t4n8qw2x")
        assert opened == ["c9x4rm2k", "t4n8qw2x"]


async def test_a_task_has_its_own_log_and_an_array_that_of_a_task_that_runs() -> None:
    async with running(make_app(), (80, 30)) as pilot:
        await press(pilot, "j", "j", "vertical_line")
        await shows(pilot, "m2k7vd9c sweep-lr task 20")
        await press(pilot, "t", "j", "j")
        await shows(pilot, "m2k7vd9c sweep-lr task 1")


async def test_what_waits_says_why() -> None:
    async with running(make_app(), (80, 24)) as pilot:
        await press(pilot, "2", "vertical_line")
        await until(pilot, lambda: pilot.app.screen.query(LogPane))
        await until(pilot, lambda: "Job " in str(pane(pilot.app)._notice.render()))  # type: ignore[arg-type]


async def test_tab_goes_into_it_and_q_and_escape_come_back() -> None:
    app = make_app()
    async with running(app, (120, 40)) as pilot:
        await press(pilot, "vertical_line")
        log = await shows(pilot, "c9x4rm2k")
        await until(pilot, lambda: log.lines.buffer.rows)
        assert "c Cancel" in str(app.screen.query_one(Hints).render())
        await press(pilot, "tab")
        assert log.lines.has_focus
        assert "w Wrap" in str(app.screen.query_one(Hints).render())
        await press(pilot, "w", "k", "k")
        assert (log.lines.wraps, log.lines.following) == (True, False)
        await typed(pilot, "slash", "loss")
        await press(pilot, "escape")
        assert log.lines.has_focus
        await press(pilot, "escape")
        assert table(app).has_focus
        await press(pilot, "tab", "q")
        assert table(app).has_focus
        await press(pilot, "j")
        await shows(pilot, "h6w3zt8p")
        assert (log.lines.wraps, log.lines.following) == (True, True)
        assert app.return_code is None


async def test_below_beside_and_zoomed() -> None:
    app = make_app()
    async with running(app, (140, 40)) as pilot:
        await press(pilot, "vertical_line")
        log = await shows(pilot, "c9x4rm2k")
        assert log.region.y > table(app).region.y and log.size.width == 140
        await press(pilot, "vertical_line")
        await until(pilot, lambda: log.region.x > table(app).region.x)
        assert log.region.y < table(app).region.y
        await press(pilot, "z")
        await until(pilot, lambda: table(app).region.width == 140)
        await press(pilot, "z", "tab", "z")
        await until(pilot, lambda: log.size.width == 140)
        await pilot.resize_terminal(80, 24)
        await press(pilot, "z")
        await until(pilot, lambda: log.region.y > table(app).region.y > 0)
        await press(pilot, "vertical_line")
        assert app.settings.log_pane == ""
        assert table(app).has_focus


async def test_it_is_there_again_next_time() -> None:
    kept: list[State] = []
    app = make_app(keep=kept.append)
    async with running(app, (80, 24)) as pilot:
        await press(pilot, "vertical_line", "q")
    assert kept[0].log_pane == "below"
    async with running(make_app(state=kept[0]), (80, 24)) as pilot:
        await shows(pilot, "c9x4rm2k")


async def test_it_goes_with_the_table_when_there_is_nothing_to_list() -> None:
    app = make_app(state=State(log_pane="below"))
    async with running(app, (80, 24)) as pilot:
        await shows(pilot, "c9x4rm2k")
        await typed(pilot, "slash", "nowhere")
        await until(pilot, lambda: not app.screen.query_one(QueueLog).region)
        assert "None of 17 jobs" in str(app.screen.query_one("#body > Notice", Notice).render())
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen.query_one(QueueLog).region)
