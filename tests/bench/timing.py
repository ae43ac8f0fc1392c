"""Pairs of commands, run in turn, so that noise of the machine hits both."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence


def measure(command: Sequence[str], environ: Mapping[str, str] | None = None) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of one run. Raises CalledProcessError when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environ or {})},
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def compare(
    title: str,
    ours: Sequence[str],
    peers: Mapping[str, Sequence[str]],
    *,
    runs: int = 9,
    environ: Mapping[str, str] | None = None,
) -> list[str]:
    """Lines with the median times of `ours` and of each peer, and the ratio of ours to it."""
    commands = {"ours": ours, **peers}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(measure(command, environ))
    walls = {name: statistics.median(wall for wall, _ in pairs) for name, pairs in times.items()}
    cpus = {name: statistics.median(cpu for _, cpu in pairs) for name, pairs in times.items()}
    lines = [f"{title}: wall {walls['ours'] * 1000:.0f} ms, CPU {cpus['ours'] * 1000:.0f} ms"]
    lines += [
        f"  against {name}: wall {walls[name] * 1000:.0f} ms (ratio {walls['ours'] / walls[name]:.2f}), "
        f"CPU {cpus[name] * 1000:.0f} ms (ratio {cpus['ours'] / cpus[name]:.2f})"
        for name in peers
    ]
    return lines
