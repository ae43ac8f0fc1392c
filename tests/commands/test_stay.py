"""`kbatch --wait` and `--follow` stay with a job: on a terminal with a line that says how it stands."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from kbatch_core.errors import ConnectionFailed
from kbatch_core.model import labels
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.objects import Job
from kbatch_core.queue import Queue, Sync
from kbatch_core.status import JobRow, make_row
from kbatch_core.status.tasks import TaskCounts
from kqueue_tui.cli.follow import exit_code
from kqueue_tui.cli.status_line import StatusLine, describe
from tests.cluster.processes import wait_for
from tests.commands.fleet import NODE, Fleet
from tests.commands.terminal import Terminal

SCRIPT = "#!/bin/sh\nsleep 1\n"


def typed(fleet: Fleet, folder: Path, *args: str, columns: int = 100, **more: str) -> Terminal:
    """`kbatch ARGS x.sh` on a terminal, by somebody with a kubeconfig."""
    script = folder / "x.sh"
    script.write_text(SCRIPT)
    environ = {"KUBECONFIG": str(fleet.kubeconfig()), "HOME": str(folder), "JUPYTERHUB_USER": "ann", **more}
    words = ("--image=images.example.org/x", "--mem=1G", *args, str(script))
    return Terminal("kbatch", *words, environ=environ, columns=columns)


def submitted(fleet: Fleet, terminal: Terminal) -> Job:
    """The job that the terminal says it submitted."""
    said = re.compile(r"Submitted batch job (\w{8})")
    match = said.search(terminal.wait_for(lambda text: bool(said.search(text)), "the submit"))
    assert match is not None
    (job,) = fleet.api.list_jobs(f"{labels.SELECTOR},{labels.ID}={match[1]}")
    return job


@pytest.mark.cluster
def test_a_line_follows_the_job_and_is_gone_at_the_end(fleet: Fleet, tmp_path: Path) -> None:
    with typed(fleet, tmp_path, "--wait", "-J", "sim", "-t", "10:00") as terminal:
        job = submitted(fleet, terminal)
        job_id = job.metadata.labels[labels.ID]
        terminal.wait_for(
            lambda text: re.search(rf"{job_id}  sim  PD  0:\d\d", text), "a line for what waits"
        )
        (pod,) = fleet.run(job)
        terminal.wait_for(
            lambda text: re.search(rf"{job_id}  sim  R  [\d:-]+/10:00  {NODE}", text), "one for what runs"
        )
        assert terminal.text().count("  sim  ") == 1, "in place"
        fleet.finish(pod, 7)
        assert terminal.wait_end() == 7
        last = terminal.text().splitlines()[-1]
        assert last.startswith(f"kbatch: Job {job_id} F: exit 7")
        assert "  sim  " not in terminal.text()


@pytest.mark.cluster
def test_ctrl_c_detaches_and_says_so(fleet: Fleet, tmp_path: Path) -> None:
    with typed(fleet, tmp_path, "--wait") as terminal:
        job = submitted(fleet, terminal)
        terminal.wait_for(lambda text: "PD" in text, "the line")
        terminal.interrupt()
        assert terminal.wait_end() == 130
        job_id = job.metadata.labels[labels.ID]
        assert terminal.text().splitlines()[-1] == (
            f"kbatch: Job {job_id} goes on. Look at it with `kqueue show {job_id}`."
        )
        assert b"Traceback" not in terminal.raw
    assert fleet.get(job).status.conditions == []


@pytest.mark.cluster
def test_a_wait_lives_through_a_restart_of_the_api_server_and_says_that_it_hears_nothing(
    fleet: Fleet, tmp_path: Path
) -> None:
    server = fleet.cluster.components["kube-apiserver"]
    with typed(fleet, tmp_path, "--wait", columns=200) as terminal:
        job = submitted(fleet, terminal)
        (pod,) = fleet.run(job)
        terminal.wait_for(lambda text: NODE in text, "the job to run")
        server.stop(kill=True)
        try:
            terminal.wait_for(lambda text: "[no news" in text, "the loss to be said")
        finally:
            server.start()
            fleet.cluster.wait_ready()
        wait_for(lambda: fleet.get(job), what="the API server to answer")
        fleet.finish(pod, 3)
        assert terminal.wait_end() == 3
        assert "F: exit 3" in terminal.text()


@pytest.mark.cluster
def test_a_terminal_that_cannot_erase_gets_no_line(fleet: Fleet, tmp_path: Path) -> None:
    with typed(fleet, tmp_path, "--wait", TERM="dumb") as terminal:
        fleet.end(submitted(fleet, terminal))
        assert terminal.wait_end() == 0
        assert b"\x1b" not in terminal.raw
        assert b"PD" not in terminal.raw


@pytest.mark.cluster
def test_the_exit_code_of_an_array_is_the_highest_of_its_tasks(fleet: Fleet) -> None:
    job = fleet.submit(array=parse_array("1-3"), requeue=False)
    for pod, code in zip(fleet.run(job, 3), (0, 9, 4), strict=True):
        fleet.finish(pod, code)
    ended = fleet.client.wait(job)
    assert exit_code(fleet.client, ended, fleet.client.row(ended)) == 9


NOW = 1_000_000.0
JOB: dict[str, Any] = {
    "metadata": {
        "labels": {"kbatch/id": "abcd2345", "kbatch/name": "sim"}, "creationTimestamp": "1970-01-12T13:45:30Z",
    },
    "spec": {},
}  # fmt: skip


def row(**fields: Any) -> JobRow:
    job = msgspec.json.decode(json.dumps(JOB), type=Job)
    return msgspec.structs.replace(make_row(job, [], [], NOW), **fields)


LOST = ConnectionFailed("https://x does not answer.")


@pytest.mark.parametrize(
    ("fields", "sync", "line"),
    [
        ({"state": "PD", "code": "Resources", "sentence": "No node is free for it"}, Sync("LIVE", NOW),
         "abcd2345  sim  PD  1:10  (Resources) No node is free for it"),
        ({"state": "R", "code": "", "started": NOW - 5, "time_limit": 60, "node": "a"}, Sync("LIVE", NOW),
         "abcd2345  sim  R  0:05/1:00  a"),
        ({"state": "R", "code": "", "node": "a", "started": NOW - 5}, Sync("RETRYING", NOW - 12, LOST),
         "abcd2345  sim  R  0:05  a  [no news, last heard 12 s ago: https://x does not answer.]"),
        ({"state": "R", "code": "", "node": "a", "started": NOW - 5}, Sync("STALE", NOW - 80),
         "abcd2345  sim  R  0:05  a  [no news for 80 s]"),
    ],
)  # fmt: skip
def test_what_the_line_says(fields: dict[str, Any], sync: Sync, line: str) -> None:
    assert describe(row(**fields), sync, NOW) == line


def test_the_line_of_an_array_counts_its_tasks() -> None:
    counts = TaskCounts(total=10, pending=1, running=2, done=5, failed=1, cancelled=1)
    fields = {"state": "R", "code": "", "tasks": counts, "node": "a"}
    assert describe(row(**fields), Sync("LIVE", NOW), NOW).endswith("5 of 10 done, 1 failed, 2 running  a")


def test_before_anything_is_known() -> None:
    assert describe(None, Sync("LOADING"), NOW) == "waiting for the API server"
    assert describe(None, Sync("RETRYING", None, LOST), NOW) == "[no news: https://x does not answer.]"


class Early:
    """A queue that has heard nothing yet."""

    rows = staticmethod(tuple)
    sync = staticmethod(lambda: Sync("LOADING"))
    now = staticmethod(lambda: NOW)


def test_a_terminal_that_does_not_know_its_width_gets_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, terminal = os.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(reader, "rb"), open(terminal, "w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        assert os.get_terminal_size(terminal).columns == 0
        line = StatusLine.on_terminal("u")
        assert line is not None
        line.look(cast(Queue, Early()))
        assert b"waiting for the API server" in os.read(reader, 1000)
        monkeypatch.undo()
