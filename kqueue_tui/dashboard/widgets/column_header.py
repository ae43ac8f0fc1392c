"""ColumnHeader: the titles over the queue table; a click sorts."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from kqueue_tui.dashboard.view.columns import Place
from kqueue_tui.dashboard.view.lines import Order
from kqueue_tui.dashboard.widgets.table_line import GUTTER, fit


class ColumnHeader(Widget):
    """One line; knows where the table's columns are and by which it is sorted."""

    @dataclass
    class Clicked(Message):
        """A title was clicked: the id of its column."""

        column: str

    def __init__(self) -> None:
        super().__init__()
        self._places: tuple[Place, ...] = ()
        self._order = Order()

    def show(self, places: tuple[Place, ...], order: Order) -> None:
        if (places, order) != (self._places, self._order):
            self._places, self._order = places, order
            self.refresh()

    def render(self) -> Content:
        parts: list[tuple[str, str]] = [(" " * GUTTER, "")]
        x = 0
        for place in self._places:
            parts.append((" " * (place.x - x), ""))
            sorts = place.column.id == self._order.column
            arrow = ("▲" if self._order.reverse else "▼") if sorts else ""
            title = arrow + place.column.title if place.column.right else place.column.title + arrow
            parts.append((fit(title, place.width, place.column.right), "bold $text-accent" if sorts else ""))
            x = place.x + place.width
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        x = event.x - GUTTER
        for place in self._places:
            if place.x - 1 <= x < place.x + place.width + 1:
                self.post_message(self.Clicked(place.column.id))
                return
