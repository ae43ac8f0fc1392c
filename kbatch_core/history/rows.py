"""A Past to rows of the queue (pure), by the rules of `status`.

Kubernetes' own word on the end is believed first, where it was kept. Else the records close the job as the Job
controller would have: a record of exit 0 makes it complete, any other failed, and the rules say the rest. What
neither tells is unknown: state "?", which is what Slurm prints for a state that it has no name for.
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from kbatch_core.history.past import Past, Task
from kbatch_core.manifest.program import program_of
from kbatch_core.model import labels
from kbatch_core.model.arrays import ArraySpec, from_numbers
from kbatch_core.model.objects import Condition, Job, JobStatus
from kbatch_core.model.record import Record
from kbatch_core.status import ClusterFacts, JobRow, TaskCounts, Verdict, make_row, task_rows
from kbatch_core.status.reading import array_of, cancelled_at, count_indexes, index_of, is_array
from kbatch_core.status.tasks import failed_numbers
from kbatch_core.status.verdict import verdict
from kbatch_core.status.words import clock, list_tasks, plural

UNKNOWN = "?"


def past_row(past: Past, now: float, *, gone: bool) -> JobRow:
    """The row of a job that the cluster did not show. `gone`: its cluster was asked, and has it no more."""
    job, unknown = closed(past, gone=gone)
    row = make_row(job, [], [], now, facts(past))
    if not is_array(job):
        row = replace(row, past=True)
        return _unknown(row, _verdict(past, None, gone, now), gone) if unknown else row
    starts = [record.start for record in past.records.values()]
    row = replace(row, past=True, started=min(starts, default=None))
    return _unknown_array(row, past, job, unknown, gone, now) if unknown or past.submission is None else row


def past_task_rows(past: Past, now: float, *, gone: bool) -> list[JobRow]:
    """One row per task of an array, in the order of the task numbers; none for a job that is no array."""
    job, unknown = closed(past, gone=gone)
    rows = [replace(row, past=True) for row in task_rows(job, [], [], now, facts(past))]
    return [
        _unknown(row, _verdict(past, row.task, gone, now), gone) if row.task in unknown else row
        for row in rows
    ]


def facts(past: Past) -> ClusterFacts:
    """The records, for the rules of the status."""
    return ClusterFacts(history={(past.id, task): record for task, record in past.records.items()})


def closed(past: Past, *, gone: bool) -> tuple[Job, set[Task]]:
    """The job with the status that its records give it, and the tasks (None: the job) whose end is unknown.

    A record that says "Terminated" is the end of a start that was told to end, by a drained node, say: unless the
    job is `gone`, it may have been started again since.
    """
    job: Job = past.job
    if past.closed:
        return job, set()
    tasks = {*past.records, *past.starts, *past.outdated}
    if past.submission is None and tasks and None not in tasks:
        job = _array_from(past, tasks)
    if is_array(job):
        return _closed_array(past, job, gone=gone)
    record = _final(past, None, gone)
    if record is None and cancelled_at(job) is None:
        return job, {None}
    return _with_status(job, past, failed=record is None or not record.succeeded), set()


def _final(past: Past, task: Task, gone: bool) -> Record | None:
    """The record with which it was over."""
    record = past.records.get(task)
    maybe_again = record is not None and record.reason == "Terminated" and not gone
    return None if maybe_again and cancelled_at(past.job) is None else record


def _closed_array(past: Past, job: Job, *, gone: bool) -> tuple[Job, set[Task]]:
    array = array_of(job)
    every = array.numbers() if array is not None else list(range(job.spec.completions or 0))
    cancelled = cancelled_at(job) is not None
    good, bad, unknown = [], [], set[Task]()
    for task in every:
        record = _final(past, task, gone)
        if record is not None and record.succeeded:
            good.append(index_of(job, task))
        elif record is not None and not (cancelled and record.reason == "Terminated"):
            bad.append(index_of(job, task))
        elif not cancelled:
            unknown.add(task)
    status = JobStatus(completed_indexes=_indexes(good), failed_indexes=_indexes(bad))
    job = replace(job, status=status)
    if unknown:
        return job, unknown
    return _with_status(job, past, failed=len(good) < len(every)), unknown


def _array_from(past: Past, tasks: set[Task]) -> Job:
    """The array that the files of its tasks show, when nothing else is known of it."""
    numbers = sorted(task for task in tasks if task is not None)
    spec = ArraySpec(from_numbers(numbers))
    return replace(
        past.job,
        metadata=replace(past.job.metadata, annotations={labels.ARRAY: spec.format()}),
        spec=replace(past.job.spec, completion_mode="Indexed", completions=len(numbers)),
    )


def _with_status(job: Job, past: Past, *, failed: bool) -> Job:
    """The job as the controller would have closed it: a cancel sets the Job's deadline, which is then the reason."""
    own = cancelled_at(job) is None or any(record.reason != "Terminated" for record in past.records.values())
    if is_array(job):
        own = cancelled_at(job) is None
    reason = "FromRecord" if own or not failed else "DeadlineExceeded"
    ends = [record.end for record in past.records.values()]
    end = max(ends, default=cancelled_at(job))
    when = datetime.fromtimestamp(end, UTC).isoformat() if end else None
    over = Condition(
        type="Failed" if failed else "Complete",
        status="True",
        reason=reason,
        message="by the history in home",
        last_transition_time=when,
    )
    return replace(job, status=replace(job.status, conditions=[over]))


