"""A JupyterLab on loopback, its page in the browser, and a terminal on that page, as a user of a hub has it."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

from tests.cluster.control import free_ports
from tests.cluster.environment import python_environment
from tests.cluster.processes import Component, wait_for
from tests.jupyterlab.chromium import CTRL, Browser

PROMPT = "%"
WIDTH, HEIGHT = 1280, 800
# Asks on its first start whether to look for news on the network.
_QUIET = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
# What a page sends to the terminal's program is noted.
_LISTEN = """
window.sent = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
    const message = String(data);
    if (message.startsWith('["stdin"')) sent.push(JSON.parse(message)[1]);
    return send.call(this, data);
};
"""
_LINES = """(() => {
    const lines = [], buffer = terminal._term.buffer.active;
    for (let i = 0; i < terminal._term.rows; i++)
        lines.push(buffer.getLine(buffer.viewportY + i)?.translateToString(true) ?? "");
    return lines.join("\\n");
})()"""
_CELL = """(() => {
    const box = terminal.node.querySelector(".xterm-screen").getBoundingClientRect(), term = terminal._term;
    return [box.x, box.y, box.width / term.cols, box.height / term.rows];
})()"""


def lab_environment() -> Path:
    """The Python of a virtual environment with JupyterLab, made once. Raises Missing."""
    return python_environment("lab", Path(__file__).with_name("lab-constraints.txt"), "JupyterLab")


class Lab:
    """The server. Its user's shell is bash as terminado starts it, in a home of her own. Use it in `with`."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        python = lab_environment()
        self.home = folder / "home"
        self.url = f"http://127.0.0.1:{(port := free_ports(1)[0])}"
        config = folder / "config"
        (config / "labconfig").mkdir(parents=True)
        (config / "labconfig" / "page_config.json").write_text(json.dumps(_QUIET))
        self.home.mkdir()
        ours = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path.cwd()),
            **environ,
        }
        exports = "".join(f"export {name}='{value}'\n" for name, value in ours.items())
        (self.home / ".bash_profile").write_text(f"{exports}PS1='{PROMPT} '\n")
        self._server = Component(
            "jupyterlab",
            [
                "env", "--ignore-environment", f"--chdir={self.home}",
                f"HOME={self.home}", f"PATH={os.environ['PATH']}", "LC_ALL=C.UTF-8",
                "SHELL=/bin/bash", f"JUPYTER_CONFIG_DIR={config}", f"JUPYTER_RUNTIME_DIR={folder / 'runtime'}",
                str(python), "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.root_dir={self.home}",
                "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
                "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
            ],
            folder,
            tied=True,
        )  # fmt: skip

    def __enter__(self) -> Lab:
        self._server.start()
        wait_for(self._answers, what="JupyterLab", seconds=120)
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.stop()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/status", timeout=10):
                return True
        except (urllib.error.URLError, ConnectionError):
            return False


