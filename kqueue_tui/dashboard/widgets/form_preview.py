"""FormPreview: the Job or the script that would be sent, as they are now."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kqueue_tui.dashboard.view.code import coloured
from kqueue_tui.dashboard.widgets.tab_line import TabLine

TABS = (("yaml", "YAML"), ("script", "Script"))
LONGEST = 2000
"""Lines; what comes after them is told, not shown."""


class FormPreview(Vertical):
    """`show` gets each page's text, or why there is none."""

    def __init__(self) -> None:
        super().__init__(id="form-preview")
        self.tab = "yaml"
        self._tabs = TabLine()
        self._text = Static(id="form-preview-text", markup=False)
        self._shown: tuple[str, str, str] = ("", "", "")

    def compose(self) -> ComposeResult:
        yield self._tabs
        with VerticalScroll(id="form-preview-body", can_focus=False):
            yield self._text

    def show(self, text: str, name: str, why_not: str) -> None:
        """`text` of the page that is open; `name` is the script's. Without a text `why_not` is said."""
        self._tabs.show(TABS, self.tab)
        new = (text, name, why_not)
        if new != self._shown:
            self._shown = new
            self._text.update(
                _coloured(text, name) if text else Content.assemble((why_not, "$foreground 60%"))
            )

    def scroll_page(self, sign: int) -> None:
        body = self.query_one("#form-preview-body", VerticalScroll)
        body.scroll_relative(y=sign * max(body.size.height - 1, 1), animate=False)


def _coloured(text: str, name: str) -> Content:
    lines = text.splitlines()
    if len(lines) > LONGEST:
        lines = [*lines[:LONGEST], f"… {len(lines) - LONGEST} more lines"]
    return coloured("\n".join(lines), name)
