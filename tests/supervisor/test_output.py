"""The output: each byte in the file and in the container's log, and a file that fails costs the job nothing."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest

from tests.supervisor.runs import SHELLS, NewRun, Run, Shell, side_by_side

SEPARATOR = re.compile(rb"\n--- restart (\d): [^\n]+ ---\n")
PAYLOADS = {
    "every byte": bytes(range(256)) * 40,
    "no newline at the end": b"one\ntwo",
    "NULs alone": b"\0" * 5000,
    "a line of 1 MB": b"x" * (1 << 20) + b"\n" + b"y" * (1 << 20),
    "nothing": b"",
    "newlines alone": b"\n" * 70_000,
    "30 MB": hashlib.sha256(b"30 MB").digest() * (30 << 15),
}


def test_every_byte_arrives(new_run: NewRun) -> None:
    def same(payload: bytes) -> tuple[bool, bool]:
        run = new_run()
        (run.folder / "payload").write_bytes(payload)
        ended = run("cat", str(run.folder / "payload"))
        return run.output.read_bytes() == payload, ended.log == payload

    assert side_by_side(same, PAYLOADS.values(), workers=3) == [(True, True)] * len(PAYLOADS)


WRITER = """#!/bin/sh
i=0
while [ $((i += 1)) -le 500 ]; do echo "out $i"; echo "err $i" >&2; done
"""


def test_one_file_keeps_the_order_of_the_two_streams(run: Run) -> None:
    ended = run(run.script(WRITER))
    lines = [f"{stream} {number}" for number in range(1, 501) for stream in ("out", "err")]
    assert run.output.read_text().splitlines() == lines
    assert ended.log.decode().splitlines() == lines
    assert ended.log_err == b""


def test_two_files_have_a_stream_each(run: Run) -> None:
    ended = run(run.script(WRITER), options={"e": f"{run.home}/err.txt"})
    out = "".join(f"out {number}\n" for number in range(1, 501))
    assert run.output.read_text() == ended.log.decode() == out
    assert (run.home / "err.txt").read_text() == ended.log_err.decode() == out.replace("out", "err")


NAMES = ["a b", "it's", 'say "x"', "$HOME", "*", "ünï", "new/deep/er", "-n", "back\\slash", "~", "#x"]


def test_any_name_of_a_file(new_run: NewRun) -> None:
    """Also in folders that are not there yet."""
    from kbatch_core.runner.words import file_word

    def written(name: str) -> tuple[bool, str]:
        run = new_run()
        path = run.home / name / "out"
        ended = run("echo", "hello", options={"o": file_word(str(path).replace("%", "%%"))})
        assert ended.record is not None
        return path.read_bytes() == b"hello\n", ended.record.output_error

    assert side_by_side(written, NAMES) == [(True, "")] * len(NAMES)


def test_a_restart_appends_after_a_line_that_says_so(run: Run) -> None:
    """Also when the line before had no end; the count is in the record and the environment."""
    script = run.script('#!/bin/sh\nprintf "run $SLURM_RESTART_COUNT"\n')
    records = [run(script).record for _ in range(3)]
    assert SEPARATOR.sub(rb"|\1|", run.output.read_bytes()) == b"run 0|1|run 1|2|run 2"
    assert [record and record.restart for record in records] == [0, 1, 2]
    assert (run.records / "starts").read_text().count("\n") == 3


def test_truncate_begins_anew(run: Run) -> None:
    script = run.script("#!/bin/sh\necho run $KBATCH_RESTART_COUNT\n")
    run.output.write_text("from another job\n")
    run(script, options={"m": "truncate"})
    assert run.output.read_text() == "run 0\n"
    run(script, options={"m": "truncate"})
    assert SEPARATOR.sub(rb"|\1|", run.output.read_bytes()) == b"|1|run 1\n"


def test_append_keeps_what_another_job_wrote(run: Run) -> None:
    run.output.write_text("from another job\n")
    run("echo", "mine")
    assert run.output.read_text() == "from another job\nmine\n"


def test_no_file_and_dev_null(new_run: NewRun) -> None:
    """Then the container's log is all."""

    def end(path: str) -> tuple[int, bytes, str]:
        run = new_run()
        ended = run(run.script("#!/bin/sh\necho hello; exit 3\n"), options={"o": path})
        assert ended.record is not None
        return ended.code, ended.log, ended.record.output_error

    assert side_by_side(end, ["", "/dev/null"]) == [(3, b"hello\n", "")] * 2


