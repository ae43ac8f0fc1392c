"""A toast: a few words in the corner that go by themselves."""

from __future__ import annotations

from typing import Any, Literal

from textual.app import App

Severity = Literal["information", "warning", "error"]
NO_TASKS = "It is no array: it has no tasks."


def say(app: App[Any], text: str, *, severity: Severity = "information", title: str = "") -> None:
    """Show one. Never reads markup: names and messages of jobs are in it."""
    app.notify(text, title=title, severity=severity, markup=False)
