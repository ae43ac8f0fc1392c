"""Reflector: keeps a Mirror equal to what the API server has, by one list and a watch from there on.

The contract is client-go's: a relist is dear, so whatever breaks, the watch goes on from the last version seen,
and only a version that the server no longer has makes a new list. Nothing here sleeps or retries behind its back:
each turn of the loop either ends well or says what went wrong, and then the loop waits once.

The loop is a function of clock, wait, random and transport, all passed in.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Generic, Protocol

import msgspec

from kbatch_core.cluster.backoff import Backoff
from kbatch_core.cluster.connections import StopHandle
from kbatch_core.cluster.mirror import Kind, Mirror, newer
from kbatch_core.cluster.transport import STREAM_READ_SECONDS, Query
from kbatch_core.cluster.watching import ByteStream, ListDecoder, WatchDecoder, events
from kbatch_core.errors import Gone, KbatchError, Refused, ServerBusy

PAGE = 500
LIST_READ_SECONDS = 60.0
# client-go's: minWatchTimeout, and the time after which a watch that ended with no event was no watch at all.
WATCH_SECONDS = 300
VERY_SHORT_SECONDS = 1.0
# How long a server may fail with 5xx before its watch cache is no longer trusted and a new list is made.
FAILING_SECONDS = 60.0
TOO_LARGE = "ResourceVersionTooLarge"
TOO_LARGE_SECONDS = 1.0
STOP_SECONDS = 1.0
# A right that is missing will be missing in a minute, too; but an API server that has just started refuses everybody
# until it has read the roles. So who was served before is not told of a refusal before it has lasted half a minute.
REFUSALS_BELIEVED = 2


class Source(Protocol):
    """What is asked of a transport."""

    def request(
        self, method: str, path: str, *, query: Query | None, read_seconds: float, handle: StopHandle | None
    ) -> bytes: ...

    def open_stream(
        self, path: str, *, query: Query | None, read_seconds: float, handle: StopHandle | None
    ) -> ByteStream: ...


class Health(msgspec.Struct, frozen=True):
    """How well the copy is kept. Times are by the reflector's clock.

    `synced` = a whole list has arrived; `heard` = when the last byte came; `error` = what is wrong now;
    `retry_at` = when it is tried again; `forbidden` = a right is missing: `error` is a refusal that is believed.
    """

    synced: bool = False
    heard: float | None = None
    error: KbatchError | None = None
    retry_at: float | None = None
    forbidden: bool = False


class Reflector(Generic[Kind]):
    """One list and watch. Its owner calls `start` and later `stop`; or `run` in a thread of its own.

    It owns one thread. `stop` ends it within STOP_SECONDS from any state; only a connect in progress outlives
    it, silent, until it gives up.
    """

    def __init__(
        self,
        transport: Source,
        path: str,
        kind: type[Kind],
        mirror: Mirror[Kind],
        *,
        query: Mapping[str, str] | None = None,
        consistent: bool = False,
        dead_after: float = STREAM_READ_SECONDS,
        on_health: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """`query`: selectors. `consistent`: the first list is of this moment, not of the server's cache.

        `dead_after`: seconds without a byte after which a connection is dead.
        """
        self.mirror = mirror
        self.path = path
        self._transport = transport
        self._lists = ListDecoder(kind)
        self._watches = WatchDecoder(kind)
        self._query = dict(query or {})
        self._dead_after = dead_after
        self._on_health = on_health
        self._clock = clock
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._rng = rng or random.SystemRandom()
        self._backoff = Backoff(clock=clock, random=self._rng.random)
        self._handle_lock = threading.Lock()
        self._handle = StopHandle()
        self._thread: threading.Thread | None = None
        self._health = Health()
        # Where the watch goes on; None = a list is needed first, of `_list_from`: "" = of this moment.
        self._version: str | None = None
        self._list_from = "" if consistent else "0"
        self._last_version = ""
        self._failing_since: float | None = None
        self._refusals = 0
        self._has_watched = False

    # For its owner

    @property
    def health(self) -> Health:
        return self._health

    def start(self) -> None:
        self._thread = threading.Thread(target=self._main, name=f"reflector {self.path}", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = STOP_SECONDS) -> bool:
        """End it; True when its thread is gone within `seconds`, False when it is left to end by itself."""
        self._stopping.set()
        self.mirror.close()
        with self._handle_lock:
            self._handle.stop()
        if self._thread is None:
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def reconnect(self) -> None:
        """Leave the connection that is open, and go on over a new one: the path may be dead."""
        with self._handle_lock:
            self._handle.stop()

    def run(self) -> None:
        """List and watch until stopped."""
        while not self._stopping.is_set():
            error = self._turn()
            if self._stopping.is_set():
                return
            if error is not None:
                self._pause(error)

    def _main(self) -> None:
        try:
            self.run()
        except Exception as error:  # noqa: BLE001 - the thread's top frame: nobody else could say it
            self._failed(KbatchError(f"Reading {self.path} has ended by a fault of ours: {error!r}."))

    # One turn

    def _turn(self) -> KbatchError | None:
        """A list if one is needed, then a watch until it ends; what went wrong, or None for a good end."""
        try:
            if self._version is None:
                self._list()
            self._watch()
        except KbatchError as error:
            self._learn(error)
            return error
        return None

    def _learn(self, error: KbatchError) -> None:
        """Decide where to go on after an error."""
        now = self._clock()
        if not (isinstance(error, ServerBusy) and error.status != 429):
            self._failing_since = None
        if isinstance(error, Gone) or (isinstance(error, ServerBusy) and error.cause == TOO_LARGE):
            # The version is too old for the server, or from another one that is ahead of this one.
            self._version, self._list_from = None, ""
        elif isinstance(error, Refused):
            # Perhaps only the watch is refused: then a list from time to time is what one can have.
            self._version = None
        elif isinstance(error, ServerBusy) and error.status != 429:
            if self._failing_since is None:
                self._failing_since = now
            elif now - self._failing_since >= FAILING_SECONDS:
                self._version, self._failing_since = None, None

    def _pause(self, error: KbatchError) -> None:
        floor = error.retry_after if isinstance(error, ServerBusy) else 0.0
        if isinstance(error, ServerBusy) and error.cause == TOO_LARGE:
            floor = max(floor, TOO_LARGE_SECONDS)
        refused = isinstance(error, Refused) and not isinstance(error, Gone)
        self._refusals = self._refusals + 1 if refused else 0
        seconds = self._backoff.wait(floor, longest=self._refusals > REFUSALS_BELIEVED)
        self._failed(error, self._clock() + seconds)
        self._wait(seconds)

    # List

    def _list(self) -> None:
        """Replace the copy by a list, and go on watching from its version."""
        version_wanted = self._list_from
        if version_wanted == "":
            items, version = self._list_pages()
        else:
            items, version = self._list_whole(version_wanted)
        rewritten = version_wanted == "" and bool(self._last_version) and newer(self._last_version, version)
        self.mirror.replace(items, version, rewritten=rewritten)
        self._version = self._list_from = self._last_version = version
        self._heard(synced=True)

    def _list_pages(self) -> tuple[list[Kind], str]:
        """A list of this moment, in pages that all are of the first one's version."""
        items: list[Kind] = []
        token: str | None = None
        while True:
            try:
                page = self._lists.decode(self._get({"limit": PAGE, "continue": token}))
            except Gone:
                if token is None:
                    raise
                # The pages took longer than the server keeps their version.
                return self._list_whole("")
            items += page.items
            token = page.metadata.continue_ or None
            if token is None:
                return items, page.metadata.resource_version
            if not self._health.synced:
                self.mirror.add_page(page.items)

    def _list_whole(self, version: str) -> tuple[list[Kind], str]:
        """Not in pages: with a version, a limit would only keep the server from answering out of its cache."""
        answer = self._lists.decode(self._get({"resourceVersion": version or None}))
        return answer.items, answer.metadata.resource_version

    def _get(self, query: Query) -> bytes:
        body = self._transport.request(
            "GET",
            self.path,
            query={**self._query, **query},
            read_seconds=min(LIST_READ_SECONDS, self._dead_after),
            handle=self._new_handle(),
        )
        self._heard()
        return body

    # Watch

    def _watch(self) -> None:
        """Apply events until the server ends the stream in its own time. Raises what breaks it before."""
        began = self._clock()
        query: Query = {
            **self._query,
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": int(WATCH_SECONDS * (1.0 + self._rng.random())),
        }
        stream = self._transport.open_stream(
            self.path, query=query, read_seconds=self._dead_after, handle=self._new_handle()
        )
        seen = 0
        try:
            self._heard(well=True)
            for lines in events(stream.chunks()):
                batch, version, error = self._watches.decode(lines)
                if self._stopping.is_set():
                    return
                seen += len(batch)
                self._failing_since = None
                self.mirror.apply(batch, version)
                if version:
                    self._version = self._list_from = self._last_version = version
                self._heard(well=True)
                if error is not None:
                    raise error
        finally:
            stream.close()
        if not seen and self._clock() - began < VERY_SHORT_SECONDS and not self._stopping.is_set():
            raise ServerBusy("The API server ends each watch at once.", "A proxy between may be in the way.")

    def _new_handle(self) -> StopHandle:
        with self._handle_lock:
            self._handle = StopHandle()
            if self._stopping.is_set():
                self._handle.stop()
            return self._handle

    def _heard(self, *, synced: bool = False, well: bool = False) -> None:
        """Bytes have come; `well` = a watch is open, so nothing is wrong any more."""
        old = self._health if not well else Health(self._health.synced)
        if well:
            self._refusals, self._has_watched = 0, True
        self._set_health(Health(old.synced or synced, self._clock(), old.error, old.retry_at, old.forbidden))

    def _failed(self, error: KbatchError, retry_at: float | None = None) -> None:
        believed = self._refusals > (REFUSALS_BELIEVED + 1 if self._has_watched else 0)
        self._set_health(Health(self._health.synced, self._health.heard, error, retry_at, believed))

    def _set_health(self, health: Health) -> None:
        """The owner is told when more changed than the time of the last byte."""
        old, self._health = self._health, health
        if (old.synced, old.error, old.forbidden) != (health.synced, health.error, health.forbidden):
            self._on_health()
