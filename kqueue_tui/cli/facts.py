"""What `kqueue show` says of a job, as lines of text (pure, but for a look at the files)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from kbatch_core.manifest.program import program_of
from kbatch_core.model.objects import Job, Pod
from kbatch_core.model.patterns import expand_final
from kbatch_core.model.quantity import format_cpus, format_memory
from kbatch_core.model.safetext import safe_text
from kbatch_core.model.timelimit import format_time
from kbatch_core.status import JobRow
from kbatch_core.status.timeline import Moment, pod_task, timeline_words
from kbatch_core.status.words import list_tasks

Pairs = list[tuple[str, str]]
NAME_WIDTH = 12


def facts(job: Job, row: JobRow, now: float, pods: Sequence[Pod] = ()) -> Pairs:
    """What is known, as (name, value) in reading order; nothing that is empty. `pods`: oldest first."""
    containers = job.spec.template.spec.containers
    asked = [
        f"{format_cpus(row.cpus)} CPU" if row.cpus else "",
        f"{format_memory(row.memory)} memory" if row.memory else "",
        f"{row.gpus} GPU" if row.gpus else "",
        f"time limit {format_time(row.time_limit)}" if row.time_limit else "",
    ]
    lines = [
        ("Job", f"{row.id}  {row.name}"),
        ("State", f"{row.state}  {row.sentence}".rstrip()),
        ("Reason", row.code),
        ("Hint", row.hint),
        ("Evidence", row.evidence if row.evidence not in (row.sentence, row.code) else ""),
        ("Exit", f"{row.exit_code}:{row.signal or 0}" if row.exit_code is not None else ""),
        ("User", row.user),
        ("Account", row.account),
        ("Partition", row.partition),
        ("Array", row.array if row.tasks is not None else ""),
        ("Submitted", moment(row.submitted)),
        ("Started", moment(row.started)),
        ("Ended", moment(row.ended)),
        ("Kept until", moment(_kept_until(job, row))),
        ("Ran", format_time(row.elapsed(now)) if row.started else ""),
        ("Progress", row.progress),
        ("Restarts", str(row.restarts) if row.restarts else ""),
        ("Asked for", ", ".join(part for part in asked if part)),
        ("Node", row.node),
        ("Command", row.command or row.name),
        ("Directory", row.workdir),
        ("Image", safe_text(containers[0].image) if containers else ""),
        ("Image ID", _image_id(job, pods, row)),
        ("Comment", row.comment),
        ("Object", f"job/{row.job_name} in namespace {row.namespace}" if row.job_name else ""),
        (
            "Source",
            "the history in home: the cluster has no such object, or was not asked" if row.past else "",
        ),
    ]
    return [(name, value) for name, value in lines if value]


def files(job: Job, row: JobRow) -> Pairs:
    """Where its output goes, and how much there is of it where home is mounted here."""
    program = program_of(job)
    found: Pairs = []
    for name, path in (
        ("Output", program.output),
        ("Errors", program.error),
        ("Notebook", program.notebook),
        ("Record", program.record_dir),
    ):
        if path:
            found.append((name, _file(path, row)))
    if not program.output:
        found.insert(0, ("Output", "the container's log only"))
    return found


def _file(pattern: str, row: JobRow) -> str:
    whole_array = row.tasks is not None
    if whole_array or ("%" in pattern and not row.node):
        return safe_text(pattern)
    path = expand_final(pattern, row.task, row.node)
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return safe_text(path)
    here = "" if Path(path).is_dir() else f"  ({format_memory(status.st_size)})"
    return f"{safe_text(path)}{here}"


def happened(moments: Sequence[Moment]) -> Pairs:
    """The timeline."""
    return [(moment(when), words) for when, words in timeline_words(moments)]


def tasks(rows: Iterable[JobRow]) -> Pairs:
    """Which tasks are in which state and why: those that share both in one line, as `F  7,12,88  exit 3`."""
    groups: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.task is not None:
            # What comes after it, such as the peak of the memory, is another one in each task.
            why = row.sentence.partition("; ")[0]
            groups.setdefault((row.state, why), []).append(row.task)
    return [
        (state, f"{list_tasks(numbers)}  {sentence}".rstrip())
        for (state, sentence), numbers in groups.items()
    ]


def next_commands(row: JobRow) -> list[str]:
    """What one may want to type now."""
    job_id, base = row.id, row.whole_id
    if row.past:
        return [f"kqueue logs {job_id}", f"kqueue eff {job_id}"]
    if row.finished:
        words = [f"kqueue logs {job_id}", f"kqueue eff {job_id}"]
        if row.state == "OOM":
            return [*words, f"kqueue rerun --mem SIZE {job_id}"]
        if row.state == "TO":
            return [*words, f"kqueue rerun --time TIME {job_id}"]
        if row.state != "CD":
            return [*words, f"kqueue rerun --failed {base}" if row.tasks else f"kqueue rerun {job_id}"]
        return words
    if row.code == "JobHeldUser":
        return [f"kqueue release {base}", f"kqueue cancel {base}"]
    if row.state == "R":
        return [f"kqueue logs -f {job_id}", f"kqueue shell {job_id}", f"kqueue cancel {base}"]
    return [f"kqueue logs -f {job_id}", f"kqueue wait {job_id}", f"kqueue cancel {base}"]


def section(title: str, pairs: Iterable[tuple[str, str]], *, width: int = 0) -> list[str]:
    """A title and its lines; nothing for no pairs."""
    listed = list(pairs)
    wide = max([width, *(len(name) for name, _ in listed)])
    lines = [f"  {name:<{wide}}  {value}".rstrip() for name, value in listed]
    return ["", title, *lines] if lines else []


def moment(seconds: float | None) -> str:
    """Local time with its zone: `2026-03-01 14:30:00+01:00`."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="seconds")


def _image_id(job: Job, pods: Sequence[Pod], row: JobRow) -> str:
    """What ran last, by its digest: a tag may mean another image tomorrow."""
    told = [
        status.image_id
        for pod in pods
        if row.task is None or pod_task(job, pod) == row.task
        for status in pod.status.container_statuses[:1]
        if status.image_id
    ]
    return safe_text(told[-1]) if told else ""


def _kept_until(job: Job, row: JobRow) -> float | None:
    """When the cluster forgets it, logs and all; from then on the history in home tells of it."""
    ttl = job.spec.ttl_seconds_after_finished
    return row.ended + ttl if row.ended is not None and ttl is not None and not row.past else None
