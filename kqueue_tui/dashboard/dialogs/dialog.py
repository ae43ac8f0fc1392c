"""Dialog: the base of what opens over a screen; Esc and q close it without an answer."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.binding import Binding
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer], Generic[Answer]):
    """A box in the middle; its answer is None when it was closed without one.

    `painted`: whether it has been on the screen, so that a key typed before that is no answer to it.
    """

    painted = False

    BINDINGS = [  # noqa: RUF012
        Binding("escape", "close", "Close", show=False, id="dialog.close"),
        Binding("q", "close", "Close", show=False),
    ]

    def on_mount(self) -> None:
        self.call_after_refresh(self._was_painted)

    def _was_painted(self) -> None:
        self.painted = True

    def action_close(self) -> None:
        self.dismiss(None)
