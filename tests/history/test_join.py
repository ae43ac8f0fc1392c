"""Live jobs and the history side by side: what the cluster shows wins, and only what it was asked for can be gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbatch_core.errors import BadOption, ConnectionFailed, NotFound
from kbatch_core.history import Asked, Origin, output_path
from tests.history.fake import FakeApi, client, submission
from tests.history.home import ELSEWHERE, HERE, ended, submitted
from tests.status.objects import ID

SECOND, THIRD = "bcd23456", "cde23456"


def test_a_live_job_wins_over_its_record(tmp_path: Path) -> None:
    api = FakeApi()
    ann = client(tmp_path, api)
    ann.submit(submission())
    ended(tmp_path, exit=3)
    ended(tmp_path, SECOND)
    rows = {row.id: (row.state, row.past) for row in ann.list(history=True)}
    assert rows == {ID: ("PD", False), SECOND: ("CD", True)}
    assert [row.id for row in ann.list()] == [ID]


@pytest.mark.parametrize(
    ("asked", "gone"),
    [
        (Asked(origin=HERE, namespaces=("ann",)), True),
        (Asked(origin=HERE, namespaces=("bob", "ann")), True),
        (Asked(origin=HERE, namespaces=("",)), True),
        (Asked(origin=HERE, namespaces=("ann",), user="ann"), True),
        (Asked(origin=HERE, namespaces=("ann",), user="bob"), False),
        (Asked(origin=HERE, namespaces=("bob",)), False),
        (Asked(origin=ELSEWHERE, namespaces=("",)), False),
        (Asked(), False),
    ],
)
def test_only_what_was_asked_for_can_be_gone(tmp_path: Path, asked: Asked, gone: bool) -> None:
    past = submitted(tmp_path).read(ID)
    assert past is not None
    assert asked.covers(past) is gone


def test_a_cluster_is_known_by_its_authority_and_else_by_its_address() -> None:
    one, two = b"certificate", b"another"
    assert Origin.of("https://10.96.0.1", one).same(Origin.of("https://api.example.org", one))
    assert not Origin.of("https://10.96.0.1", one).same(Origin.of("https://10.96.0.1", two))
    assert Origin.of("https://a", one).same(Origin.of("https://a", b""))
    assert not Origin.of("https://a", b"").same(Origin.of("https://b", one))


def test_an_array_is_a_row_per_task_when_asked(tmp_path: Path) -> None:
    submitted(tmp_path, array="1-3")
    ended(tmp_path, task=2)
    rows = client(tmp_path, FakeApi()).list(history=True, tasks=True)
    assert [(row.id, row.state) for row in rows] == [(f"{ID}_1", "?"), (f"{ID}_2", "CD"), (f"{ID}_3", "?")]


def test_a_reference_means_a_live_job_first_and_then_one_of_the_history(tmp_path: Path) -> None:
    api = FakeApi()
    ann = client(tmp_path, api)
    ann.submit(submission())
    submitted(tmp_path, SECOND)
    assert ann.look_up("train").past is None
    found = ann.look_up(SECOND[:3])
    assert found.past is not None
    assert (found.job.metadata.labels["kbatch/id"], ann.row(found).code) == (SECOND, "LostEvidence")
    with pytest.raises(NotFound):
        ann.look_up("zzzz9999")
    api.jobs.clear()
    submitted(tmp_path, THIRD)
    with pytest.raises(BadOption, match="means 3 jobs of the history"):
        ann.look_up("train")


def test_when_no_cluster_answers_the_history_does_and_says_why(tmp_path: Path) -> None:
    api = FakeApi()
    submitted(tmp_path)
    ended(tmp_path)
    api.down = ConnectionFailed("The API server refuses connections.")
    ann = client(tmp_path, api)
    found = ann.look_up(ID)
    assert found.error is api.down
    assert ann.row(found).state == "CD"
    with pytest.raises(ConnectionFailed):
        ann.look_up("zzzz9999")
    with pytest.raises(ConnectionFailed):
        ann.list(history=True)
    assert [row.state for row in ann.past()] == ["CD"]


def test_past_rows_say_gone_only_when_the_cluster_was_asked(tmp_path: Path) -> None:
    ann = client(tmp_path, FakeApi())
    ann.submit(submission())
    assert [row.code for row in ann.past()] == [row.code for row in ann.past()] != ["LostEvidence"]
    assert [row.code for row in ann.past([])] == ["LostEvidence"]
    assert ann.past([ID]) == []


def test_the_output_file_is_found_by_its_pattern(tmp_path: Path) -> None:
    one = submitted(tmp_path / "one").read(ID)
    many = submitted(tmp_path / "many", array="1-3").read(ID)
    assert one is not None
    assert many is not None
    assert output_path(one) == f"/home/ann/work/kbatch-{ID}.out"
    assert output_path(many, 3) == f"/home/ann/work/kbatch-{ID}_3.out"
    homeless = submitted(tmp_path / "homeless", with_home=False).read(ID)
    assert homeless is not None
    assert output_path(homeless) == ""
