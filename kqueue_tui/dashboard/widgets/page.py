"""Page: a text that is as high as what it says."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Page(Static):
    """Takes Content of any height."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, markup=False)

    def show(self, text: Content) -> None:
        """Say this, and ask for the room it takes.

        Textual 8.2 keeps a widget's box under the number of its last request for a layout, and a request that comes
        before the widget was idle again gets no new number: of two updates in a row the second was cut to the height
        of the first, for as long as nothing else was said. A style that differs gives the box another key.
        """
        self.styles.min_height = text.plain.count("\n") + 1
        self.update(text)
