"""Rules for what is over: how a job, a task or an attempt ended (pure).

Each rule returns a Verdict or None for "not my case". An attempt that was taken away (evicted, preempted, its
node lost) has an exit code too, but not one of the job's own: such a pod is never judged by its exit code.
"""

from __future__ import annotations

import re

from kbatch_core.errors import BadOption
from kbatch_core.model import labels
from kbatch_core.model.jobspec import KILL_WAIT_SECONDS, TERM_TO_KILL_SECONDS
from kbatch_core.model.objects import Condition, parse_time
from kbatch_core.model.quantity import format_memory, round_up_memory
from kbatch_core.model.record import Record
from kbatch_core.model.signals import signal_name
from kbatch_core.model.timelimit import format_time
from kbatch_core.status.case import Case
from kbatch_core.status.reading import cancelled_at, condition, is_array, is_over, script_is_over, seconds
from kbatch_core.status.tasks import failed_numbers
from kbatch_core.status.verdict import Verdict, quote, verdict
from kbatch_core.status.words import amount_of, clock, list_tasks

LARGEST_SIGNAL = 64
# Signals that the kernel sends for what a program does, and that programs send themselves.
_CRASHES = frozenset({"SEGV", "BUS", "ILL", "FPE", "ABRT", "SYS", "TRAP"})
_EXIT_CODE = r"failed with exit code (\d{1,3})\b"


def cancelled(case: Case) -> Verdict | None:
    """The user ended it. Not when it had ended by itself before the cancel arrived."""
    when = cancelled_at(case.job)
    if when is None or case.succeeded:
        return None
    if case.failed and not case.deadline_passed:
        return None
    at = clock(when, case.now)
    if not case.failed:
        return verdict("CG", "Cancelled", f"You cancelled it at {at}; stopping, up to {KILL_WAIT_SECONDS} s")
    started, stopped = start_time(case), end_time(case)
    # What ran may have been stopped before: by a hold, or with its node.
    until = when if stopped is None else min(when, stopped)
    ran = f" (ran {format_time(int(until - started))})" if started is not None and started <= until else ""
    return verdict("CA", "Cancelled", f"You cancelled it at {at}{ran}", case.rerun, _words(case.failure))


def complete(case: Case) -> Verdict | None:
    """Success, which only Kubernetes' own word for it makes."""
    if not case.succeeded:
        return None
    if is_array(case.job) and case.task is None:
        return verdict("CD", "", f"All {case.job.spec.completions or 0} tasks ended with exit 0")
    parts = ["exit 0"]
    if case.record is not None and case.record.memory_peak:
        limit = memory_limit(case)
        peak = format_memory(int(case.record.memory_peak))
        parts.append(f"peak {peak} of {format_memory(int(limit))}" if limit else f"peak {peak}")
    if case.record is not None and case.record.oom:
        parts.append(f"{case.record.oom} of its processes killed for memory on the way")
    hint = ""
    if case.record is not None and case.record.output_error:
        hint = f"Its output file is not whole: {quote(case.record.output_error)}"
    return verdict("CD", "", "; ".join(parts), hint)


def time_limit(case: Case) -> Verdict | None:
    """The supervisor's limit, the pod's own deadline behind it, or the Job's that a lowered limit made."""
    if not case.failed:
        return None
    by_pod = case.pod is not None and case.pod.status.reason == "DeadlineExceeded"
    lowered = seconds(case.job, labels.LIMIT_DEADLINE)
    by_job = case.deadline_passed and lowered is not None and lowered == case.job.spec.active_deadline_seconds
    if not by_pod and not by_job and not (case.record is not None and case.record.reason == "TimeLimit"):
        return None
    limit = seconds(case.job, labels.TIME_LIMIT)
    named = f"--time {format_time(limit)}" if limit else "its time limit"
    evidence = case.pod.status.message if by_pod and case.pod is not None else _record_words(case.record)
    evidence = evidence or _words(case.failure)
    return verdict(
        "TO",
        "TimeLimit",
        f"Reached {named}; TERM, then KILL {TERM_TO_KILL_SECONDS} s later",
        "Ask for more with --time, or save the work on the way: --signal USR1@120 warns it before",
        evidence,
    )


