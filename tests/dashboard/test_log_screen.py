"""The screen of a job's logs, in the dashboard on the demo's jobs."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.screens.log_pane import LogPane
from kqueue_tui.dashboard.screens.logs import LogScreen
from kqueue_tui.dashboard.screens.queue import QueueScreen
from kqueue_tui.dashboard.widgets.hints import Hints
from tests.dashboard.demo import make_app, running, settle, until
from tests.dashboard.logs import drained, notice, press, screen_lines, title, typed

TRAINS, SWEEP, QUOTA = "t4n8qw2x", "m2k7vd9c", "z7t5bn4c"


async def open_logs(pilot: Pilot[None], job_id: str, lines: int | None = 1) -> tuple[LogScreen, LogPane]:
    """The logs of one of the demo's jobs, read and painted."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    assert app.backend is not None
    app.open_job("logs", next(row for row in app.backend.queue.rows() if row.id == job_id))
    await pilot.pause()
    screen = app.screen
    assert isinstance(screen, LogScreen)
    pane = screen.query_one(LogPane)
    await drained(pilot, pane, lines)
    return screen, pane


async def test_l_opens_it_and_q_goes_back() -> None:
    async with running(make_app()) as pilot:
        await press(pilot, "l")
        screen = pilot.app.screen
        assert isinstance(screen, LogScreen)
        await drained(pilot, screen.query_one(LogPane), 1)
        hints = str(screen.query_one(Hints).render())
        for word in ("f Follow", "/ Search", "& Filter", "w Wrap", "D Save", "| Split", "q Back", "? Help"):
            assert word in hints
        await press(pilot, "q")
        assert isinstance(pilot.app.screen, QueueScreen)


async def test_escape_takes_one_step_back() -> None:
    async with running(make_app()) as pilot:
        screen, pane = await open_logs(pilot, TRAINS)
        await typed(pilot, "slash", "loss")
        await typed(pilot, "ampersand", "WARN")
        await press(pilot, "escape")
        assert "/loss" not in title(pane)
        assert "&WARN" in title(pane)
        await press(pilot, "escape")
        assert "&WARN" not in title(pane)
        assert screen.is_current
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, QueueScreen)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_two_logs_side_by_side_or_one_over_the_other(size: tuple[int, int]) -> None:
    async with running(make_app(), size) as pilot:
        screen, first = await open_logs(pilot, TRAINS)
        await press(pilot, "vertical_line", "1")
        panes = list(screen.query(LogPane))
        assert len(panes) == 2
        second = panes[1]
        await drained(pilot, second, 1)
        beside = first.region.y == second.region.y
        assert beside == (size[0] >= 100)
        assert second.lines.has_focus
        await press(pilot, "g")
        assert (first.lines.following, second.lines.following) == (True, False)
        await press(pilot, "tab")
        assert first.lines.has_focus
        await press(pilot, "w")
        assert (first.lines.wraps, second.lines.wraps) == (True, False)
        await press(pilot, "vertical_line")
        await pilot.pause()
        assert list(screen.query(LogPane)) == [first]
        assert first.lines.has_focus


async def test_an_array_opens_on_a_task_that_runs_and_another_can_be_chosen() -> None:
    async with running(make_app()) as pilot:
        screen, pane = await open_logs(pilot, SWEEP)
        assert pane.request.task == 20
        assert "task 20" in title(pane)
        await press(pilot, "a", "3")
        await drained(pilot, pane, 1)
        assert pane.request.task == 1
        await press(pilot, "vertical_line", "4")
        assert [one.request.task for one in screen.query(LogPane)] == [1, 0]


async def test_all_tasks_of_an_array_in_one_log() -> None:
    async with running(make_app()) as pilot:
        _, pane = await open_logs(pilot, SWEEP)
        await press(pilot, "a", "1")
        await until(pilot, lambda: len(pane.lines.buffer) > 200)
        await typed(pilot, "ampersand", "^(5|21): ")
        await press(pilot, "g")
        seen = {line.partition(":")[0] for line in screen_lines(pane)}
        assert seen & {"5", "21"}
        assert "all tasks" in title(pane)
        await typed(pilot, "ampersand", "task 5: ")
        assert any("task 5: exit 1" in line for line in screen_lines(pane))


async def test_a_job_that_waits_says_why_in_the_middle() -> None:
    async with running(make_app()) as pilot:
        _, pane = await open_logs(pilot, QUOTA, None)
        await until(pilot, lambda: "quota" in notice(pane).lower())


async def test_what_a_job_has_not_is_said_and_can_be_taken_back() -> None:
    async with running(make_app()) as pilot:
        _, pane = await open_logs(pilot, TRAINS)
        await press(pilot, "p")
        await until(pilot, lambda: "has not an earlier attempt" in notice(pane))
        await press(pilot, "p")
        await drained(pilot, pane, 1)
        assert notice(pane) == ""


async def test_help_lists_the_keys_of_the_pane() -> None:
    async with running(make_app(), (120, 60)) as pilot:
        await open_logs(pilot, TRAINS)
        await press(pilot, "question_mark")
        await settle(pilot)
        told = "\n".join(str(static.content) for static in pilot.app.screen.query(Static))
        for words in (
            "Stay at the end",
            "Write the whole log",
            "The last 5 minutes",
            "Half a page down",
            "second log",
        ):
            assert words in told, words


async def test_a_hint_can_be_clicked() -> None:
    async with running(make_app()) as pilot:
        screen, pane = await open_logs(pilot, TRAINS)
        footer = screen.query_one(Hints)
        x = str(footer.render()).index("w Wrap")
        await pilot.click(Hints, offset=(x, 0))
        await pilot.pause()
        assert pane.lines.wraps


async def test_keys_of_the_pane_are_in_the_palette() -> None:
    from kqueue_tui.dashboard.palette import ActionCommands

    async with running(make_app()) as pilot:
        screen, pane = await open_logs(pilot, TRAINS)
        commands = ActionCommands(screen)
        wrap = next(action for action, _ in commands._actions() if action.id == "log.wrap")
        await commands._run(wrap)
        assert pane.lines.wraps


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
@pytest.mark.parametrize("keys", ["", "vertical_line,1"])
def test_how_it_looks(snap_compare, size: tuple[int, int], keys: str) -> None:  # type: ignore[no-untyped-def]
    async def before(pilot: Pilot[None]) -> None:
        await settle(pilot)
        screen, _ = await open_logs(pilot, TRAINS)
        if keys:
            await press(pilot, *keys.split(","))
            for pane in screen.query(LogPane):
                await drained(pilot, pane, 1)
                assert screen_lines(pane)[-1]

    assert snap_compare(make_app(), terminal_size=size, run_before=before)
