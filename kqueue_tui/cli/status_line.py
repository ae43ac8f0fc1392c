"""One line on the terminal that says how a job stands, written over in place while its end is waited for."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from kbatch_core.model.timelimit import format_time
from kbatch_core.status import JobRow
from kqueue_tui.cli.table import fit

if TYPE_CHECKING:
    from kbatch_core.queue import Queue, Sync

UNKNOWN_WIDTH = 80
_BEGIN, _REST_OF_LINE = "\r", "\x1b[K"


class StatusLine:
    """On stderr, where no output of a job is. Use it in `with`; it leaves no trace."""

    def __init__(self, uid: str) -> None:
        self._uid = uid
        self._shown = ""

    @classmethod
    def on_terminal(cls, uid: str) -> StatusLine | None:
        """A line for the job with this uid; None where stderr is no terminal that can erase."""
        able = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        return cls(uid) if able else None

    def __enter__(self) -> StatusLine:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._shown:
            self._write("")

    def look(self, queue: Queue) -> None:
        """Show what the queue knows now; for `Client.wait`."""
        row = next((row for row in queue.rows() if row.uid == self._uid), None)
        self._write(describe(row, queue.sync(), queue.now()))

    def _write(self, text: str) -> None:
        text = fit(text, room(sys.stderr)).rstrip()
        if text != self._shown:
            self._shown = text
            sys.stderr.write(f"{_BEGIN}{text}{_REST_OF_LINE}")
            sys.stderr.flush()


def room(stream: TextIO) -> int:
    """The cells of a line that can be written over on the terminal of `stream`."""
    # A terminal that does not know its width says 0 (those of `docker exec -t` and expect). The last cell stays free:
    # in it a terminal would begin a new line.
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        columns = 0
    return (columns or UNKNOWN_WIDTH) - 1


def describe(row: JobRow | None, sync: Sync, now: float) -> str:
    """A job in one line: its state, for how long, and why or where (pure)."""
    parts = [row.id, row.name, row.state, _age(row, now), _tasks(row), _place(row)] if row is not None else []
    if sync.error is not None:
        heard = f", last heard {now - sync.heard:.0f} s ago" if sync.heard is not None else ""
        parts.append(f"[no news{heard}: {sync.error.sentence}]")
    elif sync.state == "STALE" and sync.heard is not None:
        parts.append(f"[no news for {now - sync.heard:.0f} s]")
    return "  ".join(part for part in parts if part) or "waiting for the API server"


def _age(row: JobRow, now: float) -> str:
    """How long it has run, of its limit; before that how long it has waited."""
    if row.started is None:
        return format_time(max(0, int(now - row.submitted))) if row.submitted is not None else ""
    limit = f"/{format_time(row.time_limit)}" if row.time_limit else ""
    return format_time(row.elapsed(now)) + limit


def _tasks(row: JobRow) -> str:
    if row.tasks is None:
        return ""
    tasks = row.tasks
    failed = f", {tasks.failed} failed" if tasks.failed else ""
    return f"{tasks.done} of {tasks.total} done{failed}, {tasks.running} running"


def _place(row: JobRow) -> str:
    if row.code:
        return f"({row.code}) {row.sentence}"
    return row.node
