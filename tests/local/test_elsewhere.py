"""What is left where Linux's own calls are not: no /proc, no prctl. As on macOS, but run here."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kbatch_core.local.controllers import jobfacts
from kbatch_core.local.kubelet import keeper, machine, process, sleeps
from kbatch_core.local.state.deletion import delete_pod
from tests.local.running import here, is_there, state
from tests.local.test_kills import POLICY, keeper_of

# A keeper that sees neither /proc nor Linux.
KEEPER = """
import builtins, os.path, runpy, sys
sys.platform = "darwin"
exists, opened = os.path.exists, open
os.path.exists = lambda path: not str(path).startswith("/proc") and exists(path)
def without_proc(path, *words, **options):
    if str(path).startswith("/proc"):
        raise FileNotFoundError(path)
    return opened(path, *words, **options)
builtins.open = without_proc
runpy.run_path({keeper!r}, run_name="__main__")
"""
# What `ps -axEww -o pid=,command=` prints on macOS, in the words of this machine's ps.
PS = """#!/bin/sh
[ "$*" = "-axEww -o pid=,command=" ] && exec {ps} axeww -o pid= -o command=
exec {ps} "$@"
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a cluster on such a machine."""
    ps = shutil.which("ps")
    if ps is None:
        pytest.skip("there is no ps here")
    script = tmp_path / "keeper.py"
    script.write_text(KEEPER.format(keeper=keeper.__file__))
    monkeypatch.setattr(keeper, "__file__", str(script))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ps").write_text(PS.format(ps=ps))
    (tmp_path / "bin/ps").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=os.pathsep)
    monkeypatch.setattr(process, "_PROC", tmp_path / "no-proc")
    monkeypatch.setattr(jobfacts, "BACKOFF_SECONDS", 0.1)
    return tmp_path / "cluster"


async def test_jobs_run_end_and_are_found(elsewhere: Path, tmp_path: Path) -> None:
    def mark(name: str) -> Path:
        return tmp_path / name

    def writes(name: str) -> str:
        """A process in a session of its own, which no signal to the group reaches."""
        return (
            f"setsid sh -c 'echo $$$$ >{mark(name)}.new; mv {mark(name)}.new {mark(name)}; exec sleep 1000' &"
        )

    async with here(elsewhere) as cluster:
        good = cluster.job("good", f"sleep 1000 & echo $! >{mark('left')}; echo out; echo err >&2")
        bad = cluster.job("bad", "echo why; exit 7")
        long = cluster.job("long", f"trap '' TERM; {writes('away')} while :; do sleep 0.1; done")
        lost = cluster.job(
            "lost",
            f"[ -e {mark('stray')} ] && exit 0; {writes('stray')} sleep 1000",
            podFailurePolicy=POLICY,
            podReplacementPolicy="Failed",
            backoffLimit=5,
        )
        assert [await cluster.ended(name) for name in (good, bad)] == ["Complete", "Failed"]
        assert sorted((await cluster.output(good)).split()) == [b"err", b"out"]
        assert not is_there(int(mark("left").read_text())), "what it left behind ended with it"
        assert state(cluster.pods(bad)[0])["terminated"]["exitCode"] == 7
        pods = [await cluster.running(name) for name in (long, lost)]
        await cluster.until(lambda: mark("away").exists() and mark("stray").exists())
        await cluster.restart(lambda: os.kill(keeper_of(cluster, pods[1]), signal.SIGKILL))

        pod = await cluster.in_phase(lost, "Failed")
        assert pod["status"]["reason"] == "NodeLost"
        assert not is_there(int(mark("stray").read_text())), "it was found by its environment"
        assert await cluster.ended(lost) == "Complete"

        assert (await cluster.running(long))["metadata"]["uid"] == pods[0]["metadata"]["uid"]
        delete_pod(cluster.store, pods[0], cluster.store.now(), grace=0)
        await cluster.until(
            lambda: not is_there(int(mark("away").read_text())), "the whole tree to be killed"
        )


def test_nobody_tells_what_was_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Then there are no numbers, and no failure either."""
    monkeypatch.setattr(keeper, "_stat", lambda pid: (tmp_path / pid).read_bytes().split())
    with pytest.raises(OSError):
        keeper.used(os.getpid())


def test_processes_by_ps(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import subprocess; subprocess.run(['sleep', '60'])"])
    try:
        monkeypatch.setattr(os.path, "exists", lambda path: False)
        assert child.pid in keeper.descendants(os.getpid())
    finally:
        child.kill()
        child.wait()


def test_processors_that_are_not_counted_for_a_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert machine.look(tmp_path).cpus == 6


def test_the_clocks_of_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one counts while the machine sleeps, the other stands still."""
    for name, number in (("CLOCK_MONOTONIC_RAW", 100), ("CLOCK_UPTIME_RAW", 101)):
        monkeypatch.setattr(time, name, number, raising=False)
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    monkeypatch.setattr(time, "clock_gettime", {100: 5000.0, 101: 1400.0}.__getitem__)
    assert sleeps.suspended() == 3600.0
    monkeypatch.delattr(time, "CLOCK_UPTIME_RAW")
    assert sleeps.suspended() == 0.0, "nobody tells"
