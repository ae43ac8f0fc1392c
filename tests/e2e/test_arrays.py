"""Arrays on the real node: every task once, its own number, file and record; a failing one stops no other."""

from __future__ import annotations

import json

import pytest

from tests.cluster.users import User
from tests.e2e.jobs import condition, job_object, job_row, pods, record, wait_ended, wait_text

pytestmark = pytest.mark.node

SWEEP = """#!/bin/sh
#SBATCH --array=0-19%6
date +%s.%N >"from-$SLURM_ARRAY_TASK_ID"
echo "task $KBATCH_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT, index $JOB_COMPLETION_INDEX"
sleep 0.5
date +%s.%N >"to-$SLURM_ARRAY_TASK_ID"
[ "$SLURM_ARRAY_TASK_ID" != 7 ] || exit 3
"""
# Script and lines are both too large to travel in the Job.
LARGE = "#!/bin/sh\n" + "# a comment\n" * 6000 + 'echo "$SLURM_ARRAY_TASK_ID: $# $1 $2"\n'
LINES = f'a b\n\nné "$HOME" *\n{"x" * 70_000}'
WAITS = "#!/bin/sh\necho $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT\nsleep 1000\n"
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


def test_10000_tasks_in_one_submit_and_a_task_for_each_line_of_a_file(user: User) -> None:
    server = user.start_server()
    server.write("waits.sh", WAITS)
    many = server.submit(*SMALL, "-a", "0-9999%2", "waits.sh")
    for name, text in (("large.sh", LARGE), ("lines.txt", LINES)):
        server.write(f"lines/{name}", text)
    lines = server.submit(*SMALL, "--map-file", "lines.txt", "large.sh", "--fast", cwd="/home/jovyan/lines")
    for name in ("large.sh", "lines.txt"):
        server.write(f"lines/{name}", "#!/bin/sh\necho changed after the submit\n")

    wait_ended(user, lines)
    home = user.home / "lines"
    outputs = {path.name: path.read_text() for path in home.glob("*.out")}
    given = {1: "a b", 3: 'né "$HOME" *', 4: "x" * 70_000}
    assert outputs == {
        f"kbatch-{lines}_{task}.out": f"{task}: 2 --fast {line}\n" for task, line in given.items()
    }
    assert (job_row(server, lines)["state"], job_row(server, lines)["tasks"]["done"]) == ("CD", 3)
    tasks = json.loads(server.run("kqueue", "list", "--json", "-r", lines).stdout)["jobs"]
    assert [task["id"] for task in tasks] == [f"{lines}_{task}" for task in (1, 3, 4)]

    for task in (0, 1):
        wait_text(user, f"kbatch-{many}_{task}.out", f"{task} of 10000\n")
    assert job_object(user, many)["spec"]["completions"] == 10_000
    row = job_row(server, many)
    assert (row["state"], row["tasks"]["total"], row["tasks"]["running"]) == ("R", 10_000, 2)
    server.run("kqueue", "cancel", many)
    wait_ended(user, many)
    assert job_row(server, many)["state"] == "CA"
    assert not (user.home / f"kbatch-{many}_2.out").exists()
