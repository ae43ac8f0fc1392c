"""View: jobs as a table in a notebook's cell, which changes as they do.

HTML with every text escaped, no script and no style sheet: it stays readable in a saved notebook, and nothing in a
job's name can act.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from kbatch_core.model.timelimit import format_time
from kbatch_core.status import JobRow

if TYPE_CHECKING:
    from kbatch_core.queue import Queue
    from kbatch_core.streams import Streams

HEADS = ("JOBID", "NAME", "ST", "TIME", "NODE(REASON)", "")
# One that is readable on white and on black.
COLOURS = {
    "R": "#2e8b57",
    "CD": "#808080",
    "CA": "#808080",
    "PD": "#b8860b",
    "CF": "#b8860b",
    "CG": "#b8860b",
}
FAILED = "#d04040"
MOST_ROWS = 50


class View:
    """The last line of a cell shows it; it follows until every job that it shows has ended, or `stop`.

    Owns the queue's threads from then on. Elsewhere it is the text of one look.
    """

    def __init__(self, client: Streams, job_id: str = "") -> None:
        self._client = client
        self._job_id = job_id
        self._queue: Queue | None = None
        self._handle: Any = None
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Follow no more; what is shown stays."""
        with self._lock:
            queue, self._queue = self._queue, None
        if queue is not None:
            queue.stop()

    def rows(self) -> Sequence[JobRow]:
        """What it shows now: from the live queue once that has them, else from one look."""
        queue = self._queue
        rows = queue.rows() if queue is not None and queue.sync().state == "LIVE" else self._look()
        return [row for row in rows if not self._job_id or row.id == self._job_id]

    def _look(self) -> Sequence[JobRow]:
        for rows in self._client.watch():
            return rows
        return ()

    def _repr_html_(self) -> str:
        return to_html(self.rows(), self._client.now())

    def __repr__(self) -> str:
        return (
            "\n".join(f"{row.id}  {row.name}  {row.state}  {row.sentence}" for row in self.rows())
            or "no jobs"
        )

    def _ipython_display_(self) -> None:
        """What IPython calls to show it (IPython, "Rich display")."""
        display = importlib.import_module("IPython.display")
        self.stop()
        self._handle = display.display(display.HTML(self._repr_html_()), display_id=True)
        queue = self._client.queue(on_change=lambda: self._update(display.HTML))
        with self._lock:
            self._queue = queue
        queue.start()

    def _update(self, html: Callable[[str], object]) -> None:
        """Called from the queue's thread."""
        queue = self._queue
        if queue is None or queue.sync().state != "LIVE":
            return
        self._handle.update(html(self._repr_html_()))
        rows = self.rows()
        if rows and all(row.finished for row in rows):
            # Its own thread cannot be waited for here.
            threading.Thread(target=self.stop, name="view stop", daemon=True).start()


def to_html(rows: Sequence[JobRow], now: float) -> str:
    """A table of the newest rows, newest first."""
    if not rows:
        return "<p>No jobs.</p>"
    heads = "".join(f"<th style='text-align:left'>{head}</th>" for head in HEADS)
    shown = sorted(rows, key=lambda row: (row.finished, -(row.submitted or 0.0)))[:MOST_ROWS]
    lines = "".join(_line(row, now) for row in shown)
    more = f"<p>and {len(rows) - MOST_ROWS} more</p>" if len(rows) > MOST_ROWS else ""
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>{more}"


def _line(row: JobRow, now: float) -> str:
    colour = COLOURS.get(row.state, FAILED)
    state = f"<b style='color:{colour}'>{escape(row.state)}</b>"
    place = f"({row.code})" if row.code and row.state not in ("R", "CD") else row.node or "-"
    said = row.progress if row.state == "R" and row.progress else row.sentence
    time = format_time(row.elapsed(now)) if row.started else "-"
    cells = [escape(row.id), escape(row.name), state, escape(time), escape(place), escape(said)]
    columns = "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells)
    return f"<tr title='{escape(row.hint)}'>{columns}</tr>"
