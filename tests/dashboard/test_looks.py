"""How each screen and state looks, as pictures, on a small terminal and on a large one.

The pages of a job and the log panes have theirs in the files that test them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from rich.color import ColorSystem
from textual.command import CommandList, CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from kbatch_core.errors import ConnectionFailed, PermissionDenied, PolicyDenied
from kbatch_core.model.objects import Job
from kbatch_core.queue.sync import Sync
from kqueue_tui.dashboard.backend import Backend
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.saved_state import State
from kqueue_tui.dashboard.screens.log_pane import LogPane
from kqueue_tui.dashboard.widgets.field_row import FieldRow
from kqueue_tui.dashboard.widgets.paint import Painter
from kqueue_tui.dashboard.widgets.queue_table import QueueTable
from tests.dashboard.demo import NOW, make_app, running, settle, until
from tests.dashboard.demo.backend import DemoActs, DemoQueue

SMALL, LARGE = (80, 24), (120, 40)
AWAY = ConnectionFailed("The API server at https://10.0.0.1 does not answer.", "Is the network up?")
FORBIDDEN = PermissionDenied('The account may not list jobs in namespace "research".', "Ask your admin.")


class Refusing(DemoActs):
    """Refuses to cancel."""

    def cancel(self, job: Job) -> Job:
        raise PolicyDenied("Policy says no: [/x] forbidden.", "Ask your admin.")


def pressed(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """What is done before the picture is taken."""

    async def before(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.press(*keys)
        await settle(pilot)

    return before


def in_sync(sync: Sync | None, *, empty: bool = False) -> Callable[[Backend], None]:
    def prepare(backend: Backend) -> None:
        assert isinstance(backend.queue, DemoQueue)
        backend.queue.state = sync
        if empty:
            backend.queue.clear()

    return prepare


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("scene", ["plain", "marks", "tasks", "filter", "help", "cancel", "beside"])
def test_queue(snap_compare, size: tuple[int, int], scene: str) -> None:  # type: ignore[no-untyped-def]
    keys = {
        "plain": (),
        "marks": ("space", "j", "space", "b", "V", "j"),
        "tasks": ("j", "j", "t", "j"),
        "filter": ("4", "slash", *"-l kbatch/account=climate", "enter"),
        "help": ("question_mark",),
        "cancel": ("space", "space", "space", "c"),
        "beside": (),
    }[scene]
    state = State(log_pane="beside", history=True) if scene == "beside" else None

    async def before(pilot: Pilot[None]) -> None:
        await pressed(*keys)(pilot)
        if scene == "beside":
            await until(pilot, lambda: pilot.app.screen.query(LogPane))
            pane = pilot.app.screen.query_one(LogPane)
            await until(pilot, lambda: pane.lines.buffer.rows)
            await pilot.pause()

    assert snap_compare(make_app(state=state), terminal_size=size, run_before=before)


@pytest.mark.parametrize(
    ("sync", "empty", "size"),
    [
        (Sync("LIVE", NOW), True, SMALL),
        (Sync("LOADING"), True, SMALL),
        (Sync("FORBIDDEN", None, FORBIDDEN), True, SMALL),
        (Sync("RETRYING", None, AWAY, NOW + 4), True, LARGE),
        (Sync("RETRYING", NOW - 12, AWAY, NOW + 4), False, SMALL),
        (Sync("STALE", NOW - 90), False, LARGE),
    ],
    ids=["empty", "loading", "forbidden", "never there", "retrying", "stale"],
)
def test_situations(snap_compare, sync: Sync, empty: bool, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    app = make_app(prepare=in_sync(sync, empty=empty))
    assert snap_compare(app, terminal_size=size, run_before=pressed())


@pytest.mark.parametrize(
    "keys",
    [("h",), ("2", "G", "u"), ("G", "r"), ("x",), ("C",), ("Y",), ("o", "j", "space")],
    ids=["hold", "release", "rerun", "delete", "cancel which", "copy what", "columns"],
)
def test_dialogs(snap_compare, keys: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(make_app(), terminal_size=SMALL, run_before=pressed(*keys))


def test_a_refused_write(snap_compare) -> None:  # type: ignore[no-untyped-def]
    async def before(pilot: Pilot[None]) -> None:
        await pressed("space", "space", "c", "y")(pilot)
        await settle(pilot)

    assert snap_compare(make_app(acts=Refusing), terminal_size=SMALL, run_before=before)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_palette(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    async def before(pilot: Pilot[None]) -> None:
        await pressed("colon")(pilot)
        palette = pilot.app.screen
        assert isinstance(palette, CommandPalette)
        palette.query_one(Input).cursor_blink = False
        await pilot.press(*"hold")
        await until(pilot, lambda: palette.query_one(CommandList).option_count)
        await until(pilot, lambda: not palette.query_one(CommandList).loading)
        await pilot.pause(0.3)

    assert snap_compare(make_app(), terminal_size=size, run_before=before)


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark"])
def test_themes(snap_compare, theme: str) -> None:  # type: ignore[no-untyped-def]
    app = make_app(Options(theme=theme))
    assert snap_compare(app, terminal_size=LARGE, run_before=pressed("space", "j"))


@pytest.mark.parametrize("term", ["xterm", "linux"])
@pytest.mark.parametrize("theme", ["", "textual-light", "ansi-dark", "ansi-light"])
async def test_in_16_colours_the_states_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, theme: str, term: str
) -> None:
    """Also where bold is bright, so that a colour and its bright one are the same."""
    monkeypatch.delenv("COLORTERM")
    monkeypatch.setenv("TERM", term)
    app = make_app(Options(theme=theme))
    async with running(app):
        assert app.console.color_system == "standard"
        table = app.screen.query_one(QueueTable)
        painter = Painter(table, "queue-table")
        colours = {}
        for group in ("running", "waiting", "failed", "done"):
            colour = painter.style(group).color
            assert colour is not None
            number = colour.downgrade(ColorSystem.STANDARD).number
            colours[group] = -1 if number is None else number % 8
        assert len(set(colours.values())) == len(colours), colours
        assert painter.style("done").dim
        assert painter.style("cancelled").dim


@pytest.mark.parametrize("theme", ["ansi-dark", "textual-dark"])
async def test_in_the_terminal_s_own_colours_what_only_helps_is_faint(theme: str) -> None:
    app = make_app(Options(theme=theme))
    async with running(app, SMALL) as pilot:
        await pilot.press("n")
        await settle(pilot)
        row = app.screen.query_one("#field-mem", FieldRow)
        faint = [segment.text for segment in row.render_line(0) if segment.style and segment.style.dim]
        assert "".join(faint).strip().startswith("Memory") == (theme == "ansi-dark")
        assert not any("--mem" in text for text in faint)


def test_without_colours(snap_compare, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(make_app(), terminal_size=SMALL, run_before=pressed("space", "j"))
