"""Which jobs need their events to be explained, and when their verdict changes by time alone (pure)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from kbatch_core.model.objects import Job, Pod, parse_time
from kbatch_core.status.reading import is_finished, is_over, is_running
from kbatch_core.status.row import JobRow
from kbatch_core.status.tasks import speaker
from kbatch_core.status.unplaced import SETTLED_SECONDS

# Sentences say how long something lasts in steps of ten seconds.
STEP_SECONDS = 10.0
LASTING = frozenset({"NodeSilent", "ImagePull"})


def to_explain(job: Job, pods: Collection[Pod], *, nodes_known: bool = False) -> str | None:
    """The uid of the object whose events say why the job does not run; None when nothing needs them.

    One object per job: the Job while it has no pod, else the pod that speaks for it.
    """
    if is_finished(job) or job.spec.suspend or job.metadata.deletion_timestamp is not None:
        return None
    pod = speaker(list(pods))
    if pod is None:
        return job.metadata.uid
    if not is_running(pod):
        return pod.metadata.uid
    silent = any(one.type == "Ready" and one.status == "False" for one in pod.status.conditions)
    return pod.metadata.uid if silent and not nodes_known else None


def next_look(job: Job, pods: Collection[Pod], row: JobRow, now: float) -> float | None:
    """Seconds after which the row may read otherwise though nothing happened; None = never."""
    if row.state == "CA":
        # It says "14:02" today and the date tomorrow.
        moment = datetime.fromtimestamp(now)
        midnight = datetime(moment.year, moment.month, moment.day) + timedelta(days=1)
        return midnight.timestamp() - now
    if row.finished:
        return None
    if row.code in LASTING:
        return STEP_SECONDS
    made = parse_time(job.metadata.creation_timestamp)
    if not pods and made is not None and now - made < SETTLED_SECONDS:
        return made + SETTLED_SECONDS - now + 0.1
    return None


def wants_nodes(pods: Collection[Pod]) -> bool:
    """Whether nodes could say more: about what runs on one, or finds none."""
    return any(is_running(pod) or not pod.spec.node_name for pod in pods if not is_over(pod))
