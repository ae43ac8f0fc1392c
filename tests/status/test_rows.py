"""The facts of a row: who, when, how much, how it ended."""

from __future__ import annotations

from msgspec.structs import replace

from kbatch_core.model import labels
from kbatch_core.status import ClusterFacts, make_row, task_rows
from tests.status.objects import (
    ID,
    JOB_UID,
    NOW,
    complete,
    ended,
    exit_failed,
    job,
    pod,
    record,
    stamp,
)


def test_the_raw_text_is_shown_where_a_label_had_to_change_it() -> None:
    raw = job(
        labels_={labels.NAME: "my_run", labels.ACCOUNT: "geo", labels.QUEUE: "gpu"},
        annotations={labels.NAME: "my run!", labels.TIME_LIMIT: "5400"},
    )
    row = make_row(raw, [], [], NOW)
    assert (row.name, row.user, row.account, row.partition) == ("my run!", "ann", "geo", "gpu")
    assert (row.id, row.job_name, row.namespace, row.uid) == (ID, f"train-{ID}", "ann", JOB_UID)
    assert row.time_limit == 5400


def test_what_it_asks_for_is_in_plain_units() -> None:
    row = make_row(
        job(
            resources={
                "requests": {"cpu": "500m", "memory": "1Gi"},
                "limits": {"memory": "2Gi", "nvidia.com/gpu": "2"},
            }
        ),
        [],
        [],
        NOW,
    )
    assert (row.cpus, row.memory, row.gpus) == (500, 2**30, 2)


def test_the_record_gives_times_exit_and_signal() -> None:
    one = pod("Failed", state=ended(139, message=record(exit=139, signal=11)))
    row = make_row(job(conditions=exit_failed(139), failed=1), [one], [], NOW)
    assert (row.exit_code, row.signal, row.node) == (139, 11, "node-a")
    assert (row.submitted, row.started, row.ended) == (NOW - 600, NOW - 400, NOW - 20)
    assert row.elapsed(NOW) == 380


def test_an_exit_code_beyond_every_signal_is_a_code_of_its_own() -> None:
    one = pod("Failed", state=ended(255, message=record(exit=255)))
    row = make_row(job(conditions=exit_failed(255), failed=1), [one], [], NOW)
    assert (row.exit_code, row.signal, row.sentence) == (255, 0, "exit 255")


def test_without_a_record_the_container_gives_them() -> None:
    one = pod("Failed", state=ended(3))
    row = make_row(job(conditions=exit_failed(3), failed=1), [one], [], NOW)
    assert (row.exit_code, row.started, row.ended) == (3, NOW - 400, NOW - 20)


def test_without_a_pod_the_job_gives_its_end() -> None:
    row = make_row(job(conditions=complete(), completionTime=stamp(30)), [], [], NOW)
    assert (row.ended, row.started, row.elapsed(NOW)) == (NOW - 30, None, 0)
    row = make_row(job(conditions=exit_failed(3)), [], [], NOW)
    assert (row.ended, row.exit_code) == (NOW - 10, 3)


def test_time_runs_while_it_runs_and_not_before() -> None:
    running = make_row(job(active=1), [pod(ago=65)], [], NOW)
    assert (running.elapsed(NOW), running.elapsed(NOW + 5)) == (60, 65)
    assert (running.exit_code, running.ended, running.finished) == (None, None, False)
    assert make_row(job(), [], [], NOW).elapsed(NOW) == 0


def test_a_container_that_a_webhook_added_is_not_the_job() -> None:
    one = pod("Failed", state=ended(3, message=record(exit=3)))
    clean = pod("Succeeded", state=ended(0)).status.container_statuses[0]
    sidecar = replace(clean, name="a-mesh")
    both = replace(
        one, status=replace(one.status, container_statuses=[sidecar, *one.status.container_statuses])
    )
    assert make_row(job(conditions=exit_failed(3), failed=1), [both], [], NOW).exit_code == 3


def test_text_from_outside_cannot_leave_its_cell() -> None:
    row = make_row(
        job(annotations={labels.NAME: "\x1b]0;title\x07a\x1b[2Jb\nc\u202e", labels.USER: "x\ty"}), [], [], NOW
    )
    assert (row.name, row.user) == ("ab c�", "x y")


def test_progress_is_what_the_script_reports_while_it_runs_and_then_what_its_record_says() -> None:
    facts = ClusterFacts(progress={(ID, None): "7/30 fitting"})
    assert make_row(job(active=1), [pod("Running")], [], NOW, facts).progress == "7/30 fitting"
    assert make_row(job(active=1), [pod("Running")], [], NOW).progress == ""
    assert make_row(job(active=1), [pod("Pending")], [], NOW, facts).progress == "", (
        "left by an earlier start"
    )
    done = pod("Succeeded", state=ended(0, message=record(progress="30/30 done")))
    assert make_row(job(conditions=complete()), [done], [], NOW, facts).progress == "30/30 done"
    bad = pod("Succeeded", state=ended(0, message=record(progress="\x1b[31mnone")))
    assert make_row(job(conditions=complete()), [bad], [], NOW, facts).progress == ""


def test_a_complete_job_ended_with_0_also_when_its_pod_is_gone() -> None:
    assert make_row(job(conditions=complete()), [], [], NOW).exit_code == 0
    many = make_row(job(conditions=complete(), array="0-1", count=2, completedIndexes="0-1"), [], [], NOW)
    assert many.exit_code is None


def test_nothing_has_run_before_its_start_nor_by_a_clock_that_is_behind() -> None:
    assert make_row(job(suspend=True), [], [], NOW).elapsed(NOW) == 0
    row = make_row(job(active=1), [pod()], [], NOW)
    assert (row.elapsed(NOW), row.elapsed(NOW - 3600)) == (495, 0)


def test_what_killed_it_is_hinted_at() -> None:
    def hint(signal: int) -> str:
        one = pod("Failed", state=ended(128 + signal))
        return make_row(job(conditions=exit_failed(128 + signal)), [one], [], NOW).hint

    assert hint(9) == "Nothing says who sent it; compare its memory peak with --mem"
    assert hint(10) == "Nothing says who sent it"
    assert hint(11).startswith("The program itself crashed")


def test_a_task_is_run_again_by_its_own_number() -> None:
    array = job(array="7-8", count=2, failedIndexes="1", completedIndexes="0", active=0)
    gone = pod("Failed", index=1, reason="NodeLost")
    assert [row.hint for row in task_rows(array, [gone], [], NOW)][1:] == [
        "What it had written to its output file is kept"
    ]
    told = pod("Failed", index=1, state=ended(143, message=record(exit=143, task=8, reason="Terminated")))
    (_, row) = task_rows(array, [told], [], NOW)
    assert row.hint == f"`kqueue rerun {ID}_8` runs it again"
