"""What the tests on the real node look at: kbatch's own account, kubectl as an independent witness, and files."""

from __future__ import annotations

import json
from typing import Any

from tests.cluster.processes import wait_for
from tests.cluster.users import Server, User


def job_rows(server: Server) -> dict[str, dict[str, Any]]:
    """The jobs by id, as `kqueue list --json` has them."""
    return {row["id"]: row for row in json.loads(server.run("kqueue", "list", "--json").stdout)["jobs"]}


def job_row(server: Server, job_id: str) -> dict[str, Any]:
    """One of `job_rows`."""
    return job_rows(server)[job_id]


def job_object(user: User, job_id: str) -> dict[str, Any]:
    """The Job by kubectl."""
    items: list[dict[str, Any]] = user.node.get("jobs", "-n", user.namespace, "-l", f"kbatch/id={job_id}")[
        "items"
    ]
    assert len(items) == 1, job_id
    return items[0]


def pods(user: User, job_id: str) -> list[dict[str, Any]]:
    """The pods of a job by kubectl."""
    found: list[dict[str, Any]] = user.node.get("pods", "-n", user.namespace, "-l", f"kbatch/id={job_id}")[
        "items"
    ]
    return found


def wait_ended(user: User, job_id: str, seconds: float = 120) -> dict[str, Any]:
    """The Job by kubectl, once it has ended."""

    def ended() -> dict[str, Any] | None:
        job = job_object(user, job_id)
        return job if any(condition(job, name) for name in ("Complete", "Failed")) else None

    return wait_for(ended, what=f"job {job_id} to end", seconds=seconds)


def condition(job: dict[str, Any], name: str) -> str:
    """The reason of a condition that is true, `yes` when it has none; empty when it is not true."""
    for one in job["status"].get("conditions", ()):
        if one["type"] == name and one["status"] == "True":
            return str(one.get("reason") or "yes")
    return ""


def record(user: User, job_id: str, task: int | None = None) -> dict[str, Any]:
    """The supervisor's record in home."""
    name = "record.json" if task is None else f"record-{task}.json"
    found: dict[str, Any] = json.loads((user.home / ".kbatch" / job_id / name).read_text())
    return found


def wait_text(user: User, path: str, text: str) -> str:
    """A file in home once it holds `text`."""
    file = user.home / path

    def found() -> str:
        content = file.read_text()
        return content if text in content else ""

    return wait_for(found, what=f"{text!r} in {path}", seconds=120)
