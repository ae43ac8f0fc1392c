"""How long the machine has slept, so that a closed lid fails no job: its deadlines count waking time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from kbatch_core.model.decoding import decoder

# Less is how exactly two clocks can be read one after the other.
_LEAST_SECONDS = 1.0
# Jobs that run longer than this have other worries.
_KEPT_SECONDS = 90 * 24 * 3600.0


def suspended() -> float:
    """Seconds since the machine started in which it slept; 0 where that cannot be told."""
    for counts, stands in (
        ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"),
        ("CLOCK_MONOTONIC_RAW", "CLOCK_UPTIME_RAW"),
    ):
        if hasattr(time, counts) and hasattr(time, stands):
            total: float = time.clock_gettime(getattr(time, counts)) - time.clock_gettime(
                getattr(time, stands)
            )
            return max(total, 0.0)
    return 0.0


class _Known(msgspec.Struct):
    """What is in the file: the last total, and the sleeps as (when it was noticed, seconds)."""

    total: float = 0.0
    sleeps: list[tuple[float, float]] = []


class Sleeps:
    """Notes each sleep when it is asked, and keeps them in a file for the next server."""

    def __init__(
        self, path: Path, clock: Callable[[], float], total: Callable[[], float] = suspended
    ) -> None:
        self._path = path
        self._clock = clock
        self._total = total
        try:
            self._known = decoder(_Known).decode(path.read_bytes())
        except (OSError, msgspec.MsgspecError):
            self._known = _Known(total())
        if total() < self._known.total:
            # The machine was started anew.
            self._known.total = total()

    def since(self, when: float) -> float:
        """Seconds slept since a time in seconds since the epoch."""
        self._look()
        return sum(seconds for noticed, seconds in self._known.sleeps if noticed > when)

    def _look(self) -> None:
        total, now = self._total(), self._clock()
        slept = total - self._known.total
        if slept < _LEAST_SECONDS:
            return
        kept = [one for one in self._known.sleeps if one[0] > now - _KEPT_SECONDS]
        self._known = _Known(total, [*kept, (now, slept)])
        temporary = self._path.with_name(f".{self._path.name}.new")
        temporary.write_bytes(msgspec.json.encode(self._known))
        temporary.replace(self._path)
