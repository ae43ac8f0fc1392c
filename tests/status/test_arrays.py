"""Arrays: one row with counts for the whole, one row per task when it is opened."""

from __future__ import annotations

from kbatch_core.model import labels
from kbatch_core.model.objects import Pod
from kbatch_core.status import TaskCounts, explain, make_row, task_rows
from kbatch_core.status.reading import parse_indexes
from tests.status.objects import (
    ID,
    NOW,
    complete,
    condition,
    ended,
    event,
    failed,
    job,
    pod,
    record,
    stamp,
    unscheduled,
)

CANCELLED = {labels.CANCELLED_AT: str(int(NOW - 5))}
DEADLINE = failed("DeadlineExceeded")


def busy_array() -> tuple[list[Pod], TaskCounts]:
    """Tasks 0, 10, ... 50 of which 0 is done, 10 failed, 20 runs, 30 waits for a node, the rest for their turn."""
    pods = [
        pod("Succeeded", state=ended(0, message=record(task=0)), index=0),
        pod("Failed", state=ended(3, message=record(exit=3, task=10)), index=1),
        pod(index=2, node="node-b"),
        pod(
            "Pending",
            node="",
            index=3,
            conditions=unscheduled("0/1 nodes are available: 1 Insufficient cpu."),
        ),
    ]
    return pods, TaskCounts(total=6, pending=3, running=1, done=1, failed=1, cancelled=0)


def test_the_row_of_an_array_counts_its_tasks() -> None:
    pods, counts = busy_array()
    array = job(array="0-50:10%2", count=6, parallelism=2, active=2, completedIndexes="0", failedIndexes="1")
    row = make_row(array, pods, [], NOW)
    assert (row.state, row.sentence) == ("R", "1 running, 3 waiting, 1 done, 1 failed")
    assert (row.tasks, row.array, row.node, row.task) == (counts, "0-50:10%2", "node-b", None)
    assert row.finished is False
    assert row.started == NOW - 495


def test_without_its_pods_what_runs_is_counted_by_the_job_and_no_task_is_said_to_wait() -> None:
    """Pods may not be read, or are not read yet."""
    array = job(array="0-5%2", count=6, parallelism=2, active=2, ready=1, completedIndexes="0")
    row = make_row(array, [], [], NOW)
    assert (row.state, row.sentence) == ("R", "1 running, 4 waiting, 1 done")
    assert row.tasks == TaskCounts(total=6, pending=4, running=1, done=1, failed=0, cancelled=0)
    first, *rest = task_rows(array, [], [], NOW)
    assert (first.state, {one.sentence for one in rest}) == (
        "CD",
        {"It waits or runs already: which of both is not known"},
    )
    started = job(array="0-5%2", count=6, parallelism=2, active=2)
    assert make_row(started, [], [], NOW).sentence == "Its first pods are made; more is not known of them"


def test_each_task_has_its_own_row() -> None:
    pods, _ = busy_array()
    array = job(array="0-50:10%2", count=6, parallelism=2, active=2, completedIndexes="0", failedIndexes="1")
    rows = task_rows(array, pods, [], NOW)
    assert [(row.id, row.state, row.code) for row in rows] == [
        (f"{ID}_0", "CD", ""),
        (f"{ID}_10", "F", "NonZeroExitCode"),
        (f"{ID}_20", "R", ""),
        (f"{ID}_30", "PD", "Resources"),
        (f"{ID}_40", "PD", "JobArrayTaskLimit"),
        (f"{ID}_50", "PD", "JobArrayTaskLimit"),
    ]
    assert [row.finished for row in rows] == [True, True, False, False, False, False]
    assert (rows[1].exit_code, rows[1].task, rows[1].tasks) == (3, 10, None)
    assert rows[4].sentence == "Waits its turn: 2 tasks at a time"


def test_a_job_that_is_no_array_has_no_tasks() -> None:
    assert task_rows(job(), [pod()], [], NOW) == []
    assert make_row(job(), [pod()], [], NOW).tasks is None


def test_an_array_that_waits_says_why_and_how_far_it_is() -> None:
    pods, _ = busy_array()
    array = job(array="0-5", count=6, active=1, completedIndexes="0", failedIndexes="1")
    found = explain(array, [pods[0], pods[1], pods[3]], [], NOW)
    assert (found.state, found.code) == ("PD", "Resources")
    assert found.sentence.endswith("; 4 waiting, 1 done, 1 failed")


def test_ended_tasks_do_not_speak_for_an_array_whose_next_pods_quota_refuses() -> None:
    pods, _ = busy_array()
    array = job(array="0-5", count=6, completedIndexes="0", failedIndexes="1")
    refusal = event(
        array, "FailedCreate", "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
    )
    found = explain(array, pods[:2], [refusal], NOW)
    assert (found.state, found.code) == ("PD", "QuotaExceeded")
    assert explain(array, pods[:2], [], NOW).code == "None"


