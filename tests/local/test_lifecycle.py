"""Starting, finding, stopping and removing local clusters, as a user does it."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kbatch_core.errors import BadOption, ConnectionFailed
from kbatch_core.local import lifecycle
from kbatch_core.local.place import Place, find_place
from tests.cluster import wait_for

BIN = Path(sys.executable).parent


class Desk:
    """A user's shell with a home and a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.environ = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "XDG_STATE_HOME": str(folder / "state"),
            "KBATCH_SITE_CONFIG": os.devnull,
        }

    @property
    def place(self) -> Place:
        return find_place("default", self.environ)

    def run(self, *words: str, code: int = 0) -> str:
        """Run kbatch or kqueue; stdout and stderr together."""
        result = subprocess.run(
            [str(BIN / words[0]), *words[1:]],
            env=self.environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert result.returncode == code, result.stdout
        return result.stdout


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    for name in ("default", "other"):
        lifecycle.clean(find_place(name, made.environ))


def test_a_first_job_without_any_option(desk: Desk) -> None:
    (desk.home / "hello.sh").write_text("#!/bin/bash\necho hello from $KBATCH_JOB_ID in $PWD; exit $1\n")
    said = desk.run("kbatch", "--cluster", "local", "--wait", "hello.sh", "0")
    job = said.splitlines()[0].split()[-1]
    desk.environ["KBATCH_CLUSTER"] = "local"
    assert desk.run("kqueue", "logs", job) == f"hello from {job} in {desk.home}\n"
    assert (desk.home / f"kbatch-{job}.out").read_text() == f"hello from {job} in {desk.home}\n"
    assert "CD" in desk.run("kqueue", "list")
    desk.run("kbatch", "--wait", "--quiet", "hello.sh", "7", code=7)
    running = desk.run("kbatch", "--parsable", "--wrap", "sleep 600").strip()
    wait_for(lambda: "  R  " in desk.run("kqueue", "list"), what="the job to run")
    assert desk.run("kqueue", "shell", running, "--", "sh", "-c", "echo $HOME") == f"{desk.home}\n"
    assert "Cancelled" in desk.run("kqueue", "cancel", running)
    wait_for(lambda: " CA " in desk.run("kqueue", "list"), what="the job to end")
    held = desk.run("kbatch", "--parsable", "--hold", "--wrap", "true").strip()
    assert "JobHeldUser" in desk.run("kqueue", "show", held)


def test_start_stop_status_clean(desk: Desk) -> None:
    assert "no local cluster" in desk.run("kqueue", "local", "status", code=1)
    said = desk.run("kqueue", "local", "start")
    assert f"export KUBECONFIG={desk.place.kubeconfig}" in said
    first = lifecycle.state(desk.place)
    assert desk.run("kqueue", "local", "start") == said, "it runs already"
    assert lifecycle.state(desk.place) == first
    listed = json.loads(desk.run("kqueue", "local", "status", "--json"))
    assert [(one["name"], one["running"]) for one in listed] == [("default", True)]
    for path in (desk.place.folder, *desk.place.folder.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.name == "server.crt", path
    desk.run("kqueue", "local", "stop")
    assert "stopped" in desk.run("kqueue", "local", "status", code=1)
    assert "does not run" in desk.run("kqueue", "local", "stop", code=1)
    desk.run("kqueue", "local", "start")
    again = lifecycle.state(desk.place)
    assert again.server == first.server, "clients find it where it was"
    assert "Nobody is there to ask" in desk.run("kqueue", "local", "clean", code=2)
    desk.run("kqueue", "local", "clean", "--yes")
    assert not desk.place.folder.exists()
    assert lifecycle.running(desk.place) is None


def test_ten_starts_at_once_are_one_server(desk: Desk) -> None:
    with ThreadPoolExecutor(10) as pool:
        found = set(pool.map(lambda _: lifecycle.start(desk.place), range(10)))
    assert len(found) == 1


def test_several_by_name_do_not_see_each_other(desk: Desk) -> None:
    other = find_place("other", desk.environ)
    assert lifecycle.start(desk.place).port != lifecycle.start(other).port
    desk.run("kbatch", "--cluster", "local:other", "--hold", "--wrap", "true")
    assert "JobHeldUser" in desk.run("kqueue", "list", "--cluster", "local:other")
    assert "JobHeldUser" not in desk.run("kqueue", "list", "--cluster", "local")
    desk.environ["KBATCH_CLUSTER"] = "local:other"
    assert "Stopped the local cluster other" in desk.run("kqueue", "local", "stop"), "that of other commands"
    assert lifecycle.running(desk.place) is not None
    assert "Removed the local cluster default" in desk.run(
        "kqueue", "local", "clean", "--yes", "--name", "default"
    )
    desk.environ["KBATCH_CLUSTER"] = "mars"
    assert "there is only `local`" in desk.run("kqueue", "local", "stop", code=2)


def test_killed_it_starts_again_with_all_that_it_knew_and_what_ran_ran_on(desk: Desk) -> None:
    desk.environ["KBATCH_CLUSTER"] = "local"
    script = "echo one; while [ ! -e go ]; do sleep 0.1; done; echo two; exit 3"
    job = desk.run("kbatch", "--parsable", "--wrap", script).strip()
    wait_for(lambda: "one" in desk.run("kqueue", "logs", job), what="the first line")
    before = lifecycle.running(desk.place)
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    (desk.home / "go").touch()
    output = desk.home / f"kbatch-{job}.out"
    wait_for(lambda: output.read_text() == "one\ntwo\n", what="the script to go on without the server")
    desk.run("kqueue", "wait", job, code=3)
    after = lifecycle.running(desk.place)
    assert after is not None
    assert (after.pid != before.pid, after.port) == (True, before.port)


def test_clean_leaves_no_process(desk: Desk) -> None:
    job = desk.run("kbatch", "--parsable", "--cluster", "local", "--wrap", "echo $$ > pid; sleep 600").strip()
    pid = desk.home / "pid"
    wait_for(lambda: pid.exists() and pid.read_text().strip(), what=f"job {job} to run")
    desk.run("kqueue", "local", "clean", "--yes")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_clean_of_a_folder_that_is_a_symbolic_link_says_so(desk: Desk) -> None:
    elsewhere = desk.home / "elsewhere"
    elsewhere.mkdir()
    desk.place.folder.parent.mkdir(parents=True)
    desk.place.folder.symlink_to(elsewhere)
    assert "cannot be removed: it is a symbolic link." in desk.run(
        "kqueue", "local", "clean", "--yes", code=1
    )
    assert elsewhere.exists()
    desk.place.folder.unlink()


def test_when_its_port_is_taken_it_takes_another(desk: Desk) -> None:
    before = lifecycle.start(desk.place)
    lifecycle.stop(desk.place)
    with socket.create_server(("127.0.0.1", before.port)):
        after = lifecycle.start(desk.place)
    assert after.port != before.port
    assert str(after.port) in desk.place.kubeconfig.read_text()


def test_what_keeps_it_from_starting_is_said(desk: Desk) -> None:
    desk.place.make()
    desk.place.database.write_text("no database at all" * 1000)
    with pytest.raises(ConnectionFailed, match="did not start") as caught:
        lifecycle.start(desk.place)
    assert "not a database" in caught.value.hint


@pytest.mark.parametrize("text", ["", "loc", "local:", "other", "local:A", "local:../x", "local:a b"])
def test_what_is_no_local_cluster_is_said(text: str) -> None:
    with pytest.raises(BadOption):
        find_place(lifecycle.parse_cluster(text), {})


def test_without_any_cluster_the_local_one_is_offered(desk: Desk) -> None:
    assert "--cluster local" in desk.run("kqueue", "list", code=3)
    refused = desk.run("kqueue", "list", "--cluster", "mars", code=2)
    assert "there is only `local`" in refused
