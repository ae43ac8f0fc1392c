"""Copy: what was sent to the terminal's clipboard, for those terminals that take no notice (OSC 52 has no answer)."""

from __future__ import annotations

import os
from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from kqueue_tui.dashboard.dialogs.dialog import Dialog
from kqueue_tui.dashboard.logs.save import free_path
from kqueue_tui.dashboard.terminal import is_jupyter
from kqueue_tui.dashboard.toast import say

COPIED = "Copied, if your terminal takes it"
SELECT = "Else select it here: drag, in some terminals with Shift. D writes it to a file. Enter closes."
NOT_COPIED = "Copy it from here"
SELECT_BY_HAND = (
    "JupyterLab lets no program copy: drag with Shift, then Ctrl-C. D writes it to a file. Enter closes."
)


class Copied(Dialog[None]):
    """Shows the text so that it can be selected with the mouse, and writes it to a file on demand."""

    BINDINGS = [  # noqa: RUF012
        Binding("enter,space", "close", "Close", show=False),
        Binding("D", "save", "Save", show=False),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._by_hand = is_jupyter(os.environ)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="copied"):
            yield Static(NOT_COPIED if self._by_hand else COPIED, classes="question", markup=False)
            with VerticalScroll(classes="text"):
                yield Static(self._text, markup=False)
            yield Static(SELECT_BY_HAND if self._by_hand else SELECT, classes="about")

    def on_mount(self) -> None:
        if not self._by_hand:
            self.app.copy_to_clipboard(self._text)

    def action_save(self) -> None:
        path = free_path(Path.cwd(), "kqueue-copy", ".txt")
        try:
            path.write_text(f"{self._text}\n")
        except OSError as error:
            say(self.app, f"{path} cannot be written: {error.strerror}.", severity="error")
        else:
            say(self.app, str(path), title="It is in")