def out_of_memory(case: Case) -> Verdict | None:
    """The cgroup counted a kill while it ran, or the kubelet saw one and the exit code agrees."""
    if not case.failed or case.disruption:
        return None
    counted = case.record is not None and (case.record.oom > 0 or case.record.reason == "OutOfMemory")
    seen = case.terminated is not None and (case.terminated.reason, case.terminated.exit_code) == (
        "OOMKilled",
        137,
    )
    if not counted and not seen:
        return None
    limit = memory_limit(case)
    peak = case.record.memory_peak if case.record is not None and case.record.memory_peak else limit
    used = f" at {format_memory(int(peak))}" if peak else ""
    used += f" of {format_memory(int(limit))}" if peak and limit else ""
    return verdict(
        "OOM",
        "OutOfMemory",
        f"It was killed{used} because its memory was full",
        f"Try --mem {format_memory(round_up_memory(limit * 1.5))}" if limit else "Ask for more with --mem",
        case.terminated.reason if seen and case.terminated is not None else _record_words(case.record),
    )


def bad_start(case: Case) -> Verdict | None:
    """The container runtime could not start the program: no line of the script ran."""
    ended = case.terminated
    if not case.failed or ended is None or ended.reason not in ("StartError", "ContainerCannotRun"):
        return None
    return verdict(
        "F",
        "BadConfig",
        f"The container could not start: {runtime_words(ended.message)}",
        "Check --image: a job needs /bin/sh in it",
        ended.message,
    )


def exit_code(case: Case) -> Verdict | None:
    """The script's own failure. From the record, else the container, else what the Job remembers of its pod."""
    if not case.failed or case.disruption or case.deadline_passed:
        return None
    code, signal = exit_of(case)
    if code is None or (code == 0 and not signal):
        return None
    evidence = _record_words(case.record) or _words(case.failure)
    if not signal and 128 < code <= 128 + LARGEST_SIGNAL:
        signal = code - 128
    name = _signal(signal)
    if case.record is not None and case.record.reason == "Terminated":
        how = f"SIG{name} ended it" if name else f"exit {code}"
        return verdict(
            "F",
            "NonZeroExitCode",
            f"Told to end from outside, as when its pod is deleted; {how}",
            case.rerun,
            evidence,
        )
    if name:
        hint = "Nothing says who sent it"
        if name == "KILL":
            hint += "; compare its memory peak with --mem"
        elif name in _CRASHES:
            hint = "The program itself crashed; the last lines of its output may say where"
        return verdict("F", "NonZeroExitCode", f"Killed by SIG{name}", hint, evidence)
    if code == 126:
        return verdict(
            "F", "NonZeroExitCode", "exit 126: a program is not executable", "chmod +x it", evidence
        )
    if code == 127:
        return verdict(
            "F",
            "NonZeroExitCode",
            "exit 127: a command was not found in this image",
            "The last lines of the output name it: activate the environment that has it; of /kbatch/bin/script it "
            "is the program that the script's first line names",
            evidence,
        )
    return verdict("F", "NonZeroExitCode", f"exit {code}", "The last lines of its output say more", evidence)


def failed_tasks(case: Case) -> Verdict | None:
    """An array in which tasks failed; the Job as a whole counts them."""
    if case.task is not None or not case.failed or not is_array(case.job):
        return None
    if case.deadline_passed:
        return None
    numbers = failed_numbers(case.job)
    total = case.job.spec.completions or 0
    which = f": {list_tasks(numbers)}" if numbers else ""
    return verdict(
        "F",
        "FailedTasks",
        f"{len(numbers) or 'Some'} of {total} failed{which}",
        f"`kqueue rerun {case.job_id} --failed` runs them again",
        _words(case.failure),
    )


def gave_up(case: Case) -> Verdict | None:
    """The Job's own deadline, which also runs while it waits."""
    failure = case.failure
    if failure is None or not case.deadline_passed:
        return None
    deadline = case.job.spec.active_deadline_seconds
    limit = seconds(case.job, labels.TIME_LIMIT) or 0
    waited = (deadline or 0) - limit - KILL_WAIT_SECONDS
    within = f" {format_time(waited)}" if waited > 0 else ""
    last = last_words(case)
    if start_time(case) is None and not case.job.status.completed_indexes:
        sentence = f"Never started within --give-up-after{within}" + (
            f"; last reason: {last}" if last else ""
        )
    else:
        sentence = f"Not done when its deadline of {format_time(deadline or 0)} passed"
    return verdict("DL", "GaveUp", sentence, "Submit it again when the reason is gone", _words(failure))


