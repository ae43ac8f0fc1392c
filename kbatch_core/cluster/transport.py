"""One HTTP path to the API server.

No retry sleeps inside a call, where it could be neither seen nor stopped (ours are in `retry.py`); each call has a
timeout, each connection TCP keepalive. A response is bytes: who asks decodes. Exceptions of `http.client` and of
sockets end here, as those of `kbatch_core.errors`.

A reader that blocks in a stream is ended by shutting its socket down. `close()` would not do: on TLS it waits
for the reader that it should end.
"""

from __future__ import annotations

import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from urllib.parse import urlencode

import kbatch_core
from kbatch_core.cluster.connection import Connection, Pool, not_trusted, shut
from kbatch_core.cluster.problems import problem
from kbatch_core.cluster.servertime import ServerTime
from kbatch_core.cluster.settings import Settings
from kbatch_core.errors import ConnectionFailed, KbatchError

READ_SECONDS = 30.0
# An API server sends a bookmark a minute on a quiet watch: after 90 s of silence the path is dead.
STREAM_READ_SECONDS = 90.0
# A body that goes on is read in pieces of at most this.
PIECE = 65536

Query = Mapping[str, str | int | None]

# What is large is written faster when it is small on the wire, by the server too; watches and logs come as they are.
_SMALL = {"Accept-Encoding": "gzip"}
_BROKEN = (HTTPException, OSError, zlib.error)


class AnswerLost(ConnectionFailed):
    """The request went out and no whole answer came back: it may have been carried out.

    Stays inside `kbatch_core.cluster`: a read is tried again, a create is tried again under the same name.
    """


