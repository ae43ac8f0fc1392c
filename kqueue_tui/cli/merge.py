"""Several logs at once: one thread per reader, events as they come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from typing import Protocol

from kbatch_core.errors import KbatchError
from kbatch_core.logs import Batch

# Batches that wait for the printer; a reader that is faster waits.
PENDING = 64
What = Batch | KbatchError


class Reader(Protocol):
    """What is asked of a `kbatch_core.logs.LogReader`."""

    def batches(self) -> Iterator[Batch]: ...
    def stop(self) -> None: ...


def merged(readers: Mapping[str, Reader]) -> Iterator[tuple[str, What]]:
    """(label, events or what went wrong with that reader), until all readers have ended."""
    merge = Merge(readers)
    try:
        yield from merge.events()
    finally:
        merge.stop()


class Merge:
    """Owns a thread per reader from `events` on; `stop` ends them, and so does the end of all readers."""

    def __init__(self, readers: Mapping[str, Reader]) -> None:
        self._readers = readers
        self._queue: queue.Queue[tuple[str, What | None]] = queue.Queue(PENDING)
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(label, reader), name=f"log {label}", daemon=True)
            for label, reader in readers.items()
        ]

    def events(self) -> Iterator[tuple[str, What]]:
        for thread in self._threads:
            thread.start()
        left = len(self._threads)
        while left:
            try:
                label, what = self._queue.get(timeout=0.2)
            except queue.Empty:
                if self._over.is_set():
                    return
                continue
            if what is None:
                left -= 1
            else:
                yield label, what

    def give_up(self) -> None:
        """Tell the readers to stop, and wait for none of them; from any thread."""
        self._over.set()
        for reader in self._readers.values():
            reader.stop()

    def stop(self) -> None:
        self.give_up()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(1)

    def _read(self, label: str, reader: Reader) -> None:
        try:
            for batch in reader.batches():
                self._put(label, batch)
                if self._over.is_set():
                    return
        except KbatchError as error:
            self._put(label, error)
        except Exception as error:  # noqa: BLE001 - the thread's top frame: nobody else could say it
            self._put(
                label, KbatchError(f"Reading the log of {label} has ended by a fault of ours: {error!r}.")
            )
        finally:
            self._put(label, None)

    def _put(self, label: str, what: What | None) -> None:
        """Hand it over, unless nobody takes it any more."""
        while not self._over.is_set():
            try:
                self._queue.put((label, what), timeout=0.2)
                return
            except queue.Full:
                continue
