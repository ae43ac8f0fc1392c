"""The process around the app: signals that end it, and Ctrl-Z, which gives the terminal back to the shell."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from types import FrameType

from textual.app import App

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 2.0
"""A terminal that is gone or stopped takes no bytes, and so none of those that restore it."""


def leave_on_signals(app: App[None]) -> None:
    """From now on ENDING leave as `q` does, with the exit code that a shell gives them: 128 and the number.

    Called in the app's loop. A signal that was ignored before, as under nohup, still is.
    """
    loop = asyncio.get_running_loop()

    def leave(number: int, frame: FrameType | None) -> None:
        last = threading.Timer(GRACE_SECONDS, os._exit, (128 + number,))
        last.daemon = True
        last.start()
        loop.call_soon_threadsafe(lambda: app.exit(return_code=128 + number))

    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, leave)


def suspend() -> bool:
    """Stop until the shell continues us; False where there is none that could.

    The whole job is stopped, as the terminal itself would do it, so that a script around us stops, too.
    """
    parent = os.getppid()
    try:
        by_shell = os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != os.getpgrp()
    except ProcessLookupError:
        by_shell = False
    if by_shell:
        os.killpg(0, signal.SIGTSTP)
    return by_shell
