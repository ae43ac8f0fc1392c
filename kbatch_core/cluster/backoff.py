"""How long to wait before trying again.

Each wait is drawn from [d, 2d), so that many clients that lost the same server do not come back together; d
doubles from the first wait to the cap and starts anew after a healthy time. The numbers of a watch are those of
client-go's reflector.
"""

from __future__ import annotations

import random as system_random
import time
from collections.abc import Callable


class Backoff:
    """Growing waits in seconds. Clock and random (in [0, 1)) are passed in."""

    def __init__(
        self,
        first: float = 0.8,
        cap: float = 30.0,
        healthy: float = 120.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = system_random.random,
    ) -> None:
        self.cap = cap
        self._first = first
        self._healthy = healthy
        self._clock = clock
        self._random = random
        self._next = first
        self._last: float | None = None

    def wait(self, floor: float = 0.0, *, longest: bool = False) -> float:
        """The next wait: at least `floor`, what the server asked for; `longest` = no hope that it heals soon."""
        now = self._clock()
        if self._last is not None and now - self._last >= self._healthy:
            self._next = self._first
        self._last = now
        base = self.cap if longest else self._next
        self._next = min(self._next * 2.0, self.cap)
        return max(floor, base * (1.0 + self._random()))
