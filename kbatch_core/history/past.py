"""Past: what home knows of one job, from files in which nothing is trusted (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kbatch_core.model import labels
from kbatch_core.model.arrays import MAX_TASKS
from kbatch_core.model.decoding import decoder
from kbatch_core.model.objects import Job, Metadata, parse_time
from kbatch_core.model.quantity import MAX_CPUS, MAX_MEMORY
from kbatch_core.model.record import Moment, Record, parse_record
from kbatch_core.status.reading import is_finished, parse_indexes
from kbatch_core.status.words import amount_of

Task = int | None
"""A task's number; None in a job that is no array."""

_LAST_MOMENT = 1e11


class Origin(msgspec.Struct, frozen=True):
    """A cluster: its API server's address, and a digest of its certificate authority ("" = has none, or not known).

    In a pod every cluster has the same address, so the authority tells them apart.
    """

    server: str = ""
    authority: str = ""

    @classmethod
    def of(cls, server: str, authority: bytes) -> Origin:
        """The Origin of an API server with the certificates of its authority."""
        from hashlib import sha256  # only where the history is written or joined

        return cls(server, sha256(authority).hexdigest()[:32] if authority else "")

    def same(self, other: Origin) -> bool:
        """Whether the two are one cluster, as far as can be told."""
        if self.authority and other.authority:
            return self.authority == other.authority
        return self.server == other.server


class JobFile(msgspec.Struct, frozen=True, kw_only=True):
    """job.json: the Job as it was sent, with its uid once the API server had accepted it.

    `submitted` is in seconds since the epoch, by the clock of the machine that submitted. `seen` are records that
    were found in pods, where home had none.
    """

    job: Job
    submitted: Moment = 0.0
    origin: Origin = Origin()
    seen: list[Record] = []


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One job as its folder tells it.

    `job` is as submitted; its status is empty, or how it ended where that was seen and kept. Without a job.json that
    can be read it has nothing but its id, and `submission` is None. `records` are by task, of each task's last start
    only: one that was started again after its record has none. `starts` are the moments of its starts.
    """

    id: str
    job: Job
    submission: JobFile | None
    records: Mapping[Task, Record]
    starts: Mapping[Task, Sequence[float]]
    outdated: Mapping[Task, Record]
    """Records of an earlier start."""

    @property
    def accepted(self) -> bool:
        """Whether the API server was seen to accept it, or it was seen to run."""
        return bool(self.job.metadata.uid or self.starts or self.records or self.outdated)

    @property
    def closed(self) -> bool:
        """Whether Kubernetes' own word on its end was kept."""
        return is_finished(self.job)


def make_past(
    job_id: str, job_file: bytes | None, records: Mapping[Task, bytes], starts: Mapping[Task, bytes]
) -> Past | None:
    """The Past of a folder's files; None when nothing in them is about the job `job_id`."""
    submission = parse_job_file(job_file, job_id)
    begun = {task: parse_starts(data) for task, data in starts.items()}
    begun = {task: moments for task, moments in begun.items() if moments}
    fresh: dict[Task, Record] = {}
    outdated: dict[Task, Record] = {}
    for task, data in records.items():
        record = parse_record(data)
        if record is None or record.id != job_id or record.task != task:
            continue
        # The supervisor counts its starts before it runs, and its record has that count.
        current = record.restart >= len(begun.get(task, ())) - 1
        (fresh if current else outdated)[task] = record
    for record in submission.seen if submission is not None else ():
        if record.id == job_id:
            fresh.setdefault(record.task, record)
    if submission is None and not (fresh or outdated or begun):
        return None
    job = submission.job if submission is not None else Job(metadata=Metadata(labels={labels.ID: job_id}))
    return Past(
        id=job_id, job=job, submission=submission, records=fresh, starts=begun, outdated=outdated
    )  # fmt: skip


def parse_starts(data: bytes) -> list[float]:
    """The moments in `starts`, one a line; a line that is none, or not whole, counts as a start all the same."""
    lines = data.split(b"\n")
    return [
        float(line) if line.isdigit() and len(line) <= len(str(int(_LAST_MOMENT))) - 1 else 0.0
        for line in (lines if lines[-1] else lines[:-1])
    ]


def parse_job_file(data: bytes | None, job_id: str) -> JobFile | None:
    """job.json of the job `job_id`; None for anything else."""
    if data is None:
        return None
    try:
        found = decoder(JobFile).decode(data)
        return found if _plausible(found.job, job_id) else None
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError, OverflowError, RecursionError):
        return None


def _plausible(job: Job, job_id: str) -> bool:
    """Whether an API server could have sent it: what the rules of the status rely on. Raises ValueError too."""
    metadata, status = job.metadata, job.status
    names = (metadata.name, metadata.namespace, metadata.uid)
    return (
        metadata.labels.get(labels.ID) == job_id
        and all(len(name) < 256 and name.isascii() and name.isprintable() for name in names)
        and _moments((metadata.creation_timestamp, status.start_time, status.completion_time))
        and _moments(one.last_transition_time for one in status.conditions)
        and 0 <= (job.spec.completions or 0) <= MAX_TASKS
        and _indexes(status.completed_indexes, job.spec.completions or 0)
        and _indexes(status.failed_indexes, job.spec.completions or 0)
        and 0 <= (job.spec.active_deadline_seconds or 0) < _LAST_MOMENT
        and all(0 <= count < 1 << 31 for count in (status.failed, status.succeeded, status.active))
        and _amounts(job)
    )


def _moments(texts: Iterable[str | None]) -> bool:
    return all(0 <= (parse_time(text) or 0) <= _LAST_MOMENT for text in texts)


def _indexes(text: str, count: int) -> bool:
    return all(part.stop <= count and part.start < part.stop for part in parse_indexes(text))


def _amounts(job: Job) -> bool:
    asked = [
        entry
        for container in job.spec.template.spec.containers
        for entry in (*container.resources.limits.items(), *container.resources.requests.items())
    ]
    return all(
        0 <= amount_of(amount) <= (MAX_CPUS if name == "cpu" else MAX_MEMORY) for name, amount in asked
    )
