"""Dialog: the base of what opens over a screen; Esc and q close it without an answer."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.binding import Binding
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer], Generic[Answer]):
    """A box in the middle; its answer is None when it was closed without one."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape", "close", "Close", show=False, id="dialog.close"),
        Binding("q", "close", "Close", show=False),
    ]

    def action_close(self) -> None:
        self.dismiss(None)
