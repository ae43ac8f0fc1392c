"""Random lives of jobs: one terminal record or none and "unknown", no line lost, nobody who writes on.

KBATCH_LIVES=1000 plays more of them; `make bench` plays 1,000.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.supervisor.chance import live
from tests.supervisor.runs import Shell, side_by_side

LIVES = int(os.environ.get("KBATCH_LIVES", "72"))


def test_random_lives(shell: Shell, tmp_path: Path) -> None:
    first = {"dash": 0, "bash": 1, "busybox": 2}[shell.name]
    found = side_by_side(
        lambda seed: live(seed, shell, tmp_path / str(seed)), range(first, LIVES, 3), workers=4
    )
    assert [text for texts in found for text in texts] == []
