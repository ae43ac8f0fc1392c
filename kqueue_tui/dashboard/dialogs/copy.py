"""Copy: what was sent to the terminal's clipboard, for those terminals that take no notice (OSC 52 has no answer)."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from kqueue_tui.dashboard.dialogs.dialog import Dialog
from kqueue_tui.dashboard.logs.save import free_path
from kqueue_tui.dashboard.toast import say


class Copied(Dialog[None]):
    """Shows the text so that it can be selected with the mouse, and writes it to a file on demand."""

    BINDINGS = [  # noqa: RUF012
        Binding("enter,space", "close", "Close", show=False),
        Binding("D", "save", "Save", show=False),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="copied"):
            yield Static("Copied, if your terminal takes it", classes="question", markup=False)
            with VerticalScroll(classes="text"):
                yield Static(self._text, markup=False)
            yield Static(
                "Else select it here: drag, in some terminals with Shift. D writes it to a file. Enter closes.",
                classes="about",
            )

    def on_mount(self) -> None:
        self.app.copy_to_clipboard(self._text)

    def action_save(self) -> None:
        path = free_path(Path.cwd(), "kqueue-copy", ".txt")
        try:
            path.write_text(f"{self._text}\n")
        except OSError as error:
            say(self.app, f"{path} cannot be written: {error.strerror}.", severity="error")
        else:
            say(self.app, str(path), title="It is in")
