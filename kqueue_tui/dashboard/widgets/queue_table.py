"""QueueTable: the jobs as lines, on Textual's line API. Cursor and marks are by uid, never by the number of a line.

Only what changed is painted: a changed job its line, the clock the TIME cells of what runs, the cursor two lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kqueue_tui.dashboard.actions import MOVES, bindings
from kqueue_tui.dashboard.toast import NO_TASKS, say
from kqueue_tui.dashboard.view.columns import Place, elapsed_text, lay_out
from kqueue_tui.dashboard.view.lines import Line, QueueView
from kqueue_tui.dashboard.widgets.paint import Painter
from kqueue_tui.dashboard.widgets.table_line import GUTTER, LineLook, paint_line

PREFIX = "queue-table"
TICKING = ("time", "age")
TICKS_A_SECOND = 10
"""When more lines than this tick, they do it less often: a terminal's line costs some 300 bytes."""


class QueueTable(ScrollView, can_focus=True):
    """Shows a QueueView. `now` and `watched` are set by the screen before it calls `show` or `tick`.

    `first_read`: the first jobs were still on their way when the screen last called `show`. (Textual's own `loading`
    would cover the jobs that are there.)
    """

    COMPONENT_CLASSES = {  # noqa: RUF012
        f"{PREFIX}--{name}"
        for name in (
            "id", "name", "fact", "reason", "trouble", "ended", "gutter", "tree", "mark", "bell",
            "running", "waiting", "done", "failed", "cancelled", "cursor", "blurred-cursor", "marked", "blank",
        )
    }  # fmt: skip
    ACTIONS = MOVES
    BINDINGS = bindings(MOVES)

    @dataclass
    class CursorMoved(Message):
        """The cursor is on another line, or on none."""

        line: Line | None

    @dataclass
    class Opened(Message):
        """A line was clicked twice."""

        line: Line

    @dataclass
    class LaidOut(Message):
        """The columns are at other places."""

        places: tuple[Place, ...]

    def __init__(self, view: QueueView, columns: Sequence[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = view
        self.now = 0.0
        self.first_read = True
        self.watched: set[str] = set()
        self.marks: set[str] = set()
        self.columns = tuple(columns)
        self.places: tuple[Place, ...] = ()
        self._shown: list[Line] = []
        self._ticks = 0
        self._minute = 0
        self._cursor_key = self._chosen_key = ""
        self._cursor_row = 0
        self._range_from: str | None = None
        self._range_base: frozenset[str] = frozenset()
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(512)
        self._painter = Painter(self, PREFIX)
        view.measure(self.columns)

    # What is shown

    @property
    def cursor(self) -> Line | None:
        """The line under the cursor."""
        row = self.view.index.get(self._cursor_key)
        return self.view.lines[row] if row is not None else None

    @property
    def targets(self) -> list[Line]:
        """What an action is about: the marked jobs in the order of the table, else the one under the cursor."""
        marked = [line for line in self.view.lines if line.uid in self.marks and not line.is_task]
        hidden = self.marks - {line.uid for line in marked}
        if not marked and not hidden:
            return [self.cursor] if self.cursor is not None else []
        return marked

    def show(self) -> None:
        """Take over what the view has now: keep the cursor on its job, repaint the lines that differ."""
        lines = self.view.lines
        self.marks = {uid for uid in self.marks if self.view.row(uid) is not None}
        if len(lines) != len(self._shown) or self.virtual_size.height != len(lines):
            self.virtual_size = Size(self.size.width, len(lines))
        self._keep_cursor()
        self._lay_out()
        top, bottom = self._visible()
        before = self._shown
        for row in range(top, bottom):
            old = before[row] if row < len(before) else None
            new = lines[row] if row < len(lines) else None
            if old is not new:
                self.refresh_line(row)
        self._shown = lines

    def tick(self) -> None:
        """Repaint the cells of the visible lines whose time has moved on."""
        top, bottom = self._visible()
        shown = enumerate(self.view.lines[top:bottom])
        running = [y for y, line in shown if line.row.started is not None and not line.row.finished]
        spots = [(p.x + GUTTER, p.width) for p in self.places if p.column.id in TICKING]
        self._ticks += 1
        minute = int(self.now) // 60
        if minute != self._minute and any(place.column.id == "age" for place in self.places):
            self.refresh()
        self._minute = minute
        if not running or self._ticks % (len(running) // TICKS_A_SECOND + 1):
            return
        self.refresh(*(Region(x, y, width, 1) for y in running for x, width in spots))

    def set_columns(self, columns: Sequence[str]) -> None:
        """Show other columns, or in another order."""
        self.columns = tuple(columns)
        self.view.measure(self.columns)
        self._lay_out(again=True)

    def put_cursor(self, key: str) -> None:
        """Put the cursor on the line of a job or task, as soon as it is there."""
        self._chosen_key = key
        row = self.view.index.get(key)
        if row is not None:
            self._move_to(row)

    def _visible(self) -> tuple[int, int]:
        top = self.scroll_offset.y
        return top, top + self.size.height

    def _keep_cursor(self) -> None:
        """The cursor stays on its job; when that is gone, on the line that is now where it was.

        A job that a filter had taken away gets it back. While the first jobs come, and nobody has chosen one, it
        stays on the first line.
        """
        lines = self.view.lines
        row = self.view.index.get(self._chosen_key, self.view.index.get(self._cursor_key))
        if self.first_read and not self._chosen_key and lines:
            row = 0
        if row is None and lines:
            row = min(self._cursor_row, len(lines) - 1)
        key = lines[row].key if row is not None else ""
        top = self.scroll_offset.y
        moved_by = row - self._cursor_row if row is not None else 0
        on_screen = top <= self._cursor_row < top + self.size.height
        if key != self._cursor_key and row is not None:
            self.refresh_line(row)
        self._cursor_key, self._cursor_row = key, row or 0
        if moved_by and on_screen and row is not None:
            if top:
                # Who reads in the middle keeps the lines where they are, whatever comes above.
                self.scroll_to(y=top + moved_by, animate=False)
            self._scroll_to_row(row)
        self.post_message(self.CursorMoved(self.cursor))

    def _lay_out(self, *, again: bool = False) -> None:
        # Before it has a size of its own, as if it had the screen's: else its first picture would be of one column.
        width = self.size.width or self.app.size.width
        places = lay_out(self.columns, self.view.natural, max(width - GUTTER - 1, 1))
        if places != self.places or again:
            self.places = places
            self._strips.clear()
            self.refresh()
            self.post_message(self.LaidOut(places))

    # Painting

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        width = self.size.width
        lines = self.view.lines
        if row >= len(lines):
            return Strip([Segment(" " * width, self._painter.style("blank"))], width)
        line = lines[row]
        look = LineLook(
            cursor=("cursor" if self.has_focus else "blurred-cursor") if line.key == self._cursor_key else "",
            marked=line.uid in self.marks,
            watched=line.uid in self.watched and not line.is_task,
            unfolded=line.uid in self.view.unfolded,
            elapsed=elapsed_text(line.row, self.now),
        )
        key = (line, look, width, int(self.now) // 60)
        strip = self._strips.get(key)
        if strip is None:
            strip = paint_line(line, look, self.places, width, self.now, self._painter)
            self._strips[key] = strip
        return strip

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.clear()
        self._strips.clear()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.view.lines))
        self._lay_out()
        self._scroll_to_row(self._cursor_row)

    def on_focus(self) -> None:
        self.refresh_line(self._cursor_row)

    def on_blur(self) -> None:
        self.refresh_line(self._cursor_row)

    # Moving

    def action_move(self, by: int) -> None:
        self._move_to(self._cursor_row + by)

    def action_move_half(self, sign: int) -> None:
        self._move_to(self._cursor_row + sign * max(self.size.height // 2, 1))

    def action_move_page(self, sign: int) -> None:
        self._move_to(self._cursor_row + sign * max(self.size.height - 1, 1))

    def action_move_first(self) -> None:
        self._move_to(0)

    def action_move_last(self) -> None:
        self._move_to(len(self.view.lines) - 1)

    def _move_to(self, row: int) -> None:
        lines = self.view.lines
        if not lines:
            return
        row = min(max(row, 0), len(lines) - 1)
        if row == self._cursor_row and lines[row].key == self._cursor_key:
            return
        self.refresh_line(self._cursor_row)
        self._cursor_row = row
        self._cursor_key = self._chosen_key = lines[row].key
        self._extend_range()
        self.refresh_line(row)
        self._scroll_to_row(row)
        self.post_message(self.CursorMoved(lines[row]))

    def _scroll_to_row(self, row: int) -> None:
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if row < top:
            self.scroll_to(y=row, animate=False)
        elif row >= top + height:
            self.scroll_to(y=row - height + 1, animate=False)

    # Marks and folds

    def action_mark(self) -> None:
        line = self.cursor
        if line is None:
            return
        self._end_range()
        self.marks ^= {line.uid}
        self.refresh_line(self._cursor_row)
        self.action_move(1)
        self.post_message(self.CursorMoved(self.cursor))

    def action_mark_range(self) -> None:
        if self._range_from is not None:
            self._end_range()
        elif self.cursor is not None:
            self._range_from, self._range_base = self._cursor_key, frozenset(self.marks)
            self._extend_range()
        self.post_message(self.CursorMoved(self.cursor))

    @property
    def in_range(self) -> bool:
        """Whether moving marks."""
        return self._range_from is not None

    def clear_marks(self) -> bool:
        """End the range, else take all marks away; whether there was anything to take."""
        if self._range_from is None and not self.marks:
            return False
        self._end_range()
        self.marks.clear()
        self.refresh()
        self.post_message(self.CursorMoved(self.cursor))
        return True

    def _extend_range(self) -> None:
        start = self.view.index.get(self._range_from) if self._range_from is not None else None
        if start is None:
            return
        low, high = sorted((start, self._cursor_row))
        self.marks = set(self._range_base) | {line.uid for line in self.view.lines[low : high + 1]}
        self.refresh()

    def _end_range(self) -> None:
        self._range_from = None

    def action_fold(self) -> None:
        line = self.cursor
        if line is None:
            return
        if not (line.is_array or line.is_task):
            say(self.app, NO_TASKS, severity="warning")
            return
        if line.is_task:
            self._cursor_key = self._chosen_key = line.uid
        self.view.fold(line.uid)
        self._strips.clear()
        self.show()
        self.refresh()

    # Mouse

    def on_click(self, event: events.Click) -> None:
        row = event.y + self.scroll_offset.y
        if row >= len(self.view.lines):
            return
        self._move_to(row)
        line = self.view.lines[row]
        if line.is_array and event.x < GUTTER:
            self.action_fold()
        elif event.chain == 2:
            self.post_message(self.Opened(line))
