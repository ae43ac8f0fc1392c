"""Feed: the connection to the cluster and its queue, made in a thread after the first paint."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from textual.app import App
from textual.message import Message

from kbatch_core.errors import KbatchError
from kqueue_tui.dashboard.backend import Backend, Connect, Scope
from kqueue_tui.dashboard.messages import Dirty


class Feed:
    """Owned by the app, which calls `stop`. Its threads only post messages: Connected, ConnectFailed, Dirty."""

    @dataclass
    class Connected(Message):
        """There is a queue, and it has been started."""

        backend: Backend
        scope: Scope

    @dataclass
    class ConnectFailed(Message):
        """Why there is none."""

        sentence: str

    def __init__(self, app: App[None], connect: Connect) -> None:
        self._app = app
        self._connect = connect
        self._told = threading.Event()
        self._latest: object = None

    def start(self, scope: Scope) -> None:
        """Connect; a connection that is being made is given up."""
        ticket = self._latest = object()
        self._app.run_worker(
            lambda: self._run(scope, ticket),
            name="connect",
            group="connect",
            thread=True,
            exit_on_error=False,
        )

    def stop(self, backend: Backend | None) -> None:
        """End the queue's threads, in a thread of their own: it may take a second."""
        self._latest = None
        if backend is not None:
            threading.Thread(target=backend.queue.stop, name="stop queue", daemon=True).start()

    @property
    def told(self) -> bool:
        """Whether a change was told that nobody has read."""
        return self._told.is_set()

    def read(self) -> None:
        """The rows are about to be read: the next change is told again."""
        self._told.clear()

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


Now = Callable[[], float]
