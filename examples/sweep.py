#!/usr/bin/env python3
# An array over inputs, from Python:   python examples/sweep.py
# It submits itself once for each input, waits for all, and reads what they printed.
import math
import sys

from kbatch_core import Client


def work(x: float) -> None:
    """What each task does."""
    print(f"{x} {math.sqrt(x):.3f}")


def main() -> None:
    client = Client.connect()
    job = client.run(__file__, inputs=[1, 2, 3, 4], throttle=2, job_name="sweep", time="10:00")
    job = client.wait(job)
    rows = client.task_rows(job)
    for row in rows:
        for line in client.lines(job, task=row.task, follow=False):
            print(f"task {row.task}, {row.state}: {line}")
    sys.exit(0 if all(row.state == "CD" for row in rows) else 1)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        work(float(sys.argv[1]))
    else:
        main()
