"""A queue, and a way to wait until it says something."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kbatch_core.cluster.api import Api
from kbatch_core.queue import Queue
from kbatch_core.status import JobRow
from tests.queue.wire import NOW
from tests.queue.world import World


class Watched:
    """A queue whose `on_change` wakes who waits in `until`; `options` are those of Queue."""

    def __init__(self, api: Api, **options: Any) -> None:
        self._told = threading.Condition()
        self.queue = Queue(api, on_change=self._on_change, **options)

    def _on_change(self) -> None:
        with self._told:
            self._told.notify_all()

    def until(self, check: Callable[[], object], seconds: float = 20) -> None:
        """Wait for `check`, which is asked after each change that a reader is told of."""
        with self._told:
            assert self._told.wait_for(check, seconds), (self.queue.rows(), self.queue.sync())

    def is_live(self) -> bool:
        return self.queue.sync().state == "LIVE"

    def row(self, name: str) -> JobRow | None:
        """By its id or its name."""
        return next((row for row in self.queue.rows() if name in (row.id, row.name)), None)

    def says(self, name: str, state: str, code: str = "") -> Callable[[], bool]:
        def check() -> bool:
            row = self.row(name)
            return row is not None and (row.state, row.code) == (state, code)

        return check


@contextmanager
def watching(api: Api, **options: Any) -> Iterator[Watched]:
    """A started queue; afterwards none of its threads is left."""
    watched = Watched(api, **options)
    watched.queue.start()
    try:
        yield watched
    finally:
        watched.queue.stop()
        names = ("queue ", "reflector ")
        assert not [one for one in threading.enumerate() if one.name.startswith(names)], "no thread is left"


@contextmanager
def watching_world(world: World, **options: Any) -> Iterator[Watched]:
    """The same in an API server in memory, at NOW."""
    with watching(world.api, clock=lambda: NOW, **options) as watched:
        yield watched
