"""Files of the history: read with nothing in them trusted, written whole or not at all.

Home may be on NFS, where locks cannot be relied on, and it is writable by every job of the user: a file may be cut
off, foreign, huge, a symlink or a FIFO. Everything below the history's own folder is opened relative to it and never
through a symlink, and only regular files up to a limit are read. A write goes to a file of its own, which then takes
the name; of two writers one wins, and readers see the one or the other.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def open_root(path: Path) -> Iterator[int]:
    """A descriptor of the folder at `path`, which the user may have made a symlink. Raises OSError."""
    descriptor = os.open(path, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def open_folder(name: str, parent: int) -> Iterator[int]:
    """A descriptor of a folder in `parent`; not through a symlink. Raises OSError."""
    descriptor = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def names_in(folder: int) -> list[str]:
    """What is in an open folder. Raises OSError."""
    return os.listdir(folder)


def read_file(name: str, folder: int, limit: int, *, tail: bool = False) -> bytes | None:
    """The regular file `name` in `folder`; None when it is not there or is something else.

    Of one longer than `limit` bytes the last ones with `tail`, else None.
    """
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or (facts.st_size > limit and not tail):
            return None
        if facts.st_size > limit:
            os.lseek(descriptor, -limit, os.SEEK_END)
        # What is appended while this reads is left for the next time.
        parts, rest = [], min(facts.st_size, limit)
        while rest > 0 and (part := os.read(descriptor, rest)):
            parts.append(part)
            rest -= len(part)
        return b"".join(parts)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def write_file(name: str, data: bytes, folder: int) -> None:
    """Put `data` at `name` in `folder`, on disk when this returns; readable by the user only. Raises OSError."""
    temporary = f".{name}.{os.getpid()}.{os.urandom(4).hex()}"
    descriptor = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder
    )
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)  # NFS says here that the disk is full
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def make_folder(name: str, parent: int) -> None:
    """Make `name` in `parent`, unless it is there, as open to the group as `parent` is. Raises OSError.

    A job may run as another user who may write in home by its group (fsGroup), and leaves its record here.
    """
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return
    group = stat.S_IMODE(os.fstat(parent).st_mode) & 0o070
    if group:
        with open_folder(name, parent) as made:
            os.fchmod(made, stat.S_IMODE(os.fstat(made).st_mode) | group)
