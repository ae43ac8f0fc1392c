"""What the client notes in the history: around a submit, and when it sees an end that no record tells."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kbatch_core.errors import KbatchError, UnknownOutcome
from kbatch_core.history.folder import History
from kbatch_core.history.past import Origin, Past
from kbatch_core.model import labels
from kbatch_core.model.objects import Job, Pod
from kbatch_core.model.record import Record
from kbatch_core.status import JobRow

Warn = Callable[[str], None]


def ignore(sentence: str) -> None:
    """For who does not want to hear of it."""


@contextmanager
def noted(
    history: History, manifest: Mapping[str, Any], origin: Origin, now: float, warn: Warn = ignore
) -> Iterator[Callable[[Job], None]]:
    """Around the create of a Job: yields what is to be called with the API server's answer.

    The job is noted before, so that one that was created is known whatever happens to this process; taken back when
    the create was refused; left, without a uid, when its outcome is unknown. A history that cannot be written costs
    one call of `warn` and never the submit.
    """
    told = wrote = False

    def attempt(write: Callable[[], object]) -> None:
        nonlocal told, wrote
        try:
            wrote = bool(write())
        except OSError as error:
            if not told:
                warn(
                    f"The job is not noted in your home's history ({error.strerror or error}): "
                    "when the cluster forgets it, only its own record is left."
                )
            told = True

    attempt(lambda: history.begin(manifest, origin, now))
    try:
        yield lambda answer: attempt(lambda: history.accept(manifest, answer, origin, now))
    except UnknownOutcome:
        raise
    except KbatchError:
        if wrote:
            history.withdraw(manifest["metadata"]["labels"][labels.ID])
        raise


def keep_ends(
    history: History,
    ends: Iterable[tuple[Job, JobRow]],
    pasts: Collection[Past],
    pods_of: Callable[[Job], Sequence[Pod]],
    now: float,
) -> None:
    """Note each end of which the records alone would tell another story: a cancel, a lost node, a deadline, a job
    without a home. Without it such an end would be unknown once the Job is gone.

    `pods_of` reads a job's pods, whose evidence is noted too; it is asked for such jobs only.
    """
    from kbatch_core.history.rows import past_row  # a submit starts sooner without

    open_ = {past.id: past for past in pasts if past.submission is not None and not past.closed}
    for job, row in ends:
        past = open_.get(row.id) if row.finished else None
        if past is None:
            continue
        alone = past_row(past, now, gone=True)
        if (alone.state, alone.code, alone.tasks) != (row.state, row.code, row.tasks):
            history.keep(job, _seen(row, pods_of(job)))


def _seen(row: JobRow, pods: Sequence[Pod]) -> list[Record]:
    """The records in the pods; where there is none (a kill for memory takes the supervisor too) what the row has."""
    from kbatch_core.history.efficiency import records_of

    found = list(records_of(row.id, pods).values())
    if found or row.tasks is not None or row.exit_code is None or row.started is None or row.ended is None:
        return found
    reason = row.code if row.code in ("OutOfMemory", "TimeLimit") else ""
    return [
        Record(
            id=row.id, exit=row.exit_code, signal=row.signal, reason=reason, start=row.started, end=row.ended,
            node=row.node, restart=row.restarts,
        )
    ]  # fmt: skip
