"""A job's output file in home, where home is mounted here: complete, while the node keeps only the end of a log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from kbatch_core.history import FOLDER
from kbatch_core.logs.events import Batch, Gap, Line, Partial
from kbatch_core.logs.podlog import Stopper
from kbatch_core.manifest.program import program_of
from kbatch_core.model.names import is_id
from kbatch_core.model.objects import Job
from kbatch_core.model.patterns import expand_final
from kbatch_core.status.reading import id_of

BLOCK = 1024 * 1024
# How long a change of the file may go unnoticed where the kernel tells of none (a network file system).
POLL_SECONDS = 1.0
# Lines of a file may have any length; they are handed on in pieces of this size.
PIECE = 256 * 1024
# How much of the line that is being written is shown; of a progress bar the end counts.
PARTIAL = 4096


def job_folder(job: Job, home: str) -> Path | None:
    """The job's folder in the home of this session: the proof that this home is the job's; None when it is not."""
    job_id = id_of(job)
    if not program_of(job).record_dir or not home or not is_id(job_id):
        return None
    folder = Path(home) / FOLDER / job_id
    return folder if folder.is_dir() else None


def local_path(job: Job, path: str, home: str) -> Path:
    """Where the job's `path` is in this session, whose `home` may be at another place than in the job."""
    there = PurePosixPath(path)
    home_there = PurePosixPath(program_of(job).record_dir or "/nowhere/-/-").parent.parent
    return Path(home) / there.relative_to(home_there) if there.is_relative_to(home_there) else Path(there)


def output_file(job: Job, task: int | None, node: str, *, stderr: bool = False) -> str:
    """The output file as the job names it; "" when it writes none, or the name needs a `node` that is not known."""
    program = program_of(job)
    pattern = program.error if stderr else program.output
    path = expand_final(pattern, task, node or "\0")
    return "" if "\0" in path or path == "/dev/null" else path


class HomeFile:
    """Reads a file that may grow, be cut or replaced, and may not be there yet. Close it, or use it in `with`."""

    def __init__(self, path: Path, *, tail: int | None = None) -> None:
        self.path = path
        self._tail = tail
        self._fd = -1
        self._at = 0
        self._rest = b""

    def __enter__(self) -> HomeFile:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def read(self) -> Iterator[Batch]:
        """The lines that are complete and have not been given yet. Raises OSError.

        The file is opened again each time: on NFS only that asks the server how long it is now.
        """
        while True:
            why = self._open()
            if why:
                yield from self.rest()
                self._at = 0
                yield [Gap(None, None, why)]
            given = self._at
            yield from self._new_lines()
            if self._at == given:
                return
            if self._rest:
                yield [Partial(self._rest[-PARTIAL:])]

    def rest(self) -> Iterator[Batch]:
        """What comes after the last newline, when nothing more is to come."""
        if self._rest:
            yield [Line(self._rest, None, False)]
            self._rest = b""

    def _open(self) -> str:
        """Open what is at the path now; why reading has to begin anew, "" when it goes on."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            # What is open can still be read to its end; perhaps another one comes.
            return ""
        old, self._fd = self._fd, fd
        status = os.fstat(fd)
        if old < 0:
            if self._tail is not None:
                self._at = tail_start(fd, status.st_size, self._tail)
            return ""
        before = os.fstat(old)
        if (before.st_dev, before.st_ino) == (status.st_dev, status.st_ino):
            os.close(old)
            return "the file was cut" if status.st_size < self._at else ""
        if os.pread(old, 1, self._at):
            # The old one first, to its end.
            os.close(fd)
            self._fd = old
            return ""
        os.close(old)
        return "the file was replaced"

    def _new_lines(self) -> Iterator[Batch]:
        while self._fd >= 0 and (data := os.pread(self._fd, BLOCK, self._at)):
            self._at += len(data)
            lines = (self._rest + data).split(b"\n")
            self._rest = lines.pop()
            batch = [Line(line) for line in lines]
            while len(self._rest) >= PIECE:
                batch.append(Line(self._rest[:PIECE], None, False))
                self._rest = self._rest[PIECE:]
            if batch:
                yield batch


def tail_start(fd: int, size: int, count: int) -> int:
    """Where the last `count` lines of a file begin; the last one may have no newline."""
    if count <= 0:
        return size
    at = size
    wanted = count
    last = True
    while at > 0:
        start = max(0, at - BLOCK)
        block = os.pread(fd, at - start, start)
        if last and block.endswith(b"\n"):
            # This newline ends the last line; it does not begin another one.
            wanted += 1
        last = False
        found = block.count(b"\n")
        if found >= wanted:
            position = len(block)
            for _ in range(wanted):
                position = block.rindex(b"\n", 0, position)
            return start + position + 1
        wanted -= found
        at = start
    return 0


class Changes:
    """Waits for changes of a file: the kernel tells of them, or they are looked for every POLL_SECONDS."""

    def __init__(self, path: Path, stopper: Stopper, wait: Callable[[float], object]) -> None:
        self._stopper = stopper
        self._wait = wait
        self._told: Iterator[object] | None = self._watch(path)

    def wait(self) -> None:
        """Until something may have changed, at most POLL_SECONDS, or until stopped."""
        if self._told is not None:
            try:
                if next(self._told, None) is not None or self._stopper.stopped:
                    return
            except (OSError, RuntimeError):
                pass
            # The kernel has no more watches to give, or the folder is not there.
            self._told = None
        self._wait(POLL_SECONDS)

    def _watch(self, path: Path) -> Iterator[object]:
        from watchfiles import watch  # it takes a while, and most reads do not follow

        # The folder, because the file may be replaced.
        return watch(
            path.parent,
            watch_filter=lambda _, changed: changed.rpartition("/")[2] == path.name,
            debounce=100,
            step=50,
            rust_timeout=int(POLL_SECONDS * 1000),
            yield_on_timeout=True,
            stop_event=self._stopper.event,
            recursive=False,
            ignore_permission_denied=True,
        )
