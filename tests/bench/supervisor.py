"""What the supervisor costs: the time of `true` under it, 1 GB through it, its samples; and 1,000 random lives.

Each beside a peer in the same run: the program alone, and a `tee` alone. No cluster.
"""

from __future__ import annotations

import hashlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.supervisor.chance import live
from tests.supervisor.runs import SHELLS, Run, Shell, find_shell, side_by_side

GIGABYTE = 1 << 30
LIVES = 1000
# A gigabyte that no hole or repetition could stand in for: each block of 64 KiB begins with its number.
WRITER = """import os
block = bytes(range(256)) * 255
for number in range((1 << 30) // 65536):
    data = number.to_bytes(8, "big") + block
    data += bytes(65536 - len(data))
    while data: data = data[os.write(1, data):]
"""


def run() -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shells = [found for one in SHELLS if (found := find_shell(one, folder)) is not None]
        lines = []
        for shell in shells:
            lines.append(_start(shell, folder / f"start-{shell.name}"))
        lines += _gigabyte(shells[0], folder / "gigabyte")
        for shell in shells:
            lines.append(_samples(shell, folder / f"samples-{shell.name}"))
        lines.append(_lives(shells, folder / "lives"))
        return lines


def _timed(function: Callable[[], object]) -> tuple[float, float]:
    """(wall seconds, CPU seconds of children)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    function()
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def _start(shell: Shell, folder: Path) -> str:
    """`true` under the supervisor, and under the shell alone."""
    run = Run(folder, shell)
    ours, alone = [], []
    for _ in range(30):
        ours.append(_timed(lambda: run.start("true").wait()))  # `finish` looks in steps of 50 ms
        alone.append(_timed(lambda: subprocess.run([*shell.command, "-c", "/bin/true; :"], check=True)))
    wall, cpu = (statistics.median(pair[at] for pair in ours) for at in (0, 1))
    bare = statistics.median(pair[0] for pair in alone)
    return (
        f"`true` under the supervisor in {shell.name}: wall {wall * 1000:.0f} ms, CPU {cpu * 1000:.0f} ms; "
        f"without {bare * 1000:.1f} ms: {(wall - bare) * 1000:.0f} ms more for each job"
    )


def _gigabyte(shell: Shell, folder: Path) -> list[str]:
    """1 GB to a file and the log, against the same program piped through tee; compared byte for byte."""
    run = Run(folder, shell)
    digest = hashlib.sha256()
    block = bytes(range(256)) * 255
    for number in range(GIGABYTE // 65536):
        data = number.to_bytes(8, "big") + block
        digest.update(data + bytes(65536 - len(data)))
    writer = [sys.executable, "-c", WRITER]
    tee = ["/bin/sh", "-c", '"$@" | tee -a "$OUT" >/dev/null', "sh", *writer]
    ours, peer = [], []
    for _ in range(3):
        run.output.unlink(missing_ok=True)
        shutil.rmtree(run.records, ignore_errors=True)
        ours.append(_timed(lambda: run(*writer, wrap=("/bin/sh", "-c", 'exec "$@" >/dev/null', "sh")))[0])
        with run.output.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest.hexdigest():
                return ["1 GB through the supervisor: NOT THE SAME BYTES"]
        run.output.unlink()
        peer.append(_timed(lambda: subprocess.run(tee, check=True, env={"OUT": str(run.output)}))[0])
    run.output.unlink()
    wall, bare = min(ours), min(peer)
    return [
        f"1 GB through the supervisor: {wall:.2f} s, {1 / wall:.2f} GB/s, the same bytes; "
        f"through `| tee` {bare:.2f} s (ratio {wall / bare:.2f})"
    ]


def _samples(shell: Shell, folder: Path) -> str:
    """The CPU time of one line of usage.csv, from a run with many against one with none."""
    run = Run(folder, shell)

    def cpu(interval: str) -> tuple[float, int]:
        _, used = _timed(lambda: run("sleep", "4", options={"u": interval, "g": "/sys/fs/cgroup"}))
        lines = (run.records / "usage.csv").read_text().count("\n") - 1
        shutil.rmtree(run.records)
        return used, lines

    none, _ = cpu("1000")
    many, lines = cpu("0.05")
    each = (many - none) / lines
    return (
        f"a sample in {shell.name}: CPU {each * 1000:.1f} ms; each 10 s that is {each / 10:.3%} of one core"
    )


def _lives(shells: list[Shell], folder: Path) -> str:
    def play(seed: int) -> list[str]:
        found = live(seed, shells[seed % len(shells)], folder / str(seed))
        shutil.rmtree(folder / str(seed), ignore_errors=True)
        return found

    found = [text for texts in side_by_side(play, range(LIVES), workers=4) for text in texts]
    return f"{LIVES} random lives: {len(found)} rules broken{''.join(f'; {text}' for text in found[:5])}"
