"""Hints: the keys that matter most now, at the bottom; those that are off are faint. A click does the same."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from kqueue_tui.dashboard.widgets.paint import faint_for

AT_MOST = 8


class Hint(Struct, frozen=True):
    """`key` as it is shown, `action` as Textual runs it. `stays`: it is shown where others have no room."""

    key: str
    title: str
    action: str
    off: bool = False
    stays: bool = False


class Hints(Widget):
    """One line of at most eight hints, those that stay at its end; the last others go when there is no room."""

    def __init__(self) -> None:
        super().__init__()
        self._hints: tuple[Hint, ...] = ()

    @property
    def hints(self) -> tuple[Hint, ...]:
        return self._hints

    def show(self, hints: Sequence[Hint]) -> None:
        last = [hint for hint in hints if hint.stays]
        new = (*[hint for hint in hints if not hint.stays][: AT_MOST - len(last)], *last)
        if new != self._hints:
            self._hints = new
            self.refresh()

    def render(self) -> Content:
        parts: list[Content] = [Content(" ")]
        room = self.size.width + 2 - len(" ") - sum(_width(hint) for hint in self._hints if hint.stays)
        for hint in self._hints:
            if not hint.stays:
                room -= _width(hint)
                if room < 0:
                    continue
            click = Style.from_meta({"@click": hint.action})
            shade = "$foreground 38%" if hint.off else ""
            text = Content.assemble(
                (hint.key, shade or "bold $text-accent"), " ", (hint.title, shade or "$foreground 80%")
            )
            parts += [text.stylize(click), Content("   ")]
        return faint_for(self, Content.assemble(*parts))


def _width(hint: Hint) -> int:
    """Cells that it takes, with what stands before the next one."""
    return len(f"{hint.key} {hint.title}   ")
