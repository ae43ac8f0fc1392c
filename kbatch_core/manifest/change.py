"""What may still be changed in a Job, as merge patches (pure).

A Job's pod template, and with it what runs and its `-t`, is frozen by the API server; `suspend`, `parallelism`
and `activeDeadlineSeconds` are not. Each patch names the uid, so that it can only reach the very object that the
user saw. What cannot be done is refused in a sentence, before anything is sent.
"""

from __future__ import annotations

from typing import Any

from kbatch_core.errors import BadOption, Refused
from kbatch_core.model import labels
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.objects import Job, parse_time
from kbatch_core.model.timelimit import format_time
from kbatch_core.status.reading import array_of, id_of, is_array, is_finished

Patch = dict[str, Any]


def cancel_patch(job: Job, now: float) -> Patch:
    """End it and keep its record: a deadline of one second. Raises Refused when it has ended already.

    A held job has no clock; it is let go with no pod to run. The deadline that it had is kept for a rerun.
    """
    _check_open(job, again=True)
    annotations = {labels.CANCELLED_AT: str(int(now)), **_first_deadline(job)}
    spec: dict[str, Any] = {"activeDeadlineSeconds": 1}
    if job.spec.suspend:
        spec |= {"suspend": False, "parallelism": 0}
    return _patch(job, spec, annotations)


def hold_patch(job: Job) -> Patch | None:
    """Keep it from running, or stop it; None when it is held already. Raises Refused."""
    _check_open(job)
    _check_not_queued(job, "held")
    return None if job.spec.suspend else _patch(job, {"suspend": True})


def release_patch(job: Job) -> Patch | None:
    """Let a held job run; None when it is not held. Raises Refused."""
    _check_open(job)
    _check_not_queued(job, "released")
    return _patch(job, {"suspend": False}) if job.spec.suspend else None


def throttle_patch(job: Job, throttle: int) -> Patch:
    """At most `throttle` tasks of an array at a time; 0 = all of them, as in Slurm. Raises Refused, BadOption."""
    _check_open(job)
    if throttle < 0:
        raise BadOption(f"{throttle} is no number of tasks.", "Write 0 for all of them at once.")
    if not is_array(job):
        raise Refused(f"Job {id_of(job)} is no array, so it has no throttle.", "It has one task only.")
    total = job.spec.completions or 0
    limit = min(throttle or total, total)
    array = array_of(job)
    text = ArraySpec(array.ranges, throttle or None).format() if array is not None else None
    return _patch(job, {"parallelism": limit}, {labels.ARRAY: text} if text else {})


def time_limit_patch(job: Job, seconds: int, started: float | None) -> Patch:
    """A lower time limit for a job that runs; `started` is when its script did. Raises Refused, BadOption.

    The supervisor's own limit is frozen with the pod template, so the Job's deadline ends it before that.
    """
    _check_open(job)
    job_id = id_of(job)
    again = f"`kqueue rerun --time {format_time(seconds)} {job_id}` runs it anew once it has ended."
    if seconds < 1:
        raise BadOption("A time limit is at least one second.", "Write it as for kbatch --time.")
    if is_array(job):
        raise Refused(
            f"The time limit of array {job_id} cannot be changed: what its tasks run is frozen.", again
        )
    began = parse_time(job.status.start_time)
    if started is None or began is None:
        raise Refused(
            f"Job {job_id} does not run: its time limit can be lowered once it does, since what its pod "
            "will run is frozen.",
            f"Or cancel it; {again}",
        )
    # Only where a limit is changed: `kqueue list` starts sooner without.
    from kbatch_core.manifest.program import program_of

    frozen = program_of(job).options.get("-t", "")
    if frozen.isdigit() and seconds >= int(frozen):
        raise Refused(
            f"The time limit of job {job_id} can be lowered only, from {format_time(int(frozen))}: "
            "what its pod runs is frozen.",
            again,
        )
    deadline = max(int(started - began) + seconds, 1)
    return _patch(
        job,
        {"activeDeadlineSeconds": deadline},
        {labels.TIME_LIMIT: str(seconds), labels.LIMIT_DEADLINE: str(deadline), **_first_deadline(job)},
    )


def _first_deadline(job: Job) -> dict[str, str]:
    """The deadline that it was submitted with, if this is the first change of it."""
    deadline = job.spec.active_deadline_seconds
    changed = (
        labels.CANCELLED_AT in job.metadata.annotations or labels.LIMIT_DEADLINE in job.metadata.annotations
    )
    return {labels.DEADLINE: str(deadline)} if deadline is not None and not changed else {}


def _patch(job: Job, spec: dict[str, Any], annotations: dict[str, str] | None = None) -> Patch:
    metadata: dict[str, Any] = {"uid": job.metadata.uid}
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": spec}


def _check_open(job: Job, *, again: bool = False) -> None:
    """Raises Refused for a job that has ended, or is about to by a cancel."""
    job_id = id_of(job)
    if is_finished(job):
        raise Refused(f"Job {job_id} has ended already.", f"`kqueue show {job_id}` says how.")
    if not again and labels.CANCELLED_AT in job.metadata.annotations:
        raise Refused(f"Job {job_id} is cancelled already.", "It ends within half a minute.")


def _check_not_queued(job: Job, done: str) -> None:
    """Raises Refused for a job in a Kueue queue: `suspend` is Kueue's there, and it would put it back at once."""
    queue = job.metadata.labels.get(labels.QUEUE, "")
    if queue:
        raise Refused(
            f"Job {id_of(job)} cannot be {done}: the queue {queue} decides when it runs.",
            "Cancel it and submit it again later.",
        )
