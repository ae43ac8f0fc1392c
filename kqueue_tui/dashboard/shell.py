"""A command that has the terminal for itself while the app is suspended."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence


def run_in_terminal(command: Sequence[str]) -> int:
    """Run it to its end; its exit code, 127 when there is no such program. Ctrl-C is the command's, not ours."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(command, check=False, preexec_fn=_own_interrupt).returncode
    except FileNotFoundError:
        return 127
    finally:
        signal.signal(signal.SIGINT, before)


def _own_interrupt() -> None:
    """In the child: Ctrl-C ends it as it would without us."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
