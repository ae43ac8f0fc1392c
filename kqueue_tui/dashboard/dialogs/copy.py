"""Copy: what was sent to the terminal's clipboard, for those terminals that take no notice (OSC 52 has no answer)."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from kqueue_tui.dashboard.dialogs.dialog import Dialog


class Copied(Dialog[None]):
    """Shows the text so that it can be selected with the mouse."""

    BINDINGS = [Binding("enter,space", "close", "Close", show=False)]  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static("Copied, if your terminal takes it", classes="question", markup=False)
            yield Static(self._text, classes="names", markup=False)
            yield Static(
                "Else select it here: drag, in some terminals with Shift. Enter closes.", classes="about"
            )

    def on_mount(self) -> None:
        self.app.copy_to_clipboard(self._text)
