"""A home with jobs in its history: written by the code under test and, for the supervisor's part, as it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kbatch_core.environment import Environment
from kbatch_core.environment.facts import Mount
from kbatch_core.history import History, Origin
from kbatch_core.manifest import build_job
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.objects import Job
from tests.status.objects import ID, JOB_UID, NOW, decode, stamp

HERE = Origin("https://10.96.0.1:443", "a" * 32)
ELSEWHERE = Origin("https://10.96.0.1:443", "b" * 32)
UID = JOB_UID
HOME = "/home/ann"


def environment(*, with_home: bool = True) -> Environment:
    """Ann's, in a notebook server."""
    return Environment(
        image="images.example.org/x",
        user="ann",
        home=HOME if with_home else "",
        mounts=(Mount(path=HOME, volume="home", persistent=True),) if with_home else (),
    )


def job_spec(*, array: str = "", script: str = "#!/bin/sh\n") -> JobSpec:
    """What ann asks for: 2 CPUs, 4 GiB, an hour."""
    return JobSpec(
        script=script,
        script_name="train.sh",
        name="train",
        time_limit=3600,
        cpus=2000,
        memory=4 << 30,
        array=parse_array(array) if array else None,
    )


def manifest(
    job_id: str = ID, *, array: str = "", with_home: bool = True, script: str = "#!/bin/sh\n"
) -> dict[str, Any]:
    """A Job as kbatch sends it."""
    return build_job(
        job_spec(array=array, script=script),
        environment(with_home=with_home),
        job_id=job_id,
        submit_id=f"{job_id}-submit",
        namespace="ann",
        cwd=f"{HOME}/work",
        submit_host="jupyter-ann",
    ).manifest


def answer(sent: dict[str, Any], *, uid: str = UID, ago: float = 600, **status: Any) -> Job:
    """What the API server answers to the create of `sent`."""
    metadata = {**sent["metadata"], "uid": uid, "creationTimestamp": stamp(ago), "resourceVersion": "17"}
    return decode(Job, {**sent, "metadata": metadata, "status": status})


def submitted(
    home: Path, job_id: str = ID, *, origin: Origin = HERE, uid: str = UID, **options: Any
) -> History:
    """The history of `home` after a submit that was accepted."""
    home.mkdir(exist_ok=True)
    history = History(home)
    sent = manifest(job_id, **options)
    history.begin(sent, origin, NOW - 600)
    history.accept(sent, answer(sent, uid=uid), origin, NOW - 600)
    return history


def started(home: Path, job_id: str = ID, *, task: int | None = None, times: int = 1) -> None:
    """What the supervisor notes at each start."""
    folder = home / ".kbatch" / job_id
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"starts{_suffix(task)}").open("a") as file:
        file.write(f"{int(NOW - 500)}\n" * times)


def ended(home: Path, job_id: str = ID, *, task: int | None = None, starts: int = 1, **fields: Any) -> None:
    """A start and the record at its end."""
    started(home, job_id, task=task, times=starts)
    record = {
        "id": job_id, "task": task, "exit": 0, "reason": "", "start": NOW - 500, "end": NOW - 100, "cpu": 300,
        "mem": 1 << 30, "oom": 0, "restart": starts - 1, "node": "node-b", "output_error": "",
        **fields,
    }  # fmt: skip
    (home / ".kbatch" / job_id / f"record{_suffix(task)}.json").write_text(json.dumps(record) + "\n")


def _suffix(task: int | None) -> str:
    return "" if task is None else f"-{task}"
