"""The dashboard as textual-serve runs it for a browser: no terminal, but a driver that speaks in packets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pyte

from tests.cluster.processes import TIED


def packet(text: str) -> bytes:
    """What is typed, as the server sends it."""
    return b"D" + len(text.encode()).to_bytes(4, "big") + text.encode()


class Browser:
    """The screen of what comes. Reading ends with the process."""

    def __init__(self, stdout: IO[bytes]) -> None:
        self._stdout = stdout
        self._screen = pyte.Screen(100, 30)
        self._stream = pyte.ByteStream(self._screen)
        while stdout.readline() != b"__GANGLION__\n":
            pass

    def text(self) -> str:
        return "\n".join(self._screen.display)

    def wait_for(self, check: Callable[[str], object]) -> None:
        while not check(self.text()):
            assert self._read(), self.text()

    def wait_end(self) -> None:
        while self._read():
            pass

    def _read(self) -> bool:
        kind, size = self._stdout.read(1), self._stdout.read(4)
        data = self._stdout.read(int.from_bytes(size, "big"))
        if kind == b"D":
            self._stream.feed(data)
        return bool(kind)


def test_in_a_browser_it_opens_and_a_shell_is_a_command_to_copy(tmp_path: Path) -> None:
    driver = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "COLUMNS": "100", "ROWS": "30"}
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    command = [*TIED, sys.executable, "-m", "tests.dashboard.demo"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**inherited, **driver, "HOME": str(tmp_path), "COLORTERM": "truecolor"},
    ) as process:
        assert process.stdin is not None and process.stdout is not None

        def press(keys: str) -> None:
            assert process.stdin is not None
            process.stdin.write(packet(keys))
            process.stdin.flush()

        browser = Browser(process.stdout)
        browser.wait_for(lambda text: "LIVE" in text and "Quit" in text)
        press("s")
        browser.wait_for(
            lambda text: "Copied, if your terminal takes it" in text and "The demo has no pod" in text
        )
        press("\r")
        browser.wait_for(lambda text: "The demo has no pod" not in text)
        press("q")
        browser.wait_end()
    assert process.returncode == 0
