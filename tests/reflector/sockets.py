"""A server on loopback that breaks connections in the ways that only a socket can."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import uuid
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlsplit

from tests.reflector.fake import listing


class Closed(Exception):
    """The server is being closed, or the client has gone."""


class Exchange:
    """One request and its answer, on a connection of its own."""

    def __init__(self, server: SocketServer, connection: socket.socket, request: str) -> None:
        self._server = server
        self._connection = connection
        head, _, headers = request.partition("\r\n")
        self.path = head.split(" ")[1]
        self.query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        self.headers = dict(part.split(": ", 1) for part in headers.split("\r\n") if ": " in part)
        self.is_watch = "watch" in self.query

    def send(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise Closed from error

    def answer(self, body: bytes, *, status: str = "200 OK") -> None:
        """A whole answer."""
        self.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    def head(self, *, chunked: bool = True, compressed: bool = False) -> None:
        """The head of a stream; not chunked is what an HTTP/1.0 proxy makes of it."""
        coding = "Transfer-Encoding: chunked\r\n" if chunked else "Connection: close\r\n"
        coding += "Content-Encoding: gzip\r\n" if compressed else ""
        self.send(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{coding}\r\n".encode())

    def chunk(self, data: bytes) -> None:
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end(self) -> None:
        """The proper end of a chunked stream."""
        self.send(b"0\r\n\r\n")

    def reset(self) -> None:
        """RST instead of FIN."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def hang(self) -> None:
        """Send nothing more, not even a FIN, until the server is closed or the client goes away."""
        with contextlib.suppress(OSError):
            self._connection.settimeout(0.02)
            while not self._server.closing.is_set():
                with contextlib.suppress(TimeoutError):
                    if not self._connection.recv(1):
                        break
        raise Closed


Script = Callable[[Exchange], None]


class SocketServer:
    """Gives each request to the next script of a list; the last one again when they are used up.

    Its address has a word of its own: a port that was another server's a moment ago still has that one's clients,
    whose requests would count as the test's. Use it in `with`. It owns one thread and one more per open connection;
    all end when it is closed.
    """

    def __init__(self, *scripts: Script) -> None:
        self.closing = threading.Event()
        self.exchanges: list[Exchange] = []
        self.arrived = threading.Condition()
        self._scripts = list(scripts)
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self._prefix = f"/{uuid.uuid4().hex}"
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{self._prefix}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> SocketServer:
        self._accepting.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        self._accepting.join(5)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def wait_for_requests(self, count: int, seconds: float = 20) -> list[Exchange]:
        """The first `count` requests, as soon as they are there."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.exchanges) >= count, seconds), (
                f"{len(self.exchanges)} requests instead of {count}"
            )
            return self.exchanges[:count]

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads = [thread, *(other for other in self._threads if other.is_alive())]
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            data = b""
            try:
                while b"\r\n\r\n" not in data:
                    more = connection.recv(65536)
                    if not more:
                        return
                    data += more
            except OSError:
                return
            asked = data.partition(b"\r\n")[0]
            if self._prefix.encode() not in asked and not asked.startswith(
                b"CONNECT "
            ):  # asked as a proxy: no path
                return
            exchange = Exchange(self, connection, data.decode())
            with self.arrived:
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
                self.exchanges.append(exchange)
                self.arrived.notify_all()
            with contextlib.suppress(Closed):
                script(exchange)


def a_list(version: int, *items: dict[str, object]) -> Script:
    return lambda exchange: exchange.answer(listing(*items, version=version))


def a_watch(*data: bytes, then: Sequence[Script] = ()) -> Script:
    """Events, then what the scripts in `then` do; with none it ends properly."""

    def script(exchange: Exchange) -> None:
        exchange.head()
        for part in data:
            exchange.chunk(part)
        for step in then:
            step(exchange)
        if not then:
            exchange.end()

    return script


def hang(exchange: Exchange) -> None:
    exchange.hang()


def reset(exchange: Exchange) -> None:
    exchange.reset()


def fin(exchange: Exchange) -> None:
    """Close without the end of the chunked body."""
