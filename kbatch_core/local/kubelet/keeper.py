"""The keeper of one container: starts its process, writes its log, and writes down how it ended.

Run as `python -I -S keeper.py FOLDER FD`, with nothing but the standard library (and no pathlib, which takes as long
to import as all the rest), in a session of its own: it lives on when the server is killed, and the next server finds
it. FOLDER has `start.json` (what to run) and two FIFOs. What its processes use stands there in the files of a control
group (`cpu.stat`, `memory.current`, `memory.peak`), where the supervisor looks. While the keeper lives it holds FD,
the writing end of `alive`, and a byte there says that the process runs. Through `control` it is told `T` (TERM to
the process) and `K` (KILL to all of its processes). It leaves `started.json` before anything runs, and `exit.json`,
whole or not at all, when all has ended and the log is complete.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import sys
import time
from typing import Any, NoReturn

# A line that is longer is written in parts, as containerd does.
LONGEST = 16 * 1024
_CHUNK = 64 * 1024
# What still holds the output open after it was killed cannot be waited for longer than this, in seconds.
_DRAIN_SECONDS = 2.0
# Between two looks at what is used: soon at first, for jobs that are short. A look takes about a millisecond.
_FIRST_LOOK, _LOOKS_APART = 0.2, 5.0
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


class Log:
    """A container's log in the CRI's form, `TIME STREAM TAG TEXT`; old parts are renamed, and in the end removed."""

    def __init__(self, path: str, size: int, files: int) -> None:
        """`size`: bytes of a part; `files`: how many parts are kept, this one included."""
        self._path, self._size, self._files = path, size, files
        self._tails: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        self._ns = 0
        self._open()

    def write(self, stream: str, data: bytes) -> None:
        """What came; the end of it that is no whole line is kept for later."""
        lines = (self._tails[stream] + data).split(b"\n")
        tail = lines.pop()
        out = bytearray()
        for line in lines:
            while len(line) > LONGEST:
                out += self._line(stream, b"P", line[:LONGEST])
                line = line[LONGEST:]
            out += self._line(stream, b"F", line)
        while len(tail) >= LONGEST:
            out += self._line(stream, b"P", tail[:LONGEST])
            tail = tail[LONGEST:]
        self._tails[stream] = tail
        self._append(out)

    def end(self) -> None:
        """The rest, which has no newline."""
        for stream, tail in self._tails.items():
            if tail:
                self._append(self._line(stream, b"P", tail))
        os.close(self._fd)

    def _line(self, stream: str, tag: bytes, text: bytes) -> bytes:
        # No two lines have the same time, so that a reader can go on after one.
        self._ns = max(time.time_ns(), self._ns + 1)
        second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self._ns // 10**9))
        return b"%s.%09dZ %s %s %s\n" % (second.encode(), self._ns % 10**9, stream.encode(), tag, text)

    def _append(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except OSError:
                # A full disk must not stop the job; its output file, if it has one, is another matter.
                return
        if os.fstat(self._fd).st_size >= self._size:
            self._rotate()

    def _rotate(self) -> None:
        os.close(self._fd)
        os.rename(self._path, f"{self._path}.{self._ns:020d}")
        self._open()
        folder, name = os.path.split(self._path)
        old = sorted(one for one in os.listdir(folder) if one.startswith(f"{name}."))
        for one in old[: max(len(old) - self._files + 1, 0)]:
            os.unlink(os.path.join(folder, one))

    def _open(self) -> None:
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


class Keeper:
    """The process of one container, from its start to the word on its end."""

    def __init__(self, folder: str, alive: int) -> None:
        self._folder = folder
        self._alive = alive
        with open(os.path.join(folder, "start.json"), "rb") as file:
            self._start: dict[str, Any] = json.load(file)
        self._log = Log(self._start["log"], self._start["log_size"], self._start["log_files"])
        self._select = selectors.DefaultSelector()
        self._control = os.open(os.path.join(folder, "control"), os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGTERM, lambda number, frame: self._interrupt())
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        self._pid = 0
        self._status: int | None = None
        self._ended = 0
        self._interrupted = False
        self._streams: dict[int, str] = {}
        self._begun = self._next_look = time.monotonic()
        self._cpu_usec = self._peak = 0

    def run(self) -> None:
        """Start it, wait for its end, and write that down."""
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._note("started.json", {"keeper": os.getpid()})
        begun = time.time_ns()
        error = self._spawn()
        if not error:
            self._note("started.json", {"keeper": os.getpid(), "pid": self._pid, "since": begun})
            # Nobody reads while the server is away.
            with contextlib.suppress(OSError):
                os.write(self._alive, b"S")
            if self._interrupted:
                self._interrupt()
            self._wait()
            self._kill_rest()
            self._drain()
        self._log.end()
        self._note("exit.json", {**self._end(error), "since": begun, "until": self._ended or time.time_ns()})

    def _spawn(self) -> str:
        """Start the process; why it could not be, or ""."""
        out, err, problem = os.pipe(), os.pipe(), os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._become(out[1], err[1], problem[1])
        for _, end in (out, err, problem):
            os.close(end)
        with os.fdopen(problem[0], "rb") as file:
            error = file.read().decode(errors="replace")
        if error:
            os.waitpid(self._pid, 0)
            return error
        for (end, _), name in ((out, "stdout"), (err, "stderr")):
            os.set_blocking(end, False)
            self._streams[end] = name
            self._select.register(end, selectors.EVENT_READ)
        self._select.register(self._control, selectors.EVENT_READ)
        self._select.register(self._woken, selectors.EVENT_READ)
        return ""

    def _become(self, out: int, err: int, problem: int) -> NoReturn:
        """In the child: the program, or the reason why not."""
        word = self._start["argv"][0]
        try:
            os.setsid()
            # The server's own is for its secrets.
            os.umask(0o022)
            # Without its keeper nobody would read its output or learn of its end.
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out, 1)
            os.dup2(err, 2)
            word = self._start["cwd"]
            os.chdir(word)
            word = self._start["argv"][0]
            os.execvpe(word, self._start["argv"], self._start["env"])
        except OSError as error:
            missing = (
                isinstance(error, FileNotFoundError) and word == self._start["argv"][0] and "/" not in word
            )
            why = "executable file not found in $PATH" if missing else (error.strerror or str(error)).lower()
            kind = "chdir to cwd" if word != self._start["argv"][0] else "exec"
            text = (
                f'{kind}: "{word}": {why}'
                if missing or kind != "exec"
                else f'{kind}: "{word}": stat {word}: {why}'
            )
            os.write(problem, text.encode(errors="replace")[:2000])
        finally:
            os._exit(128)

    def _wait(self) -> None:
        """Until the process itself has ended."""
        while self._status is None:
            for key, _ in self._select.select(max(self._next_look - time.monotonic(), 0)):
                self._handle(key.fd)
            self._reap()
            now = time.monotonic()
            if now >= self._next_look:
                self._measure()
                self._next_look = now + min(max(now - self._begun, _FIRST_LOOK), _LOOKS_APART)

    def _measure(self) -> None:
        """Write down what all its processes have used. Memory is the sum of what each has resident."""
        try:
            cpu, memory = used(os.getpid())
        except (OSError, ValueError):
            return
        self._cpu_usec, self._peak = max(cpu, self._cpu_usec), max(memory, self._peak)
        for name, text in (
            ("cpu.stat", f"usage_usec {self._cpu_usec}"),
            ("memory.current", str(memory)),
            ("memory.peak", str(self._peak)),
        ):
            path = os.path.join(self._folder, name)
            with contextlib.suppress(OSError):
                with open(f"{path}.tmp", "w") as file:
                    file.write(f"{text}\n")
                os.replace(f"{path}.tmp", path)

    def _handle(self, fd: int) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(fd, _CHUNK)
            if fd == self._control:
                self._obey(data)
            elif fd in self._streams and data:
                self._log.write(self._streams[fd], data)
            elif fd in self._streams:
                self._select.unregister(fd)
                del self._streams[fd]

    def _obey(self, words: bytes) -> None:
        if b"K" in words:
            self._kill_all()
        elif b"T" in words and self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)

    def _interrupt(self) -> None:
        """Somebody ends this keeper in order: the machine shuts down."""
        self._interrupted = True
        if self._pid and self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)

    def _reap(self) -> bool:
        """Take the ends of children; whether any child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._pid:
                self._status, self._ended = status, time.time_ns()

    def _kill_all(self) -> None:
        # Who they are first: without a subreaper (macOS) nobody could tell when their parents are gone.
        found = descendants(os.getpid())
        if self._status is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def _kill_rest(self) -> None:
        """What the process left behind ends with it, as in a container."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        end = time.monotonic() + _DRAIN_SECONDS
        while self._reap() and time.monotonic() < end:
            self._kill_all()
            for key, _ in self._select.select(0.01):
                self._handle(key.fd)

    def _drain(self) -> None:
        """The rest of the output."""
        end = time.monotonic() + _DRAIN_SECONDS
        while self._streams and time.monotonic() < end:
            for key, _ in self._select.select(0.1):
                self._handle(key.fd)

    def _end(self, error: str) -> dict[str, Any]:
        if error:
            return {"code": 128, "error": error}
        code = os.waitstatus_to_exitcode(self._status or 0)
        return {"code": 128 - code if code < 0 else code, "error": "", "interrupted": self._interrupted}

    def _note(self, name: str, what: dict[str, Any]) -> None:
        """Write a file, whole or not at all, and on the disk."""
        path = os.path.join(self._folder, name)
        with open(f"{path}.tmp", "w") as file:
            json.dump(what, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{path}.tmp", path)


def used(root: int) -> tuple[int, int]:
    """(CPU time in microseconds, resident memory in bytes) of what comes from `root`, which asks for itself.

    The time of those that have ended counts with whoever waited for them. Raises OSError where there is no /proc.
    """
    _stat("self")
    ended = os.times()
    ticks = 1_000_000 / os.sysconf("SC_CLK_TCK")
    page = os.sysconf("SC_PAGE_SIZE")
    cpu = (ended.children_user + ended.children_system) * 1e6
    memory = 0
    for pid in descendants(root):
        with contextlib.suppress(OSError, IndexError):
            words = _stat(str(pid))
            cpu += sum(map(int, words[11:15])) * ticks
            memory += int(words[21]) * page
    return int(cpu), memory


def descendants(root: int) -> list[int]:
    """The processes that come from `root`, without it."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    level = [root]
    while level:
        level = [pid for parent in level for pid in children.get(parent, ())]
        found += level
    return found


def _parents() -> list[tuple[int, int]]:
    """(process, its parent) of all."""
    if not os.path.exists("/proc/self/stat"):
        import subprocess  # where there is no /proc

        words = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, check=False).stdout.split()
        return [(int(pid), int(parent)) for pid, parent in zip(words[::2], words[1::2], strict=False)]
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                found.append((int(name), int(_stat(name)[1])))
    return found


def _stat(pid: str) -> list[bytes]:
    """The fields of /proc/PID/stat from the third on (proc(5)): after the name, which may hold anything."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere the process group has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def main() -> None:
    folder, alive = sys.argv[1], int(sys.argv[2])
    os.set_inheritable(alive, False)
    Keeper(folder, alive).run()


if __name__ == "__main__":
    main()
