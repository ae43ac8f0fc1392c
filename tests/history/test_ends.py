"""An end that no record in home tells is noted when somebody sees it: it stays true when the cluster forgets it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kbatch_core.model import labels
from kbatch_core.model.objects import Job, Pod
from kbatch_core.status import JobRow
from tests.history.fake import FakeApi, client, submission
from tests.history.home import answer, ended
from tests.status.objects import ID, NOW, complete, exit_failed, failed, pod, record
from tests.status.objects import ended as container


def finished(
    home: Path, conditions: list[Any], *pods: Pod, annotations: dict[str, str] | None = None
) -> FakeApi:
    """A cluster with ann's job, which has ended."""
    api = FakeApi()
    ann = client(home, api)
    ann.submit(submission())
    sent = submission().manifest
    sent["metadata"]["annotations"] |= annotations or {}
    api.jobs[ID] = answer(sent, conditions=conditions)
    api.pods = list(pods)
    return api


def forgotten(home: Path, api: FakeApi) -> JobRow:
    """The row once somebody has seen the end and the job is gone."""
    client(home, api).list(history=True)
    api.jobs, api.pods = {}, []
    (row,) = client(home, api).list(history=True)
    assert row.past
    return row


def test_a_job_without_a_record_in_home(tmp_path: Path) -> None:
    api = finished(tmp_path, complete(), pod("Succeeded", state=container(0, message=record())))
    live = client(tmp_path, api).list()[0]
    row = forgotten(tmp_path, api)
    assert (row.state, row.sentence, row.exit_code) == ("CD", "exit 0; peak 3G of 4G", 0)
    assert (row.started, row.ended, row.node) == (live.started, live.ended, "node-a")
    found = client(tmp_path, api).look_up(ID)
    assert client(tmp_path, api).efficiency(found).uses[0].cpu_seconds == 380.5


def test_a_kill_for_memory_that_took_the_supervisor_too(tmp_path: Path) -> None:
    killed = pod("Failed", state=container(137, reason="OOMKilled"))
    row = forgotten(tmp_path, finished(tmp_path, exit_failed(137), killed))
    assert (row.state, row.exit_code, row.hint) == ("OOM", 137, "Try --mem 6G")
    assert (row.started, row.ended) == (NOW - 400, NOW - 20)


@pytest.mark.parametrize(
    ("conditions", "annotations", "state"),
    [
        (failed("DeadlineExceeded", "Job was active longer than specified deadline"), {}, "DL"),
        (failed("DeadlineExceeded"), {labels.CANCELLED_AT: str(int(NOW - 60))}, "CA"),
        (failed("BackoffLimitExceeded"), {}, "F"),
    ],
)
def test_an_end_without_any_pod(
    tmp_path: Path, conditions: list[Any], annotations: dict[str, str], state: str
) -> None:
    row = forgotten(tmp_path, finished(tmp_path, conditions, annotations=annotations))
    assert (row.state, row.finished) == (state, True)


def test_what_the_record_tells_is_not_noted_again(tmp_path: Path) -> None:
    api = finished(tmp_path, complete(), pod("Succeeded", state=container(0, message=record())))
    ended(tmp_path)
    path = tmp_path / ".kbatch" / ID / "job.json"
    before = path.read_bytes()
    client(tmp_path, api).list(history=True)
    client(tmp_path, api).row(api.jobs[ID])
    assert path.read_bytes() == before


def test_a_single_look_notes_it_as_well_and_only_once(tmp_path: Path) -> None:
    api = finished(tmp_path, complete(), pod("Succeeded", state=container(0, message=record())))
    ann = client(tmp_path, api)
    assert ann.row(api.jobs[ID]).state == "CD"
    path = tmp_path / ".kbatch" / ID / "job.json"
    noted = path.stat().st_mtime_ns
    ann.row(api.jobs[ID])
    assert path.stat().st_mtime_ns == noted
    past = ann.history.read(ID)
    assert past is not None
    assert past.closed


def test_a_job_that_runs_is_not_noted(tmp_path: Path) -> None:
    api = finished(tmp_path, [], pod("Running"))
    running: Job = api.jobs[ID]
    assert client(tmp_path, api).row(running).state == "R"
    past = client(tmp_path, api).history.read(ID)
    assert past is not None
    assert not past.closed


def test_the_record_in_home_serves_a_job_whose_pod_is_gone(tmp_path: Path) -> None:
    api = finished(tmp_path, failed("BackoffLimitExceeded"))
    ended(tmp_path, exit=137, oom=1, reason="OutOfMemory")
    (row,) = client(tmp_path, api).list()
    assert (row.state, row.past, row.node) == ("OOM", False, "node-b")
