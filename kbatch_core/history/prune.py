"""Removing old jobs from the history: which, and how, without ever leaving its folder."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress

import msgspec

from kbatch_core.history.files import names_in, open_folder, open_root
from kbatch_core.history.folder import History
from kbatch_core.history.rows import UNKNOWN
from kbatch_core.model.names import is_id
from kbatch_core.status import JobRow

_DEEPEST = 8
"""Folders within folders that are looked into; a job's own are one or two deep."""


class Size(msgspec.Struct, frozen=True):
    """A job's folder: bytes of the files in it, and when anything in it last changed (seconds since the epoch)."""

    bytes: int
    changed: float


def sizes(history: History) -> dict[str, Size]:
    """The folder of each job, by its id. Symlinks are not followed."""
    found: dict[str, Size] = {}
    with suppress(OSError), open_root(history.path) as root:
        for job_id in names_in(root):
            size = _size(job_id, root) if is_id(job_id) else None
            if size is not None:
                found[job_id] = size
    return found


def prunable(
    rows: Iterable[JobRow],
    folders: Mapping[str, Size],
    *,
    older_than: float,
    now: float,
    unknown: bool = False,
) -> list[JobRow]:
    """The jobs whose folder may go: they ended, it is known how, and `older_than` seconds ago the last thing changed.

    `rows` are all jobs, those of the cluster too. With `unknown` also those whose end is not known.
    """
    return [
        row
        for row in rows
        if row.id in folders
        and now - folders[row.id].changed >= older_than
        and (row.finished if _known(row) else unknown)
    ]


def remove(history: History, job_id: str, seen: Size) -> bool:
    """Remove a job's folder; False when something in it has changed since it was `seen`. Raises OSError."""
    with open_root(history.path) as root:
        now = _size(job_id, root) if is_id(job_id) else None
        if now is None or now.changed > seen.changed:
            return False
        # Opens each folder relative to its parent and follows no symlink, whatever is swapped meanwhile.
        shutil.rmtree(job_id, dir_fd=root)
    return True


def _known(row: JobRow) -> bool:
    return row.state != UNKNOWN and not (row.tasks is not None and row.tasks.unknown)


def _size(name: str, parent: int, depth: int = 0) -> Size | None:
    """The Size of a folder; None when it is none."""
    total, changed = 0, 0.0
    try:
        with open_folder(name, parent) as folder:
            changed = os.fstat(folder).st_mtime
            for inner in names_in(folder):
                facts = os.stat(inner, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISDIR(facts.st_mode) and depth < _DEEPEST:
                    below = _size(inner, folder, depth + 1)
                    if below is not None:
                        total, changed = total + below.bytes, max(changed, below.changed)
                else:
                    total, changed = total + facts.st_size, max(changed, facts.st_mtime)
    except OSError:
        return None
    return Size(total, changed)
