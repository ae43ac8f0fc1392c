"""How many jobs ran and waited during the last hour, as a line of blocks (pure)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow

SPAN_SECONDS = 3600.0
CELLS = 10
_BLOCKS = "▁▂▃▄▅▆▇█"


def jobs_over_time(rows: Iterable[JobRow], now: float) -> tuple[Sequence[int], Sequence[int]]:
    """(how many ran, how many waited) at the end of each of CELLS parts of the SPAN_SECONDS before `now`.

    A job whose end is not known is left out; one that began again counts by its last start.
    """
    step, begin = SPAN_SECONDS / CELLS, now - SPAN_SECONDS
    ran, waited = [0] * (CELLS + 1), [0] * (CELLS + 1)

    def part(when: float) -> int:
        """The first part at whose end it is `when` or later."""
        return min(max(math.ceil((when - begin) / step) - 1, 0), CELLS)

    for row in rows:
        over = row.ended if row.finished else now + step
        if over is None or over <= begin:
            continue
        if row.started is not None:
            ran[part(row.started)] += 1
            ran[part(over)] -= 1
        if row.submitted is not None:
            waited[part(row.submitted)] += 1
            waited[part(row.started if row.started is not None else over)] -= 1
    return list(accumulate(ran[:-1])), list(accumulate(waited[:-1]))


def sparkline(numbers: Sequence[int]) -> str:
    """One block a number: the highest one full, the lowest block for 0 alone; "" when all are 0."""
    top = max(numbers, default=0)
    steps = len(_BLOCKS) - 1
    return "".join(_BLOCKS[math.ceil(number / top * steps)] for number in numbers) if top else ""
