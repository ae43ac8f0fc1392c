"""Lists travel compressed, as the API server sends large ones to who accepts it; watches and logs do not."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable

import pytest

from kbatch_core.cluster.connections import AnswerLost
from kbatch_core.cluster.settings import Settings
from kbatch_core.cluster.transport import Transport
from tests.reflector.sockets import Exchange, Script, SocketServer, a_watch

TEXT = b"".join(b"%d," % number for number in range(100_000))


def halves() -> tuple[bytes, bytes]:
    """The text compressed, in two parts of which the first can be read without the second."""
    gzip = zlib.compressobj(wbits=31)
    first = gzip.compress(TEXT[: len(TEXT) // 2]) + gzip.flush(zlib.Z_SYNC_FLUSH)
    return first, gzip.compress(TEXT[len(TEXT) // 2 :]) + gzip.flush()


def send(*parts: bytes, end: bool = True) -> Script:
    def script(exchange: Exchange) -> None:
        exchange.head(compressed=True)
        for part in parts:
            exchange.chunk(part)
        if end:
            exchange.end()

    return script


def whole(transport: Transport) -> bytes:
    return transport.request("GET", "/things")


def in_pieces(transport: Transport) -> bytes:
    return b"".join(transport.read_pieces("/things", size=1 << 16))


WAYS = pytest.mark.parametrize("read", [whole, in_pieces])


def connect(server: SocketServer) -> Transport:
    return Transport(Settings(server=server.url, namespace="x"))


@WAYS
def test_it_is_asked_for_and_taken_apart(read: Callable[[Transport], bytes]) -> None:
    with SocketServer(send(*halves())) as server:
        assert read(connect(server)) == TEXT
        assert server.exchanges[0].headers["Accept-Encoding"] == "gzip"


def test_what_has_come_is_read_before_the_rest_is_sent() -> None:
    first, second = halves()
    seen = threading.Event()

    def script(exchange: Exchange) -> None:
        exchange.head(compressed=True)
        exchange.chunk(first)
        assert seen.wait(20), "the first half is held back"
        exchange.chunk(second)
        exchange.end()

    with SocketServer(script) as server:
        read = bytearray()
        for piece in connect(server).read_pieces("/things", size=1 << 16):
            assert len(piece) <= 1 << 16
            read += piece
            if len(read) >= len(TEXT) // 2:
                seen.set()
        assert read == TEXT


@WAYS
@pytest.mark.parametrize("kept", [5, 2000])
def test_one_that_is_cut_off_is_lost(read: Callable[[Transport], bytes], kept: int) -> None:
    first, _ = halves()
    with SocketServer(send(first[:kept], end=False)) as server, pytest.raises(AnswerLost):
        read(connect(server))


@WAYS
def test_one_that_is_damaged_is_lost(read: Callable[[Transport], bytes]) -> None:
    with SocketServer(send(b"this is no gzip at all")) as server, pytest.raises(AnswerLost):
        read(connect(server))


def test_a_watch_comes_as_it_is() -> None:
    with SocketServer(a_watch(b"line\n")) as server, connect(server).open_stream("/things") as stream:
        assert b"".join(stream.chunks()) == b"line\n"
        assert server.exchanges[0].headers.get("Accept-Encoding", "identity") == "identity"
