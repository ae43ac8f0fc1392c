"""The logs of several tasks as one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from kbatch_core.errors import NotFound
from kbatch_core.logs import Batch, End, Gap, Line, Partial, Reading, Restart
from kqueue_tui.dashboard.logs.all_tasks import AllTasks


class Given:
    """A reader that gives what a test says, then fails if it is told to."""

    def __init__(self, *batches: Batch, error: NotFound | None = None) -> None:
        self.batches_given = batches
        self.error = error
        self.stopped = False

    def batches(self) -> Iterator[Batch]:
        yield from self.batches_given
        if self.error is not None:
            raise self.error

    def stop(self) -> None:
        self.stopped = True


def test_each_line_has_its_task_and_errors_are_told() -> None:
    one = Given(
        [Reading("the file"), Line(b"a", 1), Partial(b"50%")],
        [Gap(1.0, 2.0, "cut"), Restart(1, "pod-x"), End("F", "exit 1")],
    )
    two = Given(error=NotFound("There is no log.", "Wait."))
    events = [
        event for batch in AllTasks({1: one, 2: two}, tasks=3, follow=False).batches() for event in batch
    ]
    assert events == [
        Reading("2 of 3 tasks"),
        Line(b"1: a", 1),
        Gap(1.0, 2.0, "task 1: cut"),
        Restart(1, "pod-x, task 1"),
        End("F", "task 1: exit 1"),
        End("", "task 2: There is no log."),
    ]


def test_following_they_come_together_and_can_be_stopped() -> None:
    readers = {number: Given([Line(b"x", number)]) for number in range(3)}
    reader = AllTasks(readers, tasks=3, follow=True)
    batches = reader.batches()
    assert next(batches) == [Reading("all tasks")]
    lines = {line.text for batch in batches for line in batch if isinstance(line, Line)}
    assert lines == {b"0: x", b"1: x", b"2: x"}
    reader.stop()
    assert all(one.stopped for one in readers.values())
    assert list(AllTasks({}, tasks=2, follow=True).batches()) == [[Reading("0 of 2 tasks")]]


class Endless(Given):
    """Follows until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self._stop = threading.Event()

    def batches(self) -> Iterator[Batch]:
        yield [Line(b"x", 1)]
        assert self._stop.wait(60)

    def stop(self) -> None:
        self._stop.set()


def test_a_stop_from_another_thread_ends_it() -> None:
    reader = AllTasks({1: Endless(), 2: Endless()}, tasks=2, follow=True)
    batches = reader.batches()
    assert next(batches) == [Reading("all tasks")]
    assert len([next(batches), next(batches)]) == 2
    threading.Timer(0.05, reader.stop).start()
    assert list(batches) == []


def test_what_was_stopped_begins_no_other_task() -> None:
    readers = {1: Given([Line(b"x", 1)]), 2: Given([Line(b"y", 1)])}
    reader = AllTasks(readers, tasks=2, follow=False)
    batches = reader.batches()
    assert [next(batches), next(batches)] == [[Reading("all tasks")], [Line(b"1: x", 1)]]
    reader.stop()
    assert list(batches) == []