class StopHandle:
    """Ends one request from another thread, whatever it is doing: waiting for an answer or reading it.

    Only a TCP connect cannot be ended; it gives up by itself after CONNECT_SECONDS.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self.stopped = False

    def attach(self, connection: Connection) -> None:
        """Called before the connection is used. Raises ConnectionFailed when this was stopped already."""
        with self._lock:
            self._connection = connection
            if self.stopped:
                raise ConnectionFailed("Stopped.")

    def release(self) -> None:
        """The request is over: its connection may serve another one now."""
        with self._lock:
            self._connection = None

    def stop(self) -> None:
        """End the request; its thread sees an error or the end of the stream within milliseconds."""
        with self._lock:
            self.stopped = True
            if self._connection is not None:
                shut(self._connection.wire)


class _Answer:
    """An answer whose body is still to be read, on a connection that is free when it has been."""

    def __init__(self, response: HTTPResponse, connection: Connection, pool: Pool) -> None:
        self.status = response.status
        self.headers: HTTPMessage = response.headers
        self._response = response
        self._connection = connection
        self._pool = pool

    def read(self) -> bytes:
        """The whole body. Raises one of _BROKEN."""
        data = self._response.read()
        if self._is_compressed():
            unzip = zlib.decompressobj(wbits=31)
            data = unzip.decompress(data)
            if not unzip.eof:
                raise IncompleteRead(data)
        self._done()
        return data

    def pieces(self, size: int) -> Iterator[bytes]:
        """The body as it comes, at most `size` bytes at a time. Raises one of _BROKEN."""
        if not self._is_compressed():
            yield from self._raw(size)
        else:
            unzip = zlib.decompressobj(wbits=31)
            for data in self._raw(size):
                while piece := unzip.decompress(data, size):
                    yield piece
                    data = unzip.unconsumed_tail
            if not unzip.eof:
                raise IncompleteRead(b"")
        self._done()

    def close(self) -> None:
        """Give up what was not read, and the connection."""
        self._response.close()
        self._connection.close()

    def _is_compressed(self) -> bool:
        return self.headers.get("Content-Encoding") == "gzip"

    def _raw(self, size: int) -> Iterator[bytes]:
        # Not `read`, which would wait for `size` bytes.
        while data := self._response.read1(size):
            yield data
        if self._response.length:
            raise IncompleteRead(b"", self._response.length)

    def _done(self) -> None:
        self._response.close()
        if self._response.will_close:
            self._connection.close()
        else:
            self._pool.put(self._connection)


class Stream:
    """The body of a response that goes on: chunks of bytes as they arrive. Close it, or use it in `with`."""

    def __init__(self, answer: _Answer, server: str, handle: StopHandle) -> None:
        self._answer = answer
        self._server = server
        self._handle = handle
        self.headers = answer.headers

    def chunks(self) -> Iterator[bytes]:
        """Bytes as they come, until the server ends the stream. Raises ConnectionFailed when it breaks."""
        try:
            yield from self._answer.pieces(PIECE)
        except (*_BROKEN, ValueError) as error:
            # A response that another thread has closed is a ValueError.
            if self._handle.stopped:
                return
            raise _lost(error, self._server) from error
        finally:
            self._handle.release()

    def stop(self) -> None:
        """End it from another thread."""
        self._handle.stop()

    def close(self) -> None:
        """Give up the connection; only for the thread that reads."""
        self._handle.stop()
        self._answer.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Transport:
    """Requests to one API server under one account. Threads may share it.

    `requests` counts what was sent, retries after a 401 included.
    """

    def __init__(
        self, settings: Settings, *, connections: int = 8, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self.requests = 0
        self._clock = clock
        self._server_time = ServerTime()
        self._pool = Pool(settings, connections)

    @property
    def server_ahead(self) -> float:
        """Seconds that the server's clock is ahead of ours; 0 while both may be the same."""
        return self._server_time.ahead

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        read_seconds: float = READ_SECONDS,
        handle: StopHandle | None = None,
    ) -> bytes:
        """Send one request and return the whole body. Raises a leaf of KbatchError for any status above 299."""
        headers = {"Accept": accept, **_SMALL, **({"Content-Type": content_type} if body is not None else {})}
        answer = self._open(method, path, query, body, headers, read_seconds, handle)
        try:
            data = answer.read()
        except _BROKEN as error:
            answer.close()
            raise _lost(error, self.settings.server) from error
        finally:
            if handle is not None:
                handle.release()
        if answer.status > 299:
            raise problem(method, path, answer.status, data, answer.headers, self.settings)
        return data

    def read_pieces(
        self, path: str, *, query: Query | None = None, size: int, read_seconds: float = READ_SECONDS
    ) -> Iterator[bytes]:
        """GET a large body as it comes, `size` bytes at a time at most. Raises as `request`, also midway."""
        headers = {"Accept": "application/json", **_SMALL}
        answer = self._open("GET", path, query, None, headers, read_seconds, None)
        try:
            if answer.status > 299:
                raise problem("GET", path, answer.status, answer.read(), answer.headers, self.settings)
            yield from answer.pieces(size)
        except _BROKEN as error:
            answer.close()
            raise _lost(error, self.settings.server) from error
        except GeneratorExit:
            answer.close()
            raise

    def open_stream(
        self,
        path: str,
        *,
        query: Query | None = None,
        accept: str = "application/json",
        read_seconds: float = STREAM_READ_SECONDS,
        handle: StopHandle | None = None,
    ) -> Stream:
        """GET a body that goes on (watch, log). Raises as `request` when the server refuses at once.

        Its connection serves nothing else afterwards: so ending it late can never hit another's request.
        """
        handle = handle or StopHandle()
        headers = {"Accept": accept, "Connection": "close"}
        answer = self._open("GET", path, query, None, headers, read_seconds, handle)
        if answer.status > 299:
            try:
                data = answer.read()
            except _BROKEN:
                data = b""
            finally:
                handle.release()
                answer.close()
            raise problem("GET", path, answer.status, data, answer.headers, self.settings)
        return Stream(answer, self.settings.server, handle)

    def close(self) -> None:
        """Drop idle connections. Streams are ended by their own `close` or `stop`."""
        self._pool.clear()

    def _open(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: bytes | None,
        headers: Mapping[str, str],
        read_seconds: float,
        handle: StopHandle | None,
    ) -> _Answer:
        """Send, and once more with fresh credentials after a 401: a request that was refused did nothing."""
        fields = {key: str(value) for key, value in (query or {}).items() if value is not None}
        target = f"{path}?{urlencode(fields)}" if fields else path
        answer = self._send(method, target, body, headers, read_seconds, handle)
        if answer.status == 401 and self.settings.credentials.refresh():
            answer.close()
            answer = self._send(method, target, body, headers, read_seconds, handle)
        return answer

    def _send(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
        read_seconds: float,
        handle: StopHandle | None,
    ) -> _Answer:
        agent = {"User-Agent": f"kbatch/{kbatch_core.__version__}"}
        who = self.settings.credentials.headers()
        self.requests += 1
        sent = self._clock()
        connection = self._pool.take()
        route = connection.route
        try:
            if handle is not None:
                handle.attach(connection)
            if connection.sock is None:
                connection.connect()
            if handle is not None:
                handle.attach(connection)
            connection.set_timeout(read_seconds)
            connection.request(
                method, route.target(target), body, {**headers, **agent, **route.headers, **who}
            )
            response = connection.getresponse()
        except KbatchError:
            connection.close()
            raise
        except _BROKEN as error:
            connection.close()
            raise _lost(error, self.settings.server) from error
        self._server_time.heard(response.headers.get("Date"), sent, self._clock())
        return _Answer(response, connection, self._pool)


def _lost(error: BaseException, server: str) -> KbatchError:
    """Our error for what broke a request, which may have been carried out."""
    if isinstance(error, ssl.SSLError) and not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return not_trusted(server, error)
    return AnswerLost(f"The connection to {server} broke before its answer was complete.", "Try again.")
