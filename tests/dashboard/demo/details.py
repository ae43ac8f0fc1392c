"""The details of the demo's jobs: made from the same script, with a picture of what they used (pure)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from kbatch_core.details import Details
from kbatch_core.history.efficiency import efficiency, records_of
from kbatch_core.history.usage import Sample
from tests.dashboard.demo.play import Play, objects

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow

STEP = 10.0
SAMPLES = 2000


def details_of(play: Play, row: JobRow, now: float) -> Details:
    """What would be read of the job of a play at `now`."""
    job, pods, events = objects(play, now)
    end = row.ended if row.ended is not None else now
    seconds = end - row.started if row.started is not None and not play.tasks else 0.0
    samples = usage(play, row, seconds)
    manifest: dict[str, Any] = {"apiVersion": "batch/v1", "kind": "Job"}
    manifest |= msgspec.json.decode(msgspec.json.encode(job))
    return Details(
        job=job,
        manifest=manifest,
        pods=pods,
        events=events,
        script=play.script,
        script_name=f"{play.name}.sh",
        account=efficiency(row, records_of(play.id, pods), {None: samples}),
        samples=samples,
    )


def usage(play: Play, row: JobRow, seconds: float) -> list[Sample]:
    """A run that loads its data, works in rounds, and holds more and more memory; the same whenever it is drawn."""
    count = min(int(seconds / STEP), SAMPLES)
    cores, peak = row.cpus / 1000, 1.0 if play.end == "oom" else play.peak
    samples = []
    for number in range(1, count + 1):
        at = number * seconds / count
        part = at / max(seconds, 1.0)
        warm = min(number / 12, 1.0)
        wave = 0.78 + 0.16 * math.sin(number / 7) + 0.05 * math.sin(number * 1.7)
        memory = row.memory * peak * (0.25 + 0.75 * min(part * 1.4, 1.0)) * warm
        gpu = 100 * wave * warm if row.gpus else None
        samples.append(Sample(at, seconds / count, cores * wave * (0.15 + 0.85 * warm), int(memory), gpu))
    return samples
