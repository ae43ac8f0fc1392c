"""LogFeed: one log, read by a thread into a bounded buffer, from which a pane takes what has come when it paints."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kbatch_core.errors import KbatchError
from kbatch_core.logs import Batch, LogEvent, LogRequest
from kqueue_tui.dashboard.backend import Reader

# Events that wait for the pane; a log that comes faster waits.
PENDING = 20_000


ReaderFactory = Callable[[LogRequest], Reader]
"""Makes a reader; it may block, and raise KbatchError: it is called in the feed's thread."""


class LogFeed:
    """Owns one thread, from its making to `stop`, after which it ends within a second and nobody waits for it."""

    def __init__(self, factory: ReaderFactory, request: LogRequest) -> None:
        self.error: KbatchError | None = None
        """Why it ended, when that was not at the end of the log."""
        self._factory = factory
        self._request = request
        self._reader: Reader | None = None
        self._events: list[LogEvent] = []
        self._room = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log pane", daemon=True)
        self._thread.start()

    def take(self, most: int) -> list[LogEvent]:
        """What has come, at most so many events."""
        with self._room:
            events, self._events = self._events[:most], self._events[most:]
            self._room.notify()
        return events

    @property
    def over(self) -> bool:
        """Whether nothing more will come, and all has been taken."""
        return not self._thread.is_alive() and not self._events

    def stop(self) -> None:
        with self._room:
            self._stopped.set()
            self._room.notify()
            if self._reader is not None:
                self._reader.stop()

    def _run(self) -> None:
        try:
            reader = self._factory(self._request)
            with self._room:
                self._reader = reader
                if self._stopped.is_set():
                    return
            for batch in reader.batches():
                if not self._put(batch):
                    return
        except KbatchError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - the thread's top frame: nobody else could say it
            self.error = KbatchError(f"Reading the log has ended by a mistake in kqueue: {error!r}.")

    def _put(self, batch: Batch) -> bool:
        """Hand it over; False when nobody takes it any more."""
        with self._room:
            self._room.wait_for(lambda: len(self._events) < PENDING or self._stopped.is_set())
            self._events += batch
        return not self._stopped.is_set()
