"""How the sentences say amounts, moments and counts (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from kbatch_core.errors import BadOption
from kbatch_core.model.arrays import ArraySpec, from_numbers
from kbatch_core.model.quantity import GIB, MIB, format_cpus, format_memory, parse_quantity

LISTED_TASKS = 12


@lru_cache(maxsize=1024)
def amount_of(quantity: str) -> float:
    """A Kubernetes quantity in its base unit; 0 for text that is none, which only a broken server sends."""
    try:
        return float(parse_quantity(quantity))
    except BadOption:
        return 0.0


def resource_amount(resource: str, amount: float) -> str:
    """`4 CPUs`, `8G memory`, `2 GPUs`, `3 example.com/fpga`."""
    if resource == "cpu":
        return plural(format_cpus(round(amount * 1000)), "CPU")
    if resource in ("memory", "ephemeral-storage"):
        return f"{format_memory(int(amount))} {'memory' if resource == 'memory' else 'local disk'}"
    if is_gpu(resource):
        return plural(f"{amount:g}", "GPU")
    return f"{amount:g} {resource}"


def is_gpu(resource: str) -> bool:
    """Whether an extended resource counts GPUs: `nvidia.com/gpu`, `gpu.intel.com/i915`, `nvidia.com/mig-1g.5gb`."""
    domain, _, name = resource.rpartition("/")
    return name == "gpu" or name.startswith("mig-") or domain.startswith("gpu.")


def option_for(resource: str, amount: float) -> str:
    """The option that asks for this much: `--mem 6G`."""
    if resource == "cpu":
        return f"-c {format_cpus(int(amount * 1000))}"
    if resource == "memory":
        return f"--mem {round_down_memory(amount)}"
    return f"--gpus {amount:g}" if is_gpu(resource) else ""


def round_down_memory(amount: float) -> str:
    """An amount of memory that people would type, not above `amount`: `6G`, `1536M`."""
    if amount >= 4 * GIB:
        return f"{int(amount // GIB)}G"
    return format_memory(max(int(amount // MIB), 1) * MIB)


def plural(number: int | str, noun: str, many: str = "") -> str:
    """`1 node`, `2 nodes`."""
    return f"{number} {noun if str(number) == '1' else many or noun + 's'}"


def clock(when: float, now: float) -> str:
    """The reader's local time: `14:02`, with the date when it was not today."""
    moment = datetime.fromtimestamp(when)
    today = moment.date() == datetime.fromtimestamp(now).date()
    return moment.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")


def lasting(seconds: float) -> str:
    """How long something lasts, coarsely, so that the words seldom change: `40 s`, `3 min`, `2 h`."""
    if seconds < 60:
        return f"{max(int(seconds // 10) * 10, 1)} s" if seconds >= 10 else "a few seconds"
    if seconds < 7200:
        return f"{int(seconds // 60)} min"
    return f"{int(seconds // 3600)} h"


def list_tasks(numbers: Iterable[int]) -> str:
    """Task numbers as Slurm writes them: `7,12,88-90`; cut after a dozen ranges."""
    spec = ArraySpec(from_numbers(sorted(numbers)))
    parts = spec.format_indices().split(",")
    return ",".join(parts[:LISTED_TASKS]) + (",…" if len(parts) > LISTED_TASKS else "")
