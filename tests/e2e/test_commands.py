"""The commands on the real node: a shell in a running job, and what `list` and `show` say beside kubectl."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kbatch_core.cluster.execute import Channel, open_exec
from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.errors import UnknownOutcome
from tests.cluster.processes import wait_for
from tests.cluster.users import Server, User
from tests.commands.terminal import Terminal
from tests.proxy import FaultProxy

pytestmark = pytest.mark.node

WAITS = "#!/bin/bash\necho started\nwhile [ ! -e go ]; do sleep 0.1; done\nexit ${1:-0}\n"


@pytest.fixture
def server(user: User) -> Iterator[Server]:
    yield user.start_server()


def environ(user: User, home: Path) -> dict[str, str]:
    """Of a terminal on the host, as somebody with every right."""
    return {"KUBECONFIG": str(user.node.kubeconfig), "HOME": str(home), "JUPYTERHUB_USER": "user-a"}


def kqueue(user: User, home: Path, *args: str, input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [str(Path(sys.executable).with_name("kqueue")), args[0], "--namespace", user.namespace, *args[1:]],
        env={**inherited, **environ(user, home)},
        input=input,
        capture_output=True,
        timeout=120,
    )


def running(server: Server, *args: str) -> str:
    """The id of a job that runs and waits for the file `go`."""
    server.write("work/waits.sh", WAITS)
    job_id = server.submit(*args, "waits.sh", cwd="/home/jovyan/work")
    output = server.user.home / "work" / f"kbatch-{job_id}.out"
    wait_for(lambda: output.exists() and "started" in output.read_text(), what="the job to run")
    return job_id


def test_a_shell_is_a_terminal_in_the_job(server: Server, tmp_path: Path) -> None:
    user = server.user
    job_id = running(server, "-J", "waits")
    args = ("shell", "--namespace", user.namespace, job_id)
    with Terminal("kqueue", *args, environ=environ(user, tmp_path), columns=90, lines=20) as terminal:
        terminal.wait_for(lambda text: text.rstrip().endswith(("$", "#")), "a prompt")
        terminal.type("PS1='% '; stty size; pwd; tty; echo $SLURM_JOB_ID-$TERM\r")
        seen = terminal.wait_for(lambda text: f"{job_id}-xterm-256color" in text, "the answers")
        assert "20 90" in seen
        assert "/home/jovyan/work" in seen
        assert "/dev/pts/" in seen
        terminal.resize(101, 33)
        wait_for_size(terminal, "33 101")
        terminal.type("sleep 1000\r")
        terminal.wait_for(lambda text: "sleep 1000" in text, "the command")
        terminal.type(b"\x03")
        terminal.type("echo after-$?\r")
        terminal.wait_for(lambda text: "after-130" in text, "Ctrl-C to end the command and not the shell")
        terminal.type("echo é日本; exit 7\r")
        assert terminal.wait_end() == 7
        assert "é日本\n" in terminal.text() + "\n"
        assert b"Traceback" not in terminal.raw


def wait_for_size(terminal: Terminal, size: str) -> None:
    terminal.type('while [ "$(stty size)" != \'' + size + "' ]; do sleep 0.1; done; echo resized-$((1+1))\r")
    terminal.wait_for(lambda text: "resized-2" in text, f"the size {size}")


def test_a_command_in_the_job_has_its_streams_and_its_exit_code(server: Server, tmp_path: Path) -> None:
    user = server.user
    job_id = running(server)
    result = kqueue(user, tmp_path, "shell", job_id, "--", "sh", "-c", "echo out; echo err >&2; pwd; exit 3")
    assert (result.returncode, result.stdout, result.stderr) == (3, b"out\n/home/jovyan/work\n", b"err\n")
    pod = user.node.get("pods", "-n", user.namespace, "-l", f"kbatch/id={job_id}")["items"][0]
    assert (
        kqueue(user, tmp_path, "shell", job_id, "--", "hostname").stdout.decode().strip()
        == pod["metadata"]["name"]
    )
    data = bytes(range(256)) * 8192
    echoed = kqueue(user, tmp_path, "shell", "-i", job_id, "--", "cat", input=data)
    assert echoed.returncode == 0
    assert hashlib.sha256(echoed.stdout).digest() == hashlib.sha256(data).digest(), "2 MiB, there and back"
    assert kqueue(user, tmp_path, "shell", job_id, "--", "cat", input=b"unasked").stdout == b""
    missing = kqueue(user, tmp_path, "shell", job_id, "--", "no-such-program")
    assert missing.returncode == 127
    assert b"no-such-program" in missing.stderr
    no_terminal = kqueue(user, tmp_path, "shell", job_id)
    assert no_terminal.returncode == 2
    assert b"A shell needs a terminal." in no_terminal.stderr
    with FaultProxy(user.node.server, ca_file=str(user.node.ca_file)) as proxy:
        token = tmp_path / "token"
        token.write_text(user.node.token(user.namespace, "shell", cluster_role="admin"))
        settings = Settings(proxy.url, user.namespace, TokenFile(token))
        command = ["sh", "-c", "echo in; exec sleep 600"]
        name = pod["metadata"]["name"]
        with open_exec(
            settings,
            namespace=user.namespace,
            pod=name,
            container="job",
            command=command,
            tty=False,
            stdin=True,
        ) as shell:
            seen: list[tuple[Channel, bytes]] = []
            while not seen:
                seen += shell.read()
            assert seen == [(Channel.STDOUT, b"in\n")]
            proxy.cut()
            with pytest.raises(UnknownOutcome, match="what ran in it may go on"):
                while True:
                    list(shell.read())
    forbidden = server.run("kqueue", "shell", job_id, "--", "true", check=False)
    assert forbidden.returncode == 1
    assert b"You may not run programs in pods" in forbidden.stderr
    server.write("work/go", "")
    assert kqueue(user, tmp_path, "wait", "-q", job_id).returncode == 0
    over = kqueue(user, tmp_path, "shell", job_id, "--", "true")
    assert over.returncode == 1
    assert b"does not run: CD, exit 0" in over.stderr


def test_list_and_show_say_what_kubectl_says(server: Server, tmp_path: Path) -> None:
    user = server.user
    job_id = running(server, "-J", "waits", "-t", "10:00", "--mem", "64M", "-c", "1")
    pod = user.node.get("pods", "-n", user.namespace, "-l", f"kbatch/id={job_id}")["items"][0]
    assert pod["status"]["phase"] == "Running"
    listed = server.run("kqueue", "list", "-h").stdout.decode().split()
    assert (listed[0], listed[1], listed[2], listed[-1]) == (job_id, "waits", "R", pod["spec"]["nodeName"])
    text = server.run("kqueue", "show", job_id).stdout.decode()
    happened = text.partition("What happened\n")[2].partition("\n\n")[0]
    order = [
        happened.index(what) for what in ("Submitted", f"Placed on node {pod['spec']['nodeName']}", "Started")
    ]
    assert order == sorted(order), happened
    started = pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    assert f"kqueue shell {job_id}" in text
    output = f"/home/jovyan/work/kbatch-{job_id}.out"
    assert f"{output}  (0.1K)" in text, "the file that is here has eight bytes so far"
    server.write("work/go", "")
    assert server.run("kqueue", "wait", job_id).returncode == 0
    job = user.node.get("jobs", "-n", user.namespace, "-l", f"kbatch/id={job_id}")["items"][0]
    assert [one["type"] for one in job["status"]["conditions"]][-1] == "Complete"
    after = server.run("kqueue", "show", job_id).stdout.decode()
    assert "State  CD  exit 0" in after
    assert "Ended: exit 0" in after
    assert "Used\n" in after
    assert started.replace("T", " ").removesuffix("Z") in after, "the same moments as kubectl, in UTC"
    again = server.run("kqueue", "rerun", job_id).stdout.decode().split()[-1]
    assert server.run("kqueue", "wait", again).returncode == 0
    assert (user.home / "work" / f"kbatch-{again}.out").read_text() == "started\n"
    assert server.run("kqueue", "delete", "-y", again).returncode == 0
    assert server.run("kqueue", "show", again).stdout.decode().count("the history in home") == 1
