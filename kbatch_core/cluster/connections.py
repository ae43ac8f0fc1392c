"""The pool of connections to the API server, and its exceptions as ours.

urllib3 with its own retries off: a retry that sleeps inside a call can be neither seen nor stopped; ours are in
`retry.py`. Certificates are read from their files for each new connection, so that they may be replaced.

A reader that blocks in a stream is ended by shutting its socket down. `close()` would not do: on TLS it waits
for the reader that it should end.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    InsecureRequestWarning,
    LocationParseError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
    TimeoutError,
)
from urllib3.util import make_headers

from kbatch_core.cluster.settings import Settings
from kbatch_core.errors import ConnectionFailed, KbatchError, NoCluster

CONNECT_SECONDS = 10.0

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


@contextlib.contextmanager
def stoppable(handle: StopHandle | None) -> Iterator[None]:
    """A request that this thread sends within can be ended by `handle`."""
    _current.handle = handle
    try:
        yield
    finally:
        _current.handle = None


def make_pool(settings: Settings, connections: int) -> urllib3.PoolManager:
    """A pool that keeps `connections` at most for the next request.

    Raises ConnectionFailed for an address that is none.
    """
    # Without a server there is no cluster: each request says why.
    if settings.server and not _is_url(settings.server):
        raise ConnectionFailed(
            f"The address of the API server is no URL: {settings.server}.", "Check server in the kubeconfig."
        )
    options: dict[str, Any] = {"maxsize": connections, "block": False, "socket_options": _KEEPALIVE}
    if settings.server.startswith("https"):
        options["cert_reqs"] = "CERT_REQUIRED" if settings.verify else "CERT_NONE"
        if not settings.verify:
            # It was asked for, and a warning would be written over the dashboard.
            urllib3.disable_warnings(InsecureRequestWarning)
        options["ca_certs"] = settings.ca_file
        options["cert_file"] = settings.cert_file
        options["key_file"] = settings.key_file
        if settings.tls_server_name:
            options["server_hostname"] = options["assert_hostname"] = settings.tls_server_name
    if settings.proxy:
        manager: urllib3.PoolManager = urllib3.ProxyManager(
            settings.proxy, proxy_headers=_proxy_headers(settings), **options
        )
    else:
        manager = urllib3.PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


def _is_url(server: str) -> bool:
    try:
        parts = urllib3.util.parse_url(server)
    except LocationParseError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.host)


def _proxy_headers(settings: Settings) -> dict[str, str]:
    """With a name and password from the proxy's URL, as kubectl sends them."""
    auth = urllib3.util.parse_url(settings.proxy or "").auth
    named = make_headers(proxy_basic_auth=unquote(auth)) if auth else {}
    return {**named, **(settings.proxy_headers or {})}


def translate(error: Exception, settings: Settings) -> KbatchError:
    """Our exception for one of urllib3's; AnswerLost when the request may have been carried out."""
    server = settings.server
    if isinstance(error, MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, ProxyError):
        return ConnectionFailed(
            f"The proxy to {server} does not answer.", "Check proxy-url in the kubeconfig."
        )
    if isinstance(error, (NameResolutionError, LocationParseError)):
        return ConnectionFailed(
            f"The name of the API server {server} is not known here.", "Check KUBECONFIG and the network."
        )
    if isinstance(error, NewConnectionError):
        return ConnectionFailed(
            f"The API server {server} refuses connections.", "Is it up? `kubectl get --raw /readyz` asks it."
        )
    if isinstance(error, ConnectTimeoutError):
        return ConnectionFailed(
            f"The API server {server} does not answer.",
            "On a JupyterHub a network policy may block it: ask your admin to allow egress to the API server.",
        )
    if any(isinstance(cause, FileNotFoundError) for cause in (error, *error.args)):
        return NoCluster(
            f"A certificate file is missing: {_missing_file(settings)}.", "Check the kubeconfig."
        )
    if isinstance(error, SSLError):
        return ConnectionFailed(
            f"The certificate of {server} is not trusted: {_first_line(error)}.",
            "Check certificate-authority in the kubeconfig.",
        )
    if isinstance(error, ReadTimeoutError):
        return AnswerLost(
            f"The API server {server} took a request and did not answer it in time.",
            "Try again later: it may be overloaded, or a firewall on the way lets no answer through.",
        )
    if isinstance(error, (ProtocolError, DecodeError, TimeoutError, OSError)):
        return AnswerLost(f"The connection to {server} broke before its answer was complete.", "Try again.")
    return ConnectionFailed(f"The API server {server} cannot be reached: {_first_line(error)}.")


def _missing_file(settings: Settings) -> str:
    """Which one it is, because OpenSSL does not say."""
    files = (settings.ca_file, settings.cert_file, settings.key_file)
    return next(
        (file for file in files if file is not None and not Path(file).exists()), "it was for a moment"
    )


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
