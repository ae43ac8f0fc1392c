"""`kqueue list` on a terminal, and `--watch`: on a real pty, in front of the real control plane."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from kbatch_core.model import labels
from tests.cluster.control import free_ports
from tests.cluster.processes import TIED, wait_for
from tests.commands.fleet import NODE, Fleet
from tests.commands.terminal import Terminal
from tests.proxy import FaultProxy

pytestmark = pytest.mark.cluster


def environ(fleet: Fleet, home: Path, **more: str) -> dict[str, str]:
    return {"KUBECONFIG": str(fleet.kubeconfig()), "HOME": str(home), "JUPYTERHUB_USER": "ann", **more}


@contextmanager
def in_a_pipe(fleet: Fleet, folder: Path, **more: str) -> Iterator[Piped]:
    """`kqueue list -i 1` with its output in files."""
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    out, err = folder / "out", folder / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [*TIED, str(Path(sys.executable).with_name("kqueue")), "list", "-i", "1"],
            stdout=stdout,
            stderr=stderr,
            env={**inherited, **environ(fleet, folder), **more},
        )
    try:
        yield Piped(process, out, err)
    finally:
        process.kill()
        process.wait()


class Piped(NamedTuple):
    """A command that runs, and what it has written."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def wait_for(self, text: str, file: Path, what: str) -> None:
        wait_for(lambda: text in file.read_text() or self.process.poll() is not None, what=what, seconds=300)
        assert self.process.poll() is None, self.err.read_text()


def test_a_list_fits_its_terminal_and_colours_states_alone(fleet: Fleet, tmp_path: Path) -> None:
    job = fleet.submit(name="n" * 200, hold=True)
    for more, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        with Terminal("kqueue", "list", environ=environ(fleet, tmp_path, **more), columns=72) as terminal:
            assert terminal.wait_end() == 0
            lines = terminal.text().splitlines()
            assert len(lines) == 2, "no line is wrapped"
            assert lines[1].startswith(job.metadata.labels[labels.ID])
            assert "…" in lines[1]
            assert lines[1].endswith("(JobHeldUser)")
            assert (b"\x1b[33mPD\x1b[0m" in terminal.raw) is coloured
            assert (b"\x1b" in terminal.raw) is coloured


def test_watch_draws_in_place_until_ctrl_c(fleet: Fleet, tmp_path: Path) -> None:
    first = fleet.submit(name="first", hold=True)
    with Terminal("kqueue", "list", "--watch", environ=environ(fleet, tmp_path)) as terminal:
        terminal.wait_for(lambda text: "first" in text, "the first job")
        assert "LIVE" in terminal.text().splitlines()[0]
        fleet.submit(name="second")
        terminal.wait_for(lambda text: "second" in text, "the second job")
        fleet.client.release(first)
        fleet.run(first)
        terminal.wait_for(lambda text: NODE in text, "the first to run")
        assert terminal.text().count("JOBID") == 1
        assert terminal.text().count("first") == 1
        terminal.resize(60, 3)
        terminal.wait_for(lambda text: "... 2 more" in text, "a smaller screen to be used")
        assert len(terminal.text().splitlines()) == 3
        terminal.interrupt()
        assert terminal.wait_end() == 130
        assert b"\x1b[?1049l" in terminal.raw
        assert b"\x1b[?25h" in terminal.raw
        assert b"Traceback" not in terminal.raw


def test_in_a_pipe_changed_lists_follow_each_other(fleet: Fleet, tmp_path: Path) -> None:
    job = fleet.submit(name="first", hold=True)
    with in_a_pipe(fleet, tmp_path) as piped:
        piped.wait_for("first", piped.out, "the first list")
        fleet.client.release(job)
        fleet.run(job)
        piped.wait_for(NODE, piped.out, "another list")
    text = piped.out.read_text()
    assert piped.err.read_text() == ""
    assert "\x1b" not in text
    assert text.count("JOBID") >= 2
    assert text.count("JobHeldUser") == 1, "what has not changed is not shown again"


