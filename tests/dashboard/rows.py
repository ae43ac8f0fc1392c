"""Rows of the queue, made from what differs."""

from __future__ import annotations

from typing import Any

from kbatch_core.status.row import JobRow
from kbatch_core.status.tasks import TaskCounts

NOW = 1_790_000_000.0


def row(uid: str = "u1", **fields: Any) -> JobRow:
    """A job that has run for ten minutes."""
    finished = fields.get("state", "R") in ("CD", "F", "CA", "TO", "OOM", "?")
    values: dict[str, Any] = {
        "id": uid,
        "name": f"job-{uid}",
        "user": "ann",
        "account": "",
        "partition": "",
        "state": "R",
        "code": "",
        "sentence": "",
        "hint": "",
        "evidence": "",
        "finished": finished,
        "submitted": NOW - 700,
        "started": NOW - 600,
        "ended": NOW - 1 if finished else None,
        "time_limit": 3600,
        "cpus": 1000,
        "memory": 1 << 30,
        "gpus": 0,
        "node": "node-a",
        "exit_code": None,
        "signal": 0,
        "restarts": 0,
        "array": "",
        "tasks": None,
        "task": None,
        "namespace": "research",
        "job_name": f"job-{uid}",
        "uid": uid,
    }
    return JobRow(**{**values, **fields})


def counts(**fields: int) -> TaskCounts:
    """Where the tasks of an array are."""
    values = {"pending": 0, "running": 0, "done": 0, "failed": 0, "cancelled": 0, **fields}
    return TaskCounts(total=sum(values.values()), **values)
