"""AllTasks: the logs of an array's tasks as one, each line with the number of its task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from kbatch_core.errors import KbatchError
from kbatch_core.logs import Batch, End, Gap, Line, LogEvent, Reading, Restart
from kqueue_tui.cli.merge import Merge
from kqueue_tui.dashboard.backend import Reader

MOST = 50
"""Tasks that are read at once: each is a thread, and where its file is not in home, a connection."""


class AllTasks:
    """A Reader of the readers of tasks, by their numbers. Following, in the order of time, else of the numbers.

    What is not a whole line, such as a progress bar, is left out: those of many tasks would take each other's place.
    """

    def __init__(self, readers: Mapping[int, Reader], *, tasks: int, follow: bool) -> None:
        self._merges = (
            [Merge({str(number): reader for number, reader in readers.items()})]
            if follow
            else [Merge({str(number): reader}) for number, reader in readers.items()]
        )
        self._stopped = False
        self._source = f"{len(readers)} of {tasks} tasks" if len(readers) < tasks else "all tasks"

    def batches(self) -> Iterator[Batch]:
        yield [Reading(self._source)]
        for merge in self._merges:
            if self._stopped:
                return
            for label, what in merge.events():
                if isinstance(what, KbatchError):
                    yield [End("", f"task {label}: {what.sentence}")]
                elif found := [event for one in what if (event := _of_task(label, one)) is not None]:
                    yield found

    def stop(self) -> None:
        self._stopped = True
        for merge in self._merges:
            merge.give_up()


def _of_task(label: str, event: LogEvent) -> LogEvent | None:
    """The event with the number of its task; None for what says nothing in such company."""
    if isinstance(event, Line):
        return replace(event, text=b"%s: %s" % (label.encode(), event.text))
    if isinstance(event, End):
        return replace(event, sentence=f"task {label}: {event.sentence}")
    if isinstance(event, Restart):
        return replace(event, pod=f"{event.pod}, task {label}")
    if isinstance(event, Gap):
        return replace(event, why=f"task {label}: {event.why}")
    return None
