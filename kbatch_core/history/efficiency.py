"""What a job used against what it asked for, as seff tells, and what to ask for next time (pure).

From the records and usage.csv alone: no accounting database, no metrics server. What a job used says what it needs
only when it ended well; of one that did not, only the limit that ended it says something.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kbatch_core.history.past import Task
from kbatch_core.history.rows import UNKNOWN
from kbatch_core.history.usage import Sample, downsample, mean_gpu
from kbatch_core.model.objects import Pod
from kbatch_core.model.quantity import format_cpus, format_memory, round_up_memory
from kbatch_core.model.record import Record, parse_record
from kbatch_core.model.timelimit import format_time
from kbatch_core.status import JobRow
from kbatch_core.status.reading import job_statuses, pod_index

MEMORY_MARGIN = 1.2
TIME_MARGIN = 1.25
AT_LIMIT = 0.98
"""Above this part of the memory asked for a peak tells nothing: the files that a job reads fill what is free. The
samples are without them, but 10 s apart."""
SAMPLED_MARGIN = 1.5
ENOUGH_SAMPLES = 6


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What one task (or a job that is no array) used. None = nothing tells.

    `wall` and `cpu_seconds` in seconds, `cores` on average, `busy` the cores that it used in its busy times (the 95th
    percentile), `memory` its peak in bytes and `sampled` that of the samples, which are without the files that it
    read, `gpu` the mean percent of its GPUs. `ended`: from the record at its end.
    """

    task: Task
    ended: bool
    succeeded: bool
    wall: float
    cpu_seconds: float
    cores: float | None
    busy: float | None
    memory: int | None
    sampled: int | None
    gpu: float | None


class Spread(msgspec.Struct, frozen=True):
    """A quantity over the tasks of an array, and the tasks at its ends."""

    low: float
    low_task: Task
    median: float
    high: float
    high_task: Task


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask for next time; None = as it was. `memory` in bytes, `cpus` in millicores, `time` in seconds."""

    memory: int | None = None
    cpus: int | None = None
    time: int | None = None
    options: str = ""


class Efficiency(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a job. Parts are of what was asked for (1.0 = all of it); None where nothing tells.

    `cpu` is CPU seconds over cores x wall time, `memory` the largest peak, `time` the longest wall time. `missing`
    says in sentences what is not known and why.
    """

    row: JobRow
    uses: tuple[Use, ...]
    running: bool
    cpu: float | None
    memory: float | None
    time: float | None
    wall: Spread | None
    cores: Spread | None
    peak: Spread | None
    gpu: Spread | None
    proposal: Proposal
    missing: tuple[str, ...]


def efficiency(
    row: JobRow, records: Mapping[Task, Record], usage: Mapping[Task, Sequence[Sample]]
) -> Efficiency:
    """The account of the job `row` from its records and samples, by task (None: it is no array)."""
    tasks = sorted(
        {*records, *(task for task, samples in usage.items() if samples)}, key=lambda task: task or 0
    )
    uses = tuple(_use(task, records.get(task), usage.get(task, ())) for task in tasks)
    cores_asked = row.cpus / 1000
    worked = [use for use in uses if use.cores is not None and use.wall > 0]
    room = sum(use.wall for use in worked) * cores_asked
    peak = _spread([(use.memory, use.task) for use in uses])
    wall = _spread([(use.wall, use.task) for use in uses])
    return Efficiency(
        row=row,
        uses=uses,
        running=not row.finished and row.state != UNKNOWN,
        cpu=sum(use.cpu_seconds for use in worked) / room if room else None,
        memory=peak.high / row.memory if peak is not None and row.memory else None,
        time=wall.high / row.time_limit if wall is not None and row.time_limit else None,
        wall=wall,
        cores=_spread([(use.cores, use.task) for use in worked]),
        peak=peak,
        gpu=_spread([(use.gpu, use.task) for use in uses]),
        proposal=_propose(row, uses),
        missing=tuple(_missing(row, uses)),
    )


def records_of(job_id: str, pods: Iterable[Pod]) -> dict[Task, Record]:
    """The records in the termination messages of a job's pods, oldest first: of each task that of its last pod."""
    last: dict[int | None, Record | None] = {}
    for pod in pods:
        ended = next((status.state.terminated for status in job_statuses(pod)), None)
        record = parse_record(ended.message) if ended is not None else None
        last[pod_index(pod)] = record if record is not None and record.id == job_id else None
    return {record.task: record for record in last.values() if record is not None}


def _use(task: Task, record: Record | None, samples: Sequence[Sample]) -> Use:
    """From the record, which counts all; while there is none from the samples, which are a lower bound."""
    gpu = mean_gpu(samples)
    busy = _busy(samples)
    sampled = max((sample.memory for sample in samples), default=0) or None
    if record is None:
        counted = sum(sample.cores * sample.span for sample in samples)
        wall = samples[-1].seconds
        return Use(
            task=task, ended=False, succeeded=False, wall=wall, cpu_seconds=counted,
            cores=counted / wall if wall > 0 else None, busy=busy,
            memory=sampled, sampled=sampled, gpu=gpu,
        )  # fmt: skip
    wall = max(record.end - record.start, 0.0)
    # The supervisor counts whole seconds: of a job of less than one the quotient says nothing.
    cores = record.cpu_seconds / wall if wall >= 1 and record.cpu_seconds else None
    return Use(
        task=task, ended=True, succeeded=record.succeeded, wall=wall,
        cpu_seconds=record.cpu_seconds, cores=cores, busy=busy if busy is not None else cores,
        memory=record.memory_peak or None, sampled=sampled, gpu=gpu,
    )  # fmt: skip


