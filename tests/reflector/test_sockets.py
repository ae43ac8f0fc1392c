"""Faults of the connection itself, on real sockets: dead, cut, reset, silent; and an end from each state."""

from __future__ import annotations

import gc
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from kbatch_core.cluster.mirror import Change, Mirror
from kbatch_core.cluster.reflector import Reflector
from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.cluster.transport import Transport
from tests.cluster import wait_for
from tests.reflector.fake import Listener, Thing, line, listing, thing
from tests.reflector.sockets import Exchange, Script, SocketServer, a_list, a_watch, fin, hang, reset

DEAD_AFTER = 0.15


class Waiting(Listener):
    """A listener that tests can wait on."""

    def __init__(self) -> None:
        super().__init__()
        self._news = threading.Condition()

    def __call__(self, changes: Sequence[Change[Thing]]) -> None:
        super().__call__(changes)
        with self._news:
            self._news.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(condition, 20), self.told


@contextmanager
def reflecting(
    server: SocketServer, *, wait: Callable[[float], object] | None = lambda seconds: None
) -> Iterator[tuple[Reflector[Thing], Waiting]]:
    """A reflector that reads from the server, started; it does not wait between its tries unless told to."""
    listener = Waiting()
    transport = Transport(Settings(server=server.url, namespace="x"))
    reflector = Reflector(transport, "/things", Thing, Mirror(listener), dead_after=DEAD_AFTER, wait=wait)
    reflector.start()
    try:
        yield reflector, listener
    finally:
        reflector.stop()
        transport.close()


A6, A7 = line("ADDED", thing("a", 6)), line("MODIFIED", thing("a", 7))


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("dead after an event, without a FIN", a_watch(A6, then=[hang])),
        ("a FIN in the middle of a line", a_watch(A6, A7[:20], then=[fin])),
        ("a proper end in the middle of a line", a_watch(A6 + A7[:20])),
        ("a reset in the middle of a line", a_watch(A6 + A7[:20], then=[reset])),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_watch_goes_on_after_the_last_whole_event(name: str, broken: Script) -> None:
    with (
        SocketServer(a_list(5), broken, a_watch(A7, then=[hang])) as server,
        reflecting(server) as (_, heard),
    ):
        heard.wait_for(lambda: len(heard.told) == 2)
        asked = server.wait_for_requests(3)
        assert [one.query.get("resourceVersion") for one in asked] == ["0", "5", "6"]
        assert heard.told == [("ADDED", "a", 6), ("MODIFIED", "a", 7)]


def test_headers_that_never_come_are_waited_for_and_then_asked_again() -> None:
    with (
        SocketServer(hang, a_list(5), hang, a_watch(A6, then=[hang])) as server,
        reflecting(server) as (_, heard),
    ):
        heard.wait_for(lambda: len(heard.told) == 1)
        asked = [one.query.get("resourceVersion") for one in server.wait_for_requests(4)]
        assert asked == ["0", "0", "5", "5"]


def test_a_list_that_breaks_in_the_middle_is_asked_again() -> None:
    def half(exchange: Exchange) -> None:
        body = listing(thing("a", 1), version=5)
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:30])

    with SocketServer(half, a_list(5, thing("a", 1)), hang) as server, reflecting(server) as (_, heard):
        heard.wait_for(lambda: heard.told == [("ADDED", "a", 1)])


def test_a_proxy_may_hold_the_headers_until_the_first_event() -> None:
    def late(exchange: Exchange) -> None:
        released.wait(20)
        exchange.head()
        exchange.chunk(A6)
        exchange.hang()

    released = threading.Event()
    with SocketServer(a_list(5), late) as server, reflecting(server) as (_, heard):
        server.wait_for_requests(2)
        released.set()
        heard.wait_for(lambda: len(heard.told) == 1)


def test_a_proxy_may_speak_http_1_0() -> None:
    """No chunks and no length: each event must be told when it comes, not when a buffer is full."""

    def old(exchange: Exchange) -> None:
        exchange.head(chunked=False)
        exchange.send(A6)
        told.wait(20)
        exchange.send(A7)
        exchange.hang()

    told = threading.Event()
    with SocketServer(a_list(5), old) as server, reflecting(server) as (_, heard):
        heard.wait_for(lambda: len(heard.told) == 1)
        told.set()
        heard.wait_for(lambda: len(heard.told) == 2)


def html(status: str) -> Script:
    """What a gateway says of itself."""
    return lambda exchange: exchange.answer(b"<html><h1>Bad gateway</h1></html>\n", status=status)


@pytest.mark.parametrize("status", ["200 OK", "502 Bad Gateway"])
def test_a_gateway_that_answers_html_is_waited_out(status: str) -> None:
    with (
        SocketServer(html(status), a_list(5), html(status), a_watch(A6, then=[hang])) as server,
        reflecting(server) as (reflector, heard),
    ):
        heard.wait_for(lambda: len(heard.told) == 1)
        asked = [one.query.get("resourceVersion") for one in server.wait_for_requests(4)]
        assert asked == ["0", "0", "5", "5"], "no new list"
        assert reflector.health.error is None