class Wire:
    """The terminal's websocket, as JupyterLab speaks it."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(url, suppress_origin=True, timeout=60)
        self.wait_piece()  # what was kept

    def type(self, text: str) -> None:
        self._socket.send(json.dumps(["stdin", text]))

    def wait_piece(self) -> None:
        """Until the next piece of output has come."""
        while json.loads(self._socket.recv())[0] != "stdout":
            pass

    def close(self) -> None:
        self._socket.close()


class Page:
    """JupyterLab's page with one terminal, in which a shell waits."""

    def __init__(self, browser: Browser, lab: Lab) -> None:
        self.browser, self.lab = browser, lab
        browser.call("Page.enable")
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=_LISTEN)
        browser.resize(WIDTH, HEIGHT)
        browser.call("Page.navigate", url=f"{lab.url}/lab?reset")
        self._wait_for_lab()

    def open_terminal(self) -> None:
        """Another terminal in the place of the one that was there."""
        self.browser.run(
            "jupyterapp.commands.execute('terminal:create-new').then(made => { window.terminal = made.content; })"
        )
        self._wait_for_terminal()
        self.wait_for(lambda text: text.endswith(PROMPT), "the shell")

    def close_terminal(self) -> None:
        """With the shell in it."""
        self.browser.resize(WIDTH, HEIGHT)
        self.browser.run("terminal.session.shutdown().then(() => terminal.dispose())")

    def reload(self) -> None:
        """As the browser's own button: the page is made anew and finds its terminal."""
        self.browser.run("window.old = true")
        self.browser.call("Page.reload")
        wait_for(lambda: self._run("window.old !== true"), what="the new page", seconds=60)
        self._find_terminal()

    @contextmanager
    def closed(self) -> Iterator[Wire]:
        """Meanwhile the tab is closed, and the terminal heard without a browser."""
        name = self.browser.run("terminal.session.name")
        self.browser.call("Page.navigate", url="about:blank")
        wire = Wire(f"ws{self.lab.url.removeprefix('http')}/terminals/websocket/{name}")
        try:
            yield wire
        finally:
            wire.close()
            self.browser.call("Page.navigate", url=f"{self.lab.url}/lab")
            self._find_terminal()

    def text(self) -> str:
        """The terminal's screen."""
        return str(self.browser.run(_LINES)).rstrip()

    def wait_for(self, check: Callable[[str], object], what: str, seconds: float = 20) -> str:
        """The screen once `check` of it is true. Raises TimeoutError with what is to be seen."""
        try:
            wait_for(lambda: check(self.text()), what=what, seconds=seconds)
        except TimeoutError:
            raise TimeoutError(f"waited for {what}; the screen:\n{self.text()}") from None
        return self.text()

    def press(self, *keys: str, modifiers: int = 0) -> None:
        for key in keys:
            self.browser.press(key, modifiers)

    def control(self, key: str, *, does: str = "") -> None:
        self.browser.press(key, CTRL, does=does)

    def enter(self, command: str) -> None:
        """A line for the shell."""
        self.browser.insert(command)
        self.press("Enter")

    def place(self, text: str, column: int = 0) -> tuple[float, float]:
        """Where on the page the middle of the first letter of `text` is, or of the one so many columns further."""
        for y, line in enumerate(self.text().splitlines()):
            if text in line:
                left, top, width, height = self.browser.run(_CELL)
                return left + (line.index(text) + column + 0.5) * width, top + (y + 0.5) * height
        raise AssertionError(f"{text} is not to be seen:\n{self.text()}")

    def click(self, text: str) -> None:
        self.wait_for(lambda seen: text in seen, text)
        self.browser.click(*self.place(text))

    def term(self, expression: str) -> Any:
        """A value of xterm.js."""
        return self.browser.run(f"terminal._term.{expression}")

    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        return self.term("cols"), self.term("rows")

    def sent(self) -> list[str]:
        """What the page has sent to the terminal's program since it was loaded."""
        return list(self.browser.run("window.sent"))

    def modes(self) -> dict[str, Any]:
        """What is switched on in the terminal."""
        return dict(self.term("modes")) | {"alternate": self.term("buffer.active.type") == "alternate"}

    def _find_terminal(self) -> None:
        self._wait_for_lab()
        find = "[...jupyterapp.shell.widgets('main')].map(one => one.content).find(one => one?._term)"
        wait_for(lambda: self._run(f"!!(window.terminal = {find})"), what="the terminal on it", seconds=60)
        self._wait_for_terminal()

    def _wait_for_lab(self) -> None:
        ready = "!!window.jupyterapp && jupyterapp.restored.then(() => true)"
        wait_for(lambda: self._run(ready), what="JupyterLab's page", seconds=120)

    def _wait_for_terminal(self) -> None:
        wait_for(lambda: self._run("!!terminal._term?.element"), what="the terminal", seconds=60)
        self.browser.run("terminal._term.focus()")

    def _run(self, script: str) -> Any:
        """None while the page is being changed for another."""
        try:
            return self.browser.run(script)
        except RuntimeError:
            return None
