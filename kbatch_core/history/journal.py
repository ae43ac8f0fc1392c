"""What the client notes in the history: around a submit, and when it sees an end that no record tells."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kbatch_core.errors import KbatchError, UnknownOutcome
from kbatch_core.history.folder import History
from kbatch_core.history.past import Origin, Past
from kbatch_core.history.rows import past_row
from kbatch_core.model import labels
from kbatch_core.model.objects import Job
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
    history: History, jobs: Sequence[Job], rows: Sequence[JobRow], pasts: Collection[Past], now: float
) -> None:
    """Note each end of which the records alone would tell another story: a cancel, a lost node, a deadline.

    `rows` are those of `jobs`, in the same order. Without it such an end would be unknown once the Job is gone.
    """
    open_ = {past.id: past for past in pasts if past.submission is not None and not past.closed}
    for job, row in zip(jobs, rows, strict=True):
        past = open_.get(row.id) if row.finished else None
        if past is None:
            continue
        alone = past_row(past, now, gone=True)
        if (alone.state, alone.code, alone.tasks) != (row.state, row.code, row.tasks):
            history.keep(job)
