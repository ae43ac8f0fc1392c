"""FilterBar: the line where a filter is typed. Enter keeps it, Esc takes it away."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events, on
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from kqueue_tui.dashboard.widgets.hints import Hint


class FilterBar(Input):
    """Says what was typed a moment after the last key, so that a long list is not gone through per key."""

    SETTLE_SECONDS = 0.1
    HINTS = (
        Hint("⏎", "Keep", "app.simulate_key('enter')"),
        Hint("esc", "Clear", "app.simulate_key('escape')"),
    )

    @dataclass
    class Typed(Message):
        """The text as it stands. `done`: the user is finished with it."""

        text: str
        done: bool = False

    def __init__(self, text: str, placeholder: str) -> None:
        super().__init__(text, placeholder=placeholder, compact=True)
        self._said = text
        self._timer: Timer | None = None
        self._over = False

    @on(Input.Changed)
    def _settle(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(self.SETTLE_SECONDS, self._say)

    def _finish(self, text: str) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._over = True
        self.post_message(self.Typed(text, done=True))

    def on_key(self, event: events.Key) -> None:
        """Enter and Esc at once, not by a binding: what is typed fast after them is for what comes after this bar."""
        if not self._over and event.key not in ("enter", "escape"):
            return
        event.stop()
        event.prevent_default()
        if self._over:
            self.app.post_message(events.Key(event.key, event.character))
        else:
            self._finish(self.value if event.key == "enter" else "")

    def take_early(self, event: events.Key) -> bool:
        """Take a key that was typed before this bar had the focus: no command, but text, or the end of it."""
        mine = event.is_printable or event.key in ("enter", "escape")
        if mine:
            self.post_message(events.Key(event.key, event.character))
        return mine

    def _say(self) -> None:
        if self.value != self._said:
            self._said = self.value
            self.post_message(self.Typed(self.value))
