"""Writers of the history that are killed or run side by side; a program of its own, because it forks.

    python -m tests.history.crash HOME kill|together SEED

Prints one JSON object for tests/history/test_crash.py.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kbatch_core.history import History
from kbatch_core.model.names import id_from
from tests.history.home import HERE, answer, manifest
from tests.status.objects import ID, NOW, complete, failed

SCRIPT = "#!/bin/sh\n" + "# a script that does not fit into one block of the disk\n" * 900


def child(work: Callable[[int], None]) -> tuple[int, int]:
    """(pid, descriptor) of a process that runs `work` with a descriptor to write to."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            work(writing)
        finally:
            os._exit(0)
    os.close(writing)
    return pid, reading


def submits(home: Path, name: str) -> Callable[[int], None]:
    """Submits one job after the other, and tells each id once the history says that it is on disk."""

    def work(told: int) -> None:
        history = History(home)
        for number in range(10_000):
            job_id = id_from(f"{name}-{number}")
            sent = manifest(job_id, script=SCRIPT)
            history.begin(sent, HERE, NOW)
            history.accept(sent, answer(sent), HERE, NOW)
            os.write(told, f"{job_id}\n".encode())

    return work


def keeps(home: Path, number: int) -> Callable[[int], None]:
    """Notes one end after the other of the same job."""

    def work(told: int) -> None:
        history = History(home)
        ends = [
            answer(manifest(script=SCRIPT), conditions=one) for one in (complete(), failed("X", "y" * 3000))
        ]
        for turn in range(60):
            history.keep(ends[(turn + number) % 2])

    return work


def kill(home: Path, rng: random.Random) -> dict[str, Any]:
    """Rounds of a submitting process that is killed at a random moment."""
    lost, kills = [], 0
    for turn in range(40):
        pid, reading = child(submits(home, f"turn-{turn}"))
        with os.fdopen(reading) as told:
            acknowledged = [told.readline().strip() for _ in range(rng.randrange(4))]
            time.sleep(rng.uniform(0, 0.02))
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            acknowledged += told.read().split()
        kills += 1
        for job_id in acknowledged:
            past = History(home).read(job_id)
            whole = History(home).manifest(job_id) or {}
            script = whole.get("spec", {}).get("template", {}).get("metadata", {}).get("annotations", {})
            if past is None or not past.job.metadata.uid or SCRIPT not in script.values():
                lost.append(job_id)
    pasts = History(home).read_all()
    return {
        "kills": kills,
        "acknowledged": sum(1 for past in pasts if past.job.metadata.uid),
        "lost": lost,
        "broken": [path.name for path in (home / ".kbatch").glob("*/job.json") if not path.stat().st_size],
    }


def together(home: Path, rng: random.Random) -> dict[str, Any]:
    """Four processes that note ends of one job, and two that submit, while this one reads."""
    history = History(home)
    sent = manifest(script=SCRIPT)
    history.begin(sent, HERE, NOW)
    history.accept(sent, answer(sent), HERE, NOW)
    children = [child(keeps(home, number)) for number in range(4)]
    bad = reads = 0
    running = {pid for pid, _ in children}
    while running:
        past = history.read(ID)
        reads += 1
        bad += past is None or past.submission is None or past.job.metadata.uid == ""
        done, _ = os.waitpid(-1, os.WNOHANG)
        running.discard(done)
    whole = history.manifest(ID) or {}
    return {
        "reads": reads,
        "bad": bad,
        "whole": whole.get("spec") == sent["spec"],
        "left": sorted(path.name for path in (home / ".kbatch" / ID).iterdir()),
    }


def main() -> None:
    home, what, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    rng = random.Random(seed)
    print(json.dumps(kill(home, rng) if what == "kill" else together(home, rng)))


if __name__ == "__main__":
    main()
