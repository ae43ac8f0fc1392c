"""Problem: what could not be done and why, in the API server's words. Stays until it is closed."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from kqueue_tui.dashboard.dialogs.dialog import Dialog


class Problem(Dialog[None]):
    """`title` in a few words, `text` as long as it is."""

    BINDINGS = [Binding("enter,space", "close", "Close", show=False)]  # noqa: RUF012

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="write problem"):
            yield Static(self._title, classes="question", markup=False)
            with VerticalScroll(classes="text"):
                yield Static(self._text, markup=False)
            yield Static("Enter closes", classes="about", markup=False)
