"""Arrays on the real node: every task once, its own number, file and record; a failing one stops no other."""

from __future__ import annotations

import json

import pytest

from tests.cluster.users import User
from tests.e2e.jobs import condition, job_row, pods, record, wait_ended

pytestmark = pytest.mark.node

SWEEP = """#!/bin/sh
#SBATCH --array=0-19%6
date +%s.%N >"from-$SLURM_ARRAY_TASK_ID"
echo "task $KBATCH_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT, index $JOB_COMPLETION_INDEX"
sleep 0.5
date +%s.%N >"to-$SLURM_ARRAY_TASK_ID"
[ "$SLURM_ARRAY_TASK_ID" != 7 ] || exit 3
"""
SMALL = ("-c", "0.05", "--mem", "32M")


def test_an_array_of_20_with_a_failing_task_and_one_of_chosen_numbers(user: User) -> None:
    server = user.start_server()
    server.write("sweep/sweep.sh", SWEEP)
    server.write(
        "chosen.sh", '#!/bin/sh\necho "$SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_MIN-$SLURM_ARRAY_TASK_MAX"\n'
    )
    sweep = server.submit(*SMALL, "-J", "parameter sweep", "sweep.sh", cwd="/home/jovyan/sweep")
    chosen = server.submit(*SMALL, "-a", "3,10-14:2", "-o", "logs/%A-%4a.txt", "chosen.sh")
    server.delete()

    job = wait_ended(user, sweep, seconds=180)
    folder = user.home / "sweep"
    outputs = {task: (folder / f"kbatch-{sweep}_{task}.out").read_text() for task in range(20)}
    assert outputs == {task: f"task {task} of 20, index {task}\n" for task in range(20)}
    exits = {task: record(user, sweep, task)["exit"] for task in range(20)}
    assert exits == {task: 3 if task == 7 else 0 for task in range(20)}
    assert job["status"]["failedIndexes"] == "7"
    assert job["status"]["completedIndexes"] == "0-6,8-19"
    assert condition(job, "Failed") == "FailedIndexes"
    assert len(pods(user, sweep)) == 20, "none was started twice"
    runs = [[float((folder / f"{name}-{task}").read_text()) for name in ("from", "to")] for task in range(20)]
    together = [sum(start <= moment < end for start, end in runs) for moment, _ in runs]
    assert max(together) <= 6

    wait_ended(user, chosen)
    logs = sorted((user.home / "logs").iterdir())
    assert [path.name for path in logs] == [f"{chosen}-{task:04d}.txt" for task in (3, 10, 12, 14)]
    assert [path.read_text() for path in logs] == [f"{task} 3-14\n" for task in (3, 10, 12, 14)]

    later = user.start_server(name="jupyter-later")
    row = job_row(later, sweep)
    assert (row["state"], row["name"], row["array"]) == ("F", "parameter sweep", "0-19%6")
    assert "7" in row["sentence"]
    assert {name: count for name, count in row["tasks"].items() if count} == {
        "total": 20,
        "done": 19,
        "failed": 1,
    }
    tasks = json.loads(later.run("kqueue", "list", "--json", "-r", sweep).stdout)["jobs"]
    told = [(task["id"], task["state"], task["exit_code"]) for task in tasks]
    assert told == [
        (f"{sweep}_{task}", "F" if task == 7 else "CD", 3 if task == 7 else 0) for task in range(20)
    ]
    assert (job_row(later, chosen)["state"], job_row(later, chosen)["tasks"]["done"]) == ("CD", 4)
    shown = user.node.kubectl("get", "jobs", "-n", user.namespace).stdout.splitlines()
    assert [line.split()[:3] for line in shown[1:]] == [
        [f"chosen-sh-{chosen}", "Complete", "4/4"],
        [f"parameter-sweep-{sweep}", "Failed", "19/20"],
    ]
    assert json.loads(later.run("kqueue", "show", "-o", "json", sweep).stdout)["metadata"]["name"] == (
        f"parameter-sweep-{sweep}"
    )
