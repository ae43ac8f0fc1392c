"""Chromium: Debian's browser without a window, driven over the DevTools protocol as a person drives it.

Keys and the mouse are the browser's own events, so that a page's shortcuts see them before the page's terminal does.
"""

from __future__ import annotations

import base64
import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import websocket

from tests.cluster.build import Missing
from tests.cluster.processes import Component, wait_for

# Nothing of it looks for a network, a graphics card or a sandbox that root has not.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--remote-debugging-port=0", "--hide-scrollbars",
)  # fmt: skip
ALT, CTRL, SHIFT = 1, 2, 8
# Name -> (Windows' number of the key, text).
_KEYS = {
    "Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), "Backspace": (8, ""), "Delete": (46, ""),
    " ": (32, " "), "ArrowUp": (38, ""), "ArrowDown": (40, ""), "ArrowLeft": (37, ""), "ArrowRight": (39, ""),
    "PageUp": (33, ""), "PageDown": (34, ""), "Home": (36, ""), "End": (35, ""), "F1": (112, ""),
}  # fmt: skip


class Browser:
    """One page of it. Use it in `with`. Raises Missing where there is no Chromium."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("chromium")
        if program is None:
            raise Missing("Chromium is not installed: apt-get install chromium.")
        self._profile = folder / "profile"
        self._numbers = itertools.count(1)
        self._program = Component(
            "chromium",
            [program, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            folder,
            tied=True,
            environ={"HOME": str(folder)},
        )

    def __enter__(self) -> Browser:
        self._program.start()
        port_file = self._profile / "DevToolsActivePort"
        wait_for(
            lambda: port_file.exists() and len(port_file.read_text().splitlines()) == 2,
            what="Chromium",
            seconds=120,
        )
        port, path = port_file.read_text().split()
        self._session = ""
        self._socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}{path}", suppress_origin=True, timeout=120
        )
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()
        self._program.stop()

    def call(self, method: str, **params: Any) -> Any:
        """A call of the DevTools protocol; its answer. Raises RuntimeError when it is refused."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        while (answer := json.loads(self._socket.recv())).get("id") != number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, of a promise once it is kept. Raises RuntimeError."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    # Keyboard and mouse

    def press(self, key: str, modifiers: int = 0, *, does: str = "") -> None:
        """Press a key and let it go; `does` is what the browser itself makes of it, such as "copy"."""
        number, text = _KEYS.get(key, (ord(key.upper()) if len(key) == 1 and key.isalnum() else 0, key))
        code = f"Key{key.upper()}" if len(key) == 1 and key.isalpha() else key if len(key) > 1 else ""
        event = {"key": key, "code": code, "modifiers": modifiers, "windowsVirtualKeyCode": number}
        if text and not modifiers & (ALT | CTRL):
            self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        else:
            self.call("Input.dispatchKeyEvent", type="rawKeyDown", commands=[does] if does else [], **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def insert(self, text: str) -> None:
        """Text as from an input method: all at once."""
        self.call("Input.insertText", text=text)

    def click(self, x: float, y: float) -> None:
        self.drag((x, y), (x, y))

    def drag(self, start: tuple[float, float], end: tuple[float, float], modifiers: int = 0) -> None:
        self._mouse("mouseMoved", start, 0)
        self._mouse("mousePressed", start, modifiers)
        if start != end:
            self._mouse("mouseMoved", ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), modifiers)
            self._mouse("mouseMoved", end, modifiers)
        self._mouse("mouseReleased", end, modifiers)

    def wheel(self, x: float, y: float, delta: int) -> None:
        self.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=delta)

    def _mouse(self, kind: str, place: tuple[float, float], modifiers: int) -> None:
        self.call(
            "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1,
            buttons=int(kind != "mouseReleased"), modifiers=modifiers,
        )  # fmt: skip
