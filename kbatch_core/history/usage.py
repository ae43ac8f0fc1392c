"""What a job used while it ran: usage.csv, of which the supervisor writes a line every few seconds (pure).

    time,cpu_usec,memory_bytes,gpu_percent,gpu_memory_mib

`time` is in seconds since the epoch, `cpu_usec` counts microseconds from the start of the container, and each further
GPU has two more columns; what nvidia-smi cannot tell is `[N/A]`. Each start of the job begins with the line of column
names and counts anew: what is read is the last start.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

HEADER = b"time,"
LONGEST_LINE = 1000
_LARGEST = 1e18
MIB = 1 << 20


class Sample(msgspec.Struct, frozen=True):
    """One line. `seconds` since the start; `cores` and `gpu` (percent) on average over the `span` before it.

    `memory` and `gpu_memory` are in bytes. Several GPUs: their mean percent and the sum of their memory. None: there
    is no GPU, or it could not be read.
    """

    seconds: float
    span: float
    cores: float
    memory: int
    gpu: float | None = None
    gpu_memory: int | None = None


def parse_usage(data: bytes, start: float | None = None) -> list[Sample]:
    """The samples in usage.csv, oldest first; lines that are no samples are left out.

    `start` is when the script began, in seconds since the epoch; lines from before it are of an earlier start.
    Without it the first line is the beginning.
    """
    samples: list[Sample] = []
    begin, last_time, last_cpu = start, start, 0.0
    for raw in data.split(b"\n"):
        if raw.startswith(HEADER):
            samples.clear()
            begin, last_time, last_cpu = start, start, 0.0
            continue
        fields = _numbers(raw)
        if fields is None:
            continue
        time, cpu, memory, gpu, gpu_memory = fields
        if start is not None and time < start:
            continue
        if cpu < last_cpu:
            # Another container: what was read belongs to an attempt before.
            samples.clear()
            begin = last_time = None
        if begin is None or last_time is None:
            begin, last_time, last_cpu = time, time, cpu
        span = time - last_time
        if span < 0 or (span == 0 and samples):
            continue  # the clock was set back
        cores = (cpu - last_cpu) / span if span else 0.0
        samples.append(Sample(time - begin, span, cores, int(memory), gpu, _whole(gpu_memory)))
        last_time, last_cpu = time, cpu
    return samples


def downsample(samples: Sequence[Sample], points: int) -> list[Sample]:
    """At most `points` samples that stand for all: equal parts of the time, each with its mean cores and GPU percent
    and its largest memory, so that no peak is lost. Parts without a sample are left out."""
    if len(samples) <= points or points < 1:
        return list(samples) if points > 0 else []
    end = samples[-1].seconds
    parts: dict[int, list[Sample]] = {}
    for sample in samples:
        place = min(int(sample.seconds / end * points), points - 1) if end > 0 else 0
        parts.setdefault(place, []).append(sample)
    return [_merge(parts[place]) for place in sorted(parts)]


def mean_gpu(samples: Sequence[Sample]) -> float | None:
    """The mean use of the GPUs in percent; None when it was never read."""
    known = [(sample.gpu, max(sample.span, 1e-9)) for sample in samples if sample.gpu is not None]
    weight = sum(span for _, span in known)
    return sum(gpu * span for gpu, span in known) / weight if known else None


def _merge(part: Sequence[Sample]) -> Sample:
    span = sum(sample.span for sample in part)
    cores = sum(sample.cores * sample.span for sample in part) / span if span > 0 else part[-1].cores
    gpu_memories = [sample.gpu_memory for sample in part if sample.gpu_memory is not None]
    return Sample(
        part[-1].seconds,
        span,
        cores,
        max(sample.memory for sample in part),
        mean_gpu(part),
        max(gpu_memories, default=None),
    )


def _numbers(line: bytes) -> tuple[float, float, float, float | None, float | None] | None:
    """Time, CPU seconds, memory, GPU percent and GPU bytes, the last two None where they are not there.

    None for a line that is no sample.
    """
    words = line.rstrip(b", ").split(b",")
    if len(line) > LONGEST_LINE or len(words) < 3:
        return None
    time, cpu, memory = map(_number, words[:3])
    if time is None or cpu is None or memory is None:
        return None
    busy = [value for value in map(_number, words[3::2]) if value is not None]
    held = [value for value in map(_number, words[4::2]) if value is not None]
    return (
        time,
        cpu / 1e6,
        memory,
        sum(busy) / len(busy) if busy else None,
        sum(held) * MIB if held else None,
    )


def _number(field: bytes) -> float | None:
    try:
        value = float(field)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= _LARGEST else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
