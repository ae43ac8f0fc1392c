"""A program on a real terminal: a pty of a given size, its screen by pyte, and keys typed into it."""

from __future__ import annotations

import copy
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyte

from tests.cluster.processes import TIED

# A session of its own, whose terminal is the pty, so that Ctrl-C reaches it.
_OWN_TERMINAL = ("setsid", "--ctty")


class Screen(pyte.Screen):  # type: ignore[misc]
    """pyte's, with the alternate screen, which it does not know: what a program leaves behind is what was there."""

    _behind: tuple[Any, pyte.screens.Cursor] | None = None

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private") and 1049 in modes and self._behind is None:
            self._behind = copy.deepcopy(self.buffer), copy.copy(self.cursor)
            self.erase_in_display(2)
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        super().reset_mode(*modes, **kwargs)
        if kwargs.get("private") and 1049 in modes and self._behind is not None:
            self.buffer, self.cursor = self._behind
            self._behind = None


class Terminal:
    """Runs a command of ours on a pty. Use it in `with`.

    `raw` is every byte that came, `arrived` when each part of it did (by the monotonic clock) and its length.
    """

    def __init__(
        self, prog: str, *args: str, environ: Mapping[str, str], columns: int = 100, lines: int = 20
    ) -> None:
        self._master, slave = pty.openpty()
        self._open = True
        self.resize(columns, lines, tell=False)
        self.screen = Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.arrived: list[tuple[float, int]] = []
        inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        self._process = subprocess.Popen(
            [
                *TIED,
                *_OWN_TERMINAL,
                prog if "/" in prog else str(Path(sys.executable).with_name(prog)),
                *args,
            ],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**inherited, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", **environ},
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self.hang_up()

    @property
    def pid(self) -> int:
        return self._process.pid

    def resize(self, columns: int, lines: int, *, tell: bool = True) -> None:
        """Change the size, which the kernel tells the program."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if tell:
            self.screen.resize(lines, columns)

    def type(self, data: str | bytes) -> None:
        os.write(self._master, data.encode() if isinstance(data, str) else data)

    def interrupt(self) -> None:
        """Ctrl-C as the terminal has it."""
        self.type(b"\x03")

    def hang_up(self) -> None:
        """The window is closed: the kernel tells the program, and nothing can be read or written any more."""
        if self._open:
            self._open = False
            os.close(self._master)

    def attributes(self) -> list[Any]:
        """How the kernel treats what is typed: echo, lines, Ctrl-C, and so on (termios)."""
        return termios.tcgetattr(self._master)

    def modes(self) -> set[str]:
        """What the program has switched on in the terminal and not off again: numbers of DEC's private modes, and
        "keys" for kitty's keyboard protocol."""
        found: set[str] = set()
        for numbers, switch in re.findall(rb"\x1b\[\?([0-9;]+)([hl])", self.raw):
            change = found.update if switch == b"h" else found.difference_update
            change(numbers.decode().split(";"))
        pushed, popped = (len(re.findall(rb"\x1b\[" + sign + rb"[0-9]*u", self.raw)) for sign in (b">", b"<"))
        return found | ({"keys"} if pushed > popped else set())

    def text(self) -> str:
        """What is to be seen now."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def wait_for(self, check: Callable[[str], object], what: str, seconds: float = 60.0) -> str:
        """The screen once `check` of it is true. Raises TimeoutError with what is to be seen, also at its end."""
        deadline = time.monotonic() + seconds
        while not check(self.text()):
            over = self._process.poll() is not None
            if time.monotonic() > deadline or (over and not self._read(0.1) and not check(self.text())):
                raise TimeoutError(f"waited for {what}; the screen:\n{self.text()}")
            self._read(0.1)
        return self.text()

    def wait_end(self, seconds: float = 60.0) -> int:
        """The exit code, once the program has ended; a negative signal number if one ended it."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited for the end; the screen:\n{self.text()}")
            self._read(0.1)
        while self._read(0.05):
            pass
        return int(self._process.returncode)

    def look(self, seconds: float) -> int:
        """Take what comes for so long; how many bytes it was."""
        before = len(self.raw)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)
        return len(self.raw) - before

    def look_once(self, seconds: float = 60.0) -> None:
        """Take what comes next. Raises TimeoutError when nothing does."""
        if not self._read(seconds):
            raise TimeoutError(f"waited for any byte; the screen:\n{self.text()}")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def _read(self, seconds: float) -> bool:
        if not self._open:
            time.sleep(seconds)
            return False
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other side is closed
            return False
        self.arrived.append((time.monotonic(), len(data)))
        self.raw += data
        self._stream.feed(data)
        return bool(data)
