"""What a column of the list can show: squeue's letters and long names (squeue manual, --format and --Format)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from kbatch_core.model.quantity import format_cpus, format_memory
from kbatch_core.model.states import state_name
from kbatch_core.model.timelimit import format_time
from kbatch_core.status.row import JobRow

Cell = Callable[[JobRow, float], str]
Key = Callable[[JobRow, float], str | float]
NOT_AVAILABLE = "N/A"


class Field(msgspec.Struct, frozen=True):
    """`letter` is that of `-o` ("" = none), `name` that of `-O`; `header` is squeue's, `right` says right-justified.

    `cell` and `key`, for sorting, get the row and now in seconds since the epoch.
    """

    letter: str
    name: str
    header: str
    cell: Cell
    right: bool = False
    key: Key | None = None
    narrow: bool = False
    """Whether it may be cut to fit a terminal."""

    def sort_key(self, row: JobRow, now: float) -> str | float:
        return self.key(row, now) if self.key is not None else self.cell(row, now)


def job_id(row: JobRow) -> str:
    """As squeue prints it: `ID`, `ID_3` for a task, `ID_[0-9%2]` for an array."""
    return f"{row.id}_[{row.array}]" if row.array and row.tasks is not None else row.id


def place(row: JobRow) -> str:
    """Where it runs or ran, else why not: the node, the counts of an array, the reason in parentheses."""
    parts = [counts(row)] if row.tasks is not None else []
    if row.code and row.state not in ("R", "CD"):
        parts.append(f"({row.code})")
    elif row.node:
        parts.append(row.node)
    return " ".join(parts) or "-"


def place_and_progress(row: JobRow) -> str:
    """The place, and of a job that runs what its script reports."""
    return f"{place(row)} {row.progress}" if row.progress and row.state == "R" else place(row)


def counts(row: JobRow) -> str:
    """How many tasks of an array are in which state: `2R 5PD 10CD 1F`; of a job that is no array its state."""
    if row.tasks is None:
        return row.state
    tasks = row.tasks
    pairs = (
        (tasks.running, "R"),
        (tasks.pending, "PD"),
        (tasks.done, "CD"),
        (tasks.failed, "F"),
        (tasks.cancelled, "CA"),
    )
    return " ".join(f"{number}{state}" for number, state in pairs if number)


def moment(seconds: float | None) -> str:
    """Local time as squeue prints it: `2026-03-01T14:30:00`."""
    if seconds is None:
        return NOT_AVAILABLE
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%dT%H:%M:%S")


def start_unknown(row: JobRow) -> bool:
    """Whether nothing tells since when it runs, where pods may not be read: then it has not just begun."""
    return row.state == "R" and row.started is None


def time_used(row: JobRow, now: float) -> str:
    return NOT_AVAILABLE if start_unknown(row) else format_time(row.elapsed(now))


def time_left(row: JobRow, now: float) -> str:
    if row.time_limit is None:
        return "UNLIMITED"
    return NOT_AVAILABLE if start_unknown(row) else format_time(row.time_limit - row.elapsed(now))


def _tasks_text(row: JobRow) -> str:
    return row.array if row.task is None else str(row.task)


def _exit(row: JobRow) -> str:
    return f"{row.exit_code}:{row.signal}" if row.exit_code is not None else NOT_AVAILABLE


FIELDS = (
    Field("i", "jobid", "JOBID", lambda row, now: job_id(row), narrow=True),
    Field("A", "jobarrayid", "JOBID", lambda row, now: row.id),
    Field("F", "arrayjobid", "ARRAY_JOB_ID", lambda row, now: row.whole_id),
    Field("K", "arraytaskid", "ARRAY_TASK_ID", lambda row, now: _tasks_text(row) or NOT_AVAILABLE),
    Field("j", "name", "NAME", lambda row, now: row.name, narrow=True),
    Field("u", "username", "USER", lambda row, now: row.user, narrow=True),
    Field("a", "account", "ACCOUNT", lambda row, now: row.account or NOT_AVAILABLE),
    Field("P", "partition", "PARTITION", lambda row, now: row.partition or NOT_AVAILABLE),
    Field("t", "statecompact", "ST", lambda row, now: row.state),
    Field("T", "state", "STATE", lambda row, now: state_name(row.state)),
    Field("M", "timeused", "TIME", time_used, True,
          lambda row, now: row.elapsed(now)),
    Field("l", "timelimit", "TIME_LIMIT", lambda row, now: format_time(row.time_limit), True,
          lambda row, now: row.time_limit or float("inf")),
    Field("L", "timeleft", "TIME_LEFT", time_left, True,
          lambda row, now: row.time_limit - row.elapsed(now) if row.time_limit else float("inf")),
    Field("V", "submittime", "SUBMIT_TIME", lambda row, now: moment(row.submitted)),
    Field("S", "starttime", "START_TIME", lambda row, now: moment(row.started)),
    Field("e", "endtime", "END_TIME", lambda row, now: moment(row.ended)),
    Field("C", "numcpus", "CPUS", lambda row, now: format_cpus(row.cpus), True, lambda row, now: row.cpus),
    Field("m", "minmemory", "MIN_MEMORY", lambda row, now: format_memory(row.memory), True,
          lambda row, now: row.memory),
    Field("b", "tres-per-node", "TRES_PER_NODE",
          lambda row, now: f"gres/gpu:{row.gpus}" if row.gpus else NOT_AVAILABLE, key=lambda row, now: row.gpus),
    Field("D", "numnodes", "NODES", lambda row, now: "1", True),
    Field("N", "nodelist", "NODELIST", lambda row, now: row.node, narrow=True),
    Field("B", "batchhost", "EXEC_HOST", lambda row, now: row.node or NOT_AVAILABLE),
    Field("R", "reasonlist", "NODELIST(REASON)", lambda row, now: place(row), narrow=True),
    Field("r", "reason", "REASON", lambda row, now: row.code or "None"),
    Field("o", "command", "COMMAND", lambda row, now: row.command or row.name, narrow=True),
    Field("Z", "workdir", "WORK_DIR", lambda row, now: row.workdir, narrow=True),
    Field("k", "comment", "COMMENT", lambda row, now: row.comment or "(null)", narrow=True),
    # Ours: what squeue has no column for.
    Field("", "exitcode", "EXIT", lambda row, now: _exit(row)),
    Field("", "restarts", "RESTARTS", lambda row, now: str(row.restarts), True, lambda row, now: row.restarts),
    Field("", "tasks", "TASKS", lambda row, now: counts(row)),
    Field("", "progress", "PROGRESS", lambda row, now: row.progress or "-", narrow=True),
    Field("", "sentence", "WHY", lambda row, now: row.sentence, narrow=True),
    Field("", "hint", "HINT", lambda row, now: row.hint, narrow=True),
    Field("", "namespace", "NAMESPACE", lambda row, now: row.namespace),
    Field("", "jobname", "OBJECT", lambda row, now: row.job_name),
    # Short forms, for the columns of the default list.
    Field("", "limit", "LIMIT", lambda row, now: format_time(row.time_limit) if row.time_limit else "-", True,
          lambda row, now: row.time_limit or float("inf")),
    Field("", "cpus", "CPU", lambda row, now: format_cpus(row.cpus) if row.cpus else "-", True,
          lambda row, now: row.cpus),
    Field("", "memory", "MEM", lambda row, now: format_memory(row.memory) if row.memory else "-", True,
          lambda row, now: row.memory),
    Field("", "gpus", "GPU", lambda row, now: str(row.gpus) if row.gpus else "-", True,
          lambda row, now: row.gpus),
    Field("", "place", "NODE(REASON)", lambda row, now: place_and_progress(row), narrow=True),
)  # fmt: skip
BY_LETTER = {field.letter: field for field in FIELDS if field.letter}
BY_NAME = {field.name: field for field in FIELDS}

# What Slurm has and Kubernetes has no such thing of: printed as squeue prints what is not set.
_ABSENT = "cdfgGhHIOpqQUvwWxXyYzEn"
for _letter in _ABSENT:
    BY_LETTER.setdefault(_letter, Field(_letter, "", _letter.upper(), lambda row, now: NOT_AVAILABLE))
