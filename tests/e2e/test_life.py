"""What can befall a job on the real node: its time limit, cancel, hold and release, and the loss of its pod."""

from __future__ import annotations

import json

import pytest

from tests.cluster.processes import wait_for
from tests.cluster.users import Server, User
from tests.e2e.jobs import condition, job_object, job_row, job_rows, pods, record, wait_ended, wait_text

pytestmark = pytest.mark.node

SMALL = ("-c", "0.05", "--mem", "32M")
LIMITED = """#!/bin/sh
trap 'echo asked to end; exit 0' TERM
echo started
sleep 1000 & wait
"""
STUBBORN = """#!/usr/bin/env python3
import signal, time
signal.signal(signal.SIGUSR1, lambda *_: print("warned", flush=True))
print("started", flush=True)
while True: time.sleep(0.1)
"""
TWICE = """#!/bin/sh
echo "start $SLURM_RESTART_COUNT"
[ "$SLURM_RESTART_COUNT" = 1 ] && exit 0
trap 'echo saving; exit 0' TERM
touch started
sleep 1000 & wait
"""


def evict(user: User, job_id: str) -> None:
    """Evict the job's pod through the API, as a drained node does."""
    (pod,) = pods(user, job_id)
    name = pod["metadata"]["name"]
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": user.namespace},
    }
    path = f"/api/v1/namespaces/{user.namespace}/pods/{name}/eviction"
    user.node.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(body))


def release(server: Server, job_id: str) -> None:
    """Let a held job go."""
    code = "import sys; from kbatch_core.client import Client; c = Client.connect(); c.release(c.find(sys.argv[1]))"
    server.run("python3", "-c", code, job_id)


def test_limits_cancel_hold_and_eviction(user: User) -> None:
    server = user.start_server()
    for name, text in (("limited.sh", LIMITED), ("stubborn.py", STUBBORN), ("twice.sh", TWICE)):
        server.write(name, text)
    held = server.submit(*SMALL, "--hold", "-J", "Nightly run", "--wrap", "echo let go; date")
    limited = server.submit(*SMALL, "-t", "0:03", "limited.sh")
    stubborn = server.submit(*SMALL, "--signal", "B:USR1@2", "-t", "0:04", "stubborn.py")
    twice = server.submit(*SMALL, "-J", "évènements", "twice.sh")
    once = server.submit(*SMALL, "--no-requeue", "-J", "once", "twice.sh")
    waiting = server.submit("-c", "900", "--mem", "32M", "-J", "waits", "--wrap", "true")

    # A drained node: the job starts again in the same output, or does not when it was asked not to.
    wait_text(user, f"kbatch-{twice}.out", "start 0\n")
    wait_text(user, f"kbatch-{once}.out", "start 0\n")
    evict(user, twice)
    evict(user, once)

    rows = job_rows(server)
    assert (rows[held]["state"], rows[held]["code"], rows[held]["started"]) == ("PD", "JobHeldUser", None)
    assert rows[waiting]["state"] == "PD"
    assert pods(user, held) == []
    server.run("kqueue", "cancel", waiting)
    assert condition(wait_ended(user, waiting), "Failed") == "DeadlineExceeded"
    assert (job_row(server, waiting)["state"], job_row(server, waiting)["exit_code"]) == ("CA", None)
    assert pods(user, waiting) == []

    release(server, held)
    wait_ended(user, held)
    assert (user.home / f"kbatch-{held}.out").read_text().startswith("let go\n")
    assert (job_row(server, held)["state"], record(user, held)["exit"]) == ("CD", 0)

    wait_ended(user, limited)
    assert (user.home / f"kbatch-{limited}.out").read_text() == "started\nasked to end\n"
    found = record(user, limited)
    assert (found["exit"], found["reason"]) == (124, "TimeLimit")
    assert found["end"] - found["start"] >= 3
    row = job_row(server, limited)
    assert (row["state"], row["time_limit"]) == ("TO", 3)
    assert condition(job_object(user, limited), "Failed") == "PodFailurePolicy"

    wait_ended(user, twice)
    assert job_object(user, twice)["status"]["succeeded"] == 1
    output = (user.home / f"kbatch-{twice}.out").read_text().splitlines()
    assert [line for line in output if line and not line.startswith("---")] == [
        "start 0",
        "saving",
        "start 1",
    ]
    assert sum(line.startswith("--- restart 1") for line in output) == 1
    assert (record(user, twice)["exit"], record(user, twice)["restart"]) == (0, 1)
    row = job_row(server, twice)
    assert (row["state"], row["restarts"], row["name"]) == ("CD", 1, "évènements")

    job = wait_ended(user, once)
    assert condition(job, "Failed") == "BackoffLimitExceeded"
    # The API's eviction takes the pod away with what it could tell; the record in home knows.
    assert (job_row(server, once)["state"], record(user, once)["reason"]) == ("F", "Terminated")
    assert (user.home / f"kbatch-{once}.out").read_text().splitlines() == ["start 0", "saving"]

    # One that heeds nothing is killed, after the warning that was asked for.
    wait_ended(user, stubborn, seconds=60)
    assert (user.home / f"kbatch-{stubborn}.out").read_text() == "started\nwarned\n"
    assert record(user, stubborn)["reason"] == "TimeLimit"
    assert job_row(server, stubborn)["state"] == "TO"

    shown = user.node.kubectl("get", "jobs", "-n", user.namespace, "--no-headers").stdout.splitlines()
    assert sorted((line.split()[0], line.split()[1]) for line in shown) == sorted(
        [
            (f"nightly-run-{held}", "Complete"),
            (f"limited-sh-{limited}", "Failed"),
            (f"stubborn-py-{stubborn}", "Failed"),
            (f"evenements-{twice}", "Complete"),
            (f"once-{once}", "Failed"),
            (f"waits-{waiting}", "Failed"),
        ]
    )


def test_an_array_can_be_cancelled_and_its_tasks_keep_what_they_wrote(user: User) -> None:
    server = user.start_server()
    server.write("limited.sh", LIMITED)
    job_id = server.submit(*SMALL, "-a", "1-4%2", "limited.sh")
    for task in (1, 2):
        wait_text(user, f"kbatch-{job_id}_{task}.out", "started\n")
    server.run("kqueue", "cancel", job_id)
    job = wait_ended(user, job_id)
    assert condition(job, "Failed") == "DeadlineExceeded"
    wait_for(
        lambda: (user.home / ".kbatch" / job_id / "record-2.json").exists(), what="the records of its tasks"
    )
    for task in (1, 2):
        assert (user.home / f"kbatch-{job_id}_{task}.out").read_text() == "started\nasked to end\n"
        assert record(user, job_id, task)["reason"] == "Terminated"
    assert not (user.home / f"kbatch-{job_id}_3.out").exists()
    assert job_row(server, job_id)["state"] == "CA"
