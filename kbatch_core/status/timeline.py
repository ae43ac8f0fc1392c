"""Timeline: what happened to a job, in the order of time (pure).

Made of what the objects say of moments: the Job's creation and conditions, each pod's conditions and container
states, the record, and the events that are still there. What Kubernetes has forgotten is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from kbatch_core.model.objects import ContainerStatus, Event, Job, Pod, parse_time
from kbatch_core.model.safetext import safe_text
from kbatch_core.status.reading import (
    cancelled_at,
    condition,
    event_time,
    is_array,
    job_statuses,
    pod_index,
    task_of,
)
from kbatch_core.status.verdict import quote

MOST_MOMENTS = 200
"""An array of thousands of tasks has too many to read: the newest are kept."""

# Events that say in other words what a condition or a container's state says better.
_SAID_ELSEWHERE = frozenset(
    ("Scheduled", "Created", "Started", "SuccessfulCreate", "SuccessfulDelete", "Completed", "Killing", "Suspended",
     "Resumed")
)  # fmt: skip


class Moment(msgspec.Struct, frozen=True):
    """Something that happened. `when` in seconds since the epoch; `what` is safe to print; `task` None = the job."""

    when: float
    what: str
    task: int | None = None
    warning: bool = False


def timeline(
    job: Job, pods: Iterable[Pod], events: Iterable[Event], *, task: int | None = None
) -> list[Moment]:
    """The moments of a job, or of one task of an array; oldest first, at most MOST_MOMENTS of the newest."""
    every = sorted(pods, key=lambda pod: (pod.metadata.creation_timestamp, pod.metadata.name))
    if task is not None:
        every = [pod for pod in every if pod_task(job, pod) == task]
    attempts: dict[int | None, int] = {}
    # As one leads to another, because times are in whole seconds; the sort keeps the order of what has the same.
    moments = [*_beginning(job)]
    told: dict[str, list[Event]] = {}
    for event in events:
        told.setdefault(event.involved_object.uid, []).append(event)
    for pod in every:
        number = pod_task(job, pod)
        attempts[number] = attempts.get(number, 0) + 1
        moments += _placed(pod, number, attempts[number])
        moments += _of_events(told.get(pod.metadata.uid, ()), number)
        moments += _of_container(pod, number)
    reasons = {one.reason for one in job.status.conditions}
    own = told.get(job.metadata.uid, [])
    moments += _of_events(event for event in own if event.reason not in reasons)
    moments += _over(job)
    moments += _of_events(event for event in own if event.reason in reasons)
    ordered = sorted(moments, key=lambda moment: moment.when)
    return ordered[-MOST_MOMENTS:]


def pod_task(job: Job, pod: Pod) -> int | None:
    """The task that a pod of an array runs; None of any other job."""
    index = pod_index(pod) if is_array(job) else None
    return task_of(job, index) if index is not None else None


def _beginning(job: Job) -> Iterator[Moment]:
    """What a job's pods follow from."""
    made = parse_time(job.metadata.creation_timestamp)
    if made is not None:
        yield Moment(made, "Submitted")
    for one in job.status.conditions:
        when = parse_time(one.last_transition_time)
        if when is not None and one.type == "Suspended":
            yield Moment(when, "Held" if one.status == "True" else "Released")
    cancelled = cancelled_at(job)
    if cancelled is not None:
        yield Moment(float(cancelled), "Cancelled")


def _over(job: Job) -> Iterator[Moment]:
    """What follows from its pods."""
    for one in job.status.conditions:
        when = parse_time(one.last_transition_time)
        if when is None or one.status != "True":
            continue
        if one.type == "Complete":
            yield Moment(when, "Completed")
        elif one.type == "Failed":
            yield Moment(when, safe_text(f"Failed: {one.reason}", 200), warning=True)


def _placed(pod: Pod, task: int | None, attempt: int) -> Iterator[Moment]:
    made = parse_time(pod.metadata.creation_timestamp)
    if attempt > 1 and made is not None:
        yield Moment(made, f"Restart {attempt - 1}", task)
    placed = condition(pod.status.conditions, "PodScheduled")
    when = parse_time(placed.last_transition_time) if placed is not None else None
    if when is not None and pod.spec.node_name:
        yield Moment(when, safe_text(f"Placed on node {pod.spec.node_name}", 200), task)


def _of_container(pod: Pod, task: int | None) -> Iterator[Moment]:
    taken = condition(pod.status.conditions, "DisruptionTarget")
    when = parse_time(taken.last_transition_time) if taken is not None else None
    status = next(iter(job_statuses(pod)), ContainerStatus())
    running, ended = status.state.running, status.state.terminated
    started = parse_time(running.started_at if running else ended.started_at if ended else None)
    if started is not None:
        yield Moment(started, "Started", task)
    if taken is not None and when is not None:
        yield Moment(when, f"Taken away: {quote(taken.message or taken.reason)}", task, True)
    stopped = parse_time(ended.finished_at) if ended is not None else None
    if ended is not None and stopped is not None:
        yield Moment(stopped, f"Ended: exit {ended.exit_code}", task, ended.exit_code != 0)


def _of_events(events: Iterable[Event], task: int | None = None) -> Iterator[Moment]:
    """Of a pod that ran `task`, or of the job."""
    for event in events:
        # A pull that took no time because the image was there is no news.
        if event.reason == "Pulled" and not event.message.startswith("Successfully pulled"):
            continue
        if event.reason in _SAID_ELSEWHERE:
            continue
        times = f" ({event.count} times)" if event.count and event.count > 1 else ""
        words = f"{event.reason}: {quote(event.message)}{times}"
        yield Moment(event_time(event), safe_text(words, 300), task, event.type == "Warning")


def timeline_words(moments: Sequence[Moment]) -> list[tuple[float, str]]:
    """(moment, text with the task it is about): what both the command and the dashboard show."""
    return [
        (moment.when, f"task {moment.task}: {moment.what}" if moment.task is not None else moment.what)
        for moment in moments
    ]
