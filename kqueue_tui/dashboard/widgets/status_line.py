"""StatusLine: where one is, how many jobs are how, and how fresh that is. One line at the top."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.widget import Widget

from kqueue_tui.dashboard.view.columns import cells
from kqueue_tui.dashboard.view.looks import GROUP_COLOURS, GROUP_LOOKS, GROUPS


class StatusLine(Widget):
    """Fill with `show_place`, `show_counts`, `show_sync`; each repaints only when it has something new to say."""

    def __init__(self) -> None:
        super().__init__()
        self._place = ""
        self._counts: dict[str, int] = {}
        self._shown = ""
        self._groups: frozenset[str] = frozenset()
        self._sync = ("", "")

    def show_place(self, place: str) -> None:
        self._place = place
        self.refresh()

    def show_counts(self, counts: Mapping[str, int], shown: str, groups: frozenset[str]) -> None:
        """`shown` says what part of the jobs the filter leaves; `groups` are those it is for."""
        new = (dict(counts), shown, groups)
        if new != (self._counts, self._shown, self._groups):
            self._counts, self._shown, self._groups = new
            self.refresh()

    def show_sync(self, words: str, colour: str) -> None:
        if (words, colour) != self._sync:
            self._sync = (words, colour)
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        counts = Content.assemble(*self._count_parts())
        words, colour = self._sync
        sync = Content.assemble((f"{words} ", f"bold {colour}"))
        shown = Content.assemble((f"{self._shown}   ", "$text-accent")) if self._shown else Content("")
        right = Content.assemble(shown, counts, "  ", sync)
        left = f" kqueue  {self._place}"
        room = width - right.cell_length - 1
        if cells(left) > room:
            left = left[: max(room - 1, 0)] + "…"
        named = Content.assemble((left[:7], "bold $primary"), left[7:])
        return Content.assemble(named, " " * max(width - named.cell_length - right.cell_length, 1), right)

    def _count_parts(self) -> list[tuple[str, str]]:
        parts = []
        for group in GROUPS:
            number = self._counts.get(group, 0)
            if not number and group not in self._groups:
                continue
            colour = GROUP_COLOURS[group]
            style = f"{colour} reverse" if group in self._groups else colour
            parts += [(f"{GROUP_LOOKS[group].glyph} {number}", style), ("  ", "")]
        return parts
