"""Listing: which jobs are shown and how, once the options are read (pure but for the terminal's size)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from kbatch_core.status import JobRow
from kqueue_tui.cli.fields import Field
from kqueue_tui.cli.filters import Filter
from kqueue_tui.cli.format import Format, sort_rows
from kqueue_tui.cli.run import in_colour, paint_state
from kqueue_tui.cli.table import format_table, unpainted

# How long a job stays in the list after its end (Slurm's MinJobAge is 300 s; here nobody empties the list).
RECENT_SECONDS = 3600
SCHEMA = 1
"""Of the JSON: rises when a field is taken away or means something else."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of the jobs, and how. `recent`: of those that ended only what did so lately."""

    wanted: Filter
    namespaces: tuple[str, ...]
    format: Format
    sort: tuple[tuple[Field, bool], ...]
    header: bool
    recent: bool
    tasks: bool
    as_json: bool
    stats_only: bool

    def user(self) -> str | None:
        """The user as Client and Queue take it; several are left to the selector."""
        return None if self.wanted.users is None else ""

    def choose(self, rows: Sequence[JobRow], now: float) -> list[JobRow]:
        """Those that are wanted, in their order."""
        wanted = self.wanted
        if self.recent:
            wanted = msgspec.structs.replace(wanted, since=now - RECENT_SECONDS)
        return sort_rows([row for row in rows if wanted.matches(row)], self.sort, now)

    def lines(self, rows: Sequence[JobRow], now: float) -> list[str]:
        """The rows as text for where stdout goes: a terminal's width and colours, or neither."""
        if self.stats_only:
            return [statistics(rows)]
        if self.as_json:
            document = msgspec.json.encode({"schema": SCHEMA, "jobs": rows})
            return [msgspec.json.format(document, indent=2).decode()]
        width = None
        if sys.stdout.isatty():
            import shutil  # with its compressors, which a pipe does not wait for

            width = shutil.get_terminal_size().columns
        paint = paint_state if in_colour() else unpainted
        return format_table(rows, self.format, now=now, header=self.header, width=width, paint=paint)


def active(rows: Sequence[JobRow]) -> bool:
    """Whether something has not ended yet."""
    return any(not row.finished for row in rows)


def statistics(rows: Sequence[JobRow]) -> str:
    """`2 running, 1 pending, 14 completed, 0 failed`: jobs, and of an array its tasks."""
    running = pending = completed = failed = 0
    for row in rows:
        if row.tasks is not None:
            running += row.tasks.running
            pending += row.tasks.pending
            completed += row.tasks.done
            failed += row.tasks.failed + row.tasks.cancelled
        elif row.state in ("R", "CG"):
            running += 1
        elif not row.finished:
            pending += 1
        elif row.state == "CD":
            completed += 1
        else:
            failed += 1
    return f"{running} running, {pending} pending, {completed} completed, {failed} failed"
