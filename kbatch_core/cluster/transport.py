"""One HTTP path to the API server: a timeout on every call, credentials that are fresh, bytes in and bytes out.

Who asks decodes. Exceptions of urllib3 end here, as those of `kbatch_core.errors`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

import kbatch_core
from kbatch_core.cluster.connections import CONNECT_SECONDS, StopHandle, make_pool, stoppable, translate
from kbatch_core.cluster.problems import problem
from kbatch_core.cluster.servertime import ServerTime
from kbatch_core.cluster.settings import Settings

READ_SECONDS = 30.0
# An API server sends a bookmark a minute on a quiet watch: after 90 s of silence the path is dead.
STREAM_READ_SECONDS = 90.0

Query = Mapping[str, str | int | None]

# What is large is written faster when it is small on the wire, by the server too; watches and logs come as they are.
_SMALL = {"Accept-Encoding": "gzip"}


class Stream:
    """The body of a response that goes on: chunks of bytes as they arrive. Close it, or use it in `with`."""

    def __init__(self, response: urllib3.BaseHTTPResponse, settings: Settings, handle: StopHandle) -> None:
        self._response = response
        self._settings = settings
        self._handle = handle
        self.headers = response.headers

    def chunks(self) -> Iterator[bytes]:
        """Bytes as they come, until the server ends the stream. Raises ConnectionFailed when it breaks."""
        try:
            if self._response.chunked:
                yield from self._response.stream(amt=None)
            else:
                # What a proxy that speaks HTTP/1.0 makes of a stream; `stream` would wait for a full buffer.
                while data := self._response.read1(65536):
                    yield data
        except (HTTPError, OSError, ValueError) as error:
            if self._handle.stopped:
                return
            raise translate(error, self._settings) from error
        finally:
            self._handle.release()

    def stop(self) -> None:
        """End it from another thread."""
        self._handle.stop()

    def close(self) -> None:
        """Give up the connection; only for the thread that reads."""
        self._handle.stop()
        self._response.close()

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
        self._pool = make_pool(settings, connections)

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
        """Send one request and return the whole body. Raises a leaf of KbatchError for any status above 299.

        Who waits `read_seconds` for bytes waits no longer for a connection.
        """
        headers = {"Accept": accept, **_SMALL, **({"Content-Type": content_type} if body is not None else {})}
        response = self._open(method, path, query, body, headers, read_seconds, handle)
        try:
            data = response.data
        except (HTTPError, OSError) as error:
            response.close()
            raise translate(error, self.settings) from error
        finally:
            if handle is not None:
                handle.release()
        if response.status > 299:
            raise problem(method, path, response.status, data, response.headers, self.settings)
        return data

    def read_pieces(
        self, path: str, *, query: Query | None = None, size: int, read_seconds: float = READ_SECONDS
    ) -> Iterator[bytes]:
        """GET a large body as it comes, `size` bytes at a time at most. Raises as `request`, also midway."""
        headers = {"Accept": "application/json", **_SMALL}
        response = self._open("GET", path, query, None, headers, read_seconds, None)
        try:
            if response.status > 299:
                raise problem("GET", path, response.status, response.data, response.headers, self.settings)
            # Of what is compressed `read` would wait for `size` bytes as they travel, many times as many.
            read = response.read1 if "Content-Encoding" in response.headers else response.read
            while data := read(size):
                yield data
        except (HTTPError, OSError) as error:
            response.close()
            raise translate(error, self.settings) from error
        except GeneratorExit:
            response.close()
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
        response = self._open("GET", path, query, None, headers, read_seconds, handle)
        if response.status > 299:
            try:
                data = response.data
            except (HTTPError, OSError):
                data = b""
            handle.release()
            raise problem("GET", path, response.status, data, response.headers, self.settings)
        return Stream(response, self.settings, handle)

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
    ) -> urllib3.BaseHTTPResponse:
        """Send, and once more with fresh credentials after a 401: a request that was refused did nothing."""
        fields = {key: str(value) for key, value in (query or {}).items() if value is not None}
        url = self.settings.server.rstrip("/") + path
        if fields:
            url += "?" + urlencode(fields)
        response = self._send(method, url, body, headers, read_seconds, handle)
        if response.status == 401 and self.settings.credentials.refresh():
            response.drain_conn()
            response = self._send(method, url, body, headers, read_seconds, handle)
        return response

    def _send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        read_seconds: float,
        handle: StopHandle | None,
    ) -> urllib3.BaseHTTPResponse:
        agent = {"User-Agent": f"kbatch/{kbatch_core.__version__}"}
        self.requests += 1
        sent = self._clock()
        try:
            with stoppable(handle):
                response = self._pool.request(
                    method,
                    url,
                    body=body,
                    headers={**headers, **agent, **self.settings.credentials.headers()},
                    preload_content=False,
                    redirect=False,
                    retries=False,
                    timeout=Timeout(connect=min(CONNECT_SECONDS, read_seconds), read=read_seconds),
                )
        except (HTTPError, OSError) as error:
            raise translate(error, self.settings) from error
        self._server_time.heard(response.headers.get("Date"), sent, self._clock())
        return response
