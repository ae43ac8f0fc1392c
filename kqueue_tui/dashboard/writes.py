"""The writes: what is asked, what it is done with, which jobs it is for (pure, but for `run`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from kqueue_tui.dashboard.backend import Acts

if TYPE_CHECKING:
    from kbatch_core.model.objects import Job
    from kbatch_core.status.row import JobRow


class Write(Struct, frozen=True):
    """`refuses` says why a job is left out, "" when it is not; `warns` what may surprise about one.

    `past`: whether it can be done with a job that only the history has; there is no Job of it yet.
    """

    action: str
    verb: str
    done: str
    about: str
    run: Callable[[Acts, Job], Job | None]
    refuses: Callable[[JobRow, Job | None], str] = lambda row, job: ""
    warns: Callable[[JobRow, Job | None], str] = lambda row, job: ""
    past: bool = False


def _ended(row: JobRow, job: Job | None) -> str:
    return "ended already" if row.finished else ""


def _not_ended(row: JobRow, job: Job | None) -> str:
    return "" if row.finished else "not ended yet"


def _not_held(row: JobRow, job: Job | None) -> str:
    return _ended(row, job) or ("" if row.code == "JobHeldUser" else "not held")


def _loses_work(row: JobRow, job: Job | None) -> str:
    return "What runs is stopped, and starts from its beginning when released." if row.started else ""


def _still_runs(row: JobRow, job: Job | None) -> str:
    return "" if row.finished else "What has not ended is stopped."


WRITES = {
    write.verb: write
    for write in (
        Write(
            "queue.cancel", "cancel", "Cancelled",
            "The pods are stopped; record and output stay.",
            lambda acts, job: acts.cancel(job), _ended,
        ),
        Write(
            "queue.hold", "hold", "Held",
            "A held job does not start until it is released.",
            lambda acts, job: acts.hold(job), _ended, _loses_work,
        ),
        Write("queue.release", "release", "Released", "", lambda acts, job: acts.release(job), _not_held),
        Write(
            "queue.rerun", "rerun", "Submitted again",
            "A new job with the same script, options and environment.",
            lambda acts, job: acts.rerun(job), _not_ended, past=True,
        ),
        Write(
            "queue.delete", "delete", "Deleted",
            "The record and the container's log go from the cluster; files in home stay.",
            lambda acts, job: acts.delete(job), lambda row, job: "", _still_runs,
        ),
    )
}  # fmt: skip


def count_of(jobs: int) -> str:
    """`this job`, `3 jobs`."""
    return "this job" if jobs == 1 else f"{jobs} jobs"


def number_of(jobs: int) -> str:
    """`1 job`, `3 jobs`."""
    return "1 job" if jobs == 1 else f"{jobs} jobs"
