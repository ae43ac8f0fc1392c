"""Notice: stands where the table would, when there is nothing to list: one sentence, and what to press."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kqueue_tui.dashboard.widgets.paint import faint_for


class Notice(Widget):
    """A sentence and keys with what each does, in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self._sentence = ""
        self._keys: tuple[tuple[str, str], ...] = ()

    def show(self, sentence: str, *keys: tuple[str, str]) -> None:
        if (sentence, keys) != (self._sentence, self._keys):
            self._sentence, self._keys = sentence, keys
            self.refresh()

    def render(self) -> Content:
        parts: list[tuple[str, str]] = [(self._sentence, "")]
        if self._keys:
            parts.append(("\n\n", ""))
        for number, (key, does) in enumerate(self._keys):
            parts += [
                ("    " if number else "", ""),
                (key, "bold $text-accent"),
                (f" {does}", "$foreground 60%"),
            ]
        return faint_for(self, Content.assemble(*parts))