NO_SPACE = dict.fromkeys(SHELLS, "No space left") | {"busybox": "I/O error"}
"""What tee says; busybox's does not know more."""

LONG = "#!/bin/sh\ni=0; while [ $((i += 1)) -le 3000 ]; do echo line $i; done; exit 3\n"


def test_a_full_disk(run: Run, shell: Shell) -> None:
    """The job goes on, the log is whole, and the record says what happened."""
    ended = run(run.script(LONG), options={"o": "/dev/full"})
    assert ended.code == 3
    assert ended.log.count(b"\n") == 3000
    assert ended.record is not None
    assert "/dev/full" in ended.record.output_error
    assert NO_SPACE[shell.name] in ended.record.output_error


def test_a_file_that_cannot_be_opened(run: Run) -> None:
    run.output.mkdir()
    ended = run(run.script(LONG), options={"m": "truncate"})
    assert ended.code == 3
    assert ended.log.count(b"\n") == 3000
    assert ended.record is not None
    assert "directory" in ended.record.output_error


def test_a_folder_that_vanishes(run: Run) -> None:
    """With all of home: what was written is lost there, not in the log, and the message still is the record."""
    script = f"#!/bin/sh\necho before\nuntil [ -s {run.output} ]; do :; done\nrm -r {run.home}\necho after\nexit 3\n"
    ended = run(run.script(script))
    assert (ended.code, ended.log) == (3, b"before\nafter\n")
    assert ended.record is not None
    assert ended.record.output_error == f"{run.output} is gone"


def test_a_log_that_nobody_reads_any_more(run: Run, shell: Shell) -> None:
    """The container's log breaks away: the file is still written to the end."""
    reading, writing = os.pipe()
    os.close(reading)
    there = f'exec "$@" >/proc/{os.getpid()}/fd/{writing} 2>&1'
    ended = run(run.script(LONG), wrap=("/bin/sh", "-c", there, "sh"))
    os.close(writing)
    assert ended.code == 3
    assert run.output.read_bytes().count(b"\n") == 3000


@pytest.mark.parametrize(
    ("errors", "both"),
    [("", False), ("errors.txt", False), ("errors.txt", True)],
    ids=["one file", "one of two files", "two files"],
)
def test_a_file_that_takes_nothing_more_does_not_cost_the_record(run: Run, errors: str, both: bool) -> None:
    """As on a file server that is gone: what is told to end then gives the output up, after -k seconds."""
    options = {"k": "0.3"} | ({"e": str(run.folder / errors)} if errors else {})
    stuck = [run.output, *([run.folder / errors] if both else [])]
    for path in stuck:
        os.mkfifo(path)
    keepers = [os.open(path, os.O_RDWR) for path in stuck]
    much = "head -c 300000 /dev/zero"
    process = run.start(run.script(f"#!/bin/sh\n{much} >&2 &\n{much}\nwait\n"), options=options)
    wait = run.folder / "log"
    while wait.stat().st_size == 0:
        pass
    process.terminate()
    ended = run.finish()
    for keeper in keepers:
        os.close(keeper)
    assert ended.record is not None
    assert ended.record.reason == "Terminated"
    assert ended.record.output_error == "output cut off"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_a_disk_that_fills_on_the_way(run: Run, shell: Shell, tmp_path: Path) -> None:
    """What fitted is in the file, and nothing of it twice."""
    copy = tmp_path / "copy"
    mount = 'mount -t tmpfs -o size=16k none "$0" && "$@"; code=$?; cp "$0/out.txt" "$COPY"; exit $code'
    ended = run(
        run.script(LONG),
        wrap=("unshare", "--mount", "/bin/sh", "-c", mount, str(run.home)),
        environ={"COPY": str(copy)},
    )
    assert ended.code == 3
    assert ended.log.count(b"\n") == 3000
    assert ended.record is not None
    assert NO_SPACE[shell.name] in ended.record.output_error
    kept = copy.read_bytes()
    assert 4000 < len(kept) <= 16384
    assert ended.log.startswith(kept[:4096])
