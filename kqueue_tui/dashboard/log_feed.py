"""LogFeed: one log, read by a thread into a bounded queue, from which a pane takes what has come when it paints."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from kbatch_core.errors import KbatchError
from kbatch_core.logs import Batch, LogEvent, LogRequest

# Batches that wait for the pane; a log that comes faster waits.
PENDING = 128


class Reader(Protocol):
    """What is asked of a `kbatch_core.logs.LogReader`."""

    def batches(self) -> Iterator[Batch]: ...
    def stop(self) -> None: ...


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
        self._queue: queue.Queue[Batch] = queue.Queue(PENDING)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log pane", daemon=True)
        self._thread.start()

    def take(self, most: int) -> list[LogEvent]:
        """What has come, at least a batch if there is one, and not much more than `most` events."""
        events: list[LogEvent] = []
        while len(events) < most:
            try:
                events += self._queue.get_nowait()
            except queue.Empty:
                break
        return events

    @property
    def over(self) -> bool:
        """Whether nothing more will come, and all has been taken."""
        return not self._thread.is_alive() and self._queue.empty()

    def stop(self) -> None:
        with self._lock:
            self._stopped.set()
            if self._reader is not None:
                self._reader.stop()

    def _run(self) -> None:
        try:
            reader = self._factory(self._request)
            with self._lock:
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
        while not self._stopped.is_set():
            try:
                self._queue.put(batch, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False
