"""The jobs of `kqueue demo`: ordinary scripts, each with something to see."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

HELLO = """#!/bin/sh
echo "hello from job $SLURM_JOB_ID, in $PWD"
for i in 1 2 3; do echo "step $i of 3"; sleep 0.2; done
"""
# Progress in the queue, and something to plot: memory that grows, processors that work.
TRAIN = """#!/usr/bin/env python3
import os, time
kept = []
for epoch in range(1, 61):
    kept.append(bytearray(2 << 20))
    until = time.time() + 0.4
    while time.time() < until:
        sum(range(1000))
    print(f"epoch {epoch:3d}  loss {3 / epoch:.3f}", flush=True)
    with open(os.environ["KBATCH_PROGRESS"], "w") as progress:
        progress.write(f"{epoch}/60 epochs")
    time.sleep(2)
"""
BAR = """#!/bin/sh
i=0
while [ $((i += 1)) -le 300 ]; do printf '\\rdownloaded %3d of 300 MB' $i; sleep 0.3; done
echo
"""
TASK = """#!/bin/sh
echo "task $SLURM_ARRAY_TASK_ID begins"
sleep $((SLURM_ARRAY_TASK_ID % 5 * 6 + 2))
[ $((SLURM_ARRAY_TASK_ID % 6)) != 0 ] || { echo "input $SLURM_ARRAY_TASK_ID is damaged" >&2; exit 4; }
echo done
"""
QUICK_TASK = """#!/bin/sh
echo "task $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT"
"""
FAILS = """#!/bin/sh
echo "reading parameters.yaml"
cat parameters.yaml
"""
MISSING = "#!/usr/bin/env Rscript\nprint(1)\n"
SLOW = """#!/bin/sh
trap 'echo "asked to end, writing a checkpoint"; exit 0' TERM
i=0
while :; do echo "iteration $((i += 1))"; sleep 1; done
"""
CANCELLED = "mistake"
CELLS = (
    "import random, time\nmonth = '2026-10'",
    *("time.sleep(5)",) * 6,
    "print(f'{month}: mean {sum(random.gauss(10, 2) for _ in range(1000)) / 1000:.2f}')",
)

Submit = Callable[..., Any]
Play = Callable[[Submit], Any]

# In a pipe: each ends within seconds.
SHORT: tuple[Play, ...] = (
    lambda submit: submit("hello.sh", HELLO, time="5:00"),
    lambda submit: submit("tasks.sh", QUICK_TASK, array="1-4"),
    lambda submit: submit("broken.sh", FAILS),
)
# On a terminal.
LIVELY: tuple[Play, ...] = (
    lambda submit: submit("hello.sh", HELLO, time="5:00"),
    lambda submit: submit("broken.sh", FAILS),
    lambda submit: submit("figures.R", MISSING),
    lambda submit: submit(f"{CANCELLED}.sh", SLOW, time="1:00:00"),
    lambda submit: submit("train.py", TRAIN, time="10:00", mem="512M", cpus_per_task=0.2),
    lambda submit: submit("download.sh", BAR, cpus_per_task=0.1),
    lambda submit: _has_notebooks() and submit("report.ipynb", notebook(), time="15:00", cpus_per_task=0.1),
    lambda submit: submit("sweep.sh", TASK, array="1-24%4", cpus_per_task=0.1, time="15:00"),
    lambda submit: submit("too-long.sh", SLOW, time="0:30", cpus_per_task=0.1),
    lambda submit: submit("simulate.sh", SLOW, time="2:00:00", cpus_per_task=0.1, signal="TERM@60"),
    lambda submit: submit("tomorrow.sh", HELLO, hold=True),
    lambda submit: submit("waits.sh", HELLO, cpus_per_task=_most_cpus()),
)


def notebook() -> str:
    """One that takes half a minute."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"cell-{number}", "metadata": {}, "execution_count": None, "outputs": [],
         "source": source}
        for number, source in enumerate(CELLS)
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def _has_notebooks() -> bool:
    """Whether the jobs' Python, which is this one, can run a notebook: the extra `notebook` is installed."""
    return all(find_spec(name) for name in ("nbclient", "ipykernel"))


def _most_cpus() -> int:
    """All processors of this machine: it waits while others run."""
    return os.cpu_count() or 1