def test_a_running_task_speaks_before_one_that_is_being_deleted_or_waits() -> None:
    array = job(array="0-2", count=3, active=3)
    pods = [pod("Pending", node="", index=0), pod(index=1, deleted=True), pod(index=2)]
    assert explain(array, pods, [], NOW).state == "R"
    assert explain(array, pods[1:2], [], NOW).state == "CG"


def test_a_complete_array() -> None:
    array = job(array="0-2", count=3, conditions=complete(), completedIndexes="0-2", completionTime=stamp(20))
    row = make_row(array, [], [], NOW)
    assert (row.state, row.sentence, row.ended) == ("CD", "All 3 tasks ended with exit 0", NOW - 20)
    assert row.tasks == TaskCounts(total=3, pending=0, running=0, done=3, failed=0, cancelled=0)
    assert [one.state for one in task_rows(array, [], [], NOW)] == ["CD"] * 3


def test_a_cancelled_array_keeps_what_its_tasks_had_done() -> None:
    array = job(
        array="0-3",
        count=4,
        conditions=DEADLINE,
        annotations=CANCELLED,
        completedIndexes="0",
        failedIndexes="1",
    )
    row = make_row(array, [], [], NOW)
    assert row.state == "CA"
    assert row.tasks == TaskCounts(total=4, pending=0, running=0, done=1, failed=1, cancelled=2)
    tasks = task_rows(array, [], [], NOW)
    assert [(one.state, one.code) for one in tasks] == [
        ("CD", ""),
        ("F", "LostEvidence"),
        ("CA", "Cancelled"),
        ("CA", "Cancelled"),
    ]


def test_tasks_that_an_early_end_of_the_array_left_undone() -> None:
    array = job(
        array="0-3",
        count=4,
        conditions=failed("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number"),
        completedIndexes="0",
        failedIndexes="1-2",
    )
    left = task_rows(array, [], [], NOW)[3]
    assert (left.state, left.code) == ("CA", "NotRun")
    assert left.evidence == "Job has exceeded the specified maximal number"


def test_a_task_that_gets_another_attempt_is_not_over() -> None:
    array = job(array="0-1", count=2, active=1)
    evicted = pod("Failed", state=ended(137), reason="Evicted", index=0)
    rows = task_rows(array, [evicted], [], NOW)
    assert (rows[0].state, rows[0].finished) == ("PR", False)
    again = pod(index=0, ago=100)
    assert task_rows(array, [evicted, again], [], NOW)[0].restarts == 1


def test_the_nodes_of_an_array_are_named_while_they_are_few() -> None:
    array = job(array="0-9", count=10, active=10)
    two = [pod(index=i, node=f"node-{i % 2}") for i in range(4)]
    assert make_row(array, two, [], NOW).node == "node-0,node-1"
    many = [pod(index=i, node=f"node-{i}") for i in range(9)]
    assert make_row(array, many, [], NOW).node == "9 nodes"


def test_a_tampered_array_annotation_falls_back_to_indexes() -> None:
    array = job(array="0-1000000000", count=2, active=2)
    assert [row.id for row in task_rows(array, [], [], NOW)] == [f"{ID}_0", f"{ID}_1"]


def test_indexes_are_read_as_the_status_writes_them() -> None:
    assert parse_indexes("1,3-5,7") == (range(1, 2), range(3, 6), range(7, 8))
    assert parse_indexes("") == ()
    assert parse_indexes("x,1-,-2,3") == (range(3, 4),)


def test_restarts_are_counted_also_when_their_pods_are_gone() -> None:
    assert make_row(job(failed=2, active=1), [pod()], [], NOW).restarts == 2
    assert make_row(job(failed=3, conditions=failed("BackoffLimitExceeded")), [], [], NOW).restarts == 2
    done = pod("Succeeded", state=ended(0, message=record(restart=4)))
    assert make_row(job(conditions=complete()), [done], [], NOW).restarts == 4


def test_a_held_array_is_held() -> None:
    array = job(array="0-9", count=10, suspend=True)
    assert explain(array, [], [], NOW).code == "JobHeldUser"
    assert task_rows(array, [], [], NOW)[0].code == "JobHeldUser"


def test_a_closing_array() -> None:
    closing = [condition("FailureTarget", "MaxFailedIndexesExceeded", "x")]
    array = job(array="0-9", count=10, conditions=closing)
    assert explain(array, [pod(index=0)], [], NOW).state == "CG"
