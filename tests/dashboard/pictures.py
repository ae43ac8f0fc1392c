"""`make screenshots`: pictures of the dashboard on the demo's jobs, by a clock that stands still.

python -m tests.dashboard.pictures
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from kqueue_tui.dashboard.options import Options
from tests.dashboard.demo import make_app, running, settle

FOLDER = Path(__file__).parents[2] / "screenshots"
# Name -> (theme, what is pressed).
PICTURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "queue": ("", ("t",)),
    "detail": ("", ("j", "j", "j", "d")),
    "light": ("textual-light", ()),
}


async def take(name: str, theme: str, keys: tuple[str, ...]) -> None:
    """One picture."""
    app = make_app(Options(demo=True, theme=theme))
    async with running(app, (120, 34)) as pilot:
        await pilot.press(*keys)
        await settle(pilot)
        (FOLDER / f"{name}.svg").write_text(app.export_screenshot(title="kqueue"))


def main() -> int:
    os.environ |= {"TZ": "UTC", "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none"}
    FOLDER.mkdir(exist_ok=True)
    for name, (theme, keys) in PICTURES.items():
        asyncio.run(take(name, theme, keys))
    return 0


if __name__ == "__main__":
    sys.exit(main())
