"""Running a program in a container: the exec subresource over a websocket, streams in channels.

The frames are websocket-client's, which is also what the official client has inside; that one's own loop is not
used, because it reads on while output comes and would not let a Ctrl-C through (docs/decisions.md). Sources:
the remotecommand and websocket packages of Kubernetes; protocol v5 has one message more than v4, the end of stdin.
"""

from __future__ import annotations

import base64
import contextlib
import ssl
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import websocket

from kbatch_core.cluster.problems import decode_status, one_line, problem
from kbatch_core.cluster.settings import Settings
from kbatch_core.errors import ConnectionFailed, PermissionDenied, UnknownOutcome
from kbatch_core.model.decoding import decoder
from kbatch_core.model.objects import Status

CONNECT_SECONDS = 10.0
# Less than what load balancers allow a silent connection.
PING_SECONDS = 15.0
_V5, _V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
_END_OF_CHANNEL = 255
NOT_FOUND, CANNOT_RUN = 127, 126
"""A shell's exit codes for a program that is not there, and for one that cannot be run."""


class Channel(IntEnum):
    STDIN = 0
    STDOUT = 1
    STDERR = 2
    ERROR = 3
    RESIZE = 4


class Exec:
    """One program in a container. Owns a connection; use it in `with`. For one thread only.

    `status` is the API's word on how the program ended, once that came; output may come after it, until `ended`.
    """

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection
        self._closes_stdin = connection.subprotocol == _V5
        self.status: Status | None = None
        self.ended = False

    def __enter__(self) -> Exec:
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(OSError, websocket.WebSocketException):
            self._connection.close(timeout=1)
        # Which does nothing once the other side has closed.
        self._connection.shutdown()  # type: ignore[no-untyped-call]

    def fileno(self) -> int:
        """For select: readable = `read` has something."""
        sock = self._connection.sock
        return sock.fileno() if sock is not None else -1

    def read(self) -> Iterator[tuple[Channel, bytes]]:
        """What has come of stdout and stderr; blocks for the rest of a message, not for the next one.

        Raises UnknownOutcome when the connection broke before the program's end was told.
        """
        while True:
            try:
                opcode, frame = self._connection.recv_data_frame(True)
                closed = opcode == websocket.ABNF.OPCODE_CLOSE
            except (OSError, websocket.WebSocketException) as error:
                if self.status is None:
                    raise self._broken() from error
                closed = True
            if closed:
                self.ended = True
                if self.status is None:
                    raise self._broken()
                return
            data = bytes(frame.data)
            if opcode in (websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_TEXT) and data:
                if data[0] == Channel.ERROR:
                    self.status = _status(data[1:]) or self.status
                elif data[0] in (Channel.STDOUT, Channel.STDERR) and len(data) > 1:
                    yield Channel(data[0]), data[1:]
            # What TLS has decrypted already is not seen by select.
            sock = self._connection.sock
            if not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
                return

    def write(self, data: bytes) -> None:
        """Type `data` into it. Raises UnknownOutcome."""
        self._send(bytes([Channel.STDIN]) + data)

    def close_stdin(self) -> None:
        """The end of its input, where the server speaks of it."""
        if self._closes_stdin:
            self._send(bytes([_END_OF_CHANNEL, Channel.STDIN]))

    def resize(self, columns: int, lines: int) -> None:
        """Tell the size of the terminal."""
        size = msgspec.json.encode({"Width": columns, "Height": lines})
        self._send(bytes([Channel.RESIZE]) + size)

    def ping(self) -> None:
        """Show the path that somebody is there."""
        try:
            self._connection.ping()
        except (OSError, websocket.WebSocketException) as error:
            raise self._broken() from error

    def _send(self, data: bytes) -> None:
        try:
            self._connection.send(data, opcode=websocket.ABNF.OPCODE_BINARY)
        except (OSError, websocket.WebSocketException) as error:
            raise self._broken() from error

    @staticmethod
    def _broken() -> UnknownOutcome:
        return UnknownOutcome(
            "The connection to the container broke: what ran in it may go on.", "Connect again."
        )


