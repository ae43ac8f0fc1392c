"""What of a cluster still runs without its server, ended: for `kqueue local clean`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from kbatch_core.errors import ConnectionFailed
from kbatch_core.local.kubelet.process import Attempt

_PAUSE = 0.05


def end_all(folder: Path, seconds: float = 20.0, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Kill what runs in the containers below `folder`, until nothing does. Raises ConnectionFailed."""
    begun = [path.parent for path in folder.glob("*/containers/*/*/start.json")]
    attempts = [one for one in map(Attempt, begun) if one.exit() is None or _has_keeper(one)]
    deadline = time.monotonic() + seconds
    while attempts:
        for attempt in attempts:
            attempt.kill()
            with contextlib.suppress(OSError):
                attempt.kill_leftovers()
        # A keeper has its last word to write when all of its processes are gone.
        attempts = [attempt for attempt in attempts if attempt.has_leftovers() or _has_keeper(attempt)]
        if attempts and time.monotonic() > deadline:
            raise ConnectionFailed(f"Processes of the cluster do not end: see {attempts[0].folder}.")
        if attempts:
            sleep(_PAUSE)


def _has_keeper(attempt: Attempt) -> bool:
    """Whether its keeper lives. No file stays open: of what has ended there may be thousands."""
    try:
        return attempt.is_alive()
    finally:
        attempt.close()
