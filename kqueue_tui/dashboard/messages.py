"""Messages between the threads, the app and the screens. Textual sets fields on each, so none is frozen."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message


class Dirty(Message):
    """From a thread: the queue changed. Many that wait count as one."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Dirty)


@dataclass
class QueueChanged(Message):
    """To the screen on top, at most four times a second: rows changed."""


@dataclass
class Tick(Message):
    """To the screen on top, once a second: what tells a time may have changed."""

    now: float
