"""LogBuffer: the newest lines of a log within a limit of bytes, filtered, wrapped and searched (pure).

Lines have numbers that stay theirs, rows are what is painted: a wrapped line has several. When old lines are
dropped, `drop` says how many rows went with them, so that who reads stays where she is.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from kbatch_core.logs import Line, Partial
from kqueue_tui.dashboard.view.log_text import Entry, cells, is_mark, plain

# What an entry costs besides its bytes.
OVERHEAD = 150

Wanted = Callable[[str], bool]


class LogBuffer:
    """The rows of one log. `width` None = lines are not wrapped."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes of the text, and what Python adds to it."""
        self.width: int | None = None
        self.pattern: re.Pattern[str] | None = None
        self.hits: list[int] = []
        """The numbers of the visible lines that the pattern is found in, rising."""
        self.widest = 0
        """The longest line so far, in bytes: the width to scroll over when lines are not wrapped."""
        self._wanted: Wanted | None = None
        self._first = 0
        self._entries: list[Entry] = []
        # The numbers of the lines that are shown, and after each the rows so far, from before the first line on.
        self._shown: list[int] = []
        self._ends: list[int] = []
        self._dropped_rows = 0

    def __len__(self) -> int:
        return len(self._entries)

    # Rows

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return (self._ends[-1] if self._ends else self._dropped_rows) - self._dropped_rows

    @property
    def shown(self) -> int:
        """How many lines pass the filter."""
        return len(self._shown)

    def at(self, row: int) -> tuple[int, int] | None:
        """(number of the line, which of its rows) at a row; None below the last one."""
        place = bisect_right(self._ends, row + self._dropped_rows)
        if row < 0 or place >= len(self._shown):
            return None
        start = self._ends[place - 1] if place else self._dropped_rows
        return self._shown[place], row + self._dropped_rows - start

    def row_of(self, number: int) -> int:
        """The first row of a line, or of the next that is shown; the number of rows when there is none."""
        place = bisect_left(self._shown, number)
        if place >= len(self._shown):
            return self.rows
        return (self._ends[place - 1] if place else self._dropped_rows) - self._dropped_rows

    def entry(self, number: int) -> Entry:
        return self._entries[number - self._first]

    # Change

    def add(self, entries: Sequence[Entry]) -> int:
        """Put entries at the end; how many whole lines that are shown came with them."""
        came = 0
        for entry in entries:
            if self._entries and isinstance(self._entries[-1], Partial):
                self._take_back()
            number = self._first + len(self._entries)
            self._entries.append(entry)
            if isinstance(entry, (Line, Partial)):
                length = len(entry.text)
                self.size += length + OVERHEAD
                self.widest = max(self.widest, length)
            else:
                self.size += OVERHEAD
            came += self._show(number, entry) and not isinstance(entry, Partial)
        return came

    def drop(self, limit: int, keep: int | None = None) -> int:
        """Forget the oldest lines when the size is above `limit`, some at a time; how many rows went.

        `keep`: the number of a line that stays, with all after it.
        """
        if self.size <= limit:
            return 0
        most = len(self._entries) if keep is None else min(max(keep - self._first, 0), len(self._entries))
        gone = 0
        while gone < most and self.size > limit * 9 // 10:
            entry = self._entries[gone]
            self.size -= OVERHEAD + (len(entry.text) if isinstance(entry, (Line, Partial)) else 0)
            gone += 1
        del self._entries[:gone]
        self._first += gone
        place = bisect_left(self._shown, self._first)
        rows = 0
        if place:
            rows = self._ends[place - 1] - self._dropped_rows
            self._dropped_rows += rows
            del self._shown[:place]
            del self._ends[:place]
        del self.hits[: bisect_left(self.hits, self._first)]
        return rows

    def clear(self) -> None:
        """Forget everything but the filter and the pattern."""
        self._first += len(self._entries)
        self._entries.clear()
        self.size = self.widest = 0
        self._rebuild()

    def wrap(self, width: int | None) -> None:
        """Wrap lines at `width` cells, or no longer."""
        if width != self.width:
            self.width = width
            self._rebuild()

    def filter(self, wanted: Wanted | None) -> None:
        """Show only lines whose text is wanted; marks are always shown. None = all."""
        self._wanted = wanted
        self._rebuild()

    def search(self, pattern: re.Pattern[str] | None) -> None:
        """Find a pattern in what is shown."""
        self.pattern = pattern
        self.hits = (
            [] if pattern is None else [n for n in self._shown if self._is_hit(self.entry(n), pattern)]
        )

    def _show(self, number: int, entry: Entry) -> bool:
        """Add the rows of a line at the end, if it passes the filter."""
        if self._wanted is not None and not is_mark(entry) and not self._wanted(plain(entry).lower()):
            return False
        start = self._ends[-1] if self._ends else self._dropped_rows
        self._shown.append(number)
        self._ends.append(start + self._height(entry))
        if self.pattern is not None and self._is_hit(entry, self.pattern):
            self.hits.append(number)
        return True

    def _take_back(self) -> None:
        """Forget the last entry, which was not a whole line."""
        entry = self._entries.pop()
        number = self._first + len(self._entries)
        self.size -= OVERHEAD + (len(entry.text) if isinstance(entry, (Line, Partial)) else 0)
        if self.hits and self.hits[-1] == number:
            self.hits.pop()
        if self._shown and self._shown[-1] == number:
            self._shown.pop()
            self._ends.pop()

    def _rebuild(self) -> None:
        wanted, first, entries = self._wanted, self._first, self._entries
        if wanted is None:
            self._shown = list(range(first, first + len(entries)))
        else:
            self._shown = [
                number
                for number, entry in enumerate(entries, first)
                if is_mark(entry) or wanted(plain(entry).lower())
            ]
        self._dropped_rows = 0
        if self.width is None:
            self._ends = list(range(1, len(self._shown) + 1))
        else:
            height = self._height
            self._ends = list(accumulate(height(entries[number - first]) for number in self._shown))
        self.search(self.pattern)

    def _height(self, entry: Entry) -> int:
        width = self.width
        if width is None:
            return 1
        return -(-cells(entry) // width) or 1

    @staticmethod
    def _is_hit(entry: Entry, pattern: re.Pattern[str]) -> bool:
        return pattern.search(plain(entry)) is not None
