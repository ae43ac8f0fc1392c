"""The supervisor run directly, without a cluster: the program as it travels, in each shell that it must run in."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from kbatch_core.model.record import Record, parse_record
from kbatch_core.runner import supervisor_program
from tests.cluster.processes import TIED

Given = TypeVar("Given")
Result = TypeVar("Result")

SHELLS = {
    "dash": ("dash",),
    "bash": ("bash", "--posix"),
    "busybox": ("busybox", "ash"),
}
PATIENCE = 20
"""Seconds after which a run that should have ended is a failure."""


class Shell(NamedTuple):
    """A shell, and the PATH of an image that has it: with busybox there is no other tool."""

    name: str
    command: tuple[str, ...]
    path: str


def find_shell(name: str, folder: Path) -> Shell | None:
    """The shell, with a folder of tools made below `folder` where it needs one; None when it is not installed."""
    program = shutil.which(SHELLS[name][0])
    if program is None:
        return None
    command = (program, *SHELLS[name][1:])
    if name != "busybox":
        return Shell(name, command, "/usr/local/bin:/usr/bin:/bin")
    tools = folder / "busybox"
    if not tools.exists():
        tools.mkdir()
        subprocess.run([program, "--install", "-s", str(tools)], check=True)
    return Shell(name, command, str(tools))


class Ended(NamedTuple):
    """What is left of a run. `log` and `log_err` are the two streams of the container's log."""

    code: int
    log: bytes
    log_err: bytes
    message: bytes
    record: Record | None


class Run:
    """One start of the supervisor in a folder of its own: `home` and `scratch` are in it.

    `start` and `finish`, or both at once by calling it. A second start in the same `home` is a restart.
    """

    def __init__(self, folder: Path, shell: Shell, program: str | None = None) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.scratch = folder / "scratch"
        self.message = folder / "message"
        self.output = self.home / "out.txt"
        self.records = self.home / ".kbatch" / "abcd2345"
        self._shell = shell
        self._program = folder / "supervisor"
        self.home.mkdir(parents=True)
        self._program.write_text(program or supervisor_program())
        self.process: subprocess.Popen[bytes] | None = None

    def script(self, text: str | bytes, name: str = "script") -> str:
        """A file that can be executed; its path."""
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o755)
        return str(path)

    def words(self, command: Sequence[str], options: Mapping[str, str] | None = None) -> list[str]:
        """The whole command line. `options` replaces the usual ones by letter; an empty value leaves one out."""
        usual = {
            "o": str(self.output),
            "d": str(self.records),
            "w": str(self.scratch),
            "l": str(self.message),
            "g": str(self.folder / "no-cgroup"),
            "k": "1",
        }
        pairs = {**usual, **(options or {})}
        words = [word for letter, value in pairs.items() if value for word in (f"-{letter}", value)]
        return [*self._shell.command, str(self._program), *words, "JOB_ID=abcd2345", "--", *command]

    def start(
        self,
        *command: str,
        options: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        wrap: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        """Start it; `wrap` goes before the command line."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(mode=0o777)
        self.scratch.chmod(0o777)
        self.message.write_bytes(b"")
        self.message.chmod(0o666)

        with (self.folder / "log").open("wb") as log, (self.folder / "log-err").open("wb") as log_err:
            self.process = subprocess.Popen(
                [*TIED, *wrap, *self.words(command, options)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log_err,
                cwd=self.folder,
                env={"PATH": self._shell.path, "KBATCH_JOB_NODELIST": "node1.example.org", **(environ or {})},
                start_new_session=True,
            )
        return self.process

    def finish(self) -> Ended:
        """Wait for the end. Raises TimeoutExpired, with everything of it killed."""
        assert self.process is not None
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        message = self.message.read_bytes()
        return Ended(
            code if code >= 0 else 128 - code,
            (self.folder / "log").read_bytes(),
            (self.folder / "log-err").read_bytes(),
            message,
            parse_record(message),
        )

    def kill(self) -> None:
        """SIGKILL to all of its session at once, as when the container is taken away."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __call__(
        self,
        *command: str,
        options: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        wrap: Sequence[str] = (),
    ) -> Ended:
        self.start(*command, options=options, environ=environ, wrap=wrap)
        return self.finish()


NewRun = Callable[[], Run]


def side_by_side(
    function: Callable[[Given], Result], given: Iterable[Given], workers: int = 8
) -> list[Result]:
    """`function` of each, several at a time: most of a run is waiting."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, given))


def python(code: str) -> tuple[str, str, str]:
    """The command that runs Python code with this interpreter, also where PATH has none."""
    return sys.executable, "-c", code
