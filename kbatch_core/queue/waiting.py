"""Waiting for a job, driven by a watch: days long, through drops and restarts of the API server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Literal

from kbatch_core.cluster.api import Api
from kbatch_core.errors import AuthExpired, NotFound, Refused
from kbatch_core.model import labels
from kbatch_core.model.objects import Job, Pod
from kbatch_core.queue.queue import Queue
from kbatch_core.status.reading import id_of, is_finished, is_task_over

Look = Callable[[Queue], None]
# How long a refusal must last to be believed, and how often that is looked at.
REFUSED_SECONDS = 30.0
LOOK_SECONDS = 0.5
STARTED = ("Running", "Succeeded", "Failed")


def wait(
    api: Api,
    job: Job,
    *,
    until: Literal["started", "ended"] = "ended",
    tasks: Collection[int] = (),
    look: Look | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Job:
    """The job once it has ended, or one of its pods has begun to run, or these tasks of an array have ended.

    `look` is called with the queue whenever that has news, and every half second. Raises NotFound when it was
    deleted; AuthExpired and Refused when it may not be watched any more: not at once, because an API server that has
    just started refuses everybody for a moment.
    """
    refused_since: float | None = None
    changed = threading.Event()
    queue = Queue(
        api,
        namespaces=[job.metadata.namespace],
        job_id=job.metadata.labels.get(labels.ID, ""),
        on_change=changed.set,
        explain=look is not None,
    )
    # A list may come from a cache that is older than the job.
    queue.put(job)
    queue.start()
    try:
        while True:
            if look is not None:
                look(queue)
            found = queue.job(job.metadata.uid)
            if found is None:
                raise NotFound(f"Job {id_of(job)} is gone: it was deleted.")
            if tasks and all(is_task_over(found, task) for task in tasks):
                return found
            if is_finished(found) or (until == "started" and _has_started(queue.pods(job.metadata.uid))):
                return found
            error = queue.sync().error
            if not isinstance(error, (AuthExpired, Refused)):
                refused_since = None
            elif refused_since is None:
                refused_since = clock()
            elif clock() - refused_since >= REFUSED_SECONDS:
                raise error
            changed.wait(LOOK_SECONDS if refused_since is not None or look is not None else None)
            changed.clear()
    finally:
        queue.stop()


def _has_started(pods: Sequence[Pod]) -> bool:
    return any(pod.status.phase in STARTED for pod in pods)
