"""Writers that are killed at any moment or run side by side: nothing acknowledged is lost, none half-written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(home: Path, what: str, seed: int) -> dict[str, Any]:
    """The report of `tests.history.crash`."""
    command = [sys.executable, "-m", "tests.history.crash", str(home), what, str(seed)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    return report


@pytest.mark.parametrize("seed", [1, 2])
def test_a_submit_that_was_acknowledged_survives_any_kill(tmp_path: Path, seed: int) -> None:
    report = run(tmp_path, "kill", seed)
    assert report["lost"] == []
    assert report["broken"] == []
    assert report["acknowledged"] > report["kills"], "the writers had time to write"


def test_writers_side_by_side_leave_one_whole_file(tmp_path: Path) -> None:
    report = run(tmp_path, "together", 1)
    assert report["bad"] == 0
    assert report["reads"] > 100
    assert report["whole"]
    assert report["left"] == ["job.json"]
