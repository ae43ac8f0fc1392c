"""StatusLine: where one is, how many jobs are how, and how fresh that is. One line at the top."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.widget import Widget

from kqueue_tui.dashboard.view.columns import cells
from kqueue_tui.dashboard.view.looks import GROUP_COLOURS, GROUP_LOOKS, GROUPS


class StatusLine(Widget):
    """Fill with `show_place`, `show_counts`, `show_sync`; each repaints only when it has something new to say.

    What was lately shows only where there is room for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._place = ""
        self._counts: dict[str, int] = {}
        self._shown = ""
        self._groups: frozenset[str] = frozenset()
        self._sync = ("", "")
        self._lately: dict[str, str] = {}

    def show_place(self, place: str) -> None:
        if place != self._place:
            self._place = place
            self.refresh()

    def show_counts(self, counts: Mapping[str, int], shown: str, groups: frozenset[str]) -> None:
        """`shown` says what part of the jobs the filter leaves; `groups` are those it is for."""
        new = (dict(counts), shown, groups)
        if new != (self._counts, self._shown, self._groups):
            self._counts, self._shown, self._groups = new
            self.refresh()

    def show_lately(self, lately: Mapping[str, str]) -> None:
        """How the counts of some groups were lately, as sparklines."""
        if lately != self._lately:
            self._lately = dict(lately)
            self.refresh()

    def show_sync(self, words: str, colour: str) -> None:
        if (words, colour) != self._sync:
            self._sync = (words, colour)
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        left = f" kqueue  {self._place}"
        right = self._right(self._lately)
        if cells(left) + right.cell_length >= width:
            right = self._right({})
        if right.cell_length > width:
            right = self._sync_words()
        room = width - right.cell_length - 1
        if cells(left) > room:
            left = left[: max(room - 1, 0)] + "…"
        named = Content.assemble((left[:7], "bold $text-primary"), left[7:])
        return Content.assemble(named, " " * max(width - named.cell_length - right.cell_length, 1), right)

    def _right(self, lately: Mapping[str, str]) -> Content:
        counts = Content.assemble(*self._count_parts(lately))
        shown = Content.assemble((f"{self._shown}   ", "$text-accent")) if self._shown else Content("")
        return Content.assemble(shown, counts, "  ", self._sync_words())

    def _sync_words(self) -> Content:
        words, colour = self._sync
        return Content.assemble((f"{words} ", f"bold {colour}"))

    def _count_parts(self, lately: Mapping[str, str]) -> list[tuple[str, str]]:
        parts = []
        for group in GROUPS:
            number = self._counts.get(group, 0)
            line = lately.get(group, "")
            if not (number or line or group in self._groups):
                continue
            colour = GROUP_COLOURS[group]
            style = f"{colour} reverse" if group in self._groups else colour
            parts.append((f"{GROUP_LOOKS[group].glyph} {number}", style))
            parts += [(f" {line}", f"{colour} 60%"), ("  ", "")] if line else [("  ", "")]
        return parts
