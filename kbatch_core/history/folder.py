"""History: the folder ~/.kbatch, with one folder per job.

| file | written by |
| --- | --- |
| job.json | the client: before the Job is created, when it was accepted, when an end is seen that no record tells |
| record.json, record-TASK.json | the supervisor, at the end |
| starts, starts-TASK | the supervisor, a line for each start |
| usage.csv, usage-TASK.csv | the supervisor, every few seconds |
| progress, progress-TASK | the supervisor, when the script reports progress |

So an acknowledged job is known here before anybody is told its id, and a submit that was cut off is told apart: its
job.json has no uid, and nothing says that it ran.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from kbatch_core.history.files import make_folder, names_in, open_folder, open_root, read_file, write_file
from kbatch_core.history.past import Origin, Past, Task, make_past, parse_job_file, parse_starts
from kbatch_core.history.usage import Sample, parse_usage
from kbatch_core.model import labels
from kbatch_core.model.decoding import decoder
from kbatch_core.model.names import is_id
from kbatch_core.model.objects import Job, WholeJob
from kbatch_core.model.progress import LIMIT as PROGRESS_LIMIT
from kbatch_core.model.progress import parse_progress
from kbatch_core.model.record import Record
from kbatch_core.status.reading import id_of

FOLDER = ".kbatch"
JOB_FILE = "job.json"
JOB_FILE_LIMIT = 4 << 20
"""Bytes; a Kubernetes object has at most 1.5 MiB."""
RECORD_LIMIT = 64 << 10
STARTS_LIMIT = 1 << 20
USAGE_LIMIT = 16 << 20
"""Bytes: more than a month of lines."""
FIRST, READERS, PARTS = 64, 16, 64
"""Jobs that one thread reads, threads that read the others, and the parts that they take one after the other."""
_TASK_FILE = r"(?a)(record|starts)(?:-(\d{1,7}))?(\.json)?"


class History:
    """The jobs in one home. Owns nothing that stays open; safe to share between threads."""

    def __init__(self, home: str | Path) -> None:
        """`home` may be missing or "" (none): then there is nothing to read, and writing raises OSError."""
        self.path = Path(home) / FOLDER
        self._usable = self.path.is_absolute()

    # Write

    def begin(self, manifest: Mapping[str, Any], origin: Origin, now: float) -> bool:
        """Before a Job is created: note what will be sent; False when its id is noted already. Raises OSError."""
        return self._write(manifest, origin, now, replace=False)

    def accept(self, manifest: Mapping[str, Any], answer: Job, origin: Origin, now: float) -> None:
        """After the API server has accepted it. A job that is noted with this uid already stays. Raises OSError."""
        metadata = answer.metadata
        whole = dict(manifest)
        whole["metadata"] = {
            **manifest["metadata"],
            "uid": metadata.uid,
            "creationTimestamp": metadata.creation_timestamp,
        }
        self._write(whole, origin, now, replace=True)

    def withdraw(self, job_id: str) -> None:
        """The create was refused: take back what `begin` noted, and nothing else."""
        with suppress(OSError), open_root(self._root()) as root:
            with open_folder(job_id, root) as folder:
                found = parse_job_file(read_file(JOB_FILE, folder, JOB_FILE_LIMIT), job_id)
                if found is None or found.job.metadata.uid:
                    return
                os.unlink(JOB_FILE, dir_fd=folder)
            os.rmdir(job_id, dir_fd=root)

    def keep(self, job: Job, seen: Sequence[Record] = ()) -> None:
        """Note what the API server says now: that it was cancelled, how it ended. Only of a job that is noted.

        `seen` are records of its tasks from elsewhere than home.
        """
        job_id = id_of(job)
        if not is_id(job_id):
            return
        with suppress(OSError), open_root(self._root()) as root, open_folder(job_id, root) as folder:
            data = read_file(JOB_FILE, folder, JOB_FILE_LIMIT)
            found = parse_job_file(data, job_id)
            if data is None or found is None or found.job.metadata.uid not in ("", job.metadata.uid):
                return
            whole = msgspec.json.decode(data)
            whole["job"]["metadata"] |= {
                "uid": job.metadata.uid,
                "creationTimestamp": job.metadata.creation_timestamp,
                "annotations": job.metadata.annotations,
            }
            whole["job"]["status"] = msgspec.to_builtins(job.status)
            if seen:
                whole["seen"] = seen
            write_file(JOB_FILE, msgspec.json.encode(whole), folder)

    def _write(self, manifest: Mapping[str, Any], origin: Origin, now: float, *, replace: bool) -> bool:
        """Whether it was written."""
        metadata = manifest["metadata"]
        job_id = metadata["labels"][labels.ID]
        root_path = self._root()
        with open_root(root_path.parent) as home:
            make_folder(FOLDER, home)
        with open_root(root_path) as root:
            make_folder(job_id, root)
            with open_folder(job_id, root) as folder:
                found = parse_job_file(read_file(JOB_FILE, folder, JOB_FILE_LIMIT), job_id)
                if found is not None and (not replace or found.job.metadata.uid == metadata["uid"]):
                    return False
                whole = {"submitted": now, "origin": origin, "job": manifest}
                write_file(JOB_FILE, msgspec.json.encode(whole), folder)
                return True

    def _root(self) -> Path:
        if not self._usable:
            raise FileNotFoundError(f"no home directory: {self.path.parent}")
        return self.path

    # Read

    def ids(self) -> list[str]:
        """The ids of the jobs that have a folder."""
        with suppress(OSError), open_root(self._root()) as root:
            return [name for name in names_in(root) if is_id(name)]
        return []

    def read(self, job_id: str) -> Past | None:
        """What is known of one job; None for nothing."""
        if not is_id(job_id):
            return None
        with suppress(OSError), open_root(self._root()) as root:
            return _read(job_id, root)
        return None

    def read_all(self) -> list[Past]:
        """Every job that is known, in no order.

        The first ones show whether the disk lets its reader wait, as NFS does at each open; then several threads
        read the others, and end before this returns.
        """
        with suppress(OSError), open_root(self._root()) as root:
            ids = [name for name in names_in(root) if is_id(name)]
            wall, worked = time.perf_counter(), time.thread_time()
            found = _read_some(ids[:FIRST], root)
            waited = time.perf_counter() - wall > 2 * (time.thread_time() - worked)
            if not waited or len(ids) <= FIRST:
                return found + _read_some(ids[FIRST:], root)
            from concurrent.futures import ThreadPoolExecutor

            parts = [ids[start::PARTS] for start in range(FIRST, FIRST + PARTS)]
            with ThreadPoolExecutor(READERS) as pool:
                return sum(pool.map(_read_some, parts, [root] * PARTS), start=found)
        return []

    def get(self, key: tuple[str, Task]) -> Record | None:
        """The record of (job id, task), of its last start: what the status asks when a pod has none."""
        past = self.read(key[0])
        return past.records.get(key[1]) if past is not None else None

    def progress(self, job_id: str, task: Task = None) -> str:
        """What the script reports, `7/30 fitting`; empty when there is nothing."""
        if not is_id(job_id):
            return ""
        suffix = "" if task is None else f"-{task}"
        with suppress(OSError), open_root(self._root()) as root, open_folder(job_id, root) as folder:
            return parse_progress(read_file(f"progress{suffix}", folder, PROGRESS_LIMIT) or b"")
        return ""

    def usage(self, job_id: str, task: Task = None) -> list[Sample]:
        """What a job or task has used since its last start, oldest first; empty when nothing tells."""
        if not is_id(job_id):
            return []
        suffix = "" if task is None else f"-{task}"
        with suppress(OSError), open_root(self._root()) as root, open_folder(job_id, root) as folder:
            data = read_file(f"usage{suffix}.csv", folder, USAGE_LIMIT, tail=True)
            starts = parse_starts(read_file(f"starts{suffix}", folder, STARTS_LIMIT) or b"")
            if data is None:
                return []
            if len(data) >= USAGE_LIMIT:
                data = data[data.find(b"\n") + 1 :]  # of a line that is cut off
            return parse_usage(data, starts[-1] if starts and starts[-1] else None)
        return []

    def whole(self, job_id: str) -> WholeJob | None:
        """The Job with what its pods carry: script and supervisor; None when it is not known."""
        try:
            decoder(WholeJob)  # convert learns the struct as well, and without a lock
            return msgspec.convert(self.manifest(job_id), WholeJob)
        except msgspec.ValidationError:
            return None

    def manifest(self, job_id: str) -> dict[str, Any] | None:
        """The Job as it was sent, with every field; None when it is not known."""
        if not is_id(job_id):
            return None
        with suppress(OSError), open_root(self._root()) as root, open_folder(job_id, root) as folder:
            data = read_file(JOB_FILE, folder, JOB_FILE_LIMIT)
            if data is not None and parse_job_file(data, job_id) is not None:
                whole: dict[str, Any] = msgspec.json.decode(data)["job"]
                return whole
        return None


def _read_some(ids: Sequence[str], root: int) -> list[Past]:
    found = []
    for job_id in ids:
        with suppress(OSError):
            past = _read(job_id, root)
            if past is not None:
                found.append(past)
    return found


class ProgressFiles:
    """What the scripts of jobs in this home report, by (job id, task): what the status asks for while they run."""

    def __init__(self, history: History) -> None:
        self._history = history

    def get(self, key: tuple[str, Task], /) -> str:
        """Of one job or task, read now."""
        return self._history.progress(*key)


def _read(job_id: str, root: int) -> Past | None:
    """The Past of one folder. Raises OSError when that is no folder."""
    records: dict[Task, bytes] = {}
    starts: dict[Task, bytes] = {}
    job_file: bytes | None = None
    with open_folder(job_id, root) as folder:
        for name in names_in(folder):
            if name == JOB_FILE:
                job_file = read_file(name, folder, JOB_FILE_LIMIT)
                continue
            match = re.fullmatch(_TASK_FILE, name)
            if match is None or (match[1] == "record") != bool(match[3]):
                continue
            task = int(match[2]) if match[2] else None
            if match[1] == "record":
                data = read_file(name, folder, RECORD_LIMIT)
                if data is not None:
                    records[task] = data
            else:
                data = read_file(name, folder, STARTS_LIMIT)
                if data:
                    starts[task] = data
    return make_past(job_id, job_file, records, starts)
