"""Feed: the connection to the cluster, made in a thread after the first paint, and when its rows are to be shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from kbatch_core.errors import KbatchError
from kqueue_tui.dashboard.backend import Backend, Connect, Scope, Sync
from kqueue_tui.dashboard.messages import Dirty

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow

FLUSH_SECONDS = 0.25
"""Rows are shown at most this often, however fast they change."""


class Feed:
    """Owned by the app, which calls `stop`. Its threads only post messages: Connected, ConnectFailed, Dirty.

    `fault` is why there is no connection, "" while one is being made.
    """

    @dataclass
    class Connected(Message):
        """There is a queue, and it has been started."""

        backend: Backend
        scope: Scope

    @dataclass
    class ConnectFailed(Message):
        """Why there is none."""

        sentence: str

    def __init__(
        self, app: App[None], connect: Connect, scope: Scope, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.backend: Backend | None = None
        self.scope = scope
        self.fault = ""
        self._app = app
        self._connect = connect
        self._clock = clock
        self._told = threading.Event()
        self._latest: object = None
        self._flushed_at = float("-inf")
        self._waits = False
        self._shown_scope: Scope | None = None
        self._keeps = False

    # The connection

    def start(self, scope: Scope | None = None) -> None:
        """Connect to another scope, or anew to the same; a connection that is being made is given up."""
        self.scope = scope or self.scope
        self.fault = ""
        ticket = self._latest = object()
        wanted = self.scope
        self._app.run_worker(
            lambda: self._run(wanted, ticket),
            name="connect",
            group="connect",
            thread=True,
            exit_on_error=False,
        )

    def take(self, connected: Connected) -> None:
        """From now on the rows come from there."""
        self._end()
        self.backend = connected.backend
        self._keeps = connected.scope == self._shown_scope
        self._shown_scope = connected.scope

    def stop(self) -> None:
        """End the queue's threads, and give up a connection that is being made."""
        self._latest = None
        self._end()

    @property
    def sync(self) -> Sync | None:
        """How fresh the rows are; None before there is a connection."""
        return self.backend.queue.sync() if self.backend is not None else None

    def task_rows(self, uid: str) -> Sequence[JobRow]:
        """The rows of an array's tasks."""
        return self.backend.queue.task_rows(uid) if self.backend is not None else ()

    def labels(self, uid: str) -> Mapping[str, str] | None:
        """The labels of a job; None when the cluster has none of that uid."""
        job = self.backend.queue.job(uid) if self.backend is not None else None
        return job.metadata.labels if job is not None else None

    # When to show

    @property
    def behind(self) -> bool:
        """Whether something changed that is not shown yet."""
        return self._waits or self._told.is_set()

    def pace(self, show: Callable[[], None]) -> None:
        """Show what changed: at once when it was quiet, else a little later with what comes until then."""
        wait = self._flushed_at + FLUSH_SECONDS - self._clock()
        if wait <= 0:
            show()
        elif not self._waits:
            self._waits = True
            self._app.set_timer(wait, show)

    def rows(self) -> Sequence[JobRow] | None:
        """What is to be shown now; None = what is shown stays. From now on the next change is told again."""
        self._waits = False
        self._flushed_at = self._clock()
        self._told.clear()
        if self.backend is None:
            return None
        if self._keeps and self.backend.queue.sync().state == "LOADING":
            return (
                None  # what a connection to the same jobs showed before stays until there is something newer
            )
        return self.backend.queue.rows()

    # In threads

    def _end(self) -> None:
        """In a thread of its own: it may take a second."""
        if self.backend is not None:
            threading.Thread(target=self.backend.queue.stop, name="stop queue", daemon=True).start()

    def _run(self, scope: Scope, ticket: object) -> None:
        try:
            backend = self._connect(scope, self._on_change)
            backend.queue.start()
        except KbatchError as error:
            if self._latest is ticket:
                self._app.post_message(self.ConnectFailed(str(error)))
            return
        if self._latest is ticket:
            self._app.post_message(self.Connected(backend, scope))
        else:
            backend.queue.stop()

    def _on_change(self) -> None:
        if not self._told.is_set():
            self._told.set()
            self._app.post_message(Dirty())
