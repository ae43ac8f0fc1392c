"""Job, pods and events to a state and a reason that a scientist can read (pure)."""

from kbatch_core.status.explain import explain
from kbatch_core.status.row import JobRow, make_row, task_rows
from kbatch_core.status.tasks import TaskCounts
from kbatch_core.status.verdict import NO_FACTS, ClusterFacts, Verdict

__all__ = [
    "NO_FACTS",
    "ClusterFacts",
    "JobRow",
    "TaskCounts",
    "Verdict",
    "explain",
    "make_row",
    "task_rows",
]
