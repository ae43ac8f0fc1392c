"""What the record, usage.csv and the environment tell, and that they are whole whatever is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kbatch_core.history.usage import parse_usage
from kbatch_core.manifest.exports import build_exports
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.options.foreign import EXPORTED
from tests.cluster.processes import wait_for
from tests.supervisor.runs import NewRun, Run, Shell, side_by_side

V2: dict[str, str] = {
    "memory.current": "900000000\n",
    "memory.peak": "3221225472\n",
    "memory.stat": "anon 5\nfile 7\ninactive_anon 1\nactive_file 3\ninactive_file 100000000\nunevictable 0\n",
    "memory.events": "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n",
    "cpu.stat": "usage_usec 754321000\nuser_usec 700000000\nsystem_usec 54321000\nnr_periods 0\n",
}
V1: dict[str, str] = {
    "cpuacct/cpuacct.usage": "754321000999\n",
    "memory/memory.usage_in_bytes": "900000000\n",
    "memory/memory.max_usage_in_bytes": "3221225472\n",
    "memory/memory.stat": "cache 1\ninactive_file 5\ntotal_cache 1\ntotal_inactive_file 100000000\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
}


def make_group(folder: Path, files: dict[str, str]) -> str:
    """A control group's folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return str(folder)


@pytest.mark.parametrize("files", [V2, V1], ids=["version 2", "version 1"])
@pytest.mark.parametrize(("code", "reason"), [(0, ""), (1, "OutOfMemory"), (137, "OutOfMemory")])
def test_the_control_group_is_read(run: Run, files: dict[str, str], code: int, reason: str) -> None:
    """A kill of a child that the script survived is counted, and no reason for a success."""
    ended = run("/bin/sh", "-c", f"exit {code}", options={"g": make_group(run.folder / "group", files)})
    record = ended.record
    assert record is not None
    assert (record.exit, record.reason, record.oom) == (code, reason, 1)
    assert (record.cpu_seconds, record.memory_peak) == (754, 3221225472)


def test_the_time_limit_is_the_reason_before_any_other(run: Run) -> None:
    group = make_group(run.folder / "group", V2)
    ended = run("sleep", "9", options={"g": group, "t": "1", "k": "0.2"})
    assert ended.record is not None
    assert (ended.code, ended.record.reason, ended.record.oom) == (124, "TimeLimit", 1)


def test_without_a_control_group_nothing_is_claimed(run: Run) -> None:
    record = run("true").record
    assert record is not None
    assert (record.cpu_seconds, record.memory_peak, record.oom) == (0, 0, 0)


NVIDIA_SMI = '#!/bin/sh\n[ "$*" = "{args}" ] || exit 9\nprintf "45, 1234\\n55, 1000\\n[N/A], [N/A]\\n"\n'
ASKED = "--query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits"


def sampled(run: Run, shell: Shell, files: dict[str, str], *, gpus: bool, more: str = "") -> list[str]:
    """usage.csv of a run with a sample each tenth of a second, once it has three; `more` is run in the script."""
    path = shell.path
    if gpus:
        tool = Path(run.script(NVIDIA_SMI.format(args=ASKED), "nvidia-smi"))
        path = f"{tool.parent}:{path}"
    group = make_group(run.folder / "group", files)
    process = run.start(
        run.script(f"#!/bin/sh\n{more}\nexec sleep 1000\n"),
        options={"g": group, "u": "0.1"},
        environ={"PATH": path},
    )
    usage = run.records / "usage.csv"
    wait_for(lambda: usage.exists() and usage.read_text().count("\n") >= 4, what="three samples")
    process.terminate()
    run.finish()
    return usage.read_text().splitlines()


@pytest.mark.parametrize("files", [V2, V1], ids=["version 2", "version 1"])
def test_samples(run: Run, shell: Shell, files: dict[str, str]) -> None:
    lines = sampled(run, shell, files, gpus=False)
    assert lines[0] == "time,cpu_usec,memory_bytes,gpu_percent,gpu_memory_mib"
    assert {line.partition(",")[2] for line in lines[1:4]} == {"754321000,800000000,"}


def test_samples_with_gpus(run: Run, shell: Shell) -> None:
    lines = sampled(run, shell, V2, gpus=True)
    assert lines[1].endswith(",754321000,800000000,45, 1234,55, 1000,[N/A], [N/A],")
    sample = parse_usage("\n".join(lines).encode())[0]
    assert (sample.memory, sample.gpu, sample.gpu_memory) == (800000000, 50, 2234 << 20)


def test_a_kernel_without_a_peak_has_that_of_the_samples(run: Run, shell: Shell) -> None:
    """Linux before 5.19; the memory of the second is larger, of the last smaller."""
    files = {name: text for name, text in V2.items() if name != "memory.peak"}
    group = run.folder / "group"
    more = "; ".join(
        f"echo {size} >{group}/memory.current; sleep 0.4"
        for size in (1_100_000_000, 7_100_000_000, 200_000_000)
    )
    sampled(run, shell, files, gpus=False, more=more)
    wait_for(lambda: (run.records / "record.json").exists(), what="the record")
    peak = json.loads((run.records / "record.json").read_text())["mem"]
    assert peak in (1_000_000_000, 7_000_000_000, 800_000_000)
    assert peak == max(
        int(line.split(",")[2]) for line in (run.records / "usage.csv").read_text().splitlines()[1:]
    )


