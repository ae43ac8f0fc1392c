"""TabLine: the job and the pages that there are of it, in one line; a click chooses one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from kqueue_tui.dashboard.widgets.paint import faint_for


class TabLine(Widget):
    """`show` is called with (name, title) pairs and the name of the page that is open."""

    DEFAULT_CSS = """
    TabLine {
        height: 1; background: $surface;
        link-style: none; link-color: $foreground; link-background: transparent;
        link-style-hover: none; link-background-hover: $primary 30%; link-color-hover: $foreground;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._tabs: tuple[tuple[str, str], ...] = ()
        self._open = ""

    def show(self, tabs: Sequence[tuple[str, str]], name: str) -> None:
        new = (tuple(tabs), name)
        if new != (self._tabs, self._open):
            self._tabs, self._open = new
            self.refresh()

    def render(self) -> Content:
        parts: list[Content] = [Content(" ")]
        for name, title in self._tabs:
            style = "bold $text-accent" if name == self._open else "$foreground 70%"
            click = Style.from_meta({"@click": f"screen.tab('{name}')"})
            parts += [
                Content.assemble((f"[{title}]" if name == self._open else f" {title} ", style)).stylize(
                    click
                ),
                Content(" "),
            ]
        return faint_for(self, Content.assemble(*parts))
