"""What Jobs, pods and events say of themselves (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from kbatch_core.errors import BadOption
from kbatch_core.model import labels
from kbatch_core.model.arrays import ArraySpec, parse_array
from kbatch_core.model.objects import Condition, ContainerStatus, Event, Job, OwnedMetadata, Pod, parse_time

# The reasons of a pod that a node refused: it never ran there, and no exit code tells of it.
_REFUSED_BY_NODE = ("UnexpectedAdmissionError", "NodeAffinity", "NodeShutdown", "TopologyAffinityError")


def newest(pods: Iterable[Pod]) -> Pod | None:
    """The pod that was made last."""
    return max(pods, key=lambda pod: (pod.metadata.creation_timestamp, pod.metadata.name), default=None)


def id_of(job: Job) -> str:
    """The id that people type; the object's name for a Job that is not ours."""
    return job.metadata.labels.get(labels.ID) or job.metadata.name


def name_of(job: Job) -> str:
    """The name as it was typed, which anybody may have written: `safe_text` before it is shown."""
    return typed(job, labels.NAME)


def typed(job: Job, name: str) -> str:
    """What a label of this name says: the annotation has the text as it was typed, where the label cannot."""
    return job.metadata.annotations.get(name) or job.metadata.labels.get(name, "")


def seconds(job: Job, name: str) -> int | None:
    """A number of seconds in an annotation of ours; None when it is missing or no number."""
    text = job.metadata.annotations.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def cancelled_at(job: Job) -> int | None:
    """When the user cancelled it, in seconds since the epoch; None when nobody did."""
    return seconds(job, labels.CANCELLED_AT)


def end_condition(job: Job) -> Condition | None:
    """The Job's own word that nothing comes after; None while something does."""
    return condition(job.status.conditions, "Complete") or condition(job.status.conditions, "Failed")


def is_finished(job: Job) -> bool:
    return end_condition(job) is not None


def condition(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of that type, if it is true."""
    for one in conditions:
        if one.type == kind and one.status == "True":
            return one
    return None


def statuses(pod: Pod | None) -> Iterator[ContainerStatus]:
    """Init containers first, as they run."""
    if pod is not None:
        yield from pod.status.init_container_statuses
        yield from pod.status.container_statuses


def job_statuses(pod: Pod | None) -> list[ContainerStatus]:
    """The status of the container that runs the script, before those that a webhook may have added."""
    if pod is None:
        return []
    return sorted(pod.status.container_statuses, key=lambda status: status.name != "job")


def refused_by_node(pod: Pod) -> bool:
    """Whether the kubelet turned the pod away when it arrived."""
    reason = pod.status.reason
    return pod.status.phase == "Failed" and (reason.startswith("OutOf") or reason in _REFUSED_BY_NODE)


def is_over(pod: Pod) -> bool:
    """Whether nothing of the pod runs any more."""
    return pod.status.phase in ("Succeeded", "Failed")


def script_is_over(pod: Pod) -> bool:
    """Whether the script runs no more: the kubelet tells of its container's end seconds before the pod's."""
    return is_over(pod) or any(status.state.terminated is not None for status in job_statuses(pod)[:1])


def is_running(pod: Pod) -> bool:
    return pod.status.phase == "Running" and any(
        status.state.running is not None for status in pod.status.container_statuses
    )


def owner_uid(metadata: OwnedMetadata) -> str:
    """The uid of the controlling owner, of a pod that of its Job; "" when there is none."""
    return next((owner.uid for owner in metadata.owner_references if owner.controller), "")


def event_time(event: Event) -> float:
    """When it last happened, in seconds since the epoch."""
    series = event.series.last_observed_time if event.series else None
    text = event.last_timestamp or series or event.event_time or event.first_timestamp
    return parse_time(text or event.metadata.creation_timestamp) or 0.0


# Arrays: tasks have the user's numbers, indexes are Kubernetes' own, counted from 0.


def is_array(job: Job) -> bool:
    return job.spec.completion_mode == "Indexed"


@lru_cache(maxsize=256)
def _parse_array(text: str) -> ArraySpec | None:
    try:
        return parse_array(text)
    except BadOption:
        return None


def array_of(job: Job) -> ArraySpec | None:
    """The array's task numbers; None when the annotation is missing or was tampered with."""
    text = job.metadata.annotations.get(labels.ARRAY, "")
    array = _parse_array(text) if text else None
    return array if array is not None and array.count == (job.spec.completions or 0) else None


def task_of(job: Job, index: int) -> int:
    """The task number at a Kubernetes index; the index itself when the array is not ours."""
    array = array_of(job)
    return array.task(index) if array is not None and 0 <= index < array.count else index


def index_of(job: Job, task: int) -> int:
    """The Kubernetes index of a task number."""
    array = array_of(job)
    try:
        return array.index(task) if array is not None else task
    except ValueError:
        return -1


def is_task_over(job: Job, task: int) -> bool:
    """Whether a task of an array has ended for good."""
    index = index_of(job, task)
    status = job.status
    return in_indexes(index, status.completed_indexes) or in_indexes(index, status.failed_indexes)


def pod_index(pod: Pod) -> int | None:
    """Which index of an Indexed Job the pod runs."""
    text = pod.metadata.annotations.completion_index or pod.metadata.labels.get(labels.COMPLETION_INDEX, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@lru_cache(maxsize=1024)
def parse_indexes(text: str) -> tuple[range, ...]:
    """The Job status's way of writing indexes, `1,3-5,7`, as ranges; what is not that is left out."""
    ranges = []
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if part.isascii() and first.isdigit() and (last.isdigit() or not dash) and len(part) < 24:
            ranges.append(range(int(first), int(last if dash else first) + 1))
    return tuple(ranges)


def in_indexes(index: int, text: str) -> bool:
    return any(index in part for part in parse_indexes(text))


def count_indexes(text: str) -> int:
    return sum(len(part) for part in parse_indexes(text))
