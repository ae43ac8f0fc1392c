"""This terminal, or this process's standard streams, joined to a program in a container."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Iterator

from kbatch_core.cluster.execute import PING_SECONDS, Channel, Exec

# Small enough that a connection which takes any bytes at all takes these without blocking.
_PIECE = 4096


def join_terminal(program: Exec) -> None:
    """Until the program ends. Every key goes to it, Ctrl-C too; it learns the terminal's size and its changes."""
    with _raw(sys.stdin.fileno()), _size_changes() as changed:
        _tell_size(program)
        _pump(program, stdin=sys.stdin.fileno(), changed=changed)


def join_streams(program: Exec, *, stdin: bool) -> None:
    """Until the program ends; its output to ours, byte by byte, and our input to it if it is to have any."""
    _pump(program, stdin=sys.stdin.fileno() if stdin else None)


def _pump(program: Exec, *, stdin: int | None, changed: int | None = None) -> None:
    """One thread: never blocked in a write while the other side waits for us to read."""
    pending = b""
    while not program.ended:
        sources: list[int] = [program.fileno()]
        if stdin is not None and not pending:
            sources.append(stdin)
        if changed is not None:
            sources.append(changed)
        readable, writable, _ = select.select(
            sources, [program.fileno()] if pending else [], [], PING_SECONDS
        )
        if not readable and not writable:
            program.ping()
            continue
        if writable:
            program.write(pending)
            pending = b""
        if program.fileno() in readable:
            for channel, data in program.read():
                _write(1 if channel is Channel.STDOUT else 2, data)
        if changed is not None and changed in readable:
            os.read(changed, _PIECE)
            _tell_size(program)
        if stdin is not None and stdin in readable:
            pending = os.read(stdin, _PIECE)
            if not pending:
                program.close_stdin()
                stdin = None


def _write(descriptor: int, data: bytes) -> None:
    """All of it. Raises BrokenPipeError when nobody reads."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _tell_size(program: Exec) -> None:
    size = shutil.get_terminal_size()
    program.resize(size.columns, size.lines)


@contextlib.contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """The terminal without its own keys and echo; as it was before at the end, also when we are told to end."""
    before = termios.tcgetattr(descriptor)
    ending = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTERM, ending)


@contextlib.contextmanager
def _size_changes() -> Iterator[int]:
    """A file descriptor that can be read when the terminal's size has changed."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.signal(signal.SIGWINCH, lambda number, frame: None)
    woken = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(woken)
        signal.signal(signal.SIGWINCH, before)
        os.close(reader)
        os.close(writer)
