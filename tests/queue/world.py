"""An API server in memory for the queue: objects by path, lists, watches, events, refusals. Real threads."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

from kbatch_core.cluster.api import Api
from kbatch_core.cluster.connections import StopHandle
from kbatch_core.cluster.transport import Query, Transport
from kbatch_core.errors import ConnectionFailed, KbatchError, NotFound, PermissionDenied

JOBS = "/apis/batch/v1/namespaces/ann/jobs"
PODS = "/api/v1/namespaces/ann/pods"
EVENTS = "/api/v1/namespaces/ann/events"
NODES = "/api/v1/nodes"
QUOTAS = "/api/v1/namespaces/ann/resourcequotas"
WORKLOADS = "/apis/kueue.x-k8s.io/v1beta1/namespaces/ann/workloads"


class World:
    """The objects and what was asked. A transport too: its methods are those that the queue uses."""

    def __init__(self) -> None:
        self.settings = SimpleNamespace(namespace="ann")
        self.server_ahead = 0.0
        self.refused: set[str] = set()
        self.absent: set[str] = {WORKLOADS}
        self.broken: KbatchError | None = None
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answering: Callable[[str], None] = lambda path: None
        self.gate = threading.Event()
        self.gate.set()
        self._version = 100
        self._objects: dict[str, dict[str, dict[str, Any]]] = {}
        self._streams: dict[str, list[WorldStream]] = {}
        self._history: dict[str, list[tuple[int, bytes]]] = {}
        self._changed = threading.Condition()

    @property
    def api(self) -> Api:
        return Api(cast(Transport, self))

    # What happens in it

    def put(self, path: str, one: dict[str, Any]) -> dict[str, Any]:
        """Create or change an object; who watches is told."""
        with self._changed:
            self._version += 1
            one["metadata"]["resourceVersion"] = str(self._version)
            known = self._objects.setdefault(path, {})
            kind = "MODIFIED" if one["metadata"]["uid"] in known else "ADDED"
            known[one["metadata"]["uid"]] = one
            self._tell(path, kind, one)
        return one

    def delete(self, path: str, uid: str) -> None:
        with self._changed:
            self._version += 1
            one = self._objects[path].pop(uid)
            one["metadata"]["resourceVersion"] = str(self._version)
            self._tell(path, "DELETED", one)

    def cut(self) -> None:
        """End every watch."""
        with self._changed:
            for streams in self._streams.values():
                for stream in streams:
                    stream.feed(None)

    def _tell(self, path: str, kind: str, one: dict[str, Any]) -> None:
        line = json.dumps({"type": kind, "object": one}).encode() + b"\n"
        self._history.setdefault(path, []).append((self._version, line))
        for stream in self._streams.get(path, []):
            stream.feed(line)

    def count(self, path: str, **query: Any) -> int:
        """How often a path was asked with these terms."""
        return sum(
            one == path and all(asked.get(key) == value for key, value in query.items())
            for one, asked in list(self.asked)
        )

    def wait_asked(self, path: str, times: int = 1, **query: Any) -> None:
        """Until a path was asked so often."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.count(path, **query) >= times, 20), self.asked

    def wait_watched(self, *paths: str) -> None:
        """Until each of the paths has a watch that is open."""
        with self._changed:
            assert self._changed.wait_for(lambda: all(self._streams.get(path) for path in paths), 20)

    # The calls of a transport

    def _ask(self, path: str, query: Query | None, handle: StopHandle | None) -> dict[str, Any]:
        asked = {key: value for key, value in (query or {}).items() if value is not None}
        with self._changed:
            self.asked.append((path, asked))
            self._changed.notify_all()
        while not self.gate.wait(0.01):
            if handle is not None and handle.stopped:
                raise ConnectionFailed("Stopped.")
        if self.broken is not None:
            raise self.broken
        self.answering(path)
        if path in self.refused:
            raise PermissionDenied("You may not.", status=403)
        if path in self.absent:
            raise NotFound("No such thing.", status=404)
        return asked

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        read_seconds: float = 0.0,
        handle: StopHandle | None = None,
    ) -> bytes:
        asked = self._ask(path, query, handle)
        if path == "/apis":
            groups = [] if WORKLOADS in self.absent else ["v1beta1"]
            return json.dumps(
                {"groups": [{"name": "kueue.x-k8s.io", "versions": [{"version": one} for one in groups]}]}
            ).encode()
        with self._changed:
            items = list(self._objects.get(path, {}).values())
            if "fieldSelector" in asked:
                uid = asked["fieldSelector"].partition("involvedObject.uid=")[2]
                items = [one for one in items if one["involvedObject"]["uid"] == uid]
            return json.dumps({"metadata": {"resourceVersion": str(self._version)}, "items": items}).encode()

    def read_pieces(self, path: str, *, query: Query | None = None, size: int) -> Iterator[bytes]:
        yield self.request("GET", path, query=query)

    def open_stream(
        self, path: str, *, query: Query | None, read_seconds: float, handle: StopHandle | None
    ) -> WorldStream:
        after = int(self._ask(path, query, handle)["resourceVersion"])
        with self._changed:
            stream = WorldStream(handle or StopHandle(), self._forget(path))
            for version, line in self._history.get(path, []):
                if version > after:
                    stream.feed(line)
            self._streams.setdefault(path, []).append(stream)
            self._changed.notify_all()
            return stream

    def _forget(self, path: str) -> Callable[[WorldStream], None]:
        def forget(stream: WorldStream) -> None:
            with self._changed:
                self._streams[path].remove(stream)

        return forget


class WorldStream:
    """A watch: what is fed, until None is."""

    def __init__(self, handle: StopHandle, closed: Callable[[WorldStream], None]) -> None:
        self._handle = handle
        self._closed = closed
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def feed(self, line: bytes | None) -> None:
        self._lines.put(line)

    def chunks(self) -> Iterator[bytes]:
        while not self._handle.stopped:
            try:
                line = self._lines.get(timeout=0.01)
            except queue.Empty:
                continue
            if line is None:
                return
            yield line

    def close(self) -> None:
        self._closed(self)
