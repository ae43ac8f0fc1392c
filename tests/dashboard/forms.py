"""The form in the dashboard, in a home of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.screens.form import FormScreen
from kqueue_tui.dashboard.widgets.form_fields import FormFields
from tests.dashboard.demo import make_app, running, settle, until
from tests.dashboard.demo.backend import DemoQueue

TRAIN = """#!/bin/bash
#SBATCH --job-name=train-resnet50
#SBATCH --time=4:00:00
#SBATCH --cpus-per-task=8 --mem=32G
#SBATCH --mail-type=END

python train.py --model resnet50
"""


def fill_home(home: Path) -> None:
    """Scripts, a notebook, folders, and names that would act on the terminal."""
    (home / "work" / "deep").mkdir(parents=True)
    (home / "work" / "deep" / "fit.py").write_text("print(1)\n")
    (home / "train.sh").write_text(TRAIN)
    (home / "data.csv").write_text("1,2\n")
    (home / ".hidden.sh").write_text("echo\n")
    (home / "evil\x1b[31m[red]\n.sh").write_text("echo\n")


def form_of(app: Dashboard) -> FormScreen:
    """The form, whatever dialog is over it."""
    return next(screen for screen in app.screen_stack if isinstance(screen, FormScreen))


def at(app: Dashboard, kind: type[Screen[Any]]) -> bool:
    """Whether a screen of this kind is on top."""
    return isinstance(app.screen, kind)


def seen(widget: Widget) -> bool:
    return bool(widget.display)


def fields_of(app: Dashboard) -> FormFields:
    return form_of(app).query_one(FormFields)


def said(app: Dashboard, part: str) -> str:
    """The text of a line of the form: title, help, command or notes."""
    return str(form_of(app).query_one(f"#form-{part}", Static).content)


def shown_uids(app: Dashboard) -> list[str]:
    assert app.backend is not None and isinstance(app.backend.queue, DemoQueue)
    return [row.uid for row in app.backend.queue.rows()]


def is_checked(app: Dashboard) -> bool:
    """Whether what the form shows is about what is filled in now."""
    form = form_of(app)
    return form._fresh and not form.testing


async def checked(pilot: Pilot[None]) -> None:
    """Until what is filled in has been checked."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    await pilot.pause()
    await until(
        pilot, lambda: not any(isinstance(s, FormScreen) for s in app.screen_stack) or is_checked(app)
    )
    await settle(pilot)


@asynccontextmanager
async def at_form(
    *keys: str, size: tuple[int, int] = (120, 40), script: str = "", app: Dashboard | None = None
) -> AsyncIterator[tuple[Dashboard, Pilot[None]]]:
    """The app with the form open, some keys pressed, and what they made checked."""
    made = app or make_app(Options(screen="form", script=script))
    async with running(made, size) as pilot:
        await checked(pilot)
        await pilot.press(*keys)
        await checked(pilot)
        yield made, pilot


def typed(text: str) -> list[str]:
    """The keys that type a text."""
    names = {" ": "space", ".": "full_stop", "/": "slash", "-": "minus", "_": "underscore", "=": "equals_sign",
             "'": "apostrophe", "~": "tilde", ":": "colon", "%": "percent_sign", ",": "comma"}  # fmt: skip
    return [names.get(char, char) for char in text]
