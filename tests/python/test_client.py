"""`from kbatch_core import Client`: what Python code does with jobs, on the real control plane."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kbatch_core
from kbatch_core import Client, JobSpec, KbatchError
from kbatch_core.environment import Session
from kbatch_core.errors import NotFound
from tests.commands.fleet import Fleet

pytestmark = pytest.mark.filterwarnings("ignore:no output file is written")


@pytest.fixture
def client(ann: Fleet, tmp_path: Path) -> Client:
    """A session on a laptop, which names its image."""
    session = Session(cwd=str(tmp_path), home="", user="ann", host="x", in_pod=False, environ={})
    return Client(ann.api, session)


def test_the_names_of_the_package() -> None:
    assert issubclass(NotFound, KbatchError)
    assert JobSpec(script="#!/bin/sh\n", script_name="x").requeue
    with pytest.raises(AttributeError, match="no attribute 'Clients'"):
        kbatch_core.Clients  # noqa: B018


def test_run_wait_record_cancel(ann: Fleet, client: Client, tmp_path: Path) -> None:
    script = tmp_path / "fit.sh"
    script.write_text("#!/bin/sh\n#SBATCH --mail-user=x@example.org\necho $1\n")
    with pytest.warns(UserWarning, match="Ignored: --mail-user"):
        job = client.run(script, "a b", image="images.example.org/none:1", cpus_per_task=1, job_name="fit")
    assert client.row(job).command == "fit.sh 'a b'"
    assert client.record(job) is None
    (pod,) = ann.run(job)
    record = {"id": job.metadata.labels["kbatch/id"], "exit": 3, "start": 1767225600, "end": 1767226200}
    ann.finish(pod, 3, message=json.dumps(record))
    ended = client.wait(job)
    found = client.record(ended)
    assert found is not None
    assert (found.exit, found.end - found.start) == (3, 600)
    assert client.row(ended).state == "F"
    other = client.submit(
        client.prepare(JobSpec(script="#!/bin/sh\n", script_name="y", image="i.example.org/x"))
    )
    client.cancel(other)
    assert client.row(client.wait(other)).state == "CA"


def test_inputs_make_one_array(ann: Fleet, client: Client, tmp_path: Path) -> None:
    script = tmp_path / "fit.py"
    script.write_text("import sys\n")
    job = client.run(script, inputs=[0.1, 0.2, 0.3], throttle=2, image="images.example.org/none:1")
    assert (job.spec.completions, job.spec.parallelism) == (3, 2)
    pods = {pod.metadata.annotations.completion_index: pod for pod in ann.run(job, 2)}
    record = {
        "id": job.metadata.labels["kbatch/id"],
        "exit": 0,
        "start": 1767225600,
        "end": 1767226200,
        "task": 2,
    }
    ann.finish(pods["1"], 0, message=json.dumps(record))
    ended = client.wait(job, tasks=[2])
    assert client.record(ended, 2) is not None
    assert client.record(ended, 1) is None


def test_watch_gives_rows_now_and_after_each_change(ann: Fleet, client: Client) -> None:
    first = ann.submit(name="first")
    states: list[dict[str, str]] = []
    for rows in client.watch():
        states.append({row.name: row.state for row in rows})
        if len(states) == 1:
            ann.run(first)
            ann.submit(name="second")
        if states[-1].get("first") == "R" and "second" in states[-1]:
            break
    assert states[0] == {"first": "PD"}
