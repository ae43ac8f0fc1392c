"""`kqueue list` on a terminal, and `--watch`: on a real pty, in front of the real control plane."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kbatch_core.model import labels
from tests.cluster.processes import TIED, wait_for
from tests.commands.fleet import NODE, Fleet
from tests.commands.terminal import Terminal

pytestmark = pytest.mark.cluster


def environ(fleet: Fleet, home: Path, **more: str) -> dict[str, str]:
    return {"KUBECONFIG": str(fleet.kubeconfig()), "HOME": str(home), "JUPYTERHUB_USER": "ann", **more}


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
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    out = tmp_path / "out"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [*TIED, str(Path(sys.executable).with_name("kqueue")), "list", "-i", "1"],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**inherited, **environ(fleet, tmp_path)},
        )
        try:
            wait_for(lambda: "first" in out.read_text(), what="the first list", seconds=300)
            fleet.client.release(job)
            fleet.run(job)
            wait_for(lambda: NODE in out.read_text(), what="another list", seconds=300)
        finally:
            process.kill()
            process.wait()
    text = out.read_text()
    assert "\x1b" not in text
    assert text.count("JOBID") >= 2
    assert text.count("JobHeldUser") == 1, "what has not changed is not shown again"


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
