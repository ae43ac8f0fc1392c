"""Question: the base of the dialogs that ask before something is written. No is the default."""

from __future__ import annotations

from textual import on
from textual.binding import Binding
from textual.widgets import Button

from kqueue_tui.dashboard.dialogs.dialog import Dialog


class Question(Dialog[bool]):
    """The answer is True for yes. Whoever composes it has the button `#no`, and `#yes` where `may` is true.

    `painted`: whether it has been on the screen, so that a key typed before that is no answer to it.
    """

    # Not by hand: when q and c are typed fast, the dialog is mounted while the app leaves, and has no button.
    AUTO_FOCUS = "#no"

    may = True
    painted = False

    BINDINGS = [  # noqa: RUF012
        Binding("n", "close", "No", show=False, id="confirm.no"),
        Binding("left,right,h,l,tab", "other", "Other button", show=False),
    ]

    def on_mount(self) -> None:
        self.call_after_refresh(self._was_painted)

    def _was_painted(self) -> None:
        self.painted = True

    @on(Button.Pressed)
    def _pressed(self, pressed: Button.Pressed) -> None:
        if pressed.button.id == "yes":
            self.action_yes()
        else:
            self.action_close()

    def action_yes(self) -> None:
        if self.may and self.painted:
            self.dismiss(True)

    def action_other(self) -> None:
        self.focus_next(Button)
