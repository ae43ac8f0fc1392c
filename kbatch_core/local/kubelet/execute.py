"""A program in a container's place: its environment, folder and terminal, spoken to in the channels of exec.

Each frame begins with the number of its channel. Protocol v5 has one message more than v4, the end of stdin.
Sources: the remotecommand and websocket packages of Kubernetes.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_CHUNK = 32 * 1024
# How long the rest of the output is waited for when something else still holds it open, in seconds.
_REST_SECONDS = 1.0

Receive = Callable[[], Awaitable[bytes | None]]
"""The client's next frame; None once it is gone."""
Send = Callable[[bytes], Awaitable[None]]


async def execute(
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    *,
    stdin: bool,
    stdout: bool,
    stderr: bool,
    tty: bool,
    receive: Receive,
    send: Send,
) -> None:
    """Run it and tell the client all of it; ends when the program has ended or the client is gone.

    The last frame is the Status with the exit code. A program whose client is gone is hung up on.
    """
    master, slave = pty.openpty() if tty else (-1, -1)
    pipe = asyncio.subprocess.PIPE
    null = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env={**env, **({"TERM": env.get("TERM", "xterm")} if tty else {})},
            cwd=cwd,
            stdin=slave if tty else pipe if stdin else null,
            stdout=slave if tty else pipe if stdout else null,
            stderr=slave if tty else pipe if stderr else null,
            start_new_session=True,
            preexec_fn=(lambda: _own_terminal(slave)) if tty else None,
        )
    except OSError as error:
        if tty:
            os.close(master)
        why = "executable file not found in $PATH" if "/" not in argv[0] else (error.strerror or "").lower()
        message = f'command terminated: exec: "{argv[0]}": {why}'
        await send(_status({"status": "Failure", "reason": "InternalError", "message": message, "code": 500}))
        return
    finally:
        if tty:
            os.close(slave)
    session = _Session(process, master, send)
    try:
        await session.run(receive, stdin=stdin)
    finally:
        session.close()


class _Session:
    """The program that runs and the client that looks on."""

    def __init__(self, process: asyncio.subprocess.Process, master: int, send: Send) -> None:
        self._process = process
        self._master = master
        self._send = send

    async def run(self, receive: Receive, *, stdin: bool) -> None:
        outputs = [asyncio.create_task(one) for one in self._outputs()]
        listener = asyncio.create_task(self._listen(receive, stdin))
        ended = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait({ended, listener}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done() and listener.result():
                return
            code = await ended
            await asyncio.wait(outputs, timeout=_REST_SECONDS)
            await self._send(_exit_status(code))
        finally:
            for task in (*outputs, listener, ended):
                task.cancel()
            await asyncio.gather(*outputs, listener, ended, return_exceptions=True)

    def close(self) -> None:
        """Hang up on what still runs: the kernel does that for a terminal; without one it is killed."""
        terminal = self._master >= 0
        if terminal:
            with contextlib.suppress(OSError):
                asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            self._master = -1
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGHUP if terminal else signal.SIGKILL)

    def _outputs(self) -> list[Any]:
        if self._master >= 0:
            return [self._copy_terminal()]
        pairs = ((self._process.stdout, STDOUT), (self._process.stderr, STDERR))
        return [self._copy(stream, channel) for stream, channel in pairs if stream is not None]

    async def _copy(self, stream: asyncio.StreamReader, channel: int) -> None:
        while data := await stream.read(_CHUNK):
            await self._send(bytes([channel]) + data)

    async def _copy_terminal(self) -> None:
        loop = asyncio.get_running_loop()
        os.set_blocking(self._master, False)
        ready = asyncio.Event()
        loop.add_reader(self._master, ready.set)
        while True:
            await ready.wait()
            ready.clear()
            try:
                data = os.read(self._master, _CHUNK)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                loop.remove_reader(self._master)
                return
            await self._send(bytes([STDOUT]) + data)

    async def _listen(self, receive: Receive, stdin: bool) -> bool:
        """Pass on what the client types; True once it is gone."""
        while True:
            frame = await receive()
            if frame is None:
                return True
            if len(frame) < 2:
                continue
            channel, data = frame[0], frame[1:]
            if channel == STDIN and stdin:
                await self._type(data)
            elif channel == RESIZE and self._master >= 0:
                _resize(self._master, data)
            elif channel == CLOSE and data[0] == STDIN and self._process.stdin is not None:
                self._process.stdin.close()

    async def _type(self, data: bytes) -> None:
        if self._master >= 0:
            view = memoryview(data)
            while view:
                try:
                    view = view[os.write(self._master, view) :]
                except BlockingIOError:
                    await asyncio.sleep(0.01)
                except OSError:
                    return
        elif self._process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(data)
                await self._process.stdin.drain()


def _own_terminal(slave: int) -> None:
    """In the child: the terminal is its session's."""
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


def _resize(master: int, data: bytes) -> None:
    with contextlib.suppress(msgspec.MsgspecError, OSError, KeyError, TypeError, struct.error):
        size = msgspec.json.decode(data)
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", size["Height"], size["Width"], 0, 0))


def _exit_status(code: int) -> bytes:
    if code == 0:
        return _status({"status": "Success"})
    number = 128 - code if code < 0 else code
    return _status(
        {
            "status": "Failure",
            "message": f"command terminated with non-zero exit code: exit status {number}",
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": str(number)}]},
        }
    )


def _status(words: dict[str, Any]) -> bytes:
    return bytes([ERROR]) + msgspec.json.encode({"metadata": {}, **words})
