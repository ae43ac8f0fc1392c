"""What is asked of the API server for a log: the log itself, its pod, its job. Ended from another thread at once.

Nothing here tries again or sleeps: who reads a log decides that, and can be stopped in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from kbatch_core.cluster.answers import decode_answer
from kbatch_core.cluster.api import core_path, jobs_path
from kbatch_core.cluster.connections import StopHandle
from kbatch_core.cluster.transport import Query
from kbatch_core.errors import AuthExpired, NotFound, PermissionDenied, ServerBusy
from kbatch_core.logs.stamped import parse_stamp
from kbatch_core.model.objects import Event, EventList, Job, Pod, PodList

Decoded = TypeVar("Decoded")

READ_SECONDS = 15.0
# An API server that has just started refuses everybody until it has read the roles. So what was allowed before is
# forbidden only when it has been refused for so long.
REFUSED_SECONDS = 30.0
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
    """The API server as a reader of one namespace's logs sees it.

    Raises PermissionDenied and AuthExpired of what was allowed before only when that lasts; it is ServerBusy until
    then.
    """

    def __init__(
        self,
        source: Source,
        namespace: str,
        stopper: Stopper,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._namespace = namespace
        self.stopper = stopper
        self._clock = clock
        # By what is asked for; what was allowed, and since when it is refused.
        self._allowed: set[str] = set()
        self._refused_since: dict[str, float] = {}

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
            with self._patiently("logs"):
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
        # The kind of thing, whether one or all of them are asked for.
        resource = path.partition("/namespaces/")[2].split("/")[1]
        with self.stopper.handle() as handle, self._patiently(resource):
            body = self._source.request("GET", path, query=query, read_seconds=READ_SECONDS, handle=handle)
        return decode_answer(kind, body)

    @contextmanager
    def _patiently(self, what: str) -> Iterator[None]:
        """For one request."""
        try:
            yield
        except (PermissionDenied, AuthExpired) as error:
            now = self._clock()
            since = self._refused_since.setdefault(what, now)
            if what not in self._allowed or now - since >= REFUSED_SECONDS:
                raise
            raise ServerBusy(error.sentence, error.hint) from error
        self._allowed.add(what)
        self._refused_since.pop(what, None)
