"""JobBar: why the job under the cursor is as it is, and what to do about it. Two lines."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from kqueue_tui.dashboard.view.lines import Line
from kqueue_tui.dashboard.view.looks import GROUP_COLOURS, look_of
from kqueue_tui.dashboard.widgets.paint import faint_for
from kqueue_tui.dashboard.widgets.table_line import fit


class JobBar(Widget):
    """Shows one line of the queue, or what is marked."""

    def __init__(self) -> None:
        super().__init__()
        self._line: Line | None = None
        self._marked = 0
        self._in_range = False

    def show(self, line: Line | None, marked: int = 0, in_range: bool = False) -> None:
        new = (line, marked, in_range)
        if new != (self._line, self._marked, self._in_range):
            self._line, self._marked, self._in_range = new
            self.refresh()

    def render(self) -> Content:
        width = max(self.size.width, 1)
        if self._line is None:
            return Content("")
        row, look = self._line.row, look_of(self._line.row)
        head = f"{look.glyph} {look.word}"
        told = row.sentence or (f"On {row.node}" if row.node else "")
        rest = f"  {row.id}  {row.name}"
        first = Content.assemble(
            (head, f"bold {GROUP_COLOURS[look.group]}"),
            (fit(rest + (f"   {told}" if told else ""), max(width - len(head), 1)), ""),
        )
        second = row.hint or row.evidence
        if self._marked or self._in_range:
            what = "1 job is marked" if self._marked == 1 else f"{self._marked} jobs are marked"
            more = "move to mark more, V ends it" if self._in_range else "c cancels them all, Esc unmarks"
            second = f"{what}: {more}"
        style = "$text-accent" if self._marked or self._in_range else "$foreground 60%"
        return faint_for(self, Content.assemble(first, "\n", (fit(second, width), style)))
