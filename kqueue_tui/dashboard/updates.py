"""What `T` changes in jobs: the time limit of what runs, the throttle of arrays (pure).

It is read and refused by the code of `kqueue update`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbatch_core.manifest.update import Update
from kbatch_core.status.reading import is_array
from kqueue_tui.dashboard.writes import Write

if TYPE_CHECKING:
    from kbatch_core.model.objects import Job
    from kbatch_core.status.row import JobRow
    from kqueue_tui.dashboard.backend import Acts

ANY = Update(throttle=1, time_limit=1)
"""The least of both: refused only to a job in which nothing can be changed."""


def update_write(update: Update, now: float) -> Write:
    """The write. `now`, in seconds since the epoch, tells what has run too long for it already."""

    def run(acts: Acts, job: Job) -> Job:
        own = _own(update, job)
        return acts.update(job, throttle=own.throttle, time_limit=own.time_limit)

    def refuses(row: JobRow, job: Job | None) -> str:
        if job is None:
            return f"The cluster no longer has {row.id}."
        own = _own(update, job)
        if own == Update():
            return f"{row.id} has no {'time limit to lower' if is_array(job) else 'throttle'}."
        return own.refusal(job, row.started if row.state == "R" else None)

    def warns(row: JobRow, job: Job | None) -> str:
        own = _own(update, job) if job is not None else Update()
        if job is not None and own.stops(job):
            return "Tasks that run beyond that number are stopped, and start anew later."
        if own.time_limit is not None and row.elapsed(now) >= own.time_limit:
            return "What has run that long already ends at once."
        return ""

    about = f"{update.words[:1].upper()}{update.words[1:]}."
    return Write("queue.update", "update", "Updated", about, run, refuses, warns)


def _own(update: Update, job: Job) -> Update:
    """The part of it that is for this job: an array has a throttle, any other a time limit."""
    return Update(throttle=update.throttle) if is_array(job) else Update(time_limit=update.time_limit)
