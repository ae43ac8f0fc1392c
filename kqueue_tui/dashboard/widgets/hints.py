"""Hints: the keys that matter most now, at the bottom; those that are off are faint. A click does the same."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

AT_MOST = 8


class Hint(Struct, frozen=True):
    """`key` as it is shown, `action` as Textual runs it."""

    key: str
    title: str
    action: str
    off: bool = False


class Hints(Widget):
    """One line of at most eight hints; the last ones go when there is no room."""

    def __init__(self) -> None:
        super().__init__()
        self._hints: tuple[Hint, ...] = ()

    @property
    def hints(self) -> tuple[Hint, ...]:
        return self._hints

    def show(self, hints: Sequence[Hint]) -> None:
        new = tuple(hints[:AT_MOST])
        if new != self._hints:
            self._hints = new
            self.refresh()

    def render(self) -> Content:
        parts: list[Content] = [Content(" ")]
        used = 1
        for hint in self._hints:
            size = len(hint.key) + len(hint.title) + 4
            if used + size > self.size.width + 2:
                break
            used += size
            click = Style.from_meta({"@click": hint.action})
            shade = "$foreground 38%" if hint.off else ""
            text = Content.assemble(
                (hint.key, shade or "bold $text-accent"), " ", (hint.title, shade or "$foreground 80%")
            )
            parts += [text.stylize(click), Content("   ")]
        return Content.assemble(*parts)
