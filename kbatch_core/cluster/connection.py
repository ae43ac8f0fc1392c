"""One HTTP connection to the API server, and those that wait for the next request.

The standard library's `http.client`: what the importing of a larger library costs is paid by each command
(docs/decisions.md). What goes wrong before a request is sent ends here as a leaf of KbatchError where its cause is
known; else it is an OSError or an HTTPException.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from base64 import b64encode
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from kbatch_core.cluster.settings import Settings
from kbatch_core.errors import ConnectionFailed, NoCluster

CONNECT_SECONDS = 10.0
# Certificates and the CA are replaced in their files, as tokens are: they are read again for a connection after this.
TLS_REREAD_SECONDS = 60.0

# Idle 30 s, then every 15 s, dead after 9 missed: what Go's dialer sets.
_OPTIONS = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 9))
        if hasattr(socket, name)
    ),
]


class Connection(HTTPConnection):
    """A connection that `connect` opens. For one request at a time.

    `wire` is the socket from the moment that it exists until it is closed: to shut it down ends what waits for it.
    """

    def __init__(self, route: Route) -> None:
        super().__init__(route.host, route.port, CONNECT_SECONDS)
        self.default_port = 443 if route.tls else 80
        self.wire: socket.socket | None = None
        self.route = route
        if route.proxy is not None and route.tls:
            self.set_tunnel(route.host, route.port, route.proxy_headers)

    def __del__(self) -> None:
        # A stream that nobody reads any more, or those that wait in a pool that is gone.
        self.close()

    def connect(self) -> None:
        """Raises ConnectionFailed, NoCluster; OSError when the connection breaks before it can be used."""
        route = self.route
        if route.proxy is None:
            self._dial(route.host, route.port)
        else:
            self._dial_proxy(route.proxy)
        if route.tls:
            self._encrypt(route.tls_context(), route.server_name)

    def is_usable(self) -> bool:
        """Whether a connection that waited can take a request: what the other side has closed can be read from."""
        if self.sock is None:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)

    def set_timeout(self, seconds: float) -> None:
        """For each read and write from now on."""
        self.sock.settimeout(seconds)

    def _dial(self, host: str, port: int) -> None:
        server = self.route.server
        try:
            self.sock = socket.create_connection((host, port), CONNECT_SECONDS)
        except (socket.gaierror, UnicodeError) as error:
            raise ConnectionFailed(
                f"The name of the API server {server} is not known here.", "Check KUBECONFIG and the network."
            ) from error
        except TimeoutError as error:
            raise ConnectionFailed(
                f"The API server {server} did not answer within {CONNECT_SECONDS:.0f} s.",
                "On a JupyterHub a network policy may block it: ask your admin to allow egress to the API server.",
            ) from error
        except (OSError, OverflowError) as error:
            raise ConnectionFailed(
                f"The API server {server} refuses connections.",
                "Is it up? `kubectl get --raw /readyz` asks it.",
            ) from error
        self.wire = self.sock
        for option in _OPTIONS:
            self.sock.setsockopt(*option)

    def _dial_proxy(self, proxy: SplitResult) -> None:
        """Through a proxy: with TLS in a tunnel of its own, else the proxy is asked for the whole URL."""
        route = self.route
        try:
            self._dial(proxy.hostname or "", proxy.port or (443 if proxy.scheme == "https" else 80))
            if proxy.scheme == "https":
                self._encrypt(ssl.create_default_context(), proxy.hostname or "")
            if route.tls:
                self._tunnel()  # type: ignore[attr-defined]
        except (ConnectionFailed, OSError) as error:
            raise ConnectionFailed(
                f"The proxy to {route.server} does not answer.", "Check proxy-url in the kubeconfig."
            ) from error

    def _encrypt(self, context: ssl.SSLContext, name: str) -> None:
        try:
            if isinstance(self.sock, ssl.SSLSocket):
                from urllib3.util.ssltransport import SSLTransport

                self.sock = SSLTransport(self.sock, context, name)
            else:
                # The handshake after it is known: so it can be ended as well.
                wrapped = context.wrap_socket(self.sock, server_hostname=name, do_handshake_on_connect=False)
                self.sock = self.wire = wrapped
                wrapped.do_handshake()
        except ssl.SSLEOFError:
            raise
        except (ssl.SSLError, ValueError) as error:
            raise not_trusted(self.route.server, error) from error


class Route:
    """Where requests go: the server, a proxy before it, and the TLS between. Threads may share it.

    `target` makes what stands in a request's first line. Raises ConnectionFailed for an address that is none.
    """

    def __init__(self, settings: Settings) -> None:
        self.server = settings.server
        try:
            parts = urlsplit(settings.server.rstrip("/"))
            self.tls = parts.scheme == "https"
            self.host = parts.hostname or ""
            self.port = parts.port or (443 if self.tls else 80)
            self.proxy = urlsplit(settings.proxy) if settings.proxy else None
            usable = bool(self.host) and self.host.isprintable() and " " not in self.host
            usable = usable and parts.scheme in ("http", "https")
            usable = usable and (self.proxy is None or self.proxy.port is None or self.proxy.port > 0)
        except ValueError:
            usable = False
        if not usable:
            raise ConnectionFailed(
                f"The address of the API server is no URL: {settings.server}.",
                "Check server in the kubeconfig.",
            )
        self.server_name = settings.tls_server_name or self.host
        self.proxy_headers = _proxy_headers(settings, self.proxy)
        # A proxy without a tunnel is asked for the whole URL.
        whole = self.proxy is not None and not self.tls
        self._prefix = settings.server.rstrip("/") if whole else parts.path
        self.headers = self.proxy_headers if whole else {}
        self._settings = settings
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._context_at = 0.0

    def target(self, path: str) -> str:
        return self._prefix + path

    def tls_context(self) -> ssl.SSLContext:
        """Raises NoCluster when a file is not there, ConnectionFailed when one cannot be used."""
        with self._lock:
            now = time.monotonic()
            if self._context is None or now - self._context_at > TLS_REREAD_SECONDS:
                self._context, self._context_at = _tls_context(self._settings), now
            return self._context


class Pool:
    """Connections that are open and wait; at most `size`, the newest first. Threads may share it."""

    def __init__(self, settings: Settings, size: int) -> None:
        self._settings = settings
        self._size = size
        self._route: Route | None = None
        self._lock = threading.Lock()
        self._waiting: list[Connection] = []

    def take(self) -> Connection:
        """One that waited and can be used, or a new one that is not connected yet. Raises ConnectionFailed."""
        while True:
            with self._lock:
                connection = self._waiting.pop() if self._waiting else None
                if connection is None:
                    self._route = self._route or Route(self._settings)
                    return Connection(self._route)
            if connection.is_usable():
                return connection
            connection.close()

    def put(self, connection: Connection) -> None:
        """It waits for the next request, or is closed where enough wait."""
        with self._lock:
            room = len(self._waiting) < self._size
            if room:
                self._waiting.append(connection)
        if not room:
            connection.close()

    def clear(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.close()


def not_trusted(server: str, error: BaseException) -> ConnectionFailed:
    """The error for a TLS that one side refuses."""
    return ConnectionFailed(
        f"The certificate of {server} is not trusted: {first_line(error)}.",
        "Check certificate-authority in the kubeconfig.",
    )


def first_line(error: BaseException) -> str:
    """An exception in one line, without a final full stop."""
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _tls_context(settings: Settings) -> ssl.SSLContext:
    """As Go does: TLS 1.2 or newer, each certificate of the CA file an anchor, names in the subject not looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(["http/1.1"])
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if settings.ca_file is not None:
            Path(settings.ca_file).stat()  # OpenSSL does not say which file it misses
            context.load_verify_locations(settings.ca_file)
        elif settings.verify:
            context.load_default_certs()
        if settings.cert_file is not None:
            Path(settings.cert_file).stat()
            # A password, even an empty one, keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
    except FileNotFoundError as error:
        raise NoCluster(
            f"A certificate file is missing: {error.filename}.", "Check the kubeconfig."
        ) from error
    except (OSError, TypeError) as error:
        raise ConnectionFailed(
            f"The certificates for {settings.server} cannot be used: {first_line(error)}.",
            "Check the certificates in the kubeconfig.",
        ) from error
    return context


def _proxy_headers(settings: Settings, proxy: SplitResult | None) -> dict[str, str]:
    """With a name and password from the proxy's URL, as Go's client has them."""
    headers = dict(settings.proxy_headers or {})
    named = {name.lower() for name in headers}
    if proxy is not None and proxy.username is not None and "proxy-authorization" not in named:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
        headers["Proxy-Authorization"] = f"Basic {b64encode(pair).decode()}"
    return headers


def shut(wire: socket.socket | None) -> None:
    """End what waits for this socket in another thread."""
    if wire is not None:
        with contextlib.suppress(OSError):
            # Not the TLS socket's own, after which its reader would take what is encrypted for text.
            socket.socket.shutdown(wire, socket.SHUT_RDWR)
