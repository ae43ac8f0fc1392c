"""Trying again, in one place: who asks says for how long, and nothing sleeps inside a call.

Waits grow from 0.2 s to 5 s; a server's Retry-After is a floor.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from kbatch_core.cluster.backoff import Backoff
from kbatch_core.cluster.connections import AnswerLost
from kbatch_core.errors import ServerBusy

Result = TypeVar("Result")

FIRST_WAIT = 0.2
LONGEST_WAIT = 5.0


class Retry(msgspec.Struct):
    """How long to go on: `limit_seconds` from the first call. Clock, sleep and random are passed in."""

    limit_seconds: float = 30.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def call(self, attempt: Callable[[], Result]) -> Result:
        """Call until it answers; raises the last error when the limit is reached, any other error at once.

        Tried again: an answer that was lost on the way and a server that asks for patience. So `attempt` must be
        safe to repeat. A refused connection is not tried again: the user learns it at once.
        """
        deadline = self.clock() + self.limit_seconds
        backoff = Backoff(FIRST_WAIT, LONGEST_WAIT, clock=self.clock, random=self.random)
        while True:
            try:
                return attempt()
            except (AnswerLost, ServerBusy) as error:
                floor = error.retry_after if isinstance(error, ServerBusy) else 0.0
                pause = backoff.wait(floor)
                if self.clock() + pause > deadline:
                    raise
                self.sleep(pause)