def test_in_a_pipe_it_lives_through_a_restart_and_a_version_that_is_too_old(
    fleet: Fleet, tmp_path: Path
) -> None:
    """The server's own 410, of a history that was compacted while nobody could be heard."""
    lists_of_this_moment: list[bytes] = []

    def note(request: bytes, answer: bytes) -> bool:
        lists_of_this_moment.extend([request] if b"limit=500" in request else [])
        return True

    fleet.submit(name="before", hold=True)
    gone = fleet.submit(name="deleted", hold=True)
    with FaultProxy(fleet.cluster.server, ca_file=str(fleet.cluster.ca_file)) as proxy:
        proxy.verdict = note
        config = tmp_path / "config"
        config.write_text(fleet.kubeconfig().read_text())
        token = fleet.cluster.token(fleet.namespace, "reader", cluster_role="admin")
        for words in (
            ("set-credentials", "reader", f"--token={token}"),
            ("set-cluster", "here", f"--server={proxy.url}"),
            ("set-context", "--current", "--user=reader", "--cluster=here"),
        ):
            fleet.cluster.kubectl("config", *words, "--kubeconfig", str(config))
        with in_a_pipe(fleet, tmp_path, KUBECONFIG=str(config)) as piped:
            piped.wait_for("deleted", piped.out, "the first list")
            fleet.transport.close()
            fleet.cluster.stop_api_server()
            piped.wait_for("Trying again.", piped.err, "the loss to be said")
            fleet.cluster.start_api_server()
            fleet.submit(name="again", hold=True)
            piped.wait_for("again", piped.out, "news after a restart")

            lists_of_this_moment.clear()
            proxy.flowing.clear()
            proxy.cut()
            fleet.api.delete_job(gone.metadata.name)
            fleet.submit(name="meanwhile", hold=True)
            fleet.transport.close()
            fleet.cluster.restart_api_server()
            fleet.cluster.compact()
            fleet.submit(name="after", hold=True)
            proxy.flowing.set()
            proxy.cut()
            piped.wait_for("after", piped.out, "news after a compaction")
    last = piped.out.read_text().rpartition("JOBID")[2]
    assert [name in last for name in ("before", "again", "meanwhile", "after", "deleted")] == [True] * 4 + [
        False
    ]
    assert lists_of_this_moment, "no version was too old: such lists are made only then"
    assert "Traceback" not in piped.err.read_text()


def test_before_a_server_answers_no_list_is_shown(fleet: Fleet, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(fleet.kubeconfig().read_text())
    cluster = yaml.safe_load(config.read_text())["clusters"][0]["name"]
    (port,) = free_ports(1)
    fleet.cluster.kubectl(
        "config", "set-cluster", cluster, f"--server=https://127.0.0.1:{port}", "--kubeconfig", str(config)
    )
    with in_a_pipe(fleet, tmp_path, KUBECONFIG=str(config)) as piped:
        piped.wait_for("Trying again.", piped.err, "why nothing is shown")
    assert "refuses connections" in piped.err.read_text()
    assert piped.out.read_text() == ""


def test_watch_says_that_jobs_may_not_be_read(fleet: Fleet, tmp_path: Path) -> None:
    fleet.cluster.token(fleet.namespace, "nobody")
    config = fleet.kubeconfig().read_text()
    path = tmp_path / "config"
    path.write_text(config)
    fleet.cluster.kubectl("config", "set-credentials", "nobody", "--kubeconfig", str(path),
                          f"--token={fleet.cluster.token(fleet.namespace, 'nobody')}")  # fmt: skip
    fleet.cluster.kubectl("config", "set-context", "--current", "--kubeconfig", str(path), "--user=nobody")
    for args in (("list", "--watch"), ("list",)):
        with Terminal(
            "kqueue", *args, environ={**environ(fleet, tmp_path), "KUBECONFIG": str(path)}, columns=300
        ) as t:
            assert t.wait_end() == 1
            assert "You may not read jobs" in t.text()
