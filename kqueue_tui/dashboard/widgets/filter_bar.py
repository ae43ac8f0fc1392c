"""FilterBar: the line where a filter is typed. Enter keeps it, Esc takes it away."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.binding import Binding
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input


class FilterBar(Input):
    """Says what was typed a moment after the last key, so that a long list is not gone through per key."""

    BINDINGS = [Binding("escape", "give_up", "Clear", show=False)]  # noqa: RUF012
    SETTLE_SECONDS = 0.1

    @dataclass
    class Typed(Message):
        """The text as it stands. `done`: the user is finished with it."""

        text: str
        done: bool = False

    def __init__(self, text: str, placeholder: str) -> None:
        super().__init__(text, placeholder=placeholder, compact=True)
        self._said = text
        self._timer: Timer | None = None

    @on(Input.Changed)
    def _settle(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(self.SETTLE_SECONDS, self._say)

    @on(Input.Submitted)
    def _keep(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Typed(self.value, done=True))

    def action_give_up(self) -> None:
        self.post_message(self.Typed("", done=True))

    def _say(self) -> None:
        if self.value != self._said:
            self._said = self.value
            self.post_message(self.Typed(self.value))
