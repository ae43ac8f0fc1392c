"""`make screenshots`: pictures of the dashboard on the demo's jobs, by a clock that stands still.

python -m tests.dashboard.pictures
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.screens.form import FormScreen
from kqueue_tui.dashboard.screens.log_pane import LogPane
from tests.dashboard.demo import make_app, running, settle, until
from tests.dashboard.forms import checked, fill_home

FOLDER = Path(__file__).parents[2] / "screenshots"
# Name -> (theme, what is pressed).
PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "queue": ("", ()),
    "detail": ("", ("j", "j", "j", "d")),
    "logs": ("", ("j", "j", "j", "vertical_line")),
    "light": ("textual-light", ()),
    "form": ("", ("n", "enter", *"train", "full_stop", *"sh", "enter", "j", "j")),
}


async def take(name: str, theme: str, keys: tuple[str, ...]) -> None:
    """One picture."""
    app = make_app(Options(theme=theme))
    async with running(app, (120, 34)) as pilot:
        await pilot.press(*keys)
        await settle(pilot)
        if any(isinstance(screen, FormScreen) for screen in app.screen_stack):
            await checked(pilot)
        for pane in app.screen.query(LogPane):
            await until(pilot, lambda: pane.lines.buffer.rows)  # noqa: B023
        await settle(pilot)
        (FOLDER / f"{name}.svg").write_text(app.export_screenshot(title="kqueue"))


def main() -> int:
    os.environ |= {"TZ": "UTC", "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none"}
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        fill_home(Path(home))
        os.chdir(home)
        for name, (theme, keys) in PICTURES.items():
            asyncio.run(take(name, theme, keys))
        os.chdir(FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main())
