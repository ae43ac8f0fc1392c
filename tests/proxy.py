"""A proxy between a client and a real API server that loses, cuts and delays on demand.

The client speaks plain HTTP to it on loopback, and it speaks TLS to the server, so that it can tell one request
from the next. It never changes a byte that it forwards.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

# Called with the head of a request and the first bytes of its answer; False = the answer is lost.
Verdict = Callable[[bytes, bytes], bool]


def pass_all(request: bytes, answer: bytes) -> bool:
    return True


class FaultProxy:
    """Forwards connections until told otherwise. Use it in `with`; it owns one thread per connection.

    `verdict` decides about each answer; `cut()` breaks what is open; `stalled` set = nothing is forwarded.
    """

    def __init__(self, server: str, *, ca_file: str | None = None) -> None:
        parts = urlsplit(server)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 443)
        self._tls: ssl.SSLContext | None = None
        if parts.scheme == "https":
            self._tls = ssl.create_default_context(cafile=ca_file)
        self.verdict: Verdict = pass_all
        self.flowing = threading.Event()
        self.flowing.set()
        self.lost = 0
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *exc: object) -> None:
        self.flowing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in (self._accepting, *self._threads):
            thread.join(5)

    def cut(self) -> None:
        """Break every open connection, both ways."""
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads = [thread, *(other for other in self._threads if other.is_alive())]
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        self.connections += 1
        try:
            server = socket.create_connection(self._upstream, timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        try:
            if self._tls is not None:
                server = self._tls.wrap_socket(server, server_hostname=self._upstream[0])
            with self._lock:
                self._open |= {client, server}
            self._pump(client, server)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open -= {client, server}
            client.close()
            server.close()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        request = b""
        answered = False
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    source = client if key.fileobj is client else server
                    data = receive(source)
                    if data is None:
                        continue
                    self.flowing.wait()
                    if not data:
                        return
                    if source is client:
                        request = data if answered or not request else request + data
                        answered = False
                        server.sendall(data)
                    else:
                        if not answered and not self.verdict(request, data):
                            self.lost += 1
                            return
                        answered = True
                        client.sendall(data)


def receive(source: socket.socket) -> bytes | None:
    """What can be read now; None when it was TLS' own business (a session ticket) and no data."""
    source.setblocking(False)
    try:
        data = source.recv(65536)
        while isinstance(source, ssl.SSLSocket) and source.pending():
            data += source.recv(65536)
        return data
    except (ssl.SSLWantReadError, BlockingIOError):
        return None
    finally:
        source.setblocking(True)
