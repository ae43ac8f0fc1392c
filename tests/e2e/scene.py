"""Jobs in some namespaces, the queue that shows them all, and the two who must agree with it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from kbatch_core.model.objects import Job
from kbatch_core.status import JobRow
from tests.cluster import Cluster
from tests.cluster.processes import wait_for
from tests.commands.fleet import Fleet
from tests.e2e import witness
from tests.queue.watched import Watched

_names = itertools.count(1)


class Scene:
    """`fleets` are by namespace; jobs go to the first one unless another is named, and have `fields` in common."""

    def __init__(
        self, cluster: Cluster, watched: Watched, fleets: Mapping[str, Fleet], **fields: Any
    ) -> None:
        self.cluster = cluster
        self.watched = watched
        self.fleets = fleets
        self.fleet = next(iter(fleets.values()))
        self._fields = fields

    def submit(self, namespace: str = "", *, pod: Mapping[str, Any] | None = None, **fields: Any) -> Job:
        """A job; `pod` are fields of its pods that kbatch itself would not set."""
        fleet = self.fleets[namespace] if namespace else self.fleet
        return fleet.submit(name=f"job-{next(_names)}", pod=pod, **{**self._fields, **fields})

    def row(self, job: Job) -> JobRow:
        """As the queue has it."""
        row = self.watched.row(job.metadata.labels["kbatch/id"])
        assert row is not None
        return row

    def until(self, job: Job, state: str, code: str = "", *, live: bool = False) -> JobRow:
        """The row, once the queue says so; kubectl agrees, and but for what only the `live` queue knows a look."""
        self.watched.until(self.watched.says(job.metadata.labels["kbatch/id"], state, code), seconds=90)
        row = self.row(job)
        fleet = self.fleets[job.metadata.namespace]
        # They look one after the other, and a state may pass by itself: they agree on what the job is by then.
        if not live:
            wait_for(
                lambda: told(fleet.client.row(fleet.get(job))) == told(self.row(job)),
                what=f"a single look to say what the queue says, lately {told(row)}",
            )
        wait_for(lambda: witness.agrees(self.cluster, self.row(job)), what=f"kubectl to agree to {told(row)}")
        return row


def told(row: JobRow) -> tuple[str, str, str]:
    return row.state, row.code, row.sentence
