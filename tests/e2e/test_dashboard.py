"""The dashboard as a user has it: on a terminal in her notebook server, inside of tmux where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kbatch_core.model import labels
from tests.cluster.control import kubectl_path
from tests.cluster.users import Server, User
from tests.commands.terminal import Terminal

pytestmark = pytest.mark.node

WORK = "/home/jovyan/work"
WAITS = "#!/bin/bash\n#SBATCH -J {name}\necho {name} has begun\nwhile [ ! -e go ]; do sleep 0.1; done\necho over\n"


@contextmanager
def dashboard(server: Server, home: Path) -> Iterator[Terminal]:
    """`kqueue` in the server's terminal; the shell that started it says what it ended with, and reads a line."""
    user = server.user
    command = [
        kubectl_path(), "--kubeconfig", str(user.node.kubeconfig), "-n", user.namespace, "exec", "-it", server.name,
        "--", "env", "TERM=xterm-256color", "sh", "-c", f"cd {WORK} && kqueue; echo left with $?; read line",
    ]  # fmt: skip
    tmux = shutil.which("tmux")
    socket = str(home / "tmux")
    if tmux is not None:
        command = [tmux, "-f", "/dev/null", "-S", socket, "new-session", *command]
    try:
        with Terminal(*command, environ={"HOME": str(home)}, columns=140, lines=40) as terminal:
            yield terminal
    finally:
        if tmux is not None:
            subprocess.run([tmux, "-S", socket, "kill-server"], check=False, stderr=subprocess.DEVNULL)


def jobs(user: User) -> dict[str, dict[str, Any]]:
    """The user's Jobs by the names that she gave them."""
    found = user.node.get("jobs", "-n", user.namespace)["items"]
    return {job["metadata"]["labels"][labels.NAME]: job for job in found}


def test_submit_watch_read_cancel_and_leave(user: User, tmp_path: Path) -> None:
    server = user.start_server()
    for name in ("first", "second"):
        server.write(f"work/{name}.sh", WAITS.format(name=name))
    first = server.submit("first.sh", cwd=WORK)
    with dashboard(server, tmp_path) as terminal:
        terminal.wait_for(lambda text: first in text and "LIVE" in text, "the queue")

        terminal.type("n")
        terminal.wait_for(lambda text: "Submit a job" in text and "o chooses it" in text, "the form")
        terminal.type("\r")
        terminal.wait_for(lambda text: "Keep   tab" in text, "the field to be typed into")
        terminal.type("second.sh\r")
        terminal.wait_for(lambda text: "$ kbatch second.sh" in text, "the command")
        terminal.type("s")
        terminal.wait_for(lambda text: "Submit second?" in text and "accepted" in text, "the question")
        terminal.look(1)  # an answer counts from a moment after the question is seen
        terminal.type("y")
        terminal.wait_for(lambda text: re.search(r"\w{8}  second +● running", text), "the new job to run")
        second = jobs(user)["second"]["metadata"]["labels"][labels.ID]
        assert second in terminal.text()

        terminal.type("l")
        terminal.wait_for(lambda text: "second has begun" in text, "its log")
        terminal.type("q")
        terminal.wait_for(lambda text: "first" in text and "JOBID" in text, "the queue")

        terminal.type("/")
        terminal.wait_for(lambda text: "regular expression" in text, "the filter to be typed into")
        terminal.type("first")
        terminal.wait_for(lambda text: "1 of 2" in text, "the filter")
        terminal.type("\r")
        terminal.wait_for(lambda text: "c Cancel" in text, "the keys of the queue")
        terminal.type("c")
        text = terminal.wait_for(lambda text: "Yes, cancel" in text and first in text, "the question")
        assert "second" not in text.partition("Cancel")[2].partition("Filter")[0], "only what is asked about"
        terminal.look(1)  # an answer counts from a moment after the question is seen
        terminal.type("y")
        terminal.wait_for(lambda text: "cancelled" in text, "the cancelled job")

        (user.home / "work" / "go").touch()
        terminal.type("\x1b")
        terminal.wait_for(lambda text: re.search(r"second +✓ completed", text), "the other to complete")
        terminal.type("q")
        terminal.wait_for(
            lambda text: "left with 0" in text and "JOBID" not in text, "the terminal as it was"
        )
        terminal.type("echoed")
        terminal.wait_for(lambda text: "echoed" in text, "what is typed to be seen")
        terminal.type("\r")
        assert terminal.wait_end() == 0
    output = user.home / "work" / f"kbatch-{second}.out"
    assert output.read_text() == "second has begun\nover\n"
    conditions = {
        name: {one["type"] for one in job["status"]["conditions"] if one["status"] == "True"}
        for name, job in jobs(user).items()
    }
    assert "Failed" in conditions["first"]
    assert "Complete" in conditions["second"]
