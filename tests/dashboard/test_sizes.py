"""Whatever is open when a terminal is made small and large again, no key ends the dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandPalette

from tests.dashboard.demo import make_app, running, settle
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
