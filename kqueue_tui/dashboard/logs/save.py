"""A whole log to a file, byte by byte as the job printed it."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import BinaryIO

from kbatch_core.errors import KbatchError
from kbatch_core.logs import Batch, Gap, Line
from kqueue_tui.dashboard.backend import Reader


def save_log(reader: Reader, folder: Path, name: str) -> tuple[Path, int]:
    """Write everything that the reader gives; the path, which was not there before, and the number of gaps.

    No part of a log is left as if it were the whole. Blocks. Raises KbatchError.
    """
    path = free_path(folder, re.sub(r"[^\w.-]+", "-", name).strip("-.") or "log")
    whole = False
    try:
        with path.open("xb") as file:
            gaps = sum(_write(batch, file) for batch in reader.batches())
        whole = True
    except OSError as error:
        raise KbatchError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        if not whole:
            with contextlib.suppress(OSError):
                path.unlink()
    return path, gaps


def _write(batch: Batch, file: BinaryIO) -> int:
    """The lines; the number of gaps."""
    gaps = 0
    for event in batch:
        if isinstance(event, Line):
            file.write(event.text)
            if event.ends_with_newline:
                file.write(b"\n")
        elif isinstance(event, Gap):
            gaps += 1
    return gaps


def free_path(folder: Path, name: str, suffix: str = ".log") -> Path:
    """`NAME.log` in the folder, or NAME-2.log and so on: nothing is written over."""
    number = 1
    while True:
        path = folder / (f"{name}{suffix}" if number == 1 else f"{name}-{number}{suffix}")
        if not path.exists():
            return path
        number += 1
