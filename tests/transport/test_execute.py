"""Faults of a shell's connection: what the real API server refuses, and a scripted one that breaks off."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kbatch_core.cluster.execute import Channel, Exec, exit_code, open_exec
from kbatch_core.cluster.settings import NoCredentials, Settings, TokenFile
from kbatch_core.errors import AuthExpired, ConnectionFailed, NotFound, PermissionDenied, UnknownOutcome
from kbatch_core.model.objects import Status
from tests.cluster import Cluster

V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"
EXIT_3 = b"""{"metadata":{},"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with exit
 code 3","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}""".replace(b"\n", b"")
NOT_THERE = (
    b'{"status":"Failure","reason":"InternalError","message":"exec: \\"x\\": not found in $PATH","code":500}'
)


def start(settings: Settings, pod: str = "a") -> Exec:
    return open_exec(
        settings,
        namespace=settings.namespace,
        pod=pod,
        container="job",
        command=["true"],
        tty=False,
        stdin=True,
    )


class Renewable(NoCredentials):
    """Can be renewed as often as anybody asks."""

    renewals = 0

    def refresh(self) -> bool:
        self.renewals += 1
        return True


class Peer:
    """The far end of one websocket, after the handshake."""

    def __init__(self, connection: socket.socket, request: str) -> None:
        self.connection = connection
        self.request = request

    def send(self, channel: int, data: bytes, opcode: int = 2) -> None:
        payload = bytes([channel]) + data
        size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack(">H", len(payload))
        self.connection.sendall(bytes([0x80 | opcode]) + size + payload)

    def receive(self) -> bytes:
        """The payload of one short frame of the client's, which is masked."""
        head = self._exactly(2)
        mask, data = self._exactly(4), self._exactly(head[1] & 0x7F)
        return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += self.connection.recv(count - len(data)) or b"\0" * count
        return data

    def close(self) -> None:
        """As a server ends a websocket that is done with."""
        self.connection.sendall(b"\x88\x02\x03\xe8")

    def reset(self) -> None:
        """RST in place of an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def server(act: Callable[[Peer], None], *, protocol: str = V5, refuse: str = "") -> Iterator[Settings]:
    """A server that speaks websocket and does `act`; with `refuse` the status line of every answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    request = connection.recv(65536).decode()
                    if refuse:
                        connection.sendall(f"HTTP/1.1 {refuse}\r\nContent-Length: 0\r\n\r\n".encode())
                        continue
                    connection.sendall(handshake(request, protocol))
                    act(Peer(connection, request))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield Settings(f"http://127.0.0.1:{listener.getsockname()[1]}", "spaces", Renewable())
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    assert not thread.is_alive()


def handshake(request: str, protocol: str) -> bytes:
    headers = dict(line.split(": ", 1) for line in request.split("\r\n")[1:] if ": " in line)
    key = headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
    ).encode()


def all_of(running: Exec) -> list[tuple[Channel, bytes]]:
    found: list[tuple[Channel, bytes]] = []
    while not running.ended:
        found += running.read()
    return found


@pytest.mark.parametrize(
    ("word", "code"), [(b'{"status":"Success"}', 0), (EXIT_3, 3), (NOT_THERE, None)], ids=["0", "3", "none"]
)
def test_the_exit_code_is_the_word_of_the_api_and_output_may_come_after_it(
    word: bytes, code: int | None
) -> None:
    def act(peer: Peer) -> None:
        peer.send(Channel.STDOUT, b"one")
        peer.send(Channel.ERROR, word)
        peer.send(Channel.STDERR, b"two")
        peer.close()
        peer.receive()

    with server(act) as settings, start(settings) as running:
        assert all_of(running) == [(Channel.STDOUT, b"one"), (Channel.STDERR, b"two")]
        assert exit_code(running.status or Status()) == code


@pytest.mark.parametrize("cut", ["end", "reset", "close"])
def test_a_connection_that_breaks_before_the_end_is_told_is_an_unknown_outcome(cut: str) -> None:
    def act(peer: Peer) -> None:
        peer.send(Channel.STDOUT, b"one")
        # Not before that was read: a reset takes away what is still on its way.
        assert peer.receive() == b"\0go"
        if cut == "close":
            peer.close()
        elif cut == "reset":
            peer.reset()

    with server(act) as settings, start(settings) as running:
        assert [*running.read()] == [(Channel.STDOUT, b"one")]
        running.write(b"go")
        with pytest.raises(UnknownOutcome, match="what ran in it may go on"):
            all_of(running)


def test_after_the_word_on_the_end_a_broken_connection_is_no_fault() -> None:
    def act(peer: Peer) -> None:
        peer.send(Channel.ERROR, b'{"status":"Success"}')
        assert peer.receive() == b"\0go"
        peer.reset()

    with server(act) as settings, start(settings) as running:
        assert [*running.read()] == []
        running.write(b"go")
        assert all_of(running) == []
        assert exit_code(running.status or Status()) == 0


@pytest.mark.parametrize("protocol", [V5, V4])
def test_the_end_of_input_is_told_where_the_server_speaks_of_it(protocol: str) -> None:
    seen: list[bytes] = []

    def act(peer: Peer) -> None:
        assert f"Sec-WebSocket-Protocol: {V5},{V4}" in peer.request
        while not seen or seen[-1] != b"\0last":
            seen.append(peer.receive())
        peer.send(Channel.ERROR, b'{"status":"Success"}')
        peer.close()
        peer.receive()

    with server(act, protocol=protocol) as settings, start(settings) as running:
        running.close_stdin()
        running.write(b"last")
        all_of(running)
    assert seen == ([b"\xff\0"] if protocol == V5 else []) + [b"\0last"]


def test_credentials_are_renewed_once_and_what_is_no_websocket_is_said() -> None:
    with server(lambda peer: None, refuse="401 Unauthorized") as settings:
        with pytest.raises(AuthExpired):
            start(settings)
        assert isinstance(settings.credentials, Renewable)
        assert settings.credentials.renewals == 1
    with server(lambda peer: None, refuse="200 OK") as settings, pytest.raises(ConnectionFailed):
        start(settings)
    with pytest.raises(ConnectionFailed, match="No connection for a shell"):
        start(settings)  # nobody listens there any more


@pytest.mark.cluster
def test_what_the_real_server_refuses_is_one_sentence(real_cluster: Cluster, tmp_path: Path) -> None:
    real_cluster.create_namespace("shells")

    def account(token: str) -> Settings:
        path = tmp_path / token[-12:]
        path.write_text(token)
        return Settings(real_cluster.server, "shells", TokenFile(path), ca_file=str(real_cluster.ca_file))

    with pytest.raises(PermissionDenied, match="You may not run programs in pods"):
        start(account(real_cluster.token("shells", "nobody")))
    with pytest.raises(NotFound, match='pods "a" not found'):
        start(account(real_cluster.token("shells", "ann", cluster_role="admin")))
    with pytest.raises(AuthExpired):
        start(account("no-token"))
    real_cluster.delete_namespace("shells")
