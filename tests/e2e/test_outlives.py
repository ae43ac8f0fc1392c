"""The first thing that must be true: a job outlives the server it was submitted from, and its output is in home."""

from __future__ import annotations

import json

import pytest

from tests.cluster.images import HOME
from tests.cluster.processes import wait_for
from tests.cluster.users import User
from tests.e2e.jobs import job_row, record, wait_ended

pytestmark = pytest.mark.node


HELLO = """#!/bin/bash
echo "started as $(id -u):$(id -g) in $PWD with $1"
while [ ! -e go ]; do sleep 0.1; done
echo "name $SLURM_JOB_NAME id $KBATCH_JOB_ID"
echo "on stderr" >&2
"""


def test_a_job_goes_on_when_its_server_is_deleted_at_once(user: User) -> None:
    server = user.start_server()
    server.write("work/hello.sh", HELLO)
    job_id = server.submit("-J", "hello", "-t", "10:00", "-c", "1", "--mem", "64M", "hello.sh", "a b",
                           cwd="/home/jovyan/work")  # fmt: skip
    server.delete()
    server.write("work/hello.sh", "#!/bin/sh\necho 'an editor saved another script'\n")
    server.write("work/go", "")
    job = wait_ended(user, job_id)
    assert job["status"]["succeeded"] == 1
    output = (user.home / "work" / f"kbatch-{job_id}.out").read_text()
    assert output == (
        f"started as 1000:100 in /home/jovyan/work with a b\nname hello id {job_id}\non stderr\n"
    )
    assert record(user, job_id)["exit"] == 0

    later = user.start_server(name="jupyter-later")
    row = job_row(later, job_id)
    assert (row["state"], row["exit_code"], row["name"]) == ("CD", 0, "hello")
    listed = later.run("kqueue", "list").stdout.decode()
    assert job_id in listed
    assert " CD " in listed
    assert "CD  exit 0; peak" in later.run("kqueue", "show", job_id[:4]).stdout.decode()
    assert later.run("kqueue", "logs", job_id).stdout.decode() == output
    assert later.run("kqueue", "show", "--script", job_id).stdout.decode() == HELLO


ARGUMENTS = [
    "a b",
    "it's",
    '"quoted"',
    "new\nline",
    "$(KBATCH_JOB_ID)",
    "$$",
    "$HOME",
    "ä\U0001f600",
    "",
    "-x",
    "--",
]


def test_arguments_and_a_script_without_execute_bit_arrive_unchanged(user: User) -> None:
    server = user.start_server()
    server.write("args.py", "#!/usr/bin/env python3\nimport sys, json\nprint(json.dumps(sys.argv[1:]))\n")
    job_id = server.submit("args.py", *ARGUMENTS)
    wait_ended(user, job_id)
    assert json.loads((user.home / f"kbatch-{job_id}.out").read_text()) == ARGUMENTS


def test_a_failing_script_keeps_its_exit_code(user: User) -> None:
    server = user.start_server()
    server.write("fail.sh", "#!/bin/sh\necho before\nexit 3\n")
    job_id = server.submit("fail.sh")
    job = wait_ended(user, job_id)
    assert [c["reason"] for c in job["status"]["conditions"] if c["type"] == "Failed"] == ["PodFailurePolicy"]
    row = job_row(server, job_id)
    assert (row["state"], row["exit_code"]) == ("F", 3)
    assert record(user, job_id)["exit"] == 3
    assert (user.home / f"kbatch-{job_id}.out").read_text() == "before\n"


def test_a_killed_script_is_told_from_one_that_fails(user: User) -> None:
    server = user.start_server()
    server.write("killed.sh", "#!/bin/sh\necho before\nkill -KILL $$\n")
    job_id = server.submit("killed.sh")
    wait_ended(user, job_id)
    row = job_row(server, job_id)
    assert (row["state"], row["exit_code"], row["signal"]) == ("F", 137, 9)
    assert "SIGKILL" in row["sentence"]
    assert (user.home / f"kbatch-{job_id}.out").read_text() == "before\n"


