"""QueueView: rows to lines of the table: filtered, sorted, arrays unfolded; only what changed is computed anew.

Ten thousand jobs are gone through four times a second at most, so the work for a job that did not change is one
comparison by identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import compress
from operator import attrgetter, is_not
from typing import TYPE_CHECKING

from msgspec import Struct

from kqueue_tui.dashboard.view.columns import COLUMNS, cells
from kqueue_tui.dashboard.view.filter import Filter, search_text
from kqueue_tui.dashboard.view.looks import GROUPS, look_of
from kqueue_tui.dashboard.view.sorted_lines import SortedLines

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow

UNMEASURED = ("reason", "time", "age")
"""Columns whose width does not come from the cells: what is left over, and what grows while one looks."""

_KEY: Callable[[Line], str] = attrgetter("key")


class Line:
    """One line: a job or a task of one. Compared by identity: a job that changed has a new one.

    `key` stays the same for as long as the job is there; `uid` is that of the Job object.
    """

    __slots__ = ("is_last_task", "key", "row")

    def __init__(self, row: JobRow, *, is_last_task: bool = False) -> None:
        self.row = row
        self.key = row.uid if row.task is None else f"{row.uid}/{row.task}"
        self.is_last_task = is_last_task

    @property
    def uid(self) -> str:
        return self.row.uid

    @property
    def is_task(self) -> bool:
        return self.row.task is not None

    @property
    def is_array(self) -> bool:
        return self.row.tasks is not None


class Order(Struct, frozen=True):
    """How the lines are sorted: by the id of a column. Equals are newest first."""

    column: str = "state"
    reverse: bool = False


class QueueView:
    """The lines of the table. By the uid of a job `tasks` gives the rows of its tasks, and `labels` its labels."""

    def __init__(
        self,
        tasks: Callable[[str], Sequence[JobRow]],
        labels: Callable[[str], Mapping[str, str] | None] = lambda uid: None,
    ) -> None:
        self.lines: list[Line] = []
        self.index: dict[str, int] = {}
        self.counts = dict.fromkeys(GROUPS, 0)
        self.natural: dict[str, int] = {}
        self.total = 0
        self.filter = Filter()
        self.order = Order()
        self.unfolded: set[str] = set()
        self._tasks = tasks
        self._labels = labels
        self._measured: list[str] = []
        self._lines: dict[str, Line] = {}
        self._search: dict[str, str] = {}
        self._rows: tuple[JobRow, ...] = ()
        self._sorted = SortedLines[Line]()
        self._task_lines: dict[str, tuple[Line, list[Line]]] = {}

    def update(self, rows: Sequence[JobRow], now: float) -> list[Line]:
        """Take in the rows of the queue; the lines of those that are new or changed."""
        known = self._lines
        # Most are where they were, which is seen without a step of ours for each.
        before, self._rows = self._rows, tuple(rows)
        others = (*compress(rows, map(is_not, rows, before)), *rows[len(before) :])
        changed = [row for row in others if (line := known.get(row.uid)) is None or line.row is not row]
        fresh = [Line(row) for row in changed]
        gone = self._forget({row.uid for row in rows}) if self._some_left(rows, fresh) else set()
        if not fresh and not gone:
            return []
        for line in fresh:
            self._count(known.get(line.key), line)
            self._search.pop(line.key, None)
            known[line.key] = line
        self.total = len(known)
        self._measure(line.row for line in fresh)
        moved = {line.key: line for line in fresh}
        if self.order.column == "time":
            moved.update((line.key, line) for line in known.values() if not line.row.finished)
        self._spread(moved=self._resort(moved.keys() | gone, moved.values(), now))
        return fresh

    def change(
        self,
        now: float,
        *,
        filter: Filter | None = None,
        order: Order | None = None,
    ) -> None:
        """Show other rows, or in another order."""
        self.filter = self.filter if filter is None else filter
        self.order = self.order if order is None else order
        self._sorted = SortedLines()
        self._resort(set(self._lines), self._lines.values(), now)
        self._spread()

    def fold(self, uid: str) -> None:
        """Unfold an array, or fold it again."""
        self.unfolded ^= {uid}
        self._spread()

    def row(self, uid: str) -> JobRow | None:
        """The row of a job, also of one that is filtered out."""
        line = self._lines.get(uid)
        return line.row if line is not None else None

    @property
    def rows(self) -> Iterable[JobRow]:
        """All jobs, in no order."""
        return (line.row for line in self._lines.values())

    def measure(self, columns: Iterable[str]) -> None:
        """Column widths from the rows that are there now; otherwise they only grow, so that nothing jumps."""
        self._measured = [name for name in columns if name not in UNMEASURED]
        self.natural = {}
        self._measure(self.rows)

    def _some_left(self, rows: Sequence[JobRow], fresh: Sequence[Line]) -> bool:
        return len(self._lines) + sum(line.key not in self._lines for line in fresh) != len(rows)

    def _forget(self, there: set[str]) -> set[str]:
        gone = self._lines.keys() - there
        for uid in gone:
            self._count(self._lines.pop(uid), None)
            self._search.pop(uid, None)
            self._task_lines.pop(uid, None)
        self.unfolded -= gone
        return set(gone)

    def _count(self, old: Line | None, new: Line | None) -> None:
        if old is not None:
            self.counts[look_of(old.row).group] -= 1
        if new is not None:
            self.counts[look_of(new.row).group] += 1

    def _measure(self, rows: Iterable[JobRow]) -> None:
        natural = self.natural
        for row in rows:
            for name in self._measured:
                column = COLUMNS[name]
                if natural.get(name, 0) < column.most:
                    size = cells(column.cell(row, 0.0))
                    if size > natural.get(name, 0):
                        natural[name] = size

    def _matches(self, line: Line) -> bool:
        if not self.filter:
            return True
        row = line.row
        if not self.filter.matches_state(row):
            return False
        if self.filter.asks_labels and not self.filter.matches_labels(self._labels(row.uid)):
            return False
        haystack = self._search.get(line.key)
        if haystack is None:
            haystack = self._search[line.key] = search_text(row)
        return self.filter.matches_text(haystack)

    def _resort(self, dirty: Set[str], fresh: Iterable[Line], now: float) -> bool:
        """Take the dirty ones out of the order and put the fresh that match in, newest first among equals.

        Whether any is at another place than before.
        """
        key = COLUMNS[self.order.column].key
        into = {
            line.key: ((key(line.row, now), -(line.row.submitted or 0.0), line.key), line)
            for line in fresh
            if self._matches(line)
        }
        return self._sorted.change(dirty, into)

    def _spread(self, *, moved: bool = True) -> None:
        """The lines, from the sorted jobs and the tasks of what is unfolded; `moved` = they are at other places."""
        ordered = self._sorted.lines.copy()
        places = [place for uid in self.unfolded if (place := self._sorted.place(uid)) is not None]
        if self.order.reverse:
            ordered.reverse()
            places = [len(ordered) - 1 - place for place in places]
        for place in sorted(places, reverse=True):
            ordered[place + 1 : place + 1] = self._tasks_of(ordered[place])
        self.lines = ordered
        if moved or places:
            self.index = dict(zip(map(_KEY, ordered), range(len(ordered)), strict=True))

    def _tasks_of(self, job: Line) -> list[Line]:
        """The lines of an unfolded array's tasks that match; a task that did not change keeps its line."""
        if not job.is_array:
            return []
        made_for, lines = self._task_lines.get(job.uid, (None, []))
        if made_for is not job:
            before = {line.key: line for line in lines}
            rows = self._tasks(job.uid)
            lines = []
            for number, row in enumerate(rows, 1):
                line = Line(row, is_last_task=number == len(rows))
                old = before.get(line.key)
                same = old is not None and old.row == row and old.is_last_task == line.is_last_task
                lines.append(old if same and old is not None else line)
            self._task_lines[job.uid] = (job, lines)
        if not self.filter:
            return lines
        by_text = not self.filter.matches_text(search_text(job.row))
        groups = self.filter.groups
        return [
            line
            for line in lines
            if (not groups or look_of(line.row).group in groups)
            and (not by_text or self.filter.matches_text(search_text(line.row)))
        ]