def lost_evidence(case: Case) -> Verdict | None:
    """It failed, and nothing that is left says how. Never a success, whatever a record says."""
    if not case.failed:
        return None
    kept = "its record says exit 0, but " if case.record is not None else ""
    why = case.failure.reason if case.failure is not None and case.task is None else ""
    return verdict(
        "F",
        "LostEvidence",
        f"Cause unknown: {kept}Kubernetes counts it as failed{f' ({quote(why)})' if why else ''}",
        "Its output file, if it has one, may say more",
        _words(case.failure),
    )


def completing(case: Case) -> Verdict | None:
    """On its way out: being deleted or held, or ended with the Job's own word still to come."""
    if case.finished:
        return None
    deleted = case.job.metadata.deletion_timestamp is not None
    if not deleted and case.pod is not None:
        deleted = case.pod.metadata.deletion_timestamp is not None and not is_over(case.pod)
    conditions = case.job.status.conditions
    closing = condition(conditions, "FailureTarget") or condition(conditions, "SuccessCriteriaMet")
    if deleted or (closing is not None and case.task is None):
        return verdict("CG", "Completing", f"Stopping, up to {KILL_WAIT_SECONDS} s", evidence=_words(closing))
    # Of a job held now, it is what is left of an earlier attempt.
    if case.pod is not None and script_is_over(case.pod) and not case.job.spec.suspend:
        return verdict("CG", "Completing", "The script has ended; Kubernetes is closing the job")
    return None


# What the rules share.


def exit_of(case: Case) -> tuple[int | None, int]:
    """(exit code, signal) of the script; None when nothing tells it."""
    if case.record is not None:
        # A shell gives 128 + n for signal n, and cannot tell it from a program that exits so.
        code = case.record.exit
        return code, case.record.signal or (code - 128 if 128 < code <= 128 + LARGEST_SIGNAL else 0)
    if case.terminated is not None:
        return case.terminated.exit_code, case.terminated.signal
    if case.failure is not None and case.failure.reason == "PodFailurePolicy" and case.task is None:
        match = re.search(_EXIT_CODE, case.failure.message)
        if match is not None:
            return int(match[1]), 0
    if case.succeeded and (case.task is not None or not is_array(case.job)):
        return 0, 0
    return None, 0


def start_time(case: Case) -> float | None:
    """When the script's last attempt began, in seconds since the epoch."""
    if case.record is not None and case.record.start:
        return float(case.record.start)
    if case.terminated is not None:
        return parse_time(case.terminated.started_at)
    if case.pod is not None:
        for status in case.pod.status.container_statuses:
            if status.state.running is not None:
                return parse_time(status.state.running.started_at)
    return None


def end_time(case: Case) -> float | None:
    """When the script's last attempt ended, in seconds since the epoch; None while it runs or nothing tells."""
    if case.record is not None and case.record.end:
        return float(case.record.end)
    return parse_time(case.terminated.finished_at) if case.terminated is not None else None


def memory_limit(case: Case) -> float:
    """Bytes; 0 when it has none."""
    containers = case.job.spec.template.spec.containers
    resources = containers[0].resources if containers else None
    return amount_of(resources.limits.get("memory", "0")) if resources is not None else 0.0


def last_words(case: Case) -> str:
    """The newest warning about it, as part of a sentence; not the one that says that it was given up."""
    warnings = [
        event
        for event in (*case.job_events, *case.pod_events)
        if event.type == "Warning" and event.reason != "DeadlineExceeded"
    ]
    return quote(warnings[-1].message) if warnings else ""


def runtime_words(message: str) -> str:
    """The end of the runtime's chain of causes, which is the part that helps: `exec: "bash": not found`."""
    parts = message.split(": exec: ", 1)
    return quote(f"exec: {parts[1]}" if len(parts) == 2 else message)


def _signal(number: int) -> str:
    try:
        return signal_name(str(number)) if number > 0 else ""
    except BadOption:
        return ""


def _words(found: Condition | None) -> str:
    return f"{found.reason}: {found.message}" if found is not None else ""


def _record_words(record: Record | None) -> str:
    if record is None:
        return ""
    parts = [f"exit {record.exit}", f"signal {record.signal}", f"oom kills {record.oom}"]
    return ", ".join([*parts, record.reason] if record.reason else parts)
