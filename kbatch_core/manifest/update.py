"""What is to be changed in a job, as people type it (pure): read by `kqueue update` and the dashboard alike."""

from __future__ import annotations

import msgspec

from kbatch_core.errors import BadOption, KbatchError
from kbatch_core.manifest.change import throttle_patch, time_limit_patch
from kbatch_core.model.objects import Job
from kbatch_core.model.timelimit import format_time, parse_time_limit


class Update(msgspec.Struct, frozen=True):
    """`throttle`: how many tasks of an array at a time, 0 = all; `time_limit` in seconds. None = as it is."""

    throttle: int | None = None
    time_limit: int | None = None

    @property
    def words(self) -> str:
        """`5 tasks at a time, time limit 1:00:00`."""
        parts = []
        if self.throttle is not None:
            tasks = "1 task" if self.throttle == 1 else f"{self.throttle or 'all'} tasks"
            parts.append(f"{tasks} at a time")
        if self.time_limit is not None:
            parts.append(f"time limit {format_time(self.time_limit)}")
        return ", ".join(parts)

    def refusal(self, job: Job, started: float | None) -> str:
        """Why a job cannot be changed so, as `Actions.update` would say it; "" when it can.

        `started` is when the script that runs now began, None when none runs.
        """
        try:
            if self.throttle is not None:
                throttle_patch(job, self.throttle)
            if self.time_limit is not None:
                time_limit_patch(job, self.time_limit, started)
        except KbatchError as error:
            return error.sentence
        return ""

    def stops(self, job: Job) -> int:
        """How many tasks that run now the Job controller would stop for it, to start them anew later."""
        return max(job.status.ready - self.throttle, 0) if self.throttle else 0


def read_update(*, throttle: str | None = None, time: str | None = None) -> Update:
    """From what was typed; None = not to be changed. Raises BadOption, also when nothing is."""
    if throttle is None and time is None:
        raise BadOption("There is nothing to change.", "Give --throttle or --time.")
    tasks = seconds = None
    if throttle is not None:
        text = throttle.strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise BadOption(f"{throttle!r} is no number of tasks.", "Write 0 for all of them at once.")
        tasks = int(text)
    if time is not None:
        seconds = parse_time_limit(time)
        if seconds is None:
            raise BadOption("A time limit cannot be taken away from a job.", "It can be lowered only.")
    return Update(tasks, seconds)
