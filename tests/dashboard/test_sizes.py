"""In a terminal of any size, also one that changes, no key ends the dashboard, and the cursor is in sight."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandPalette

from kqueue_tui.dashboard.widgets.form_fields import FormFields
from tests.dashboard.demo import make_app, running, settle, until
from tests.dashboard.forms import fill_home

SIZES = ((20, 6), (3, 2), (1, 1), (80, 24))
KEYS = ("down", "pagedown", "end", "pageup", "home", "up", "tab")
OPENED: dict[str, tuple[str, ...]] = {
    "queue": (),
    "filter": ("slash",),
    "palette": ("colon",),
    "help": ("question_mark",),
    "columns": ("o",),
    "cancel": ("c",),
    "cancel which": ("C",),
    "update": ("T",),
    "copy": ("Y",),
    "log pane": ("vertical_line",),
    "detail": ("d",),
    "usage": ("d", "m"),
    "script": ("d", "v"),
    "log": ("l",),
    "two logs": ("l", "vertical_line"),
    "form": ("n",),
    "files": ("n", "o"),
    "templates": ("n", "T"),
    "field": ("n", "enter"),
}


@pytest.mark.parametrize("keys", OPENED.values(), ids=OPENED)
async def test_a_terminal_is_made_small_and_large_again(
    keys: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    fill_home(tmp_path)
    app = make_app()
    async with running(app, (80, 24)) as pilot:
        await pilot.press(*keys)
        await settle(pilot)
        opened = app.screen
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.press(*KEYS)
        # Textual's palette has no list then, and its keys would fail.
        assert app.screen is (app.screen_stack[0] if isinstance(opened, CommandPalette) else opened)
        assert app.return_code is None


@pytest.mark.parametrize("size", [(80, 24), (80, 16), (80, 13)])
async def test_the_cursor_is_in_sight_however_long_the_help_of_its_field_is(size: tuple[int, int]) -> None:
    async with running(make_app(), size) as pilot:
        await pilot.press("n")
        await settle(pilot)
        await pilot.press("a")
        await settle(pilot)
        fields = pilot.app.screen.query_one(FormFields)
        heights = set()
        for _ in fields.shown:
            row = fields.current
            assert row is not None
            # It is scrolled to once the new height is painted.
            await until(pilot, lambda: fields.region.contains_region(row.region))  # noqa: B023
            heights.add(fields.size.height)
            await pilot.press("j")
            await settle(pilot)
        assert size[1] < 16 or len(heights) > 1
