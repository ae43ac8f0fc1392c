"""The server's side of a keeper: start one, find it again, speak to it, learn of its end.

Whether a keeper lives is asked of the kernel: it holds the writing end of a FIFO. So neither another process with
its number nor a restart of the machine can be taken for it, and a keeper that was only just started is seen too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from kbatch_core.local.kubelet import keeper
from kbatch_core.model.decoding import decoder

MARK = "KBATCH_LOCAL_CONTAINER"
"""In the environment of all processes of a container: its folder."""
_PROC = Path("/proc")
"""macOS has none; there ps tells."""

Told = TypeVar("Told")


class Start(msgspec.Struct, frozen=True):
    """What a keeper is to do: paths and words as the operating system takes them."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    log: str
    log_size: int
    log_files: int


class Exit(msgspec.Struct, frozen=True):
    """How a container ended. `code` is 128 + n for signal n; times are in nanoseconds since the epoch.

    `error` says why it never started; `interrupted`, that the machine told its keeper to end.
    """

    code: int
    since: int
    until: int
    error: str = ""
    interrupted: bool = False


class Started(msgspec.Struct, frozen=True):
    """That a container was about to start (`pid` 0), or did."""

    keeper: int
    pid: int = 0
    since: int = 0


class Attempt:
    """One start of one container; its folder is its memory. For the loop's thread only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._alive = -1
        self._child: subprocess.Popen[bytes] | None = None

    def launch(self, start: Start) -> None:
        """Start its keeper. Raises OSError when no process can be made; then nothing runs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "start.json").write_bytes(msgspec.json.encode(start))
        for name in ("alive", "control"):
            with contextlib.suppress(FileExistsError):
                os.mkfifo(self.folder / name, 0o600)
        self._open()
        held = os.open(self.folder / "alive", os.O_WRONLY)
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper.__file__, str(self.folder), str(held)],
                pass_fds=[held],
                start_new_session=True,
                cwd="/",
                env={"PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        finally:
            os.close(held)

    def is_alive(self) -> bool:
        """Whether its keeper lives."""
        if self._alive < 0:
            try:
                self._open()
            except FileNotFoundError:
                return False
        try:
            return os.read(self._alive, 1) != b""
        except BlockingIOError:
            return True

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` when its process has started, and when the keeper is gone."""
        loop = asyncio.get_running_loop()
        if self._alive < 0:
            self._open()

        def look() -> None:
            if not self.is_alive():
                loop.remove_reader(self._alive)
                self._bury()
            changed()

        loop.add_reader(self._alive, look)

    def close(self) -> None:
        """Forget it here; it goes on."""
        if self._alive >= 0:
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().remove_reader(self._alive)
            os.close(self._alive)
            self._alive = -1
        if self._child is not None:
            # It is not this process's to wait for any more.
            self._child.returncode = self._child.poll() or 0
            self._child = None

    def exit(self) -> Exit | None:
        """How it ended; None when nothing tells (yet)."""
        return self._read("exit.json", Exit)

    def started(self) -> Started | None:
        """None when nothing of it can ever have run."""
        return self._read("started.json", Started)

    def terminate(self) -> bool:
        """TERM to the process. False: its keeper does not listen yet, or any more."""
        return self._tell(b"T")

    def kill(self) -> bool:
        """KILL to all of its processes. False: as for `terminate`."""
        return self._tell(b"K")

    def kill_leftovers(self) -> None:
        """Without a keeper: end what is left of it, which its environment tells."""
        for pid in marked(str(self.folder)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def has_leftovers(self) -> bool:
        """Whether any of its processes is still there."""
        return bool(marked(str(self.folder)))

    def _tell(self, word: bytes) -> bool:
        try:
            fd = os.open(self.folder / "control", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            os.write(fd, word)
        except OSError:
            return False
        finally:
            os.close(fd)
        return True

    def _open(self) -> None:
        self._alive = os.open(self.folder / "alive", os.O_RDONLY | os.O_NONBLOCK)

    def _bury(self) -> None:
        if self._child is not None:
            # It has closed its files, so it is as good as gone.
            self._child.wait()
            self._child = None

    def _read(self, name: str, kind: type[Told]) -> Told | None:
        try:
            return decoder(kind).decode((self.folder / name).read_bytes())
        except (FileNotFoundError, msgspec.DecodeError):
            return None


def marked(folder: str) -> list[int]:
    """The processes with that mark in their environment."""
    word = f"{MARK}={folder}"
    if (_PROC / "self/environ").exists():
        found = []
        for path in _PROC.iterdir():
            if path.name.isdigit():
                with contextlib.suppress(OSError):
                    if word.encode() in (path / "environ").read_bytes().split(b"\0"):
                        found.append(int(path.name))
        return found
    lines = subprocess.run(
        ["ps", "-axEww", "-o", "pid=,command="], capture_output=True, text=True, errors="replace", check=False
    ).stdout.splitlines()
    return [int(line.split(None, 1)[0]) for line in lines if word in line.split()]