def test_a_rotated_token_is_read_after_a_401(tmp_path: Path) -> None:
    def rotate(exchange: Exchange) -> None:
        (tmp_path / "token").write_text("second\n")
        exchange.answer(b'{"kind": "Status", "code": 401}', status="401 Unauthorized")

    (tmp_path / "token").write_text("first\n")
    with SocketServer(a_list(5), rotate, a_watch(A6, then=[hang])) as server:
        heard = Waiting()
        settings = Settings(server=server.url, namespace="x", credentials=TokenFile(tmp_path / "token"))
        reflector = Reflector(Transport(settings), "/things", Thing, Mirror(heard))
        reflector.start()
        heard.wait_for(lambda: len(heard.told) == 1)
        assert reflector.stop()
        sent = [one.headers["Authorization"] for one in server.exchanges]
        assert sent == ["Bearer first", "Bearer first", "Bearer second"]
        assert reflector.health.error is None


def refused(exchange: Exchange) -> None:
    exchange.answer(
        b'{"kind": "Status", "code": 403, "message": "user cannot list things"}', status="403 Forbidden"
    )


def stuck_list(exchange: Exchange) -> None:
    exchange.send(b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"items"')
    exchange.hang()


@pytest.mark.parametrize(
    ("state", "scripts"),
    [
        ("waiting for the list's headers", [hang]),
        ("reading the list", [stuck_list]),
        ("waiting for the watch's headers", [a_list(5), hang]),
        ("reading a quiet watch", [a_list(5), a_watch(then=[hang])]),
        ("in the middle of a line", [a_list(5), a_watch(A6, A7[:9], then=[hang])]),
        ("reading a watch that is not chunked", [a_list(5), lambda exchange: old_stream(exchange)]),
        ("waiting to try again", [refused]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_ends_from_each_state(state: str, scripts: Sequence[Script]) -> None:
    listener = Waiting()
    with SocketServer(*scripts) as server:
        transport = Transport(Settings(server=server.url, namespace="x"))
        failed = threading.Event()
        reflector = Reflector(transport, "/things", Thing, Mirror(listener), on_health=failed.set)
        reflector.start()
        server.wait_for_requests(len(scripts))
        if state == "waiting to try again":
            assert failed.wait(20)
        if "line" in state:
            listener.wait_for(lambda: len(listener.told) == 1)
        assert reflector.stop(), "its thread is gone within STOP_SECONDS"
        transport.close()


def old_stream(exchange: Exchange) -> None:
    exchange.head(chunked=False)
    exchange.hang()


def test_it_ends_before_it_has_begun() -> None:
    with SocketServer(hang) as server:
        reflector = Reflector(
            Transport(Settings(server=server.url, namespace="x")), "/things", Thing, Mirror(Listener())
        )
        assert reflector.stop()
        reflector.run()
        assert server.exchanges == []


def syns_sent_to(port: int) -> int:
    """How many connects to this port wait for an answer: state 02 in /proc/net/tcp."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(words[2].endswith(f":{port:04X}") and words[3] == "02" for words in map(str.split, lines))


def test_a_connect_in_progress_is_left_behind_in_silence() -> None:
    """No FIN, no RST and no answer to the SYN: nothing but the connect's own limit ends that."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        wait_for(lambda: syns_sent_to(address[1]), what="the listener to be full")
        before = syns_sent_to(address[1])
        listener = Listener()
        transport = Transport(Settings(server=f"http://127.0.0.1:{address[1]}", namespace="x"))
        reflector = Reflector(transport, "/things", Thing, Mirror(listener))
        reflector.start()
        wait_for(lambda: syns_sent_to(address[1]) > before, what="the connect to be in progress")
        assert not reflector.stop()
        for filler in fillers:
            filler.close()
    left = next(thread for thread in threading.enumerate() if thread.name == "reflector /things")
    left.join(20)
    assert not left.is_alive()
    assert listener.told == []
    transport.close()


def test_1000_reconnects_leak_nothing() -> None:
    version = 5
    counted: list[tuple[int, int, int]] = []

    def one_event(exchange: Exchange) -> None:
        nonlocal version
        version += 1
        exchange.head()
        exchange.chunk(line("MODIFIED", thing("a", version)))
        if version % 3 == 0:
            exchange.reset()
        elif version % 3 == 1:
            exchange.end()

    with SocketServer(a_list(5), one_event) as server, reflecting(server) as (reflector, heard):
        for reconnects in (200, 1000):
            heard.wait_for(lambda reconnects=reconnects: len(heard.told) >= reconnects)  # type: ignore[misc]
            gc.collect()
            counted.append(
                (len(os.listdir("/proc/self/fd")), threading.active_count(), len(gc.get_objects()))  # noqa: PTH208
            )
        assert reflector.health.synced
    (files, threads, objects), (files_later, threads_later, objects_later) = counted
    assert abs(files_later - files) <= 5, "open connections of this moment, no more"
    assert abs(threads_later - threads) <= 5
    assert objects_later - objects < 3000 + 2 * 800, "what the test itself keeps: one line told, one request"


def test_a_fault_of_ours_in_the_thread_is_said_and_not_swallowed() -> None:
    def notify(changes: object) -> None:
        raise ZeroDivisionError("boom")

    said = threading.Event()
    with SocketServer(a_list(5, thing("a", 1)), hang) as server:
        transport = Transport(Settings(server=server.url, namespace="x"))
        reflector: Reflector[Thing] = Reflector(
            transport, "/things", Thing, Mirror(notify), on_health=said.set
        )
        reflector.start()
        assert said.wait(20)
        assert "boom" in str(reflector.health.error)
        assert reflector.stop()
        transport.close()
