"""When an app has done all that it had to do: asked of its event loop, not guessed from the processor time.

Textual's pilot takes a process that used little processor time for 20 ms as idle, and looks for up to a second. That
is slow on a quiet machine, and wrong on a busy one, where a process that waits for the processor uses none either.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

# The screen paints this long after a change at the latest (60 times a second).
SOON = 0.02


async def wait_for_idle(min_sleep: float = SOON, max_sleep: float = 1.0) -> None:
    """Until nothing is ready to run, and nothing is due within `SOON` seconds of now.

    It takes the place of textual._wait.wait_for_idle, whose arguments it has.
    """
    loop = cast(Any, asyncio.get_running_loop())
    horizon = loop.time() + SOON
    give_up = loop.time() + 30
    while loop.time() < give_up:
        await asyncio.sleep(0)  # runs what is ready, and looks whether threads and files have something
        if loop._ready:
            continue
        due = min((timer.when() for timer in loop._scheduled if not timer.cancelled()), default=horizon + 1)
        if due > horizon:
            return
        await asyncio.sleep(max(due - loop.time(), 0))
