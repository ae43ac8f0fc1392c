"""Pairs of commands, run in turn, so that noise of the machine hits both."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple


def inherited(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of what is measured. Python keeps what it has compiled, as it does of an installed package."""
    return {**os.environ, **(environ or {}), "PYTHONDONTWRITEBYTECODE": ""}


def measure(command: Sequence[str], environ: Mapping[str, str] | None = None) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of one run. Raises CalledProcessError when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=inherited(environ),
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


class Cost(NamedTuple):
    """Wall and CPU seconds, and the most memory in MB."""

    wall: float
    cpu: float
    peak: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s, CPU {self.cpu:.2f} s, {self.peak:.0f} MB"


# In a small process of its own: the peak of a child begins with the memory of who started it.
_WATCH = """
import os, subprocess, sys, time
start = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def cost(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Cost:
    """The cost of one run. Raises CalledProcessError when it fails."""
    answer = subprocess.run(
        [sys.executable, "-S", "-c", _WATCH, *command],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=inherited(environ),
    )
    return Cost(*map(float, answer.stdout.split()))


def medians(
    commands: Mapping[str, Sequence[str]], *, runs: int = 9, environ: Mapping[str, str] | None = None
) -> dict[str, tuple[float, float]]:
    """The median (wall seconds, CPU seconds) of each command, run in turn after a first run that does not count."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for command in commands.values():
        measure(command, environ)
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(measure(command, environ))
    return {
        name: (statistics.median(wall for wall, _ in pairs), statistics.median(cpu for _, cpu in pairs))
        for name, pairs in times.items()
    }


def compare(
    title: str,
    ours: Sequence[str],
    peers: Mapping[str, Sequence[str]],
    *,
    runs: int = 9,
    environ: Mapping[str, str] | None = None,
) -> list[str]:
    """Lines with the median times of `ours` and of each peer, and the ratio of ours to it."""
    times = medians({"ours": ours, **peers}, runs=runs, environ=environ)
    wall, cpu = times.pop("ours")
    lines = [f"{title}: wall {wall * 1000:.0f} ms, CPU {cpu * 1000:.0f} ms"]
    lines += [
        f"  against {name}: wall {their_wall * 1000:.0f} ms (ratio {wall / their_wall:.2f}), "
        f"CPU {their_cpu * 1000:.0f} ms (ratio {cpu / their_cpu:.2f})"
        for name, (their_wall, their_cpu) in times.items()
    ]
    return lines
