"""When to read the events of which object (pure): soon at first, then ever more seldom, and never many at once.

To the API server one object's events cost a look through all events of its namespace: so a thousand waiting
jobs must not cost a thousand reads, and who was never read goes first, the newest job before the oldest.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import NamedTuple

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
CHANGED_SECONDS = 2.0
BURST = 8
PER_SECOND = 1.0


class Need(NamedTuple):
    """The events of `object` explain `job` (uids)."""

    job: str
    object: str
    namespace: str


class _Wanted:
    """What is known about one object; `at` is the time of the next read, `stamp` its version at the last one."""

    __slots__ = ("at", "need", "rank", "stamp", "wait")

    def __init__(self, need: Need, at: float, rank: float, stamp: str) -> None:
        self.need = need
        self.at = at
        self.rank = rank
        self.stamp = stamp
        self.wait = 0.0


class ReadPlan:
    """The reads to come. Times are by any clock that does not jump, in seconds."""

    def __init__(self) -> None:
        self._wanted: dict[str, _Wanted] = {}
        self._by_job: dict[str, str] = {}
        # What was never read: what is too young as yet; then (minus the time of submit, serial, object).
        self._coming: deque[tuple[float, str]] = deque()
        self._fresh: list[tuple[float, int, str]] = []
        # What was: (at, serial, object).
        self._again: list[tuple[float, int, str]] = []
        self._serial = 0
        self._turn = 0
        self._tokens = float(BURST)
        self._filled_at: float | None = None
        # Namespaces that are not read before a time.
        self._not_before: dict[str, float] = {}

    def want(self, need: Need, *, submitted: float, stamp: str, now: float) -> None:
        """`need` is what explains the job from now on; `stamp` changes when the object does."""
        if self._by_job.get(need.job) != need.object:
            self.forget(need.job)
        known = self._wanted.get(need.object)
        if known is None:
            self._by_job[need.job] = need.object
            known = self._wanted[need.object] = _Wanted(need, now + FIRST_SECONDS, -submitted, stamp)
            self._coming.append((known.at, need.object))
        elif known.wait and known.stamp != stamp and now + CHANGED_SECONDS < known.at:
            known.at = now + CHANGED_SECONDS
            self._push(self._again, known.at, need.object)
        known.stamp = stamp

    def forget(self, job: str) -> None:
        """The job needs no explaining any more."""
        self._wanted.pop(self._by_job.pop(job, ""), None)

    def pause(self, namespace: str, until: float) -> None:
        """Read nothing in the namespace before."""
        self._not_before[namespace] = until

    def take(self, now: float) -> Need | None:
        """The next read if one is due now; it is then planned again."""
        if now < self._ready_at(now):
            return None
        self._clean(now)
        again = self._again if self._again and self._again[0][0] <= now else []
        heap = self._fresh or again
        if self._fresh and again:
            self._turn += 1
            heap = self._fresh if self._turn % 2 else again
        if not heap:
            return None
        known = self._wanted[heapq.heappop(heap)[2]]
        self._tokens -= 1.0
        known.wait = min(max(known.wait * 2, CHANGED_SECONDS), LONGEST_SECONDS)
        known.at = now + known.wait
        self._push(self._again, known.at, known.need.object)
        return known.need

    def next_at(self, now: float) -> float | None:
        """When `take` may give something; None when nothing is wanted."""
        self._clean(now)
        times = [now] if self._fresh else []
        times += [self._again[0][0]] if self._again else []
        times += [self._coming[0][0]] if self._coming else []
        return max(min(times), self._ready_at(now)) if times else None

    def _ready_at(self, now: float) -> float:
        """When there is leave for one more read."""
        if self._filled_at is not None:
            self._tokens = min(self._tokens + (now - self._filled_at) * PER_SECOND, float(BURST))
        self._filled_at = now
        return now if self._tokens >= 1.0 - 1e-6 else now + (1.0 - self._tokens) / PER_SECOND

    def _clean(self, now: float) -> None:
        """Move up what has come of age, drop heads that were forgotten or planned anew, put off what must wait."""
        while self._coming and (self._coming[0][0] <= now or not self._is_new(self._coming[0][1])):
            uid = self._coming.popleft()[1]
            if self._is_new(uid):
                self._push(self._fresh, self._wanted[uid].rank, uid)
        while self._fresh and (not self._is_new(self._fresh[0][2]) or self._put_off(self._fresh[0][2], now)):
            heapq.heappop(self._fresh)
        while self._again:
            at, _, uid = self._again[0]
            if self._is_planned(at, uid) and not (at <= now and self._put_off(uid, now)):
                break
            heapq.heappop(self._again)

    def _put_off(self, uid: str, now: float) -> bool:
        """Plan it for the end of its namespace's pause, if there is one."""
        known = self._wanted[uid]
        until = self._not_before.get(known.need.namespace, 0.0)
        if until <= now:
            return False
        known.wait = known.wait or CHANGED_SECONDS
        known.at = until
        self._push(self._again, until, uid)
        return True

    def _is_new(self, uid: str) -> bool:
        known = self._wanted.get(uid)
        return known is not None and not known.wait

    def _is_planned(self, at: float, uid: str) -> bool:
        known = self._wanted.get(uid)
        return known is not None and bool(known.wait) and known.at == at

    def _push(self, heap: list[tuple[float, int, str]], key: float, uid: str) -> None:
        self._serial += 1
        heapq.heappush(heap, (key, self._serial, uid))
