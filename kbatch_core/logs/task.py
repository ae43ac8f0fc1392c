"""One job, or one task of an array, as the API server has it now: its state and its pods."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import msgspec

from kbatch_core.errors import PermissionDenied
from kbatch_core.logs.container import has_started
from kbatch_core.logs.podlog import LogApi
from kbatch_core.model import labels
from kbatch_core.model.objects import Event, Job, Pod
from kbatch_core.status.reading import id_of, index_of, owner_uid
from kbatch_core.status.row import JobRow, make_row, task_row


class Look(msgspec.Struct, frozen=True):
    """`row` is None when the job was deleted; `pods` are oldest first."""

    row: JobRow | None
    pods: tuple[Pod, ...]

    def started(self, container: str) -> list[Pod]:
        """The pods that have a log."""
        return [pod for pod in self.pods if has_started(pod, container)]


class Task:
    """Looks at one job or task. `number` is the task's; None for a job that is no array."""

    def __init__(
        self, api: LogApi, job: Job, number: int | None, clock: Callable[[], float] = time.time
    ) -> None:
        self.job = job
        self.number = number
        self.id = id_of(job)
        containers = job.spec.template.spec.containers
        # None where all that is left is a record in home.
        self.container = containers[0].name if containers else ""
        self._api = api
        self._clock = clock

    def look(self) -> Look:
        """Its state now. Raises Unreachable, Refused."""
        metadata = self.job.metadata
        job = self._api.job(metadata.name, metadata.uid)
        if job is None:
            return Look(None, ())
        self.job = job
        selector = f"{labels.JOB_NAME}={metadata.name}"
        if self.number is not None:
            # Of thousands of tasks only this one's.
            selector += f",{labels.COMPLETION_INDEX}={index_of(job, self.number)}"
        pods = [pod for pod in self._api.pods(selector) if owner_uid(pod.metadata) == metadata.uid]
        events: list[Event] = []
        if not pods or pods[-1].status.phase == "Pending":
            # Without the right to read them the reason is less exact, no more.
            with suppress(PermissionDenied):
                events = self._api.events(pods[-1].metadata.uid if pods else metadata.uid)
        now = self._clock()
        if self.number is not None:
            return Look(task_row(job, pods, events, now, self.number), tuple(pods))
        return Look(make_row(job, pods, events, now), tuple(pods))