def test_cancel_keeps_the_record_and_the_output(user: User) -> None:
    server = user.start_server()
    server.write(
        "long.sh", "#!/bin/sh\ntrap 'echo asked to end; exit 0' TERM\necho started\nsleep 1000 & wait\n"
    )
    job_id = server.submit("long.sh")
    output = user.home / f"kbatch-{job_id}.out"
    wait_for(lambda: output.exists() and "started" in output.read_text(), what="the job to start")
    assert job_row(server, job_id)["state"] == "R"
    server.run("kqueue", "cancel", job_id)
    wait_ended(user, job_id)
    assert job_row(server, job_id)["state"] == "CA"
    assert output.read_text() == "started\nasked to end\n"
    again = server.run("kqueue", "cancel", job_id, check=False)
    assert again.returncode == 1
    assert b"has ended already" in again.stderr


WRITER = """#!/usr/bin/env python3
# 200 MB on both streams at full speed: each line has its number and its stream. A block of whole lines is no
# larger than what a pipe takes in one piece, so that two streams in one file do not cut each other's lines.
import os, threading
def write(fd, name):
    for first in range(0, {lines}, 40):
        block = "".join(f"{{name}} {{number:08d}} {filler}\\n" for number in range(first, first + 40))
        os.write(fd, block.encode())
threads = [threading.Thread(target=write, args=pair) for pair in ((1, "out"), (2, "err"))]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
LINES, FILLER = 1_000_000, "x" * 86


@pytest.mark.parametrize("files", [("both.txt",), ("out.txt", "err.txt")])
def test_200_mb_on_two_streams_lose_no_line_and_repeat_none(user: User, files: tuple[str, ...]) -> None:
    server = user.start_server()
    server.write("writer.py", WRITER.format(lines=LINES, filler=FILLER))
    options = ("-o", files[0], *(("-e", files[1]) if len(files) == 2 else ()))
    job_id = server.submit(*options, "writer.py")
    wait_ended(user, job_id, seconds=180)
    following = {"out": 0, "err": 0}
    for name in files:
        with (user.home / name).open() as file:
            for line in file:
                stream = line[:3]
                assert line == f"{stream} {following[stream]:08d} {FILLER}\n"
                following[stream] += 1
    assert following == {"out": LINES, "err": LINES}
    assert job_row(server, job_id)["state"] == "CD"


def test_bad_input_in_a_server_creates_nothing(user: User) -> None:
    server = user.start_server()
    server.write("ok.sh", "#!/bin/sh\n")
    for args, code, sentence in (
        (("missing.sh",), 2, "There is no file missing.sh"),
        (("-o", "/tmp/lost.out", "ok.sh"), 2, "/tmp/lost.out is not on a disk that outlives the job"),
        (("-e", "../lost.err", "ok.sh"), 2, "/home/lost.err is not on a disk that outlives the job"),
        (("-D", "/opt", "ok.sh"), 2, "/opt is not on a disk that the job has"),
        (("-D", "typo", "ok.sh"), 2, f"there is no directory {HOME}/typo"),
        (("--image", "Bad Image", "ok.sh"), 2, "is not the name of an image"),
        (("--namespace", "kube-system", "ok.sh"), 2, 'a job in "kube-system" cannot have them'),
    ):
        result = server.run("kbatch", *args, check=False)
        assert result.returncode == code, result
        assert result.stdout == b""
        assert len(result.stderr.splitlines()) == 1, result.stderr
        assert sentence in result.stderr.decode()
    # Outside home without a word about it, it runs in home, and that is said.
    result = server.run("kbatch", "--dry-run=json", f"{HOME}/ok.sh", cwd="/opt")
    assert f"/opt is not on a disk that the job has: it runs in {HOME}" in result.stderr.decode()
    (container,) = json.loads(result.stdout)["spec"]["template"]["spec"]["containers"]
    assert container["workingDir"] == HOME
    assert user.node.get("jobs", "-n", user.namespace)["items"] == []