def open_exec(
    settings: Settings,
    *,
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    tty: bool,
    stdin: bool,
) -> Exec:
    """Start `command` in a container; with `tty` on a terminal of its own, which has no stderr.

    Raises PermissionDenied, NotFound, ConnectionFailed, AuthExpired.
    """
    path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/exec"
    flags = {"stdin": stdin, "stdout": True, "stderr": not tty, "tty": tty}
    query = [(name, "true") for name, given in flags.items() if given]
    query += [("container", container), *(("command", word) for word in command)]
    scheme = "wss" if settings.server.startswith("https") else "ws"
    url = f"{scheme}://{settings.server.partition('://')[2].rstrip('/')}{path}?{urlencode(query)}"
    renewed = False
    while True:
        try:
            return Exec(_connect(settings, url))
        except websocket.WebSocketBadStatusException as error:
            if renewed or error.status_code != 401 or not settings.credentials.refresh():
                raise _refused(error, path, settings) from error
            renewed = True


def _refused(error: websocket.WebSocketBadStatusException, path: str, settings: Settings) -> Exception:
    body = bytes(error.resp_body or b"")
    found = problem("GET", path, error.status_code, body, dict(error.resp_headers or {}), settings)
    if isinstance(found, PermissionDenied):
        status = decode_status(body)
        return PermissionDenied(
            f"You may not run programs in pods: {one_line(status.message if status else '')}.",
            "Ask your admin for the right to create pods/exec.",
            status=found.status,
            reason=found.reason,
        )
    return found


def _connect(settings: Settings, url: str) -> websocket.WebSocket:
    """Raises ConnectionFailed, WebSocketBadStatusException."""
    headers = [f"{name}: {value}" for name, value in settings.credentials.headers().items()]
    try:
        connection = websocket.create_connection(
            url,
            sslopt=_tls(settings),
            enable_multithread=False,
            skip_utf8_validation=True,
            header=headers,
            subprotocols=[_V5, _V4],
            suppress_origin=True,
            timeout=CONNECT_SECONDS,
            redirect_limit=0,
            **_proxy(settings),
        )
    except websocket.WebSocketBadStatusException:
        raise
    except (OSError, websocket.WebSocketException) as error:
        raise ConnectionFailed(
            f"No connection for a shell came about through {settings.server}: {one_line(str(error))}.",
            "A proxy on the way may not let websockets through.",
        ) from error
    connection.settimeout(None)
    return connection


def _tls(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {"cert_reqs": ssl.CERT_REQUIRED if settings.verify else ssl.CERT_NONE}
    if not settings.verify:
        options["check_hostname"] = False
    for name, value in (
        ("ca_certs", settings.ca_file),
        ("certfile", settings.cert_file),
        ("keyfile", settings.key_file),
        ("server_hostname", settings.tls_server_name),
    ):
        if value:
            options[name] = value
    return options


def _proxy(settings: Settings) -> dict[str, Any]:
    """The proxy of the settings and no other, as for every other request."""
    if not settings.proxy:
        # The library asks the environment unless it is given a proxy, here one for no host at all.
        return {"http_proxy_host": "none", "http_proxy_port": 1, "http_no_proxy": ["*"]}
    parts = urlsplit(settings.proxy)
    options: dict[str, Any] = {
        "http_proxy_host": parts.hostname,
        "http_proxy_port": parts.port or 80,
        "proxy_type": "http",
    }
    kind, _, secret = (settings.proxy_headers or {}).get("proxy-authorization", "").partition(" ")
    if kind == "Basic":
        user, _, password = base64.b64decode(secret).decode().partition(":")
        options["http_proxy_auth"] = (user, password)
    return options


def _status(data: bytes) -> Status | None:
    """A Status, which names no kind here."""
    try:
        return decoder(Status).decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def exit_code(status: Status) -> int | None:
    """The exit code in the API's word on how a program ended; None when it could not be run."""
    if status.status == "Success":
        return 0
    for cause in status.details.causes:
        if cause.reason == "ExitCode" and cause.message.isdigit():
            return int(cause.message)
    return None
