#!/usr/bin/env python3
# Pi by throwing darts, an array of independent tasks:   kbatch -a 1-20 examples/pi.py
# Each task prints its own estimate; the number of the task is its seed.
# KBATCH --job-name=pi --time=10:00 --cpus-per-task=1
import os
import random

DARTS = 200_000

task = int(os.environ.get("SLURM_ARRAY_TASK_ID", "1"))
dice = random.Random(task)
inside = sum(dice.random() ** 2 + dice.random() ** 2 < 1 for _ in range(DARTS))
print(f"task {task}: pi is about {4 * inside / DARTS:.4f}")
