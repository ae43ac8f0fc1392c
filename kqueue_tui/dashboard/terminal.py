"""Terminal: which one it is, and its own notification (OSC 9 or OSC 777), for which Textual has no call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.driver import Driver

from kbatch_core.model.safetext import safe_text


def is_jupyter(environ: Mapping[str, str]) -> bool:
    """Whether what we write goes to a terminal of JupyterLab itself: tmux in it is another terminal."""
    return "PYXTERM_DIMENSIONS" in environ and environ.get("TERM", "").startswith("xterm")


class Terminal:
    """Remembers the driver that the app makes, because only its writes are in order with the app's own."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._driver: Driver | None = None

    def remember(self, base: type[Driver]) -> type[Driver]:
        """A driver class like `base` whose instance is remembered."""
        terminal = self
        if is_jupyter(self._environ):
            # Only there: its pattern takes 5 ms of a first paint.
            from kqueue_tui.dashboard.jupyter import jupyter_driver

            base = jupyter_driver(base)

        class Remembered(base):  # type: ignore[valid-type, misc]
            def __init__(self, app: App[Any], **options: Any) -> None:
                super().__init__(app, **options)
                terminal._driver = self

        return Remembered

    def notify(self, text: str) -> None:
        """Show `text` outside of the terminal's window, where the terminal can."""
        if self._driver is not None and not self._driver.is_headless:
            self._driver.write(notification(text, self._environ))
            self._driver.flush()


def notification(text: str, environ: Mapping[str, str]) -> str:
    """What makes the terminal show `text`: OSC 777 where that is the known one, else OSC 9.

    Other terminals take no notice, but for the plainest, which would print it. Several know both: one is sent. tmux
    (with `allow-passthrough on`) and screen hand on what is wrapped for them. JupyterLab knows neither, but shows the
    terminal's title on its tab, which is to be seen from a notebook.
    """
    term = environ.get("TERM", "")
    if term in ("", "dumb", "linux", "vt100"):
        return ""
    words = safe_text(text, 200)
    if is_jupyter(environ):
        from kqueue_tui.dashboard.jupyter import title

        return title(words)
    if term.startswith(("foot", "rxvt")) or "VTE_VERSION" in environ or "KONSOLE_VERSION" in environ:
        sequence = f"\x1b]777;notify;kqueue;{words}\x07"
    else:
        sequence = f"\x1b]9;{words}\x07"
    if environ.get("TMUX"):
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environ.get("STY"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence
