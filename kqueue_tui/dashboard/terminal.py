"""Terminal: the one thing that Textual has no call for, the terminal's own notification (OSC 9)."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.driver import Driver

from kbatch_core.model.safetext import safe_text


class Terminal:
    """Remembers the driver that the app makes, because only its writes are in order with the app's own."""

    def __init__(self) -> None:
        self._driver: Driver | None = None

    def remember(self, base: type[Driver]) -> type[Driver]:
        """A driver class like `base` whose instance is remembered."""
        terminal = self

        class Remembered(base):  # type: ignore[valid-type, misc]
            def __init__(self, app: App[Any], **options: Any) -> None:
                super().__init__(app, **options)
                terminal._driver = self

        return Remembered

    def notify(self, text: str) -> None:
        """Show `text` outside of the terminal window, where the terminal can (iTerm2, kitty, WezTerm, Windows)."""
        if self._driver is not None and not self._driver.is_headless:
            self._driver.write(f"\x1b]9;{safe_text(text, 200)}\x1b\\")
            self._driver.flush()
