"""The thread between a log and a pane: bounded, in order, and stopped at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from kbatch_core.errors import KbatchError, NotFound
from kbatch_core.logs import Batch, Line, LogEvent, LogRequest
from kqueue_tui.dashboard.logs.feed import PENDING, LogFeed
from tests.cluster.processes import wait_for


class Endless:
    """Gives one line at a time, without end; counts what it gave."""

    def __init__(self, last: int | None = None, error: Exception | None = None) -> None:
        self.given = 0
        self._last = last
        self._error = error
        self._stop = threading.Event()

    def batches(self) -> Iterator[Batch]:
        while not self._stop.is_set() and self.given != self._last:
            self.given += 1
            yield [Line(b"%d" % self.given)]
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        self._stop.set()


def feed_of(reader: Endless) -> LogFeed:
    return LogFeed(lambda request: reader, LogRequest())


def test_a_log_that_is_faster_than_the_pane_waits() -> None:
    reader = Endless()
    feed = feed_of(reader)
    wait_for(lambda: reader.given > PENDING, what="the buffer to be full", every=0.01)
    before = reader.given
    taken = feed.take(100)
    assert [event.text for event in taken if isinstance(event, Line)] == [b"%d" % n for n in range(1, 101)]
    wait_for(lambda: reader.given >= before + 100, what="more to come", every=0.01)
    assert reader.given <= before + 101
    feed.stop()
    wait_for(lambda: not feed._thread.is_alive(), what="the thread to end", every=0.01)


def test_lines_that_come_one_by_one_are_taken_together() -> None:
    feed = feed_of(Endless(5_000))
    wait_for(lambda: not feed._thread.is_alive(), what="the log to end", every=0.01)
    events: list[LogEvent] = feed.take(3_000)
    assert len(events) == 3_000
    events += feed.take(3_000)
    assert [event.text for event in events if isinstance(event, Line)] == [b"%d" % n for n in range(1, 5_001)]
    assert (feed.over, feed.error) == (True, None)


def test_what_went_wrong_is_kept() -> None:
    for error, words in ((NotFound("Gone."), "Gone."), (ZeroDivisionError("x"), "by a mistake in kqueue")):
        feed = feed_of(Endless(1, error))
        wait_for(lambda feed=feed: not feed._thread.is_alive(), what="the log to end", every=0.01)  # type: ignore[misc]
        assert len(feed.take(10)) == 1
        assert feed.over
        assert isinstance(feed.error, KbatchError)
        assert words in feed.error.sentence


def test_a_feed_that_is_stopped_before_it_began() -> None:
    made = threading.Event()
    reader = Endless()

    def factory(request: LogRequest) -> Endless:
        made.wait(10)
        return reader

    feed = LogFeed(factory, LogRequest())
    feed.stop()
    made.set()
    wait_for(lambda: not feed._thread.is_alive(), what="the thread to end", every=0.01)
    assert reader.given == 0
