"""The log pane: every key, and that who reads is never moved."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.app import App
from textual.events import MouseScrollUp
from textual.pilot import Pilot
from textual.widgets import Input

from kbatch_core.errors import NotFound
from kbatch_core.logs import End, Gap, Line, Partial, Restart, Waiting
from kqueue_tui.dashboard.widgets.log_pane import TAIL, LogPane, LogTask
from tests.dashboard.logs import NS, START, Script, drained, notice, numbered, pane_of, screen_lines, title

SIZES = [(80, 24), (120, 40)]


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


async def typed(pilot: Pilot[None], key: str, text: str) -> None:
    """Open a bar, type, and wait until that has settled."""
    await pilot.press(key)
    await pilot.pause()
    pilot.app.query_one(Input).value = text
    await pilot.pause(0.2)
    await pilot.press("enter")
    await pilot.pause()


# Follow and pause


async def test_it_follows_and_says_so() -> None:
    script = Script(*numbered(100))
    async with pane_of(script) as (pilot, pane):
        assert screen_lines(pane)[-1] == "line 99"
        assert "▶ FOLLOW" in title(pane)
        assert "t4n8qw2x train" in title(pane)
        assert "the file /home/ann/x.out" in title(pane)
        script.say(*numbered(5, 100))
        await drained(pilot, pane, 105)
        assert screen_lines(pane)[-1] == "line 104"


@pytest.mark.parametrize("key", ["k", "up", "ctrl+u", "pageup", "ctrl+b", "g", "home"])
async def test_any_move_up_pauses_and_new_lines_are_counted(key: str) -> None:
    script = Script(*numbered(100))
    async with pane_of(script) as (pilot, pane):
        await press(pilot, key)
        before = screen_lines(pane)
        assert before[-1] != "line 99"
        assert "‖ PAUSED" in title(pane)
        script.say(*numbered(7, 100))
        await drained(pilot, pane, 107)
        assert screen_lines(pane) == before
        assert "+7 new" in title(pane)


@pytest.mark.parametrize("key", ["f", "G", "end"])
async def test_follow_again(key: str) -> None:
    async with pane_of(Script(*numbered(100))) as (pilot, pane):
        await press(pilot, "g", key)
        assert screen_lines(pane)[-1] == "line 99"
        assert "▶ FOLLOW" in title(pane)


async def test_f_pauses_where_it_is() -> None:
    script = Script(*numbered(100))
    async with pane_of(script) as (pilot, pane):
        await press(pilot, "f")
        script.say(*numbered(3, 100))
        await drained(pilot, pane, 103)
        assert screen_lines(pane)[-1] == "line 99"


async def test_the_wheel_pauses() -> None:
    async with pane_of(Script(*numbered(100))) as (pilot, pane):
        await pilot._post_mouse_events([MouseScrollUp], pane.lines, (5, 5))
        await pilot.pause()
        assert not pane.lines.following


async def test_who_reads_is_not_moved_when_old_lines_are_forgotten() -> None:
    script = Script(*numbered(300))
    async with pane_of(script, limit=50_000) as (pilot, pane):
        await press(pilot, "ctrl+u")
        before = screen_lines(pane)
        for first in range(300, 12_000, 50):
            script.say(*numbered(50, first))
        await drained(pilot, pane, 500)
        assert pane.lines.buffer.at(0) != (0, 0), "nothing was forgotten"
        assert screen_lines(pane) == before
        # What is read must stay, so no more is taken than twice the limit.
        assert pane.lines.full
        assert "until you follow" in title(pane)
        assert len(pane.lines.buffer) < 11_000
        await press(pilot, "G")
        for _ in range(50):
            await drained(pilot, pane)
            if screen_lines(pane)[-1] == "line 11999":
                break
        assert screen_lines(pane)[-1] == "line 11999"


async def test_what_is_kept_while_following_is_within_the_limit() -> None:
    script = Script(*numbered(100))
    async with pane_of(script, limit=20_000) as (pilot, pane):
        script.say(*numbered(1000, 100))
        await drained(pilot, pane)
        assert pane.lines.buffer.size <= 20_000
        assert screen_lines(pane)[-1] == "line 1099"


# Moving


async def test_moves() -> None:
    async with pane_of(Script(*numbered(100))) as (pilot, pane):
        height = pane.lines.size.height
        top = 100 - height
        for key, row in (
            ("g", 0), ("j", 1), ("k", 0), ("down", 1), ("up", 0), ("ctrl+d", height // 2), ("ctrl+u", 0),
            ("pagedown", height - 1), ("pageup", 0), ("space", height - 1), ("home", 0), ("G", top),
        ):  # fmt: skip
            await press(pilot, key)
            assert pane.lines.scroll_offset.y == row, key


async def test_long_lines_are_cut_or_wrapped_and_scrolled_sideways() -> None:
    long = "".join(f"{n:04}" for n in range(50))
    async with pane_of(Script(*numbered(3), Line(long.encode()))) as (pilot, pane):
        width = pane.lines._text_width
        assert screen_lines(pane)[3] == long[:width]
        await press(pilot, "right", "right")
        assert screen_lines(pane)[3] == long[16 : 16 + width]
        await press(pilot, "left", "left", "w")
        assert "wrapped" in title(pane)
        assert "".join(screen_lines(pane)[3:]) == long
        await press(pilot, "w")
        assert screen_lines(pane)[4] == ""


async def test_the_first_line_stays_when_wrapping_changes() -> None:
    async with pane_of(Script(*numbered(100, filler=" x" * 60))) as (pilot, pane):
        await press(pilot, "g", *["j"] * 20)
        assert screen_lines(pane)[0].startswith("line 20 ")
        for _ in range(2):
            await press(pilot, "w")
            assert screen_lines(pane)[0].startswith("line 20 ")
        await pilot.resize_terminal(60, 30)
        await pilot.pause()
        assert screen_lines(pane)[0].startswith("line 20 ")


# Text


async def test_bytes_of_a_job_are_only_text() -> None:
    hostile = [
        b"[/x][red]markup[/red]",
        b"\x1b[2J\x1b[H\x1b]0;title\x07moved",
        b"\x1b[31mred\x1b[0m plain",
        b"10%\r 50%\r100%",
        b"caf\xe9 \xf0\x9f\x98\x80 \xe4\xb8\xad",
        b"a\tb",
    ]
    async with pane_of(Script(*map(Line, hostile))) as (_, pane):
        assert screen_lines(pane)[:6] == [
            "[/x][red]markup[/red]", "moved", "red plain", "100%", "caf� 😀 中", "a       b",
        ]  # fmt: skip
        red = next(s for s in pane.lines.render_line(2) if s.text == "red")
        assert red.style is not None
        assert red.style.color is not None
        assert red.style.color.number == 1


async def test_what_happened_has_lines_of_its_own() -> None:
    script = Script(
        Line(b"before"),
        Gap(START, START + 2, "the node rotated the log"),
        Restart(1, "pod-2"),
        Line(b"after"),
        End("F", "exit 3", "", 3),
    )
    async with pane_of(script) as (_, pane):
        lines = screen_lines(pane)
        assert lines[0] == "before"
        assert "lines may be missing between" in lines[1]
        assert "restart 1, pod pod-2" in lines[2]
        assert "F: exit 3" in lines[4]
        assert "■ END" in title(pane)


async def test_a_progress_bar_is_one_line_that_changes() -> None:
    script = Script(*numbered(2), Partial(b"10%"))
    async with pane_of(script) as (pilot, pane):
        script.say(Partial(b"10%\r20%"))
        script.say(Partial(b"10%\r20%\r30%"))
        await drained(pilot, pane)
        assert screen_lines(pane)[2:4] == ["30%", ""]
        script.say(Line(b"done"))
        await drained(pilot, pane)
        assert screen_lines(pane)[2:4] == ["done", ""]


async def test_times() -> None:
    script = Script(*numbered(3))
    async with pane_of(script) as (pilot, pane):
        await press(pilot, "t")
        await drained(pilot, pane, 3)
        assert screen_lines(pane)[0] == "14:13:20.000 line 0"
        # A file has no times: the container's log was asked for.
        assert [request.times for request in script.requests] == [False, True]
        await press(pilot, "t")
        await drained(pilot, pane, 3)
        assert screen_lines(pane)[0] == "line 0"


# Find


async def test_search_goes_round_and_counts() -> None:
    async with pane_of(Script(*numbered(200))) as (pilot, pane):
        await press(pilot, "g")
        await typed(pilot, "slash", "line .*7$")
        assert "/line .*7$ 1/20" in title(pane)
        assert pane.lines.here == 7
        await press(pilot, "n", "n", "n")
        assert pane.lines.here == 37
        assert "line 37" in screen_lines(pane)
        await press(pilot, "N", "N", "N", "N")
        assert pane.lines.here == 197
        assert "20/20" in title(pane)
        assert not pane.lines.following
        hit = next(
            s for s in pane.lines.render_line(screen_lines(pane).index("line 197")) if s.text == "line 197"
        )
        assert hit.style is not None
        other = pane.lines._painter.style("text")
        assert hit.style.bgcolor != other.bgcolor
        assert pane.take_step_back()
        assert "/" not in title(pane).partition("the file")[0]


async def test_search_finds_what_comes_later_and_says_when_there_is_nothing() -> None:
    script = Script(*numbered(10))
    async with pane_of(script) as (pilot, pane):
        await typed(pilot, "slash", "late")
        assert "/late 0" in title(pane)
        await press(pilot, "n")
        assert any("Not found" in toast.message for toast in pilot.app._notifications)
        script.say(Line(b"a late line"))
        await drained(pilot, pane, 11)
        assert "/late 1" in title(pane)


async def test_n_without_a_search_asks_for_one_and_escape_gives_up() -> None:
    async with pane_of(Script(*numbered(10))) as (pilot, pane):
        await press(pilot, "n")
        assert pilot.app.query(Input)
        await press(pilot, "x", "escape")
        assert not pilot.app.query(Input)
        assert pane.lines.has_focus
        assert not pane.take_step_back()


async def test_filter_keeps_marks_and_turns_round() -> None:
    script = Script(*numbered(100), Gap(None, None, "cut"))
    async with pane_of(script) as (pilot, pane):
        await typed(pilot, "ampersand", "line 7")
        shown = [line for line in screen_lines(pane) if line]
        assert shown[0] == "line 7"
        assert len(shown) == 12
        assert "cut" in shown[-1]
        assert "&line 7 12 of 101" in title(pane)
        script.say(Line(b"line 70 again"), Line(b"other"))
        await drained(pilot, pane, 103)
        assert [line for line in screen_lines(pane) if line][-1] == "line 70 again"
        await typed(pilot, "ampersand", "!line")
        assert [line for line in screen_lines(pane) if line][-1] == "other"
        await typed(pilot, "ampersand", "nowhere\\d")
        assert pane.take_step_back()
        assert screen_lines(pane)[-1] == "other"


async def test_a_filter_that_finds_nothing_says_so() -> None:
    async with pane_of(Script(*numbered(3))) as (pilot, pane):
        await typed(pilot, "ampersand", "nowhere")
        assert "No line with nowhere" in notice(pane)


# Which part


@pytest.mark.parametrize(
    ("key", "tail", "seconds"),
    [("0", TAIL, None), ("1", None, None), ("2", None, 60), ("3", None, 300), ("4", None, 900),
     ("5", None, 1800), ("6", None, 3600)],
)  # fmt: skip
async def test_windows(key: str, tail: int | None, seconds: int | None) -> None:
    script = Script(*numbered(100))
    async with pane_of(script) as (pilot, pane):
        await press(pilot, key)
        await drained(pilot, pane, 100)
        request = script.requests[-1]
        assert request.tail == tail
        assert request.since == (START + 10_000 - seconds if seconds is not None else None)
        assert (screen_lines(pane)[0] == "line 0") == (key == "1")
        assert script.stopped == 1


async def test_previous_stderr_and_back() -> None:
    script = Script(*numbered(3))
    async with pane_of(script) as (pilot, pane):
        await press(pilot, "p")
        await drained(pilot, pane, 3)
        assert "previous attempt" in title(pane)
        await press(pilot, "p", "e")
        await drained(pilot, pane, 3)
        asked = [(request.previous, request.stderr) for request in script.requests]
        assert asked == [(False, False), (True, False), (False, False), (False, True)]
        assert "stderr" in title(pane)


async def test_the_task_is_chosen() -> None:
    script = Script(*numbered(3))
    tasks = [LogTask(3, "running"), LogTask(5, "failed")]
    async with pane_of(script, tasks=tasks) as (pilot, pane):
        await press(pilot, "a", "2")
        await drained(pilot, pane, 3)
        assert script.requests[-1].task == 5
        assert "task 5" in title(pane)


async def test_what_is_no_array_has_no_tasks() -> None:
    async with pane_of(Script(*numbered(3))) as (pilot, _):
        await press(pilot, "a")
        assert any("no array" in toast.message for toast in pilot.app._notifications)


async def test_the_whole_log_is_saved_and_nothing_written_over(tmp_path: Path) -> None:
    script = Script(*numbered(50), Gap(None, None, "x"), Line(b"\xff no newline", None, False))
    (tmp_path / "t4n8qw2x.log").write_text("older")
    async with pane_of(script, folder=tmp_path, limit=3000) as (pilot, _):
        await press(pilot, "D")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        wanted = b"".join(b"line %d\n" % n for n in range(50)) + b"\xff no newline"
        assert (tmp_path / "t4n8qw2x-2.log").read_bytes() == wanted
        assert (tmp_path / "t4n8qw2x.log").read_text() == "older"
        told = [toast.message for toast in pilot.app._notifications]
        assert any("t4n8qw2x-2.log" in message and "1 places" in message for message in told)
        assert (script.requests[-1].tail, script.requests[-1].follow) == (None, False)


async def test_what_cannot_be_saved_is_said() -> None:
    async with pane_of(Script(*numbered(3))) as (pilot, _):
        await press(pilot, "D")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert any(toast.title == "Not saved" for toast in pilot.app._notifications)


# When there is nothing


async def test_states_without_a_line() -> None:
    script = Script()
    async with pane_of(script) as (pilot, pane):
        assert "Nothing yet" in notice(pane)
        script.say(Waiting("Job t4n8qw2x PD: Waits for 8 cores [/x]"))
        await drained(pilot, pane)
        assert "Waits for 8 cores [/x]" in notice(pane)
        script.say(Waiting(""), End("CA", "Cancelled before it ran"))
        await drained(pilot, pane, 1)
        assert notice(pane) == ""
        assert "Cancelled before it ran" in screen_lines(pane)[0]


async def test_an_error_is_shown_and_can_be_tried_again() -> None:
    script = Script()
    script.error = NotFound("The log of job t4n8qw2x is gone [/x].", "Look for its file.")
    async with pane_of(script) as (pilot, pane):
        assert "is gone [/x]. Look for its file." in notice(pane)
        script.error = None
        script.events = numbered(3)
        await press(pilot, "U")
        await drained(pilot, pane, 3)
        assert screen_lines(pane)[2] == "line 2"


async def test_an_error_after_lines_is_in_the_title_and_the_lines_stay() -> None:
    script = Script(*numbered(3))
    async with pane_of(script) as (pilot, pane):
        script.fail(NotFound("The pod is gone."))
        await drained(pilot, pane)
        await pilot.pause(0.2)
        assert "The pod is gone." in title(pane)
        assert screen_lines(pane)[2] == "line 2"


async def test_waiting_between_lines_is_in_the_title() -> None:
    script = Script(*numbered(3))
    async with pane_of(script) as (pilot, pane):
        script.say(Waiting("The API server is away; trying again in 4 s."))
        await drained(pilot, pane)
        assert "trying again in 4 s" in title(pane)
        script.say(Waiting(""))
        await drained(pilot, pane)
        assert "trying" not in title(pane)


async def test_the_reader_is_stopped_when_the_pane_goes() -> None:
    script = Script(*numbered(3))
    async with pane_of(script) as (pilot, pane):
        await pane.remove()
        await pilot.pause()
        assert script.stopped == 1


async def test_a_flood_does_not_hold_up_the_keyboard() -> None:
    script = Script(*numbered(10))
    async with pane_of(script) as (pilot, pane):
        for first in range(0, 100_000, 2_000):
            script.say(*numbered(2_000, first))
        await asyncio.sleep(0)
        await press(pilot, "g")
        assert not pane.lines.following
        await drained(pilot, pane, 100_010)
        assert screen_lines(pane)[0] == "line 0"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keys", ["", "w", "gt", "end"])
def test_how_it_looks(snap_compare, size: tuple[int, int], keys: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from tests.dashboard.logs import PaneApp

    events = [
        *numbered(30),
        Line(b"\x1b[33mWARNING\x1b[0m " + b"a long line that goes on " * 8, (START + 40) * NS),
        Gap(START + 40, START + 42, "the node rotated the log"),
        Restart(1, "train-2"),
        Line(b"\x1b[31mRuntimeError\x1b[0m: [/x] not a number", (START + 43) * NS),
    ]
    if keys == "end":
        events.append(End("F", "exit 1", "", 1))
    script = Script(*events)
    app: App[None] = PaneApp(script, tmp_path, (), 1 << 25)

    async def before(pilot: Pilot[None]) -> None:
        pane = pilot.app.query_one(LogPane)
        await drained(pilot, pane, len(events))
        await pilot.press(*(keys if keys != "end" else ()))
        await drained(pilot, pane, len(events))

    assert snap_compare(app, terminal_size=size, run_before=before)
