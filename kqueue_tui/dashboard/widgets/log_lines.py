"""LogLines: the lines of a log on Textual's line API. Only the lines that are seen are taken apart and coloured.

Who reads is never moved: while it does not follow, the lines on the screen stay where they are, whatever comes below
and whatever is forgotten above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kbatch_core.logs import Line
from kqueue_tui.dashboard.actions import LOG, LOG_MOVES, bindings
from kqueue_tui.dashboard.view.log_buffer import LogBuffer, Wanted
from kqueue_tui.dashboard.view.log_text import Entry, has_colours, is_mark, pattern_of, plain, stamp, styled
from kqueue_tui.dashboard.widgets.paint import Painter

PREFIX = "log-lines"
STEP = 8  # columns that a key scrolls sideways
STAMP_WIDTH = len("00:00:00.000 ")


class LogLines(ScrollView, can_focus=True):
    """Shows a LogBuffer. Following, it stays at the end; any move up ends that."""

    COMPONENT_CLASSES = {f"{PREFIX}--{name}" for name in ("text", "stamp", "mark", "hit", "here")}  # noqa: RUF012
    ACTIONS = (*LOG, *LOG_MOVES)
    BINDINGS = bindings(LOG_MOVES)

    @dataclass
    class Moved(Message):
        """Something that the title tells has changed: where it is, whether it follows, what was found."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.buffer = LogBuffer()
        self.following = True
        self.fresh = 0
        """Lines that came since it stopped to follow."""
        self.stamps = False
        self.wraps = False
        self.here: int | None = None
        """The number of the line that a search stands on."""
        self._limit = limit
        self._own_move = False
        self._painter = Painter(self, PREFIX)
        self._strips: LRUCache[tuple[object, ...], list[Strip]] = LRUCache(512)

    # What comes

    def add(self, entries: Sequence[Entry]) -> None:
        """Lines at the end of the log."""
        buffer = self.buffer
        before = buffer.rows
        top_line = self._top_line()
        came = buffer.add(entries)
        gone = buffer.drop(self._limit, None if self.following else top_line)
        if not self.following:
            self.fresh += max(came, 0)
        self._resize()
        if self.following:
            self._go(self.max_scroll_y)
            self.refresh()
        else:
            top = self.scroll_offset.y
            if gone:
                self._go(max(top - gone, 0))
            if gone > top or before - gone < top + self.size.height:
                self.refresh()
        self.post_message(self.Moved())

    @property
    def full(self) -> bool:
        """Whether no more lines are taken until it follows again: those that are read must stay."""
        return not self.following and self.buffer.size > 2 * self._limit

    def clear(self) -> None:
        """Forget all lines; follow again."""
        self.buffer.clear()
        self._strips.clear()
        self.following, self.fresh, self.here = True, 0, None
        self._resize()
        self._go(0)
        self.refresh()
        self.post_message(self.Moved())

    # How it is shown

    def set_wrap(self, on: bool) -> None:
        self.wraps = on
        self._again()

    def set_stamps(self, on: bool) -> None:
        self.stamps = on
        self._again()

    def set_filter(self, wanted: Wanted | None) -> None:
        """Show only what is wanted."""
        top = self._top_line()
        self.buffer.filter(wanted)
        self._settle(top)

    def search(self, text: str) -> None:
        """Look for a text, and go to the first place from the top of the screen on, else to the last before it."""
        self.buffer.search(pattern_of(text))
        self._strips.clear()
        self.here = None
        hits, top = self.buffer.hits, self._top_line()
        if hits:
            self._go_to_hit(next((n for n in hits if top is None or n >= top), hits[-1]))
        self.refresh()
        self.post_message(self.Moved())

    def next_hit(self, step: int) -> None:
        """To the next place or the one before; around the end."""
        hits = self.buffer.hits
        if not hits:
            return
        here = self.here if self.here is not None else self._top_line() or 0
        if step > 0:
            self._go_to_hit(next((n for n in hits if n > here), hits[0]))
        else:
            self._go_to_hit(next((n for n in reversed(hits) if n < here), hits[-1]))
        self.post_message(self.Moved())

    def follow(self, on: bool) -> None:
        """Stay at the end, or where it is now."""
        self.following = on
        if on:
            self.fresh = 0
            self._go(self.max_scroll_y)
        self.post_message(self.Moved())

    def _go_to_hit(self, number: int) -> None:
        self.here = number
        row, top, height = self.buffer.row_of(number), self.scroll_offset.y, max(self.size.height, 1)
        if not top <= row < top + height:
            self._user_goes(row - height // 2)
        elif self.following:
            self.follow(False)
        self.refresh()

    def _again(self) -> None:
        """Rows may be others now: the line at the top of the screen stays there."""
        self._settle(self._top_line())

    def _settle(self, top: int | None) -> None:
        self._strips.clear()
        self.buffer.wrap(self._text_width if self.wraps else None)
        self._resize()
        if self.following:
            self._go(self.max_scroll_y)
        elif top is not None:
            self._go(self.buffer.row_of(top))
        self.refresh()
        self.post_message(self.Moved())

    def _top_line(self) -> int | None:
        found = self.buffer.at(self.scroll_offset.y)
        return found[0] if found is not None else None

    @property
    def _text_width(self) -> int:
        return max(self.scrollable_content_region.width - (STAMP_WIDTH if self.stamps else 0), 8)

    def _resize(self) -> None:
        width = self._text_width if self.wraps else self.buffer.widest
        self.virtual_size = Size(width + (STAMP_WIDTH if self.stamps else 0), self.buffer.rows)

    def on_resize(self) -> None:
        self._again()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.clear()
        self._strips.clear()

    # Moving

    def _go(self, y: int) -> None:
        """Move without ending to follow."""
        self._own_move = True
        try:
            self.scroll_to(y=y, animate=False, force=True)
        finally:
            self._own_move = False

    def _user_goes(self, y: int) -> None:
        self.scroll_to(y=y, animate=False, force=True)
        self._watch_for_end()

    def _watch_for_end(self) -> None:
        """Up ends to follow; being at the end is not yet to follow."""
        if self.following and self.scroll_offset.y < self.max_scroll_y:
            self.follow(False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self._own_move and new_value < old_value:
            self._watch_for_end()

    def action_move(self, by: int) -> None:
        self._user_goes(self.scroll_offset.y + by)

    def action_move_half(self, sign: int) -> None:
        self.action_move(sign * max(self.size.height // 2, 1))

    def action_move_page(self, sign: int) -> None:
        self.action_move(sign * max(self.size.height - 1, 1))

    def action_move_first(self) -> None:
        self._user_goes(0)

    def action_end(self) -> None:
        self.follow(True)

    def action_move_sideways(self, sign: int) -> None:
        self.scroll_to(x=self.scroll_offset.x + sign * STEP, animate=False, force=True)

    def text_on_screen(self) -> str:
        """The lines that are seen, each whole, without colours."""
        rows = range(self.scroll_offset.y, self.scroll_offset.y + self.size.height)
        numbers = dict.fromkeys(found[0] for row in rows if (found := self.buffer.at(row)) is not None)
        return "\n".join(plain(self.buffer.entry(number)) for number in numbers)

    # Painting

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        found = self.buffer.at(y + self.scroll_offset.y)
        base = self._painter.style("text")
        if found is None:
            return Strip([Segment(" " * width, base)], width)
        number, part = found
        x = 0 if self.wraps else self.scroll_offset.x
        entry = self.buffer.entry(number)
        key = (number, entry, width, x, number == self.here)
        strips = self._strips.get(key)
        if strips is None:
            strips = self._strips[key] = self._paint(entry, width, x, number == self.here)
        return strips[min(part, len(strips) - 1)]

    def _paint(self, entry: Entry, width: int, x: int, here: bool) -> list[Strip]:
        base = self._painter.style("mark" if is_mark(entry) else "text")
        strip = self._whole(entry, base, here)
        room = self._text_width
        if self.wraps:
            starts = range(0, max(strip.cell_length, 1), room)
            strips = [strip.crop(start, start + room) for start in starts]
        else:
            strips = [strip.crop(x, x + room)]
        stamps: list[Segment] = []
        if self.stamps:
            time = stamp(entry.ns if isinstance(entry, Line) else None)
            stamps = [Segment(f"{time} ", self._painter.style("stamp"))]
            rest = [Segment(" " * STAMP_WIDTH, base)]
        else:
            rest = []
        return [
            Strip([*(rest if at else stamps), *strip]).adjust_cell_length(width, base)
            for at, strip in enumerate(strips)
        ]

    def _whole(self, entry: Entry, base: Style, here: bool) -> Strip:
        """A line as one strip, however long. Most have neither colours nor anything that was searched."""
        pattern = self.buffer.pattern
        if pattern is None and not has_colours(entry):
            text = plain(entry)
            return Strip([Segment(text, base)] if text else [])
        shown = styled(entry)
        if pattern is not None:
            hit = self._painter.style("here", "here") if here else self._painter.style("text", "hit")
            for found in pattern.finditer(shown.plain):
                shown.stylize(hit, *found.span())
        return Strip(
            Segment(segment.text, base + segment.style if segment.style else base)
            for segment in shown.render(self.app.console)
            if segment.text
        )
