"""What is asked of the API server for a log: the log itself, its pod, its job. Ended from another thread at once.

Nothing here tries again or sleeps: who reads a log decides that, and can be stopped in between.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from kbatch_core.cluster.answers import decode_answer
from kbatch_core.cluster.api import core_path, jobs_path
from kbatch_core.cluster.connections import StopHandle
from kbatch_core.cluster.transport import Query
from kbatch_core.errors import NotFound
from kbatch_core.logs.stamped import parse_stamp
from kbatch_core.model.objects import Event, EventList, Job, Pod, PodList

Decoded = TypeVar("Decoded")

READ_SECONDS = 15.0
# Enough for the time before the first line.
HEAD_BYTES = 48


class LogStream(Protocol):
    """A log as it comes."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    def chunks(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class Source(Protocol):
    """What is asked of a transport."""

    def request(
        self, method: str, path: str, *, query: Query | None, read_seconds: float, handle: StopHandle | None
    ) -> bytes: ...

    def open_stream(
        self, path: str, *, query: Query | None, accept: str, read_seconds: float, handle: StopHandle | None
    ) -> LogStream: ...


class Stopper:
    """Ends what a reader does, whether it waits or reads. `stop` is for other threads."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._lock = threading.Lock()
        self._handles: list[StopHandle] = []

    @property
    def stopped(self) -> bool:
        return self.event.is_set()

    def stop(self) -> None:
        with self._lock:
            self.event.set()
            for handle in self._handles:
                handle.stop()

    def wait(self, seconds: float) -> None:
        """Until stopped, at most so long."""
        self.event.wait(seconds)

    @contextmanager
    def handle(self) -> Iterator[StopHandle]:
        """For one request."""
        handle = StopHandle()
        with self._lock:
            if self.stopped:
                handle.stop()
            self._handles.append(handle)
        try:
            yield handle
        finally:
            with self._lock:
                self._handles.remove(handle)


class LogApi:
    """The API server as a reader of one namespace's logs sees it."""

    def __init__(self, source: Source, namespace: str, stopper: Stopper) -> None:
        self._source = source
        self._namespace = namespace
        self.stopper = stopper

    def job(self, name: str, uid: str) -> Job | None:
        """The Job; None when it was deleted, or another one has its name."""
        job = self._find(f"{jobs_path(self._namespace)}/{quote(name)}", Job)
        return job if job is not None and job.metadata.uid == uid else None

    def pod(self, name: str, uid: str) -> Pod | None:
        """The pod; None when it is gone, or another one has its name."""
        pod = self._find(f"{core_path(self._namespace, 'pods')}/{quote(name)}", Pod)
        return pod if pod is not None and pod.metadata.uid == uid else None

    def pods(self, selector: str) -> list[Pod]:
        """All pods that the selector matches, oldest first."""
        query = {"labelSelector": selector}
        pods = self._get(core_path(self._namespace, "pods"), PodList, query).items
        return sorted(pods, key=lambda pod: (pod.metadata.creation_timestamp, pod.metadata.name))

    def events(self, uid: str) -> list[Event]:
        """The events of one object."""
        query = {"fieldSelector": f"involvedObject.uid={uid}"}
        return self._get(core_path(self._namespace, "events"), EventList, query).items

    @contextmanager
    def open(self, pod: str, query: Mapping[str, Any], read_seconds: float) -> Iterator[LogStream]:
        """A log as a stream. Raises what the API server says at once."""
        path = f"{core_path(self._namespace, 'pods')}/{quote(pod)}/log"
        with self.stopper.handle() as handle:
            stream = self._source.open_stream(
                path, query=query, accept="*/*", read_seconds=read_seconds, handle=handle
            )
            try:
                yield stream
            finally:
                stream.close()

    def head(self, pod: str, query: Mapping[str, Any]) -> int | None:
        """The time of the first line (in ns) that the kubelet has; None when it has none."""
        wanted = {**query, "timestamps": "true", "limitBytes": HEAD_BYTES}
        with self.open(pod, wanted, READ_SECONDS) as stream:
            return parse_stamp(b"".join(stream.chunks()))[0]

    def _find(self, path: str, kind: type[Decoded]) -> Decoded | None:
        try:
            return self._get(path, kind)
        except NotFound:
            return None

    def _get(self, path: str, kind: type[Decoded], query: Query | None = None) -> Decoded:
        with self.stopper.handle() as handle:
            body = self._source.request("GET", path, query=query, read_seconds=READ_SECONDS, handle=handle)
        return decode_answer(kind, body)
