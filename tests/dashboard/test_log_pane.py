"""The log pane: every key, and that who reads is never moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.app import App
from textual.events import MouseScrollUp
from textual.pilot import Pilot

from kbatch_core.logs import End, Gap, Line, Partial, Restart
from kqueue_tui.dashboard.screens.log_pane import LogPane
from tests.dashboard.logs import (
    NS,
    START,
    PaneApp,
    Script,
    drained,
    numbered,
    pane_of,
    press,
    screen_lines,
    title,
)

SIZES = [(80, 24), (120, 40)]


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


# How it looks


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keys", ["", "w", "gt", "end"])
def test_how_it_looks(snap_compare, size: tuple[int, int], keys: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
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
