"""Files that a job needs and its object cannot hold, written into its folder in home before the submit.

The object stays the one write that makes the job: a folder without one is harmless, and is taken away again when
the cluster refuses the job.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from kbatch_core.errors import BadOption, BadScript
from kbatch_core.manifest.carry import StagedFile


def write_staged(files: Sequence[StagedFile]) -> list[Path]:
    """Write the files, each whole or not at all, and give those that were not there before.

    Raises BadScript when home cannot be written, BadOption when a file of that name holds something else: then its
    job, which a repeated --submit-id means, must not be changed.
    """
    written: list[Path] = []
    try:
        for file in files:
            if _write(Path(file.path), file.data):
                written.append(Path(file.path))
    except OSError as error:
        remove_staged(written)
        raise BadScript(
            f"{error.filename or files[0].path} cannot be written: {error.strerror}.",
            "A script of this size is kept in your home: make room there.",
        ) from error
    return written


def read_staged(path: str) -> str:
    """A script that was too large for its Job, from the job's folder in home. Raises BadScript."""
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadScript(
            f"The script of the job is not here: {path}: {why}.",
            "It was too large for the job's object; run this where your home is, or submit it again.",
        ) from error


def remove_staged(written: Sequence[Path]) -> None:
    """Take away what `write_staged` wrote, and its folder if nothing else is in it."""
    for path in written:
        with contextlib.suppress(OSError):
            path.unlink()
            path.parent.rmdir()


def _write(path: Path, data: bytes) -> bool:
    """Whether the file was written; False = it is there, the same."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == data:
            return False
        raise BadOption(
            f"--submit-id: {path} is of another submit with the same id, and holds something else.",
            "Choose another one.",
        )
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o700)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    return True
