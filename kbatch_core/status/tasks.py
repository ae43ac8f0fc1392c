"""Arrays: how many tasks are where, which pod speaks for the whole, and the rules for one task (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model.objects import Job, Pod
from kbatch_core.status.case import Case
from kbatch_core.status.reading import (
    array_of,
    count_indexes,
    id_of,
    is_array,
    is_finished,
    is_over,
    is_running,
    parse_indexes,
    pod_index,
    task_of,
)
from kbatch_core.status.verdict import Verdict, verdict
from kbatch_core.status.words import plural


class TaskCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Where the tasks of an array are; `cancelled` ones had not ended when the array did.

    `unknown` ones are those of an array that is gone, and of whose end nothing tells.
    """

    total: int
    pending: int
    running: int
    done: int
    failed: int
    cancelled: int
    unknown: int = 0


def count_tasks(job: Job, pods: Iterable[Pod]) -> TaskCounts:
    """Counts that add up to `total`, whatever the pods say.

    Without pods, which may not be read or are not read yet, the Job's own count of those that are ready tells what
    runs: a job's pods have no probe, so they are ready as soon as they run.
    """
    pods = list(pods)
    at_work = sum(1 for pod in pods if is_running(pod)) if pods else job.status.ready or 0
    total = max(job.spec.completions or 0, 0)
    done = min(count_indexes(job.status.completed_indexes), total)
    failed = min(count_indexes(job.status.failed_indexes), total - done)
    rest = total - done - failed
    over = is_finished(job)
    running = 0 if over else min(at_work, rest)
    return TaskCounts(
        total=total,
        pending=0 if over else rest - running,
        running=running,
        done=done,
        failed=failed,
        cancelled=rest if over else 0,
    )


def no_task(job: Job, number: int) -> BadOption:
    """The error for a task that the job does not have."""
    job_id = id_of(job)
    if not is_array(job):
        return BadOption(f"Job {job_id} is no array, so it has no task {number}.", f"Write {job_id} alone.")
    return BadOption(f"Job {job_id} has no task {number}.", f"`kqueue show {job_id}` lists them.")


def task_numbers(job: Job) -> list[int]:
    """Every task number, rising."""
    array = array_of(job)
    return array.numbers() if array is not None else list(range(job.spec.completions or 0))


def failed_numbers(job: Job) -> list[int]:
    """The task numbers that failed, rising."""
    return sorted(task_of(job, index) for part in parse_indexes(job.status.failed_indexes) for index in part)


def speaker(pods: Sequence[Pod]) -> Pod | None:
    """The pod whose state is the array's: one that runs, else one that is being started, else one that waits."""
    active = [pod for pod in pods if not is_over(pod)]
    return min(active, key=_rank, default=None)


def _rank(pod: Pod) -> tuple[bool, int, int, str]:
    stage = 0 if is_running(pod) else 1 if pod.spec.node_name else 2
    return pod.metadata.deletion_timestamp is not None, stage, pod_index(pod) or 0, pod.metadata.name


def describe_array(case: Case, found: Verdict) -> Verdict:
    """The verdict of the array, with its counts."""
    if case.finished:
        return found
    counts = count_tasks(case.job, case.pods)
    parts = [
        f"{number} {word}"
        for number, word in (
            (counts.running, "running"),
            (counts.pending, "waiting"),
            (counts.done, "done"),
            (counts.failed, "failed"),
        )
        if number
    ]
    if found.state == "R" and not found.code:
        return verdict("R", "", ", ".join(parts) or found.sentence, found.hint, found.evidence)
    if counts.running + counts.done + counts.failed:
        return verdict(
            found.state, found.code, f"{found.sentence}; {', '.join(parts)}", found.hint, found.evidence
        )
    return found


def not_done(case: Case) -> Verdict | None:
    """A task that was still to do when the array ended for another reason than this task."""
    if case.task is None or not case.failed or case.own_failure or case.deadline_passed:
        return None
    why = case.failure.message if case.failure is not None else ""
    return verdict("CA", "NotRun", "Not done when the array ended", case.rerun, why)


def task_limit(case: Case) -> Verdict | None:
    """A task that waits for its turn, because only so many run at a time."""
    if case.task is None or case.finished or case.pods or case.job.spec.suspend:
        return None
    limit, total = case.job.spec.parallelism, case.job.spec.completions
    if limit is None or total is None or limit >= total or case.job.status.active < limit:
        return None
    return verdict(
        "PD",
        "JobArrayTaskLimit",
        f"Waits its turn: {plural(limit, 'task')} at a time",
        f"`kqueue update {case.job_id} --throttle N` lets more run at a time",
    )
