"""How fresh the queue is, for a header line (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from kbatch_core.cluster.reflector import Health
from kbatch_core.errors import KbatchError

# An API server sends a bookmark a minute on a quiet watch, so silence up to here says nothing.
STALE_SECONDS = 70.0


class Sync(msgspec.Struct, frozen=True):
    """LOADING until the first lists are there; LIVE; STALE = nothing was heard for longer than a quiet watch is.

    RETRYING = something is wrong, tried again at `retry_at`; FORBIDDEN = jobs may not be read. Times are in
    seconds since the epoch by the queue's clock; `heard` is when the last byte came on the quietest connection.
    `missing` has a sentence per right that is missing, with what it costs.
    """

    state: Literal["LOADING", "LIVE", "STALE", "RETRYING", "FORBIDDEN"]
    heard: float | None = None
    error: KbatchError | None = None
    retry_at: float | None = None
    missing: tuple[str, ...] = ()


def combine(
    healths: Sequence[Health],
    *,
    now: float,
    since_epoch: float,
    loaded: bool,
    missing: tuple[str, ...] = (),
    fault: KbatchError | None = None,
) -> Sync:
    """The Sync of several reflectors: the worst of them counts.

    `now` is by the reflectors' clock, and `since_epoch` what that clock lacks to seconds since the epoch. `fault`
    is what ended a thread of the queue itself.
    """
    times = [health.heard for health in healths if health.heard is not None]
    heard = min(times) + since_epoch if len(times) == len(healths) and times else None
    if fault is not None:
        return Sync("RETRYING", heard, fault, None, missing)
    broken = [health for health in healths if health.error is not None]
    worst = next((health for health in broken if health.forbidden), None)
    worst = worst or (broken[0] if broken else None)
    if worst is not None:
        retry_at = worst.retry_at + since_epoch if worst.retry_at is not None else None
        state: Literal["FORBIDDEN", "RETRYING"] = "FORBIDDEN" if worst.forbidden else "RETRYING"
        return Sync(state, heard, worst.error, retry_at, missing)
    if not loaded or heard is None:
        return Sync("LOADING", heard, None, None, missing)
    stale = now + since_epoch - heard > STALE_SECONDS
    return Sync("STALE" if stale else "LIVE", heard, None, None, missing)
