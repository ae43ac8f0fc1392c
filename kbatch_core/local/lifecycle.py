"""Start, find, stop and remove local clusters. None of it needs the cluster's own code: that is another process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

import msgspec

from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.errors import BadOption, ConnectionFailed
from kbatch_core.local.place import DEFAULT, Address, Place, find_place

NAMESPACE = "default"
PREFIX = "local"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
_PAUSE = 0.02


class State(msgspec.Struct, frozen=True):
    """What is known of a cluster without asking it."""

    name: str
    folder: str
    kubeconfig: str
    running: bool
    pid: int | None = None
    server: str = ""


def parse_cluster(text: str) -> str:
    """The name in `local` or `local:NAME`. Raises BadOption for any other cluster."""
    kind, colon, name = text.partition(":")
    if kind != PREFIX or (colon and not name):
        raise BadOption(
            f"--cluster {text}: there is only `local`, or `local:NAME`, on this machine.",
            "Choose another cluster with --context or --kubeconfig.",
        )
    return name or DEFAULT


def settings_of(
    name: str, environ: Mapping[str, str] = os.environ, *, namespace: str | None = None
) -> Settings:
    """How to talk to a local cluster; it is started when it does not run. Raises ConnectionFailed, BadOption."""
    place = find_place(name, environ)
    address = start(place)
    return Settings(
        server=address.server,
        namespace=namespace or NAMESPACE,
        credentials=TokenFile(place.token),
        ca_file=str(place.certificate),
        source=f"the local cluster {name!r}",
    )


def start(place: Place) -> Address:
    """The address of the cluster's server, which is started when it does not run. Raises ConnectionFailed."""
    address = running(place)
    if address is not None:
        return address
    with _alone(place):
        address = running(place)
        if address is not None:
            return address
        place.make()
        from kbatch_core.local import certificate  # only for a start

        certificate.make(place.certificate, place.key)
        _launch(place)
        address = running(place)
    if address is None:
        raise ConnectionFailed(f"The local cluster {place.name!r} ended at once.", f"Look into {place.log}.")
    return address


def running(place: Place) -> Address | None:
    """The address of a server that lives; None when none does."""
    return place.address() if _is_locked(place.lock) else None


def state(place: Place) -> State:
    """What `kqueue local status` tells."""
    address = running(place)
    return State(
        name=place.name,
        folder=str(place.folder),
        kubeconfig=str(place.kubeconfig),
        running=address is not None,
        pid=address.pid if address else None,
        server=address.server if address else "",
    )


def stop(place: Place, *, sleep: Callable[[float], None] = time.sleep) -> bool:
    """End the server; its jobs go on without it. False when there is none. Raises ConnectionFailed."""
    if not place.folder.exists():
        return False
    with _alone(place):
        return _stop(place, sleep)


def clean(place: Place, *, sleep: Callable[[float], None] = time.sleep) -> bool:
    """End the server and all that runs in the cluster, and remove its state. False when there is none."""
    if not place.folder.exists():
        return False
    with _alone(place):
        _stop(place, sleep)
        from kbatch_core.local.kubelet.leftovers import end_all  # only for clean

        end_all(place.pods)
        shutil.rmtree(place.folder)
    with contextlib.suppress(OSError):
        place.start_lock.unlink()
    return True


def _stop(place: Place, sleep: Callable[[float], None]) -> bool:
    address = running(place)
    if address is None:
        return False
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(address.pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not _is_locked(place.lock):
                return True
            sleep(_PAUSE)
    raise ConnectionFailed(
        f"The server of the local cluster {place.name!r} (process {address.pid}) does not end."
    )


def _launch(place: Place) -> None:
    """Start the server as a process of its own and wait until it says that it is ready. Raises ConnectionFailed."""
    reader, writer = os.pipe()
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # It forks once more, so that nobody has to wait for its end; `safe_path` keeps the job's folder out of it.
        subprocess.run(
            [sys.executable, "-P", "-m", "kbatch_core.local", str(place.folder), str(writer)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writer,),
            start_new_session=True,
            cwd="/",
            env=_server_environ(),
            check=False,
        )
    finally:
        os.close(writer)
        os.close(log)
    with os.fdopen(reader, "rb") as answer:
        said = _read_until(answer, START_SECONDS)
    if said != b"ready":
        why = said.decode(errors="replace").strip() or f"Look into {place.log}."
        raise ConnectionFailed(f"The local cluster {place.name!r} did not start.", why)


def _read_until(answer: IO[bytes], seconds: float) -> bytes:
    """All that is said, or what was said by then."""
    import select

    deadline = time.monotonic() + seconds
    said = b""
    while select.select([answer], [], [], max(0.0, deadline - time.monotonic()))[0]:
        piece = os.read(answer.fileno(), 4096)
        if not piece:
            break
        said += piece
    return said


def _server_environ() -> dict[str, str]:
    """This process's environment, with the code that it was started from."""
    package = str(Path(__file__).parents[2])
    path = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(path))}


@contextlib.contextmanager
def _alone(place: Place) -> Iterator[None]:
    """While no other process starts, stops or removes this cluster."""
    place.start_lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        with open(place.start_lock, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_file(lock, place.start_lock):
                yield
                return


def _is_file(file: IO[str], path: Path) -> bool:
    """Whether `path` still leads to `file`: whoever removed the cluster removed the lock that others waited for."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _is_locked(path: Path) -> bool:
    try:
        with open(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
