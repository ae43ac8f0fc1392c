"""The terminal of JupyterLab: xterm.js in a browser's tab, which may be reloaded, behind terminado on the server.

What it lacks is done without here: nothing of it is known to the rest of the dashboard, nor done in other terminals.
"""

from __future__ import annotations

import re
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.app import App
from textual.driver import Driver
from textual.message import Message

from kqueue_tui.dashboard import toast

KEPT_PIECES = 500
"""A new tab is given the last 1,000 pieces that terminado has read: a whole screen is always among them."""
PIECE = 1024
"""A piece has no more characters than a pty holds, 4 KiB of bytes."""
ESCAPES_SECONDS = 1.0
"""The second of two Esc within 0.35 s takes the focus; its report comes a moment later."""

TITLE = "\x1b]2;"
UNTITLED = "Terminal"
# What a reloaded page drew before the whole screen came is on the shell's: with these two it is gone when we leave.
HOME, ERASE_BELOW = "\x1b[H", "\x1b[J"

_QUERY = re.compile(r"\x1b\[\?\d+\$p")
_MODE = re.compile(r"\x1b\[\?(\d+)([hl])")
# One character, not wide in Unicode 6, which is what xterm.js knows, with what newer ones let follow it: a variant, a
# colour of skin, another emoji joined to it. Lines, blocks and what is below them are one column for everybody.
_MAYBE_WIDE = re.compile(
    "([^\\x00-\u2319\u2329\u232a\u2500-\u259f\u2e80-\u303e\u3040-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f"
    "\uff00-\uff60\uffe0-\uffe6\U00020000-\U0003fffd])"
    "((?:\ufe0f|\u200d.|[\U0001f3fb-\U0001f3ff])*)"
)


def title(words: str) -> str:
    """What makes `words` the label of the terminal's tab."""
    return f"{TITLE}{words}\x07"


def as_wide(data: str) -> str:
    """The same with blanks after the characters of two columns that xterm.js takes for one.

    An emoji is drawn over the blank beside it, so that it looks as it should.
    """
    return data if data.isascii() else _MAYBE_WIDE.sub(_with_blanks, data)


def _with_blanks(found: re.Match[str]) -> str:
    columns = cell_len(found[0])
    return found[0] if columns < 2 else found[1] + " " * (columns - 1)


def jupyter_driver(base: type[Driver]) -> type[Driver]:
    """A driver like `base` for the terminal of JupyterLab.

    A tab that is reloaded gets what was written last once more. So nothing is asked of it, because it would answer a
    second time, into the shell when we have left; and the whole screen, with the modes that are on, is written again
    before it is too long ago to be in what is kept.
    """

    class JupyterDriver(base):  # type: ignore[valid-type, misc]
        def __init__(self, app: App[Any], **options: Any) -> None:
            super().__init__(app, **options)
            self._jupyter_app = app
            self._pieces = 0
            self._modes: dict[str, str] = {}
            self._escaped = float("-inf")
            self._has_title = False

        def write(self, data: str) -> None:
            data = _QUERY.sub("", data)
            self._modes.update(_MODE.findall(data))
            is_title = data.startswith(TITLE)
            self._has_title |= is_title
            self._pieces += 1 + len(data) // PIECE
            super().write(data if is_title else as_wide(data))
            if self._pieces >= KEPT_PIECES:
                self._pieces = 0
                self._jupyter_app.call_later(self._write_all)

        def stop_application_mode(self) -> None:
            if self._has_title:
                self._has_title = False
                super().write(title(UNTITLED))
            super().stop_application_mode()
            super().write(ERASE_BELOW)
            self.flush()

        def _write_all(self) -> None:
            if self._modes.get("1049") == "h":  # not while a shell has the terminal
                super().write(
                    HOME + "".join(f"\x1b[?{number}{state}" for number, state in self._modes.items())
                )
                self._jupyter_app.refresh(layout=True)

        def process_message(self, message: Message) -> None:
            if isinstance(message, events.Key) and message.key == "escape":
                self._escaped = message.time
            elif isinstance(message, events.AppBlur) and message.time - self._escaped < ESCAPES_SECONDS:
                self._jupyter_app.call_later(_say_where_the_keys_are, self._jupyter_app)
            super().process_message(message)

    return JupyterDriver


def _say_where_the_keys_are(app: App[Any]) -> None:
    toast.say(
        app,
        "In JupyterLab two quick Esc take the keyboard out of the terminal. Enter gives it back.",
        severity="warning",
    )
