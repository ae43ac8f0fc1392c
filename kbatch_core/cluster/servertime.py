"""The server's clock, from the Date headers of its answers: a laptop's or a pod's own may be wrong (pure)."""

from __future__ import annotations

import threading
from email.utils import parsedate_to_datetime


class ServerTime:
    """How far the server's clock is ahead of ours. Threads may share it.

    A Date is cut to the second and was written between the request and its answer. Each answer narrows what the
    difference can be; what contradicts the others is the newest truth, because clocks are set.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._low = float("-inf")
        self._high = float("inf")

    def heard(self, date: str | None, sent: float, received: float) -> None:
        """An answer with this Date came at `received` to a request of `sent`, in seconds since the epoch by us."""
        try:
            said = parsedate_to_datetime(date or "").timestamp()
        except ValueError:
            return
        low, high = said - received, said + 1.0 - sent
        if low > high:
            return  # our clock was set meanwhile
        with self._lock:
            narrow = max(self._low, low), min(self._high, high)
            self._low, self._high = narrow if narrow[0] <= narrow[1] else (low, high)

    @property
    def ahead(self) -> float:
        """Seconds to add to our clock; 0 while both may be the same."""
        with self._lock:
            if self._low <= 0.0 <= self._high:
                return 0.0
            return (self._low + self._high) / 2.0
