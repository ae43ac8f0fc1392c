"""kqueue demo: real jobs, and nothing of them left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.processes import wait_for
from tests.commands.terminal import Terminal

KQUEUE = Path(sys.executable).with_name("kqueue")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user who has no cluster."""
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    return {
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "KBATCH_ACCOUNT": "the demo's jobs have none",
    }


def left(tmp_path: Path) -> list[str]:
    """Files in the user's folders, and processes that name them."""
    files = [str(path) for name in ("home", "tmp") for path in (tmp_path / name).iterdir()]
    mark = f"{tmp_path}/tmp/".encode()
    processes = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (path / "cmdline").read_bytes() + (path / "environ").read_bytes():
                processes.append(path.name)
        except OSError:
            continue
    return files + processes


def _has(words: str) -> Callable[[str], bool]:
    return lambda screen: words in screen


def test_in_a_pipe_it_runs_jobs_and_lists_them(environ: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [KQUEUE, "demo"], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = {words[1]: words for words in map(str.split, done.stdout.splitlines()) if len(words) > 6}
    assert (rows["hello"][2], rows["tasks"][2], rows["broken"][2]) == ("CD", "CD", "F")
    assert rows["tasks"][-1] == "4CD"
    assert done.stdout.endswith("step 1 of 3\nstep 2 of 3\nstep 3 of 3\n")
    assert left(tmp_path) == []


def test_on_a_terminal_it_is_the_dashboard_until_one_leaves(environ: dict[str, str], tmp_path: Path) -> None:
    with Terminal("kqueue", "demo", environ=environ, columns=120, lines=30) as terminal:
        for words in ("simulate", "report", "cancelled", "epochs", "held"):
            terminal.wait_for(_has(words), what=words, seconds=300)
        terminal.type("q")
        assert terminal.wait_end() == 0
    assert left(tmp_path) == []


def test_a_kill_clears_it_away_too(environ: dict[str, str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [KQUEUE, "demo"], env=environ, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    assert b"Starting" in process.stderr.readline()
    wait_for(lambda: any("pods" in str(path) for path in (tmp_path / "tmp").rglob("*")), what="a cluster")
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert left(tmp_path) == []
