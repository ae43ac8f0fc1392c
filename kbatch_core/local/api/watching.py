"""Watches: what has changed, line by line, from a version on."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from kbatch_core.local.api.options import ListOptions
from kbatch_core.local.api.pages import select
from kbatch_core.local.state.kinds import KINDS
from kbatch_core.local.state.statuses import Expired
from kbatch_core.local.state.store import Change, Store

Object = dict[str, Any]
Show = Callable[[Object], Object]

BOOKMARK_SECONDS = 60.0
# As the API server: so that not all watches end at once.
_SHORTEST, _LONGEST = 1800, 3600
# A client that reads so much too slowly is cut off, and comes back with the last version that it has seen.
_BEHIND = 10_000
_INITIAL_END = "k8s.io/initial-events-end"


class Watch:
    """One client's watch. Owns a subscription to the store from `__init__` until the end of `lines`."""

    def __init__(
        self, store: Store, resource: str, namespace: str, options: ListOptions, show: Show | None
    ) -> None:
        self._store = store
        self._resource = resource
        self._namespace = namespace
        self._options = options
        self._show = show
        self._pending: deque[Change] = deque()
        self._wake = asyncio.Event()
        self._overrun = False
        self._stop = store.subscribe(self._heard)

    def _heard(self, change: Change) -> None:
        if change.resource != self._resource or self._overrun:
            return
        self._pending.append(change)
        if len(self._pending) > _BEHIND:
            self._overrun = True
        self._wake.set()

    def end(self) -> None:
        """Give up the subscription; `lines` stops."""
        self._stop()
        self._overrun = True
        self._wake.set()

    async def lines(self) -> AsyncIterator[bytes]:
        """The lines of the answer, until its time is over."""
        try:
            for line in self._first():
                yield line
            loop = asyncio.get_running_loop()
            timeout = self._options.timeout or random.randint(_SHORTEST, _LONGEST)
            deadline = loop.time() + timeout
            bookmark = loop.time() + BOOKMARK_SECONDS
            while not self._overrun:
                while self._pending:
                    line = self._line(self._pending.popleft())
                    if line:
                        yield line
                self._wake.clear()
                now = loop.time()
                if now >= deadline:
                    return
                if self._options.bookmarks and now >= bookmark:
                    bookmark = now + BOOKMARK_SECONDS
                    yield self._bookmark({})
                until = min(deadline, bookmark) if self._options.bookmarks else deadline
                try:
                    async with asyncio.timeout_at(until):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            self._stop()

    def _first(self) -> list[bytes]:
        """What there is already: objects, or the changes since the version that the client names."""
        options = self._options
        if options.initial or (not options.version and options.initial is None):
            self._pending.clear()
            rows = select(self._store.rows(self._resource, self._namespace), options)
            lines = [self._event("ADDED", body) for _, _, body in rows]
            if options.initial and options.bookmarks:
                lines.append(self._bookmark({_INITIAL_END: "true"}))
            return lines
        if not options.version:
            return []
        try:
            found = self._store.since(self._resource, options.version)
        except Expired as error:
            self._overrun = True
            return [_write("ERROR", error.status())]
        self._pending.clear()
        return [line for line in map(self._line, found) if line]

    def _line(self, change: Change) -> bytes:
        """A change as this client sees it: what begins to match is new to it, what no longer does is gone."""
        options = self._options
        if options.version and change.version <= options.version:
            return b""
        if self._namespace and change.object["metadata"].get("namespace") != self._namespace:
            return b""
        is_in = change.type != "DELETED" and self._matches(change.object)
        was_in = change.before is not None and self._matches(change.before)
        if is_in:
            return self._event("MODIFIED" if was_in else "ADDED", change.body)
        if not was_in or change.before is None:
            return b""
        metadata = {**change.before["metadata"], "resourceVersion": str(change.version)}
        return self._event("DELETED", msgspec.json.encode({**change.before, "metadata": metadata}))

    def _matches(self, obj: Object) -> bool:
        labels = obj["metadata"].get("labels", {})
        return self._options.labels.matches(labels) and self._options.fields.matches(obj)

    def _event(self, type: str, body: bytes) -> bytes:
        if self._show is not None:
            return _write(type, self._show(msgspec.json.decode(body)))
        return b'{"type":"%b","object":%b}\n' % (type.encode(), body)

    def _bookmark(self, annotations: dict[str, str]) -> bytes:
        kind = KINDS[self._resource]
        metadata: Object = {"resourceVersion": str(self._store.version)}
        if annotations:
            metadata["annotations"] = annotations
        obj = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
        return _write("BOOKMARK", self._show(obj) if self._show else obj)


def _write(type: str, obj: Object) -> bytes:
    return msgspec.json.encode({"type": type, "object": obj}) + b"\n"
