"""AskText: one line of text. Enter gives it, Esc gives none."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from kqueue_tui.dashboard.dialogs.dialog import Dialog


class AskText(Dialog[str]):
    """The answer is what was typed, never empty."""

    BINDINGS = [Binding("escape", "close", "Close", show=False)]  # noqa: RUF012

    def __init__(self, question: str, text: str = "", about: str = "") -> None:
        super().__init__()
        self._question, self._about = question, about
        self._input = Input(text, compact=True)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="ask"):
            yield Static(self._question, classes="question", markup=False)
            yield self._input
            yield Static(self._about or "Enter keeps it, Esc gives up", classes="about", markup=False)

    def on_mount(self) -> None:
        self._input.focus()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())
