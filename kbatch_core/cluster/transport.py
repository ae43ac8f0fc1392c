"""One HTTP path to the API server.

urllib3 with its own retries off (a retry that sleeps inside a call can be neither seen nor stopped; ours are in
`retry.py`), a timeout on every call, and TCP keepalive. A response is bytes: who asks decodes. Exceptions of
urllib3 end here, as those of `kbatch_core.errors`.

A reader that blocks in a stream is ended by shutting its socket down. `close()` would not do: on TLS it waits
for the reader that it should end.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    DecodeError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
    TimeoutError,
)
from urllib3.util import Timeout

import kbatch_core
from kbatch_core.cluster.problems import problem
from kbatch_core.cluster.servertime import ServerTime
from kbatch_core.cluster.settings import Settings
from kbatch_core.errors import ConnectionFailed, KbatchError, NoCluster

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
# An API server sends a bookmark a minute on a quiet watch: after 90 s of silence the path is dead.
STREAM_READ_SECONDS = 90.0

Query = Mapping[str, str | int | None]

# What is large is written faster when it is small on the wire, by the server too; watches and logs come as they are.
_SMALL = {"Accept-Encoding": "gzip"}

# Idle 30 s, then every 15 s, dead after 9 missed: what Go's dialer sets.
_KEEPALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 9))
        if hasattr(socket, name)
    ),
]


class AnswerLost(ConnectionFailed):
    """The request went out and no whole answer came back: it may have been carried out.

    Stays inside `kbatch_core.cluster`: a read is tried again, a create is tried again under the same name.
    """


class StopHandle:
    """Ends one request from another thread, whatever it is doing: waiting for an answer or reading it.

    Only a connect cannot be ended; it gives up by itself after CONNECT_SECONDS.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self.stopped = False

    def attach(self, connection: HTTPConnection) -> None:
        """Called by the connection itself before it connects or sends, and again when it has sent.

        The socket is kept because a connection forgets it as soon as the answer says "Connection: close".
        """
        with self._lock:
            self._connection = connection
            self._socket = getattr(connection, "sock", None)
            if self.stopped:
                raise ConnectionFailed("Stopped.")

    def release(self) -> None:
        """The request is over: its connection may serve another one now."""
        with self._lock:
            self._connection = self._socket = None

    def stop(self) -> None:
        """End the request; its thread sees an error or the end of the stream within milliseconds."""
        with self._lock:
            self.stopped = True
            sock = self._socket or getattr(self._connection, "sock", None)
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


_current = threading.local()


class _HTTPConnection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _attach(self)
        super().request(*args, **kwargs)
        _attach(self)


class _HTTPSConnection(HTTPSConnection):
    def connect(self) -> None:
        _attach(self)
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        _attach(self)
        super().request(*args, **kwargs)
        _attach(self)


def _attach(connection: HTTPConnection) -> None:
    handle: StopHandle | None = getattr(_current, "handle", None)
    if handle is not None:
        handle.attach(connection)


class Stream:
    """The body of a response that goes on: chunks of bytes as they arrive. Close it, or use it in `with`."""

    def __init__(self, response: urllib3.BaseHTTPResponse, server: str, handle: StopHandle) -> None:
        self._response = response
        self._server = server
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
            raise translate(error, self._server, sent=True) from error
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
        self._pool = _pool(settings, connections)

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
        response = self._open(method, path, query, body, headers, read_seconds, handle)
        try:
            data = response.data
        except (HTTPError, OSError) as error:
            response.close()
            raise translate(error, self.settings.server, sent=True) from error
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
            raise translate(error, self.settings.server, sent=True) from error
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
        return Stream(response, self.settings.server, handle)

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
        _current.handle = handle
        sent = self._clock()
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={**headers, **agent, **self.settings.credentials.headers()},
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=Timeout(connect=CONNECT_SECONDS, read=read_seconds),
            )
        except (HTTPError, OSError) as error:
            raise translate(error, self.settings.server, sent=True) from error
        finally:
            _current.handle = None
        self._server_time.heard(response.headers.get("Date"), sent, self._clock())
        return response


def _pool(settings: Settings, connections: int) -> urllib3.PoolManager:
    options: dict[str, Any] = {"maxsize": connections, "block": False, "socket_options": _KEEPALIVE}
    if settings.server.startswith("https"):
        options["cert_reqs"] = "CERT_REQUIRED" if settings.verify else "CERT_NONE"
        options["ca_certs"] = settings.ca_file
        options["cert_file"] = settings.cert_file
        options["key_file"] = settings.key_file
        if settings.tls_server_name:
            options["server_hostname"] = options["assert_hostname"] = settings.tls_server_name
    if settings.proxy:
        manager: urllib3.PoolManager = urllib3.ProxyManager(
            settings.proxy, proxy_headers=settings.proxy_headers, **options
        )
    else:
        manager = urllib3.PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


def translate(error: Exception, server: str, *, sent: bool) -> KbatchError:
    """Our exception for one of urllib3's; AnswerLost when the request may have been carried out."""
    if isinstance(error, MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, ProxyError):
        return ConnectionFailed(
            f"The proxy to {server} does not answer.", "Check proxy-url in the kubeconfig."
        )
    if isinstance(error, NameResolutionError):
        return ConnectionFailed(
            f"The name of the API server {server} is not known here.", "Check KUBECONFIG and the network."
        )
    if isinstance(error, NewConnectionError):
        return ConnectionFailed(
            f"The API server {server} refuses connections.", "Is it up? `kubectl get --raw /readyz` asks it."
        )
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return ConnectionFailed(
            f"The API server {server} did not answer within {CONNECT_SECONDS:.0f} s.",
            "On a JupyterHub a network policy may block it: ask your admin to allow egress to the API server.",
        )
    if isinstance(error, SSLError):
        return ConnectionFailed(
            f"The certificate of {server} is not trusted: {_first_line(error)}.",
            "Check certificate-authority in the kubeconfig.",
        )
    if isinstance(error, FileNotFoundError):
        return NoCluster(f"A certificate file is missing: {error.filename}.", "Check the kubeconfig.")
    if sent and isinstance(error, (ProtocolError, DecodeError, TimeoutError, OSError)):
        return AnswerLost(f"The connection to {server} broke before its answer was complete.", "Try again.")
    return ConnectionFailed(f"The API server {server} cannot be reached: {_first_line(error)}.")


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
