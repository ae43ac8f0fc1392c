"""A home that is full or read-only: the submit goes on, with one sentence, and what was noted before stays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]


def test_a_full_and_a_read_only_home(tmp_path: Path) -> None:
    try:
        subprocess.run([*UNSHARE, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a mount of the test's own is not possible here: {error}")
    command = [*UNSHARE, sys.executable, "-m", "tests.history.disk", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["submitted"] == 41
    assert 0 < len(report["silent"]) < 40
    assert report["most"] == 1
    assert ["No space left on device" in text for text in report["warnings"]] == [True]
    assert set(report["silent"]) <= set(report["noted"]), "who was not warned is noted"
    assert report["left"] == [], "nothing half-written takes the room"
    assert ["Read-only file system" in text for text in report["read_only"]] == [True]
    assert report["listed"] == 41
