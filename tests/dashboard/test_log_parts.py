"""The log pane: what is found in a log, which part of it is read, and what stands there when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from kbatch_core.errors import KbatchError, NotFound
from kbatch_core.logs import Batch, End, Gap, Line, Waiting
from kqueue_tui.dashboard.logs.job import TAIL, LogTask
from kqueue_tui.dashboard.logs.save import save_log
from tests.dashboard.demo import until
from tests.dashboard.logs import (
    START,
    Script,
    drained,
    notice,
    numbered,
    pane_of,
    press,
    screen_lines,
    title,
    typed,
)

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
        await press(pilot, "a", "3")
        await drained(pilot, pane, 3)
        assert "task 5" in title(pane)
        await press(pilot, "a", "1")
        await drained(pilot, pane, 3)
        assert [request.task for request in script.requests] == [None, 5, None]
        assert "task" not in title(pane)


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
        told = [toast.message for toast in pilot.app._notifications if toast.title == "Not saved"]
        assert told == ["/nonexistent/t4n8qw2x.log cannot be written: No such file or directory."]


def test_a_disk_that_is_full_leaves_no_part_that_looks_like_the_whole(tmp_path: Path) -> None:
    class Full:
        def batches(self) -> Iterator[Batch]:
            yield [Line(b"one")]
            raise OSError(28, "No space left on device")

        def stop(self) -> None: ...

    with pytest.raises(KbatchError, match=r"t4n8qw2x\.log cannot be written: No space left on device\."):
        save_log(Full(), tmp_path, "t4n8qw2x")
    assert not list(tmp_path.iterdir())


async def test_the_lines_on_the_screen_are_copied_whole() -> None:
    long = "x" * 300
    async with pane_of(Script(Line(b"\x1b[31mred\x1b[0m [/x]"), Line(long.encode()))) as (pilot, _):
        await press(pilot, "w", "Y")
        await pilot.pause()
        assert pilot.app.clipboard == f"red [/x]\n{long}"


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
        await until(pilot, lambda: "The pod is gone." in title(pane))
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