def _indexes(numbers: list[int]) -> str:
    return ArraySpec(from_numbers(sorted(numbers))).format_indices() if numbers else ""


# What is not known.


def _unknown(row: JobRow, found: Verdict, gone: bool) -> JobRow:
    return replace(
        row,
        state=found.state,
        code=found.code,
        sentence=found.sentence,
        hint=found.hint,
        evidence=found.evidence,
        finished=gone,
        exit_code=None,
        signal=0,
    )


def _unknown_array(row: JobRow, past: Past, job: Job, unknown: set[Task], gone: bool, now: float) -> JobRow:
    """An array with tasks whose end is unknown: failed when one of the others did, else unknown itself."""
    found = _verdict(past, None, gone, now)
    total = job.spec.completions or 0
    failed = failed_numbers(job)
    done = count_indexes(job.status.completed_indexes)
    counts = TaskCounts(
        total=total, pending=0, running=0, done=done, failed=len(failed), cancelled=0, unknown=len(unknown)
    )
    parts = [
        f"{len(failed)} failed: {list_tasks(failed)}" if failed else "",
        f"{done} ended with exit 0" if done else "",
    ]
    said = ", ".join(part for part in parts if part)
    size = f"of {plural(total, 'task')}" if past.submission is not None else "of an unknown number of tasks"
    if said:
        found = verdict(
            "F" if failed else found.state,
            "FailedTasks" if failed else found.code,
            f"{size.capitalize()} {said}; how the others ended is unknown: {found.sentence}",
            found.hint,
        )
    return replace(_unknown(row, found, gone), tasks=counts)


def _verdict(past: Past, task: Task, gone: bool, now: float) -> Verdict:
    """Why it is not known how the job or task ended."""
    if task is not None or not is_array(past.job):
        begun = list(past.starts.get(task, ()))
    else:
        begun = [moment for moments in past.starts.values() for moment in moments]
    outdated = past.outdated.get(task)
    earlier = f"; an earlier start ended with exit {outdated.exit}" if outdated is not None else ""
    submit_id = past.job.metadata.annotations.get(labels.SUBMIT_ID, "")
    if not past.accepted:
        return verdict(
            UNKNOWN,
            "NoAnswer",
            "No answer to its submit was seen, and nothing says that it ever ran",
            f"kbatch --submit-id {submit_id} submits it again, and makes no second job" if submit_id else "",
        )
    times = "nothing says that it was ever started"
    if begun:
        times = f"it was started {plural(len(begun), 'time')}, last at {clock(max(begun), now)}"
    if not gone:
        origin = past.submission.origin.server if past.submission is not None else ""
        where = f"{origin or 'an unknown cluster'}, namespace {past.job.metadata.namespace or 'unknown'}"
        return verdict(
            UNKNOWN,
            "NotAsked",
            f"No end is recorded in home ({times}{earlier}), and its cluster was not asked: {where}",
        )
    recorded = "-d" in program_of(past.job).options or past.submission is None
    why = "it left no record" if recorded else "it had no home to leave a record in"
    return verdict(
        UNKNOWN,
        "LostEvidence",
        f"How it ended is unknown: {why} ({times}{earlier}), and the cluster has it no more",
        "Its output file, if it has one, may say more",
    )
