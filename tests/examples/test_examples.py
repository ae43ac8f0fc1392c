"""The examples run as their README says, on the local cluster."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CPUS = str(min(os.cpu_count() or 1, 2))


class User:
    """Someone with a clone of the repository and no cluster. `dask` and `notebook` are jobs."""

    dask = notebook = ""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        shutil.copytree(ROOT / "examples", self.home / "examples")
        shutil.copy(ROOT / "README.md", self.home)
        self.environ = {
            "HOME": str(self.home),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(folder / "state"),
            "KBATCH_SITE_CONFIG": os.devnull,
            "KBATCH_CLUSTER": "local:examples",
        }

    def run(self, *words: str, code: int = 0) -> str:
        """What a command prints."""
        done = subprocess.run(
            words,
            env=self.environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def submit(self, *words: str) -> str:
        """The id of a job that is submitted so."""
        return self.run("kbatch", "--parsable", *words).strip()

    def output(self, job: str) -> str:
        """What a job has printed in the end, which has to be a good one."""
        self.run("kqueue", "wait", job)
        return self.run("kqueue", "logs", job)


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    user = User(tmp_path_factory.mktemp("examples"))
    user.run("kqueue", "local", "start", "--name", "examples")
    # The slowest first: they run while the others are looked at.
    user.dask = user.submit("-c", CPUS, "examples/cluster.py")
    user.notebook = user.submit("-P", "month=2026-10", "-P", "runs=200", "examples/report.ipynb")
    yield user
    user.run("kqueue", "local", "clean", "--name", "examples", "--yes")


def test_an_array_of_independent_tasks(user: User) -> None:
    lines = sorted(user.output(user.submit("-a", "1-4", "examples/pi.py")).splitlines())
    assert len(lines) == 4
    assert all(re.search(r"task \d: pi is about 3\.1\d", line) for line in lines), lines


def test_a_sweep_from_python(user: User) -> None:
    said = user.run(sys.executable, "examples/sweep.py")
    assert said.splitlines() == [
        f"task {number}, CD: {number:.1f} {number**0.5:.3f}" for number in (1, 2, 3, 4)
    ]


def test_another_language_with_slurms_directives(user: User) -> None:
    said = user.output(user.submit("examples/words.pl", "README.md"))
    assert re.search(r"^ *\d+ kqueue$", said, re.MULTILINE)
    rows = json.loads(user.run("kqueue", "list", "--json"))["jobs"]
    assert any(row["name"] == "words" and row["time_limit"] == 300 for row in rows)


def test_a_notebook_with_parameters(user: User) -> None:
    assert "2026-10: 200 runs, mean" in user.output(user.notebook)


def test_many_processors_by_dask(user: User) -> None:
    assert f"{CPUS} workers: the sum of 1000 squares is 332833500" in user.output(user.dask)
