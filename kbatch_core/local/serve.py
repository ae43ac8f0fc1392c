"""What the server's process does from its beginning to its end."""

from __future__ import annotations

import asyncio
import base64
import errno
import fcntl
import logging
import os
import secrets
import signal
import ssl
import sys
import time
from functools import partial
from pathlib import Path

import msgspec

from kbatch_core.local.api.server import Server
from kbatch_core.local.api.streams import Streams
from kbatch_core.local.objects import resources
from kbatch_core.local.place import Address, Place
from kbatch_core.local.runner import Runner
from kbatch_core.local.state.store import Store, StoreError

_LOCK_TRIES, _LOCK_PAUSE = 100, 0.02
_log = logging.getLogger(__name__)


def run(folder: str, writer: int) -> int:
    """Serve until TERM. `writer` is told "ready", or why not; the exit code."""
    place = Place(Path(folder).name, Path(folder))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    os.umask(0o077)
    with open(place.lock, "w") as lock:
        if not _lock(lock.fileno()):
            _tell(writer, "Another server has it already.")
            return 1
        os.set_inheritable(lock.fileno(), False)
        try:
            asyncio.run(_serve(place, writer))
        except StoreError as error:
            _tell(writer, str(error))
            return 1
    return 0


def _lock(descriptor: int) -> bool:
    """Take the lock for as long as this process lives. Who asks whether we run holds it for a moment, too."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE)
        else:
            return True
    return False


async def _serve(place: Place, writer: int) -> None:
    store = Store(place.database)
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    before = place.address()
    address = Address(os.getpid(), 0, before.token if before else secrets.token_urlsafe(32))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(place.certificate, place.key)
    runner = Runner(store, place.folder, create_pod=partial(resources.create, store, "pods"))
    streams = Streams(runner)
    server = Server(store, address.token, streams={"log": streams.log, "exec": streams.exec}, tls=tls)
    await _listen(server, before.port if before else 0)
    await runner.start()
    try:
        publish(place, msgspec.structs.replace(address, port=server.port))
        _tell(writer, "ready")
        _log.info("ready on port %d", server.port)
        await ending.wait()
    finally:
        await server.stop()
        await runner.stop()
        store.close()
        _log.info("stopped")


async def _listen(server: Server, port: int) -> None:
    """On the port that clients know from before, or on another when somebody has taken it."""
    try:
        await server.start(port)
    except OSError as error:
        if not port or error.errno != errno.EADDRINUSE:
            raise
        await server.start(0)


def publish(place: Place, address: Address) -> None:
    """Write down where the server is, for our own programs and, as a kubeconfig, for all others."""
    _write(place.token, address.token.encode())
    authority = base64.b64encode(place.certificate.read_bytes()).decode()
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "local",
        "clusters": [
            {"name": "local", "cluster": {"server": address.server, "certificate-authority-data": authority}}
        ],
        "users": [{"name": "local", "user": {"token": address.token}}],
        "contexts": [
            {"name": "local", "context": {"cluster": "local", "user": "local", "namespace": "default"}}
        ],
    }
    # JSON is YAML.
    _write(place.kubeconfig, msgspec.json.format(msgspec.json.encode(kubeconfig), indent=2) + b"\n")
    _write(place.address_file, msgspec.json.encode(address))


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and for the owner only."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)


def _tell(writer: int, text: str) -> None:
    try:
        os.write(writer, text.encode())
    except OSError:
        return
    os.close(writer)