def test_the_record_is_in_the_message_and_in_home_and_the_same(run: Run) -> None:
    ended = run(run.script("#!/bin/sh\necho '7/30 fitting' >$KBATCH_PROGRESS\nexit 3\n"))
    record = ended.record
    assert record is not None
    assert (run.records / "record.json").read_bytes() == ended.message
    assert (record.id, record.task, record.exit, record.reason) == ("abcd2345", None, 3, "")
    assert (record.node, record.progress, record.restart) == ("node1.example.org", "7/30 fitting", 0)
    assert int((run.records / "starts").read_text()) == record.start <= record.end <= record.start + 60
    assert sorted(path.name for path in run.records.iterdir()) == [
        "progress",
        "record.json",
        "starts",
        "usage.csv",
    ]


ODD = [
    b"7/30 \xff\xfe\x80",
    b'7/30 "quoted" \\ back',
    b"7/30 \x00\x01\x1b[31m\x7f",
    b"7/30 ~ %s %d \\n $(x)",
    "7/30 größe \U0001f600".encode(),
    b"x" * 100_000,
    b"7/30\nsecond line\n",
    b"\xe2\x82" * 300,
    b"",
]


def test_the_record_is_valid_whatever_is_in_it(new_run: NewRun) -> None:
    """As JSON, in at most 4096 bytes."""

    def message(text: bytes) -> tuple[int, dict[str, Any]]:
        run = new_run()
        (run.folder / "text").write_bytes(text)
        folder = run.home / 'a\udcff "x" \\ ~\n\x1b'
        (folder / "out").mkdir(parents=True)
        word = "'" + str(folder / "out") + "'"
        ended = run(
            run.script('#!/bin/sh\ncat "$1" >$KBATCH_PROGRESS\n'), str(run.folder / "text"),
            options={"o": word}, environ={"KBATCH_JOB_NODELIST": "node-" + "n" * 248},
        )  # fmt: skip
        assert ended.code == 0
        return len(ended.message), json.loads(ended.message)

    for size, record in side_by_side(message, ODD):
        assert size <= 4096
        assert "irectory" in record["output_error"]
        assert record["progress"].isprintable()
        assert record["progress"][:5] in ("7/30 ", "7/30?", "xxxxx", "?????", "")


def test_a_start_that_is_cut_off_leaves_no_record_of_the_one_before(run: Run) -> None:
    run(run.script("#!/bin/sh\necho '1/1 x' >$KBATCH_PROGRESS\n", "first"))
    assert (run.records / "record.json").exists()
    run.start(run.script("#!/bin/sh\necho started\nsleep 1000\n"))
    wait_for(lambda: "started" in run.output.read_text(), what="the script")
    run.kill()
    assert sorted(path.name for path in run.records.iterdir()) == ["starts", "usage.csv"]
    assert (run.records / "starts").read_text().count("\n") == 2


EXPORTS = """#!/bin/sh
for name in JOB_ID JOBID JOB_NODELIST NODELIST JOB_NUM_NODES NNODES NTASKS PROCID NODEID LOCALID RESTART_COUNT \
  ARRAY_TASK_ID; do
  eval "echo $name \\$KBATCH_$name \\$SLURM_$name"
done
echo $(($KBATCH_JOB_END_TIME - SLURM_JOB_START_TIME)) $KBATCH_PROGRESS
"""


def test_exports(run: Run) -> None:
    """What the client knows arrives as JOB_ID does; the rest is known in the pod."""
    run(
        run.script(EXPORTS), options={"t": "90", "i": "1:7+1*"}, environ={"JOB_COMPLETION_INDEX": "0"},
    )  # fmt: skip
    expected = {
        "JOB_ID": "abcd2345", "JOB_NODELIST": "node1.example.org", "NODELIST": "node1.example.org",
        "JOB_NUM_NODES": "1", "NNODES": "1", "NTASKS": "1", "PROCID": "0", "NODEID": "0",
        "LOCALID": "0", "RESTART_COUNT": "0", "ARRAY_TASK_ID": "7",
    }  # fmt: skip
    lines = run.output.read_text().splitlines()
    assert [line for line in lines if not line.startswith("JOBID")][:-1] == [
        f"{name} {value} {value}" for name, value in expected.items()
    ]
    assert lines[-1] == f"90 {run.records}/progress-7"
    assert (run.records / "record-7.json").exists()
    assert (run.records / "usage-7.csv").exists()


def test_the_names_that_a_script_may_rely_on_are_those_that_are_exported(run: Run) -> None:
    script = run.script("#!/bin/sh\nenv | sed -n 's/^SLURM_\\([A-Z_]*\\)=.*/\\1/p'\n")
    run(script, options={"t": "90", "i": "1:7+1*"}, environ={"JOB_COMPLETION_INDEX": "0"})
    spec = JobSpec(
        script="", script_name="", partition="p", account="a", gpus=1, array=ArraySpec(((1, 2, 1),))
    )
    resources = {"requests": {"cpu": "1", "memory": "1Gi"}}
    known = build_exports(spec, "abcd2345", "name", resources, "/home", "host")
    assert {*run.output.read_text().split(), *known} == EXPORTED
