"""Fixtures: each shell, and runs of the supervisor in it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.supervisor.runs import SHELLS, NewRun, Run, Shell, find_shell


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """One of the shells that the supervisor must run in."""
    found = find_shell(request.param, tmp_path_factory.getbasetemp())
    if found is None:
        pytest.skip(f"{request.param} is not installed: install the package {request.param}")
    return found


@pytest.fixture
def new_run(shell: Shell, tmp_path: Path) -> NewRun:
    """Makes a run in a folder of its own, in the test's shell."""
    numbers = itertools.count(1)
    return lambda: Run(tmp_path / f"run{next(numbers)}", shell)


@pytest.fixture
def run(new_run: NewRun) -> Run:
    """One run."""
    return new_run()
