"""What the demo's jobs print: a line a second from their start, with colours, a progress bar and a traceback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from kbatch_core.errors import NotFound
from kbatch_core.logs import Batch, End, Line, LogRequest, Partial, Reading, Waiting

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow

NS = 1_000_000_000
LONGEST = 2_000
_TRACEBACK = b"""Traceback (most recent call last):
  File "/home/ann/work/train.py", line 112, in <module>
    main()
  File "/home/ann/work/train.py", line 87, in main
    loss = step(batch)
\x1b[31mRuntimeError: the loss is not a number\x1b[0m""".split(b"\n")


class DemoLog:
    """The reader of one job's output, by the demo's clock. `newest` gives the job as it is now."""

    def __init__(self, newest: Callable[[], JobRow], request: LogRequest, clock: Callable[[], float]) -> None:
        self._newest = newest
        self._request = request
        self._clock = clock
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def batches(self) -> Iterator[Batch]:
        row, request = self._newest(), self._request
        if request.previous or request.stderr:
            what = "an earlier attempt" if request.previous else "a file of its own for stderr"
            raise NotFound(f"Job {row.id} has not {what}.", "p and e go back.")
        yield [Reading(f"the file /home/{row.user}/work/kbatch-{row.id}.out")]
        if row.started is None and not request.follow:
            raise NotFound(f"Job {row.id} has no output yet: {row.sentence}.")
        said = ""
        while row.started is None:
            if row.sentence != said:
                said = row.sentence
                yield [Waiting(f"Job {row.id} {row.state}: {row.sentence}")]
            if row.finished:
                yield [End(row.state, row.sentence, row.hint, row.exit_code, row.signal)]
                return
            if self._stop.wait(1.0):
                return
            row = self._newest()
        start = row.started
        given = max(0, row.elapsed(self._clock()) - LONGEST)
        if request.since is not None:
            given = max(given, int(request.since - start))
        while not self._stop.is_set():
            row = self._newest()
            until = row.elapsed(self._clock())
            if until > given:
                yield [line(row, start, second) for second in range(given, until)]
                given = until
            if row.finished:
                if row.state == "F":
                    yield [Line(text, int(start + until) * NS) for text in _TRACEBACK]
                yield [End(row.state, row.sentence, row.hint, row.exit_code, row.signal)]
                return
            if not request.follow:
                return
            yield [Partial(b"\r".join(b"epoch %3d%% %s" % (p, b"#" * (p // 5)) for p in range(given % 100)))]
            self._stop.wait(1.0)


def line(row: JobRow, start: float, second: int) -> Line:
    """What a job prints in a second of its run."""
    if second == 0:
        text = f"starting {row.name} on {row.node}"
    elif second % 30 == 0:
        text = f"\x1b[33mWARNING\x1b[0m  step {second}: the data loader waited {second % 7}.{second % 10} s"
    else:
        text = f"\x1b[32mINFO\x1b[0m     step {second:5}  loss {2.3 / (1 + second / 400):.4f}  lr 3.0e-04"
    return Line(text.encode(), int((start + second) * NS))
