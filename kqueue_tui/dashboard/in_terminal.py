"""A command that has the terminal for itself while the app is suspended: a shell, an editor, a log."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

NO_PROGRAM = 127


def run_in_terminal(app: App[Any], command: Sequence[str], *, stays: bool = False) -> int | None:
    """Its exit code. None where the app cannot be suspended: the command is shown then, to be copied.

    What it has printed is there to be read until Enter with `stays`, and when it failed.
    """
    try:
        with app.suspend():
            code = _run(command)
            if (stays or code) and code not in (-signal.SIGINT, 128 + signal.SIGINT):
                _wait_for_enter()
            return code
    except SuspendNotSupported:
        from kqueue_tui.dashboard.dialogs.copy import Copied

        app.push_screen(Copied(shlex.join(command)))
        return None


def _run(command: Sequence[str]) -> int:
    """To its end; NO_PROGRAM, said, when there is none of the name. Ctrl-C is the command's, not ours."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(
            [_program(command[0]), *command[1:]], check=False, preexec_fn=_own_interrupt
        ).returncode
    except FileNotFoundError:
        sys.stdout.write(f"There is no program {command[0]} here.\n")
        return NO_PROGRAM
    finally:
        signal.signal(signal.SIGINT, before)


def _program(name: str) -> str:
    """Where PATH has no kqueue, the one that is beside this Python."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if shutil.which(name) is None and "/" not in name and beside.exists() else name


def _own_interrupt() -> None:
    """In the child: Ctrl-C ends it as it would without us."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wait_for_enter() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdout.write("\nEnter goes back to the dashboard. ")
            sys.stdout.flush()
            sys.stdin.readline()
    finally:
        signal.signal(signal.SIGINT, before)
