"""The history beside what the cluster shows (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from kbatch_core.errors import BadOption, KbatchError
from kbatch_core.history.past import Origin, Past, Task
from kbatch_core.history.rows import past_row, past_task_rows
from kbatch_core.manifest.program import program_of
from kbatch_core.model import labels
from kbatch_core.model.names import label_value
from kbatch_core.model.objects import Job
from kbatch_core.model.patterns import expand_final
from kbatch_core.status import JobRow
from kbatch_core.status.reading import name_of


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs a cluster was asked for: what it has not shown of these is gone.

    `origin` None = no cluster was asked; a namespace "" = all of them; `user` "" = everybody's.
    """

    origin: Origin | None = None
    namespaces: tuple[str, ...] = ()
    user: str = ""

    def covers(self, past: Past) -> bool:
        """Whether the job would have been shown, were it still there."""
        if self.origin is None or past.submission is None:
            return False
        metadata = past.job.metadata
        same_namespace = "" in self.namespaces or metadata.namespace in self.namespaces
        same_user = not self.user or metadata.labels.get(labels.USER) == label_value(self.user)
        return same_namespace and same_user and self.origin.same(past.submission.origin)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A job that a reference means: in the cluster, or, with `past`, in the history alone.

    `asked` and `error` are what was asked for and, when no cluster answered, why.
    """

    job: Job
    past: Past | None = None
    asked: Asked = Asked()
    error: KbatchError | None = None


def absent_rows(
    pasts: Iterable[Past], shown: Collection[str], asked: Asked, now: float, *, tasks: bool = False
) -> list[JobRow]:
    """The rows of the jobs that the cluster has not shown; with `tasks` an array is a row per task.

    `shown` are the ids that it has. Whose name a job has does not count: what is in your home is yours.
    """
    rows: list[JobRow] = []
    for past in pasts:
        if past.id not in shown:
            gone = asked.covers(past)
            rows += (past_task_rows(past, now, gone=gone) if tasks else ()) or (
                past_row(past, now, gone=gone),
            )
    return rows


def match(pasts: Iterable[Past], reference: str) -> Past | None:
    """The job that an id, a name, or a unique beginning of an id means. Raises BadOption for several."""
    every = list(pasts)
    found = [past for past in every if reference == past.id]
    found = found or [past for past in every if reference in _names(past)]
    found = found or [past for past in every if len(reference) >= 2 and past.id.startswith(reference)]
    if len(found) > 1:
        ids = ", ".join(sorted(past.id for past in found)[:5])
        raise BadOption(
            f'"{reference}" means {len(found)} jobs of the history: {ids}.', "Give more of the id."
        )
    return found[0] if found else None


def output_path(past: Past, task: Task = None) -> str:
    """The output file of the job or of a task; "" when there is none or its name needs a node that is not known."""
    record = past.records.get(task) or past.outdated.get(task)
    pattern = program_of(past.job).output
    node = record.node if record is not None else ""
    if not pattern or pattern == "/dev/null":
        return ""
    path = expand_final(pattern, task, node or "\0")
    return "" if "\0" in path else path


def _names(past: Past) -> tuple[str, ...]:
    return tuple(name for name in (past.job.metadata.name, name_of(past.job)) if name)