def _busy(samples: Sequence[Sample]) -> float | None:
    """The 95th percentile of the cores, over about a hundred equal parts of the time."""
    if len(samples) < ENOUGH_SAMPLES:
        return None
    cores = sorted(sample.cores for sample in downsample(samples, 100))
    return cores[min(int(len(cores) * 0.95), len(cores) - 1)]


def _spread(values: Sequence[tuple[float | None, Task]]) -> Spread | None:
    known = [(value, task) for value, task in values if value is not None]
    if not known:
        return None
    import statistics  # brings fractions along: not for a submit

    low, high = min(known, key=lambda pair: pair[0]), max(known, key=lambda pair: pair[0])
    return Spread(low[0], low[1], statistics.median(value for value, _ in known), high[0], high[1])


# What to ask for next time.


def _propose(row: JobRow, uses: Sequence[Use]) -> Proposal:
    good = [use for use in uses if use.succeeded]
    memory = _propose_memory(row, good)
    cpus = _propose_cpus(row, good)
    time = _propose_time(row, good)
    words = [
        f"--mem {format_memory(memory)}" if memory is not None else "",
        f"-c {format_cpus(cpus)}" if cpus is not None else "",
        f"-t {format_time(time)}" if time is not None else "",
    ]
    return Proposal(memory=memory, cpus=cpus, time=time, options=" ".join(word for word in words if word))


def _propose_memory(row: JobRow, good: Sequence[Use]) -> int | None:
    if row.state == "OOM" and row.memory:
        return round_up_memory(row.memory * 1.5)
    peak = max((use.memory for use in good if use.memory), default=None)
    if peak is None:
        return None
    if row.memory and peak >= row.memory * AT_LIMIT:
        sampled = [use.sampled for use in good]
        if None in sampled:
            return None
        wanted = round_up_memory(max(amount or 0 for amount in sampled) * SAMPLED_MARGIN)
        return wanted if wanted < row.memory else None
    wanted = round_up_memory(peak * MEMORY_MARGIN)
    return wanted if wanted != row.memory else None


def _propose_cpus(row: JobRow, good: Sequence[Use]) -> int | None:
    """Only fewer: that all cores were busy does not say that more would be used."""
    busy = max((use.busy for use in good if use.busy is not None), default=None)
    if busy is None:
        return None
    wanted = max(math.ceil(busy - 0.1), 1) * 1000
    return wanted if wanted < row.cpus else None


def _propose_time(row: JobRow, good: Sequence[Use]) -> int | None:
    if row.state == "TO" and row.time_limit:
        return row.time_limit * 2
    if not good:
        return None
    wanted = round_time(max(use.wall for use in good) * TIME_MARGIN)
    return wanted if wanted != row.time_limit else None


def round_time(seconds: float) -> int:
    """A time limit that people would type, not below `seconds`: in steps of 5 min, of 15 min, and of an hour."""
    step = 3600 if seconds > 86400 else 900 if seconds > 3600 else 300
    return max(math.ceil(seconds / step), 1) * step


def _missing(row: JobRow, uses: Sequence[Use]) -> list[str]:
    """What is not known, and why."""
    if not uses:
        if row.started is None and not row.finished and row.state != UNKNOWN:
            return ["It has not started, so it has used nothing."]
        return ["Nothing tells what it used: no record of its end was found, neither in its pod nor in home."]
    said = []
    total = row.tasks.total if row.tasks is not None else 1
    if len(uses) < total:
        said.append(f"Of {total - len(uses)} of {total} tasks nothing tells what they used.")
    if any(use.memory is None for use in uses):
        said.append("The peak of memory is not known: the node's control group did not tell it.")
    if any(use.cores is None and use.wall >= 1 for use in uses):
        said.append(
            "The CPU time is not known: it was less than a second, or the control group did not tell it."
        )
    if row.state == UNKNOWN:
        said.append("How it ended is not known: this is what it had used by its last sign of life.")
    elif not row.finished:
        goes_on = "still runs" if row.state == "R" or row.tasks is not None else "has not ended"
        said.append(f"It {goes_on}: this is what it has used so far.")
    elif not any(use.succeeded for use in uses) and row.state not in ("OOM", "TO"):
        said.append("It did not end well, so what it used does not say what it needs.")
    peak = max((use.memory or 0 for use in uses), default=0)
    if row.memory and peak >= row.memory * AT_LIMIT and row.state != "OOM":
        said.append("Its memory was full without harm: files that it read count too, so it may need less.")
    return said
