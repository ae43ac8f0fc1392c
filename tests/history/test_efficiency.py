"""kqueue eff: parts of what was asked for, a proposal only where evidence allows one, plain words where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kbatch_core.history import Efficiency, History, past_row
from kbatch_core.history.efficiency import efficiency, records_of, round_time
from kbatch_core.model.quantity import GIB, MIB, round_up_memory
from kbatch_core.status import make_row
from kqueue_tui.cli.eff import lines
from tests.history.home import ended, started, submitted
from tests.status.objects import ID, NOW, exit_failed, job, pod, record
from tests.status.objects import ended as ended_state

HEADER = "time,cpu_usec,memory_bytes\n"


def account(history: History) -> Efficiency:
    past = history.read(ID)
    assert past is not None
    usage = {task: history.usage(ID, task) for task in past.starts}
    return efficiency(past_row(past, NOW, gone=True), past.records, usage)


def text(found: Efficiency) -> str:
    return "\n".join(f"{name}: {value}" for name, value in lines(found))


def usage(
    home: Path, rates: list[float], *, task: int | None = None, memory: int = GIB, gpu: str = ""
) -> None:
    """usage.csv with a line each 10 s: `rates` are cores."""
    counted, rows = 0.0, []
    for number, rate in enumerate(rates, 1):
        counted += rate * 10
        rows.append(f"{NOW - 500 + 10 * number:.0f},{counted * 1e6:.0f},{memory}{gpu}\n")
    suffix = "" if task is None else f"-{task}"
    (home / ".kbatch" / ID / f"usage{suffix}.csv").write_text(HEADER + "".join(rows))


def test_a_job_is_measured_by_what_it_asked_for(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    ended(tmp_path, cpu=400, mem=1 * GIB)
    found = account(history)
    assert (found.cpu, found.memory) == (0.5, 0.25)
    assert found.time == pytest.approx(400 / 3600)
    assert found.proposal.options == "--mem 1280M -c 1 -t 10:00"
    assert found.missing == ()
    said = text(found)
    assert "CPU: 1.00 of 2 cores, 50 %" in said
    assert "Memory: peak 1G of 4G, 25 %" in said
    assert "Time: 6:40 of 1:00:00, 11 %" in said


def test_cores_that_are_busy_at_times_are_kept(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    ended(tmp_path, cpu=400)
    usage(tmp_path, [0.1] * 20 + [1.9] * 20)
    found = account(history)
    assert found.uses[0].busy == pytest.approx(1.9)
    assert found.proposal.cpus is None


def test_memory_that_files_have_filled_is_told_by_the_samples_or_not_at_all(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    ended(tmp_path, mem=4 * GIB)
    found = account(history)
    assert found.proposal.memory is None
    assert "files that it read count too" in text(found)
    usage(tmp_path, [1.0] * 10, memory=GIB)
    assert account(history).proposal.memory == 1536 * MIB, "by the samples, which are without them"
    usage(tmp_path, [1.0] * 10, memory=3 * GIB)
    assert account(history).proposal.memory is None


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"exit": 137, "oom": 1, "mem": 4 * GIB}, "--mem 6G"),
        ({"exit": 124, "reason": "TimeLimit"}, "-t 2:00:00"),
        ({"exit": 3}, ""),
        ({"exit": 143, "reason": "Terminated"}, ""),
    ],
)
def test_what_did_not_end_well_says_only_what_ended_it(
    tmp_path: Path, fields: dict[str, Any], options: str
) -> None:
    history = submitted(tmp_path)
    ended(tmp_path, **fields)
    found = account(history)
    assert found.proposal.options == options
    assert ("does not say what it needs" in text(found)) == (not options)


def test_the_queue_and_eff_give_the_same_advice_on_memory() -> None:
    small = job(conditions=exit_failed(137), failed=1, resources={"limits": {"memory": "100Mi"}})
    row = make_row(small, [pod("Failed", state=ended_state(137, reason="OOMKilled"))], [], NOW)
    proposed = efficiency(row, {}, {}).proposal.options
    assert proposed == "--mem 192M"
    assert proposed in row.hint


def test_a_job_that_runs_is_told_so_far(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    started(tmp_path)
    usage(tmp_path, [1.0] * 6 + [3.0] * 4, memory=3 * GIB)
    live = make_row(job(), [pod()], [], NOW)
    found = efficiency(live, {}, {None: history.usage(ID)})
    assert found.running
    (use,) = found.uses
    assert (use.ended, use.wall, use.cpu_seconds, use.memory) == (False, 100, 180, 3 * GIB)
    assert found.cpu == pytest.approx(0.9)
    assert found.proposal.options == ""
    assert "so far" in text(found)


def test_no_evidence_is_said_and_never_a_zero(tmp_path: Path) -> None:
    found = account(submitted(tmp_path))
    assert (found.uses, found.cpu, found.memory, found.time) == ((), None, None, None)
    assert "Nothing tells what it used" in text(found)
    assert "0 %" not in text(found)


def test_what_the_control_group_did_not_tell_is_said(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    ended(tmp_path, cpu=0, mem=0)
    said = text(account(history))
    assert "The peak of memory is not known" in said
    assert "The CPU time is not known" in said
    assert "CPU:" not in said
    assert "Memory:" not in said


def test_an_array_has_a_distribution_and_the_tasks_at_its_ends(tmp_path: Path) -> None:
    history = submitted(tmp_path, array="1-5")
    for task, (cpu, memory, seconds) in enumerate(
        [(100, 100, 100), (100, 900, 200), (300, 200, 300), (800, 300, 400)], 1
    ):
        ended(tmp_path, task=task, cpu=cpu, mem=memory * MIB, start=NOW - 500, end=NOW - 500 + seconds)
    found = account(history)
    assert found.peak is not None
    assert (found.peak.low_task, found.peak.median, found.peak.high_task) == (1, 250 * MIB, 2)
    assert found.cores is not None
    assert (found.cores.low, found.cores.low_task, found.cores.high, found.cores.high_task) == (
        0.5,
        2,
        2.0,
        4,
    )
    assert found.cpu == pytest.approx(1300 / (1000 * 2))
    assert found.proposal.options == "--mem 1280M -t 10:00"
    said = text(found)
    assert "Tasks: 4 of 5 told what they used" in said
    assert "Memory: peak 100M (task 1), median 250M, 900M (task 2) of 4G, 22 %" in said
    assert "Of 1 of 5 tasks nothing tells" in said


def test_a_gpu_is_told_when_it_was_seen(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    ended(tmp_path)
    usage(tmp_path, [1.0] * 10, gpu=",30,1000")
    assert "GPU: 30 %" in text(account(history))
    usage(tmp_path, [1.0] * 10)
    assert "GPU" not in text(account(history))


def test_the_record_of_a_live_job_is_its_pods() -> None:
    first = pod("Failed", state=ended_state(143, message=record(exit=143)))
    second = pod("Succeeded", state=ended_state(0, message=record(exit=0)))
    foreign = pod("Failed", state=ended_state(1, message=record(id="another2")))
    assert {task: one.exit for task, one in records_of(ID, [first, second]).items()} == {None: 0}
    for last in (foreign, pod("Running"), pod("Failed", state=ended_state(137, reason="OOMKilled"))):
        assert records_of(ID, [first, last]) == {}, "what an earlier pod said is not the end"
    tasks = [pod("Failed", index=n, state=ended_state(n, message=record(task=n + 5, exit=n))) for n in (0, 1)]
    assert {task: one.exit for task, one in records_of(ID, tasks).items()} == {5: 0, 6: 1}


def test_amounts_that_people_would_type() -> None:
    assert [round_up_memory(n * MIB) // MIB for n in (1, 65, 1025, 4097, 5 * 1024)] == [
        64,
        128,
        1280,
        5120,
        5120,
    ]
    assert [round_time(n) for n in (1, 301, 3601, 86401)] == [300, 600, 4500, 90000]
