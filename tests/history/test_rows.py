"""What a row of the history says: as the record tells, by the rules of the status, and never more than is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kbatch_core.history import History, Past, past_row, past_task_rows
from kbatch_core.model import labels
from kbatch_core.status import JobRow, TaskCounts
from tests.history.home import ELSEWHERE, UID, answer, ended, manifest, started, submitted
from tests.status.objects import ID, NOW, complete, exit_failed, failed


def past(history: History) -> Past:
    found = history.read(ID)
    assert found is not None
    return found


def row(history: History, *, gone: bool = True) -> JobRow:
    return past_row(past(history), NOW, gone=gone)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("CD", "", 0, 0)),
        ({"exit": 3}, ("F", "NonZeroExitCode", 3, 0)),
        ({"exit": 139}, ("F", "NonZeroExitCode", 139, 11)),
        ({"exit": 137, "oom": 1, "reason": "OutOfMemory"}, ("OOM", "OutOfMemory", 137, 9)),
        ({"exit": 124, "reason": "TimeLimit"}, ("TO", "TimeLimit", 124, 0)),
        ({"exit": 143, "reason": "Terminated"}, ("F", "NonZeroExitCode", 143, 15)),
        ({"exit": 0, "reason": "Terminated"}, ("F", "LostEvidence", 0, 0)),
        ({"exit": 0, "oom": 2}, ("CD", "", 0, 0)),
    ],
)
def test_the_record_is_judged_as_that_of_a_live_job(
    tmp_path: Path, fields: dict[str, Any], expected: tuple[object, ...]
) -> None:
    history = submitted(tmp_path)
    ended(tmp_path, **fields)
    found = row(history)
    assert (found.state, found.code, found.exit_code, found.signal) == expected
    assert found.past
    assert found.finished


def test_a_row_has_what_was_known_at_submit_and_at_the_end(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    ended(tmp_path)
    found = row(history)
    assert (found.id, found.name, found.user, found.namespace, found.uid) == (ID, "train", "ann", "ann", UID)
    assert (found.cpus, found.memory, found.time_limit) == (2000, 4 << 30, 3600)
    assert (found.submitted, found.started, found.ended) == (NOW - 600, NOW - 500, NOW - 100)
    assert (found.node, found.elapsed(NOW)) == ("node-b", 400)
    assert found.sentence == "exit 0; peak 1G of 4G"


def test_no_record_is_unknown_and_never_a_success(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    found = row(history)
    assert (found.state, found.code, found.finished, found.exit_code) == ("?", "LostEvidence", True, None)
    assert "nothing says that it was ever started" in found.sentence
    started(tmp_path)
    found = row(history)
    assert (found.state, found.code) == ("?", "LostEvidence")
    assert "it was started 1 time" in found.sentence


def test_a_record_of_an_earlier_start_is_not_the_end(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    ended(tmp_path)
    started(tmp_path)
    found = row(history)
    assert (found.state, found.code, found.exit_code) == ("?", "LostEvidence", None)
    assert "started 2 times, last at " in found.sentence
    assert "; an earlier start ended with exit 0" in found.sentence
    ended(tmp_path, starts=1, restart=2, exit=5)
    assert (row(history).state, row(history).exit_code, row(history).restarts) == ("F", 5, 2)


def test_a_job_of_another_cluster_is_not_called_gone(tmp_path: Path) -> None:
    history = submitted(tmp_path, origin=ELSEWHERE)
    started(tmp_path)
    found = row(history, gone=False)
    assert (found.state, found.code, found.finished) == ("?", "NotAsked", False)
    assert ELSEWHERE.server in found.sentence
    ended(tmp_path, restart=1)
    assert row(history, gone=False).state == "CD", "what is recorded is true from anywhere"


def test_a_start_that_was_told_to_end_may_have_a_successor_elsewhere(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    ended(tmp_path, exit=143, reason="Terminated")
    found = row(history, gone=False)
    assert (found.state, found.finished, found.exit_code, found.signal) == ("?", False, None, 0)
    assert (row(history).state, row(history).finished) == ("F", True)
    many = submitted(tmp_path / "many", array="1-2")
    ended(tmp_path / "many", task=1, exit=143, reason="Terminated")
    ended(tmp_path / "many", task=2)
    assert row(many, gone=False).tasks == counts(2, done=1, unknown=1)
    assert row(many).tasks == counts(2, done=1, failed=1)


def test_a_job_without_home_says_why_nothing_is_known(tmp_path: Path) -> None:
    assert "it had no home" in row(submitted(tmp_path, with_home=False)).sentence


def test_a_submit_that_nobody_answered_is_told_apart(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.begin(manifest(), ELSEWHERE, NOW)
    found = row(history)
    assert (found.state, found.code) == ("?", "NoAnswer")
    assert f"--submit-id {ID}-submit" in found.hint
    started(tmp_path)
    assert row(history).code == "LostEvidence", "its start says that the submit arrived"


def test_a_cancelled_job_is_cancelled_also_when_it_is_gone(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    patched = manifest()
    patched["metadata"]["annotations"][labels.CANCELLED_AT] = str(int(NOW - 90))
    history.keep(answer(patched))
    assert (row(history).state, row(history).code, row(history).ended) == ("CA", "Cancelled", NOW - 90)
    ended(tmp_path, exit=143, reason="Terminated")
    assert (row(history).state, row(history).started) == ("CA", NOW - 500)
    ended(tmp_path, restart=1, exit=3)
    assert row(history).state == "F", "it had ended by itself before the cancel arrived"


@pytest.mark.parametrize(
    ("conditions", "state", "code"),
    [
        (failed("DeadlineExceeded", "Job was active longer than specified deadline"), "DL", "GaveUp"),
        (failed("BackoffLimitExceeded", "Job has reached the specified backoff limit"), "F", "LostEvidence"),
        (exit_failed(4), "F", "NonZeroExitCode"),
        (complete(), "CD", ""),
    ],
)
def test_kubernetes_own_word_is_kept_and_believed(
    tmp_path: Path, conditions: list[Any], state: str, code: str
) -> None:
    history = submitted(tmp_path)
    history.keep(answer(manifest(), conditions=conditions))
    assert (row(history).state, row(history).code) == (state, code)


def test_what_is_kept_is_only_of_the_same_object(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    history.keep(answer(manifest(), uid="another", conditions=complete()))
    assert row(history).state == "?"


def test_the_record_alone_makes_a_row(tmp_path: Path) -> None:
    ended(tmp_path, exit=3)
    found = row(History(tmp_path), gone=False)
    assert (found.id, found.name, found.state, found.exit_code, found.ended) == (ID, "", "F", 3, NOW - 100)


# Arrays.


def array(
    home: Path, exits: dict[int, int | None], *, known: bool = True, cancelled: bool = False
) -> History:
    history = submitted(home, array="1-9:2") if known else History(home)
    for task, code in exits.items():
        if code is None:
            started(home, task=task)
        else:
            ended(home, task=task, exit=code, reason="Terminated" if code == 143 else "")
    if cancelled:
        patched = manifest(array="1-9:2")
        patched["metadata"]["annotations"][labels.CANCELLED_AT] = str(int(NOW - 90))
        history.keep(answer(patched))
    return history


def counts(total: int, done: int = 0, failed: int = 0, cancelled: int = 0, unknown: int = 0) -> TaskCounts:
    return TaskCounts(
        total=total, pending=0, running=0, done=done, failed=failed, cancelled=cancelled, unknown=unknown
    )


@pytest.mark.parametrize(
    ("exits", "state", "code", "expected", "tasks"),
    [
        ({1: 0, 3: 0, 5: 0, 7: 0, 9: 0}, "CD", "", counts(5, done=5), ["CD"] * 5),
        ({1: 0, 3: 2, 5: 0, 7: 0, 9: 0}, "F", "FailedTasks", counts(5, 4, 1), ["CD", "F", "CD", "CD", "CD"]),
        ({1: 0, 3: None, 5: 0}, "?", "LostEvidence", counts(5, 2, unknown=3), ["CD", "?", "CD", "?", "?"]),
        ({1: 9, 3: 0, 5: None}, "F", "FailedTasks", counts(5, 1, 1, unknown=3), ["F", "CD", "?", "?", "?"]),
        ({}, "?", "LostEvidence", counts(5, unknown=5), ["?"] * 5),
    ],
)
def test_an_array_counts_what_its_records_tell(
    tmp_path: Path,
    exits: dict[int, int | None],
    state: str,
    code: str,
    expected: TaskCounts,
    tasks: list[str],
) -> None:
    history = array(tmp_path, exits)
    found = row(history)
    assert (found.state, found.code, found.tasks) == (state, code, expected)
    rows = past_task_rows(past(history), NOW, gone=True)
    assert [one.state for one in rows] == tasks
    assert [one.id for one in rows] == [f"{ID}_{number}" for number in (1, 3, 5, 7, 9)]


def test_the_failed_tasks_of_an_array_are_named(tmp_path: Path) -> None:
    assert row(array(tmp_path, {1: 0, 3: 2, 5: 0, 7: 1, 9: 0})).sentence == "2 of 5 failed: 3,7"


def test_the_failed_tasks_are_named_also_when_others_are_unknown(tmp_path: Path) -> None:
    partly = row(array(tmp_path, {1: 0, 3: 2})).sentence
    assert partly.startswith("Of 5 tasks 1 failed: 3, 1 ended with exit 0; how the others ended is unknown")


def test_a_cancelled_array_keeps_what_had_ended(tmp_path: Path) -> None:
    history = array(tmp_path, {1: 0, 3: 2, 5: 143, 7: None}, cancelled=True)
    assert (row(history).state, row(history).tasks) == ("CA", counts(5, 1, 1, cancelled=3))
    states = [one.state for one in past_task_rows(past(history), NOW, gone=True)]
    assert states == ["CD", "F", "CA", "CA", "CA"]


def test_an_array_of_which_only_records_are_known_is_never_whole(tmp_path: Path) -> None:
    found = row(array(tmp_path, {1: 0, 2: 0, 7: 0}, known=False))
    assert (found.state, found.array, found.tasks) == ("?", "1-2,7", counts(3, done=3))
    assert "of an unknown number of tasks" in found.sentence.lower()


def test_times_of_an_array_are_those_of_its_tasks(tmp_path: Path) -> None:
    history = submitted(tmp_path, array="1-2")
    ended(tmp_path, task=1, start=NOW - 400, end=NOW - 300)
    ended(tmp_path, task=2, start=NOW - 350, end=NOW - 50)
    assert (row(history).started, row(history).ended) == (NOW - 400, NOW - 50)
