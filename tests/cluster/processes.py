"""Child processes that end with us, whatever happens to us."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

SETPRIV = shutil.which("setpriv") or "setpriv"
TIED = (SETPRIV, "--pdeathsig", "KILL", "--")
"""Before a command line: the kernel kills it when the thread that started it ends, also by SIGKILL.

No preexec_fn does it, with which Python forks: a worker of all tests is so large that a fork takes 0.1 s.
"""


class Component:
    """One program of the cluster: its log is a file, its process group is its own."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        tied: bool,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [*TIED, *command] if tied else list(command)
        self._environ = {**os.environ, **(environ or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def start(self) -> None:
        """Start it. With `tied` it dies with this process."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self._environ,
            )

    def stop(self, *, kill: bool = False, seconds: float = 10.0) -> None:
        """End it by pid: TERM, then KILL; `kill` = KILL at once. Does nothing when it does not run."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While it lasts the program does nothing, and so nothing that it does passes."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def tail(self) -> str:
        """The end of its log, for an error message."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""


def wait_for(
    check: Callable[[], Result | None], *, what: str, seconds: float = 60.0, every: float = 0.1
) -> Result:
    """The first true answer of `check`. Raises TimeoutError that names `what`, with the last exception if any.

    A check that is dear is made less often: what is waited for needs the processor, too.
    """
    deadline = time.monotonic() + seconds
    problem: Exception | None = None
    while True:
        asked = time.monotonic()
        try:
            result = check()
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            result, problem = None, error
        if result:
            return result
        now = time.monotonic()
        if now > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}") from problem
        time.sleep(max(every, min(2 * (now - asked), 2.0)))
