"""Around a submit: an acknowledged job is always known, a refused one never, and home can fail in any way."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from kbatch_core.errors import ConnectionFailed, PolicyDenied, UnknownOutcome
from kbatch_core.model import labels
from tests.history.fake import FakeApi, client, submission
from tests.history.home import UID, ended, environment, job_spec
from tests.status.objects import ID, NOW


def test_an_acknowledged_job_is_known_with_all_that_was_sent(tmp_path: Path) -> None:
    ann = client(tmp_path, FakeApi())
    ann.submit(submission())
    past = ann.history.read(ID)
    assert past is not None
    assert (past.job.metadata.uid, past.accepted, past.closed) == (UID, True, False)
    whole = ann.history.manifest(ID)
    assert whole is not None
    assert whole["spec"] == submission().manifest["spec"]
    carried = ann.history.whole(ID)
    assert carried is not None
    assert carried.spec.template.metadata.annotations[labels.SCRIPT] == "#!/bin/sh\n"
    assert (tmp_path / ".kbatch" / ID / "job.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("error", [PolicyDenied("Quota is full."), ConnectionFailed("No answer.")])
def test_a_refused_job_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    api = FakeApi()
    api.refuse = error
    with pytest.raises(type(error)):
        client(tmp_path, api).submit(submission())
    assert list((tmp_path / ".kbatch").iterdir()) == []


def test_a_refused_job_takes_nothing_of_an_earlier_one_away(tmp_path: Path) -> None:
    api = FakeApi()
    ann = client(tmp_path, api)
    ann.submit(submission())
    ended(tmp_path)
    api.refuse = PolicyDenied("Quota is full.")
    with pytest.raises(PolicyDenied):
        ann.submit(submission())
    assert ann.past()[0].state == "CD"


@pytest.mark.parametrize("error", [UnknownOutcome("No answer came."), KeyboardInterrupt()])
def test_a_submit_of_unknown_outcome_is_noted_as_such(tmp_path: Path, error: BaseException) -> None:
    api = FakeApi()
    api.refuse = error
    ann = client(tmp_path, api)
    with pytest.raises(type(error)):
        ann.submit(submission())
    assert [(row.id, row.state, row.code) for row in ann.list(history=True)] == [(ID, "?", "NoAnswer")]
    api.refuse = None
    ann.submit(submission())
    assert [(row.state, row.past) for row in ann.list(history=True)] == [("PD", False)]
    past = ann.history.read(ID)
    assert past is not None
    assert past.job.metadata.uid == UID


def test_a_refusal_says_nothing_about_an_earlier_submit_of_unknown_outcome(tmp_path: Path) -> None:
    api = FakeApi()
    ann = client(tmp_path, api)
    for error in (UnknownOutcome("No answer came."), PolicyDenied("Quota is full.")):
        api.refuse = error
        with pytest.raises(type(error)):
            ann.submit(submission())
    assert [row.code for row in ann.past()] == ["NoAnswer"]


def test_the_same_submit_id_is_the_same_job_also_when_the_client_had_made_it(tmp_path: Path) -> None:
    ann = client(tmp_path, FakeApi())
    first = ann.prepare(job_spec(), environment())
    made = first.manifest["metadata"]["annotations"][labels.SUBMIT_ID]
    again = ann.prepare(replace(job_spec(), submit_id=made), environment())
    assert again.manifest["metadata"]["name"] == first.manifest["metadata"]["name"]
    assert ann.prepare(job_spec(), environment()).job_id != first.job_id


def test_a_dry_run_notes_nothing(tmp_path: Path) -> None:
    client(tmp_path, FakeApi()).submit(submission(), dry_run=True)
    assert list(tmp_path.iterdir()) == []


def test_a_second_answer_to_the_same_submit_changes_nothing(tmp_path: Path) -> None:
    ann = client(tmp_path, FakeApi())
    ann.submit(submission())
    before = (tmp_path / ".kbatch" / ID / "job.json").stat().st_mtime_ns
    ann.submit(submission())
    assert (tmp_path / ".kbatch" / ID / "job.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.ESTALE, errno.EDQUOT])
def test_a_home_that_cannot_be_written_costs_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def write(descriptor: int, data: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", write)
    said: list[str] = []
    ann = client(tmp_path, FakeApi())
    job = ann.submit(submission(), warn=said.append)
    assert job.metadata.uid == UID
    assert len(said) == 1
    assert os.strerror(number) in said[0]
    assert list((tmp_path / ".kbatch" / ID).iterdir()) == [], "no half-written file stays"


@pytest.mark.parametrize("home", ["missing/home", "a file", ""])
def test_a_home_that_is_none_costs_one_sentence(tmp_path: Path, home: str) -> None:
    (tmp_path / "a file").write_text("")
    said: list[str] = []
    ann = client(tmp_path / home if home else Path(), FakeApi())
    ann.submit(submission(), warn=said.append)
    assert len(said) == 1
    assert [row.state for row in ann.list(history=True)] == ["PD"]


def test_a_folder_is_as_open_to_the_group_as_home(tmp_path: Path) -> None:
    for mode, expected in ((0o755, 0o750), (0o770, 0o770), (0o700, 0o700)):
        home = tmp_path / f"{mode:o}"
        home.mkdir()
        home.chmod(mode)
        client(home, FakeApi()).submit(submission())
        for folder in (home / ".kbatch", home / ".kbatch" / ID):
            assert folder.stat().st_mode & 0o777 == expected


def test_the_clock_of_a_row_is_the_servers(tmp_path: Path) -> None:
    ann = client(tmp_path, FakeApi())
    ann.submit(submission())
    past = ann.past()
    assert past[0].submitted == NOW - 600, "as the API server stamped it"
