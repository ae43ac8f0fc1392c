"""After the cluster has forgotten its jobs: list -a, show, logs and eff answer from home, and claim no more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.processes import wait_for
from tests.cluster.users import Server, User

pytestmark = pytest.mark.node

WORK = """#!/usr/bin/env python3
# Two seconds of CPU time and 60 MB, so that there is something to measure.
import time
data = bytearray(60 << 20)
data[::4096] = b"x" * len(data[::4096])
while time.process_time() < 2: pass
print("the answer is 42")
"""
NO_RECORD = """#!/bin/sh
chmod 500 ~/.kbatch/$KBATCH_JOB_ID   # so the supervisor can leave no record in home
echo ran
"""
# What a row of the history has as the live row had it.
SAME = ("id", "name", "user", "state", "code", "submitted", "exit_code", "cpus", "memory", "time_limit")


def finished(user: User, count: int) -> None:
    """Wait until Kubernetes, asked by kubectl, says that `count` jobs are over."""

    def ended() -> bool:
        items = user.node.get("jobs", "-n", user.namespace)["items"]
        over = [
            item
            for item in items
            if any(
                one["type"] in ("Complete", "Failed") and one["status"] == "True"
                for one in item["status"].get("conditions", [])
            )
        ]
        return len(over) >= count

    wait_for(ended, what=f"{count} jobs to end", seconds=90)


def forget(user: User, held: str) -> None:
    """Let the TTL of each job that has ended pass, as it does after a week; the one that never ended is deleted."""
    where = ("-n", user.namespace)
    for item in user.node.get("jobs", *where)["items"]:
        name = item["metadata"]["name"]
        if name.endswith(held):
            user.node.kubectl("delete", "job", name, *where)
        else:
            user.node.kubectl(
                "patch", "job", name, *where, "--type=merge", "-p", '{"spec":{"ttlSecondsAfterFinished":0}}'
            )
    wait_for(lambda: not user.node.get("jobs", *where)["items"], what="the TTL to pass", seconds=30)


def listed(server: Server, *options: str, code: int = 0, environ: str = "") -> dict[str, dict[str, Any]]:
    """`kqueue list --json` by id."""
    command = ("env", environ) if environ else ()
    result = server.run(*command, "kqueue", "list", "--json", *options, check=False)
    assert result.returncode == code, result.stderr
    return {row["id"]: row for row in json.loads(result.stdout)["jobs"]}


def submit(server: Server) -> dict[str, str]:
    """A job of each kind, all at once: their ids by name."""
    server.write("work.py", WORK)
    server.write("no-record.sh", NO_RECORD)
    server.write("three.sh", "#!/bin/sh\necho before; exit 3\n")
    server.write("array.sh", "#!/bin/sh\necho task $SLURM_ARRAY_TASK_ID\nexit $((SLURM_ARRAY_TASK_ID % 2))\n")
    server.write("long.sh", "#!/bin/sh\necho started\nsleep 1000\n")
    small = ("-c", "0.1", "--mem", "200M", "-t", "10:00")
    jobs = {
        "work": server.submit(*small, "work.py"),
        "three": server.submit(*small, "three.sh"),
        "array": server.submit(*small, "-a", "2-4", "array.sh"),
        "no-record": server.submit(*small, "no-record.sh"),
        "homeless": server.submit(*small, "--home=none", "--wrap", "exit 0"),
        "long": server.submit(*small, "long.sh"),
        "held": server.submit(*small, "--hold", "three.sh"),
    }
    output = server.user.home / f"kbatch-{jobs['long']}.out"
    wait_for(lambda: output.exists() and "started" in output.read_text(), what="the job to start")
    server.run("kqueue", "cancel", jobs["long"])
    return jobs


def test_the_history_answers_when_the_cluster_has_forgotten(user: User) -> None:
    server = user.start_server()
    jobs = submit(server)
    finished(user, len(jobs) - 1)
    # Somebody has seen how the one without a home ended, so that is kept; of the others the records tell.
    shown = server.run("kqueue", "show", jobs["homeless"]).stdout.decode()
    assert "CD  exit 0" in shown
    assert "Kept until" in shown
    live = listed(server)
    forget(user, jobs["held"])

    past = listed(server, "-a")
    states = {name: (past[job_id]["state"], past[job_id]["code"]) for name, job_id in jobs.items()}
    assert states == {
        "work": ("CD", ""),
        "three": ("F", "NonZeroExitCode"),
        "array": ("F", "FailedTasks"),
        "no-record": ("?", "LostEvidence"),
        "homeless": ("CD", ""),
        "long": ("CA", "Cancelled"),
        "held": ("?", "LostEvidence"),
    }
    assert live[jobs["no-record"]]["state"] == "CD", "while its pod was there, that had the record"
    for name in ("work", "three", "homeless"):
        assert {key: past[jobs[name]][key] for key in SAME} == {key: live[jobs[name]][key] for key in SAME}
    assert past[jobs["array"]]["tasks"] == live[jobs["array"]]["tasks"]
    assert past[jobs["work"]]["node"] == live[jobs["work"]]["node"]

    shown = server.run("kqueue", "show", jobs["work"]).stdout.decode()
    assert "CD  exit 0; peak" in shown
    assert "history in home" in shown
    assert server.run("kqueue", "logs", jobs["work"]).stdout == b"the answer is 42\n"

    account = json.loads(server.run("kqueue", "eff", "--json", jobs["work"]).stdout)
    (use,) = account["uses"]
    assert 60 << 20 <= use["memory"] < 200 << 20
    assert use["cpu_seconds"] >= 1
    assert account["proposal"]["options"]
    spread = server.run("kqueue", "eff", jobs["array"]).stdout.decode()
    assert "3 of 3 told what they used" in spread

    # Without a cluster the same, and what no record tells is not called gone.
    alone = listed(server, "-a", code=3, environ="KUBERNETES_SERVICE_PORT=1")
    assert {row["state"] for row in alone.values()} == {"CD", "F", "CA", "?"}
    assert (alone[jobs["held"]]["code"], alone[jobs["held"]]["finished"]) == ("NotAsked", False)

    prune = ("kqueue", "history", "prune", "--yes", "--older-than", "0")
    kept = {path.name for path in (user.home / ".kbatch").iterdir()}
    assert jobs["work"] in server.run(*prune, "--dry-run").stdout.decode()
    assert {path.name for path in (user.home / ".kbatch").iterdir()} == kept == set(jobs.values())
    server.run(*prune)
    left = {path.name for path in (user.home / ".kbatch").iterdir()}
    assert left == {jobs["no-record"], jobs["held"]}, "whose end is unknown stays"
