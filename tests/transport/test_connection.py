"""One connection: kept for the next request, through proxies, with the certificates of this moment."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kbatch_core.cluster.connections import AnswerLost
from kbatch_core.cluster.settings import Settings
from kbatch_core.cluster.transport import Transport
from kbatch_core.errors import ConnectionFailed, NoCluster
from kbatch_core.local.certificate import make
from tests.reflector.sockets import Exchange, SocketServer


class Certificate:
    """One for 127.0.0.1 in files, with the context of a server that has it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.file, self.key = folder / "cert.pem", folder / "key.pem"
        make(self.file, self.key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.file, self.key)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls") / "one")


class Server:
    """Answers each request with its own first line, on connections that stay open; as a proxy it also connects.

    `heads` are those of all requests. Use it in `with`; it owns a thread per connection.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, answers: int = 1000) -> None:
        self.heads: list[str] = []
        self.connections = 0
        self._tls = tls
        self._answers = answers
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Server:
        self._threads[0].start()
        return self

    def __exit__(self, *exc: object) -> None:
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                self.connections += 1
                self._open.append(plain)
                thread = threading.Thread(target=self._serve, args=(plain,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError):
            peer = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            self._open.append(peer)
            with peer:
                for _ in range(self._answers):
                    head = _read_head(peer)
                    if not head:
                        return
                    self.heads.append(head)
                    line = head.partition("\r\n")[0]
                    if line.startswith("CONNECT "):
                        self._tunnel(peer, line.split()[1])
                        return
                    body = f"{len(self.heads)} {line}".encode()
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def _tunnel(self, peer: socket.socket, where: str) -> None:
        host, _, port = where.rpartition(":")
        with socket.create_connection((host, int(port))) as server:
            self._open.append(server)
            peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_copy, args=(server, peer), daemon=True)
            back.start()
            _copy(peer, server)
            back.join(5)


def _read_head(peer: socket.socket) -> str:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        piece = peer.recv(1)
        if not piece:
            return ""
        data += piece
    return data.decode()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def connected(settings: Settings) -> Iterator[Transport]:
    transport = Transport(settings)
    yield transport
    transport.close()


def test_one_connection_serves_one_request_after_the_other() -> None:
    with Server() as server, connected(Settings(f"http://127.0.0.1:{server.port}/base/", "x")) as transport:
        assert transport.request("GET", "/a", query={"b": "c d"}) == b"1 GET /base/a?b=c+d HTTP/1.1"
        assert transport.request("POST", "/a", body=b"") == b"2 POST /base/a HTTP/1.1"
        assert b"".join(transport.read_pieces("/a", size=5)) == b"3 GET /base/a HTTP/1.1"
        assert server.connections == 1


def test_one_that_the_server_has_closed_is_not_used() -> None:
    with (
        Server(answers=1) as server,
        connected(Settings(f"http://127.0.0.1:{server.port}", "x")) as transport,
    ):
        for number in (1, 2, 3):
            assert transport.request("GET", "/") == f"{number} GET / HTTP/1.1".encode()
            server._threads[-1].join(5)
        assert server.connections == 3


@pytest.mark.parametrize("length", [20, 21])
def test_a_body_that_ends_too_early_is_lost(length: int) -> None:
    def script(exchange: Exchange) -> None:
        # Each connection has one answer: that it is the last is said, and not only seen when it is closed.
        head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        exchange.send(head.encode() + b"x" * 20)

    with SocketServer(script) as server:
        transport = Transport(Settings(server.url, "x"))
        if length == 20:
            assert b"".join(transport.read_pieces("/", size=8)) == transport.request("GET", "/") == b"x" * 20
            return
        for read in (lambda: transport.request("GET", "/"), lambda: [*transport.read_pieces("/", size=8)]):
            with pytest.raises(AnswerLost):
                read()


@pytest.mark.parametrize("proxied", ["http", "https"])
def test_tls_through_a_proxy_has_a_tunnel(
    certificate: Certificate, proxied: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The proxy's own certificate is one that this machine trusts.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    tls = certificate.context if proxied == "https" else None
    with Server(certificate.context) as server, Server(tls) as proxy:
        settings = Settings(
            f"https://127.0.0.1:{server.port}",
            "x",
            ca_file=str(certificate.file),
            proxy=f"{proxied}://ann:s%40crt@127.0.0.1:{proxy.port}",
        )
        with connected(settings) as transport:
            assert transport.request("GET", "/a") == b"1 GET /a HTTP/1.1"
            assert transport.request("GET", "/b") == b"2 GET /b HTTP/1.1"
            assert b"".join(transport.open_stream("/c").chunks()) == b"3 GET /c HTTP/1.1"
        assert f"Host: 127.0.0.1:{server.port}" in server.heads[0]
        assert "Authorization" not in server.heads[0]
        head = proxy.heads[0]
        assert head.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.")
        assert "proxy-authorization: basic yw5uonnay3j0" in head.lower()
        assert (len(proxy.heads), server.connections) == (1, 1)


def test_without_tls_the_proxy_is_asked_for_the_whole_url() -> None:
    with Server() as proxy:
        settings = Settings(
            "http://example.org:81/k8s",
            "x",
            proxy=f"http://127.0.0.1:{proxy.port}",
            proxy_headers={"proxy-authorization": "Basic eA=="},
        )
        with connected(settings) as transport:
            assert transport.request("GET", "/a") == b"1 GET http://example.org:81/k8s/a HTTP/1.1"
        assert "proxy-authorization: Basic eA==" in proxy.heads[0]
        assert "Host: example.org:81" in proxy.heads[0]


def test_a_proxy_that_is_not_there_or_refuses_is_said() -> None:
    def no(exchange: Exchange) -> None:
        exchange.answer(b"no", status="403 Forbidden")

    with SocketServer(no) as proxy:
        for where in ("http://127.0.0.1:1", proxy.url):
            with pytest.raises(ConnectionFailed, match="The proxy to https://x:1 does not answer"):
                Transport(Settings("https://x:1", "x", proxy=where)).request("GET", "/")


@pytest.mark.parametrize("server", ["example", "ftp://example", "https://a b", "https://x:y", "https://[x"])
def test_an_address_that_is_none_is_one_sentence(server: str) -> None:
    with pytest.raises(ConnectionFailed, match="is no URL"):
        Transport(Settings(server, "x")).request("GET", "/")


@pytest.mark.parametrize("server", ["http://no.such.name.invalid", "https://a..b"])
def test_a_name_that_nobody_knows_is_one_sentence(server: str) -> None:
    with pytest.raises(ConnectionFailed, match="is not known here"):
        Transport(Settings(server, "x")).request("GET", "/")


def test_a_name_of_another_is_not_trusted_unless_it_was_told(certificate: Certificate) -> None:
    with Server(certificate.context) as server:
        address = f"https://127.0.0.1:{server.port}"
        ca = str(certificate.file)
        for trusted in (
            Settings(address, "x", ca_file=ca, tls_server_name="localhost"),
            Settings(address, "x", verify=False),
        ):
            with connected(trusted) as transport:
                assert transport.request("GET", "/").endswith(b"GET / HTTP/1.1")
        for refused in (
            Settings(address, "x", ca_file=ca, tls_server_name="example.org"),
            Settings(address, "x"),
        ):
            with connected(refused) as transport, pytest.raises(ConnectionFailed, match="is not trusted"):
                transport.request("GET", "/")


def test_certificates_are_read_for_each_connection(tmp_path: Path, certificate: Certificate) -> None:
    ca = tmp_path / "ca.crt"
    shutil.copy(Certificate(tmp_path / "other").file, ca)
    with Server(certificate.context) as server:
        transport = Transport(Settings(f"https://127.0.0.1:{server.port}", "x", ca_file=str(ca)))
        with pytest.raises(ConnectionFailed, match="is not trusted"):
            transport.request("GET", "/")
        shutil.copy(certificate.file, ca)
        assert transport.request("GET", "/").endswith(b"GET / HTTP/1.1")
        transport.close()


@pytest.mark.parametrize("option", ["ca_file", "cert_file"])
def test_a_certificate_that_is_missing_is_named(tmp_path: Path, option: str) -> None:
    with Server() as server, pytest.raises(NoCluster, match=r"missing: .*none\.pem"):
        missing = {option: str(tmp_path / "none.pem")}
        Transport(Settings(f"https://127.0.0.1:{server.port}", "x", **missing)).request("GET", "/")  # type: ignore[arg-type]
