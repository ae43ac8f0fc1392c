"""The runner with a real kernel: cells in turn, saved after each, and every way to end told apart."""

from __future__ import annotations

import ast
import base64
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kbatch_core.model.notebook import freeze, with_parameters
from kbatch_core.runner.notebook.kernel import oom_kills
from tests.cluster.processes import wait_for
from tests.notebook.making import Ran, Running, code, notebook, run, text, validate

PACKAGE = Path(__file__).parents[2] / "kbatch_core" / "runner" / "notebook"


def valid(ran: Ran) -> dict[str, Any]:
    """The saved notebook, after nbformat has looked at it."""
    assert ran.saved is not None
    validate(ran.saved)
    return ran.saved


PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8).decode()


def test_a_notebook_runs_to_its_end_and_what_it_prints_is_in_the_log_and_in_the_notebook(
    tmp_path: Path,
) -> None:
    ran = run(
        tmp_path,
        text("# Bericht ä \U0001f600"),
        "import sys\nprint('grün \U0001f600 \\x00')\nprint('errors', file=sys.stderr)",
        "  \n",
        "import asyncio\nasync def twice(n):\n    await asyncio.sleep(0.01)\n    print('task', n)\n    return 2 * n\n"
        "await asyncio.gather(*(asyncio.create_task(twice(n)) for n in range(3)))",
        "from IPython.display import Image, display, clear_output\nimport base64\n"
        f"display(Image(base64.b64decode('{PICTURE}')))\n"
        "print('gone'); clear_output(wait=True); print('10%\\r50%\\r100%')\n"
        "for n in range(3): print(n, end='', flush=True)",
        "import subprocess; subprocess.run(['echo', 'from a program'])\n1 / 0",
        "never",
        output="results/deep/out.ipynb",
    )  # fmt: skip
    assert ran.code == 1
    saved = valid(ran)
    assert ran.text(1) == "grün \U0001f600 \0\n"
    assert ran.text(1, "stderr") == "errors\n"
    assert ran.text(3) == "task 0\ntask 1\ntask 2\n"
    assert saved["cells"][3]["outputs"][-1]["data"]["text/plain"] == ["[0, 2, 4]"]
    assert ran.text(4) == "100%\n012", "what was cleared or overwritten is not kept"
    assert [output["output_type"] for output in saved["cells"][4]["outputs"]] == ["stream"]
    assert saved["cells"][5]["outputs"][-1]["ename"] == "ZeroDivisionError"
    assert ran.text(6) == "of an earlier run\n", "what did not run is left alone"
    assert saved["metadata"]["language_info"]["name"] == "python"

    assert ran.out.startswith("grün \U0001f600 \0\ntask 0\ntask 1\ntask 2\n[0, 2, 4]\n")
    assert "from a program\n" in ran.out
    assert "10%\r50%\r100%\n012" in ran.out
    quoted = ran.err[ran.err.index("kbatch: ") :]
    assert quoted.startswith(
        "kbatch: work.ipynb[5] failed: ZeroDivisionError: division by zero\n\n"
        "    import subprocess; subprocess.run(['echo', 'from a program'])\n    1 / 0\n\n"
    )
    assert "Traceback (most recent call last)" in quoted
    assert "\x1b" not in quoted
    assert ran.progress == "4/6 cell 5: ZeroDivisionError"


def test_it_is_saved_after_each_cell_and_tells_how_far_it_is(tmp_path: Path) -> None:
    cells = ["print('first')", "import time, os\nwhile not os.path.exists('go'): time.sleep(0.02)", "x = 1"]
    running = Running(tmp_path, notebook(text("t"), *cells))
    wait_for(lambda: running.progress() == "1/3 cell 2", what="the second cell")
    first = json.loads(running.output.read_text())["cells"][1]
    assert first["outputs"][0]["text"] == ["first\n"]
    assert first["execution_count"] == 1
    (tmp_path / "go").touch()
    ran = running.wait()
    assert (ran.code, ran.progress) == (0, "3/3")
    valid(ran)
    assert sorted(path.name for path in tmp_path.glob("*out*")) == ["out.ipynb"], (
        "nothing half-written is left"
    )


def test_parameters_are_set_and_their_cell_is_not_counted(tmp_path: Path) -> None:
    data = freeze(
        "work.ipynb", notebook(code("n = 1; names = []", "parameters"), "print(n, names)\nboom", minor=5)
    )
    data, _ = with_parameters("work.ipynb", data, {"n": "5", "names": '["ä", null]'})
    ran = Running(tmp_path, data).wait()
    assert ran.text(2) == "5 ['ä', None]\n"
    assert "work.ipynb[2] failed: NameError" in ran.err
    assert valid(ran)["cells"][1]["metadata"]["tags"] == ["injected-parameters"]
    assert ran.progress == "1/2 cell 2: NameError"


@pytest.mark.parametrize(
    ("cell", "exit_code", "words"),
    [
        ("import os; print('last', flush=True); os._exit(3)", 3, "the kernel has left with exit code 3"),
        ("import os; os._exit(0)", 1, "the kernel has left with exit code 0"),
        ("import os; os.kill(os.getpid(), 9)", 137, "the kernel was killed by signal 9 (Killed)"),
    ],
)
def test_a_dead_kernel_ends_the_job_with_the_reason(
    tmp_path: Path, cell: str, exit_code: int, words: str
) -> None:
    ran = run(tmp_path, "print('before')", cell, "never")
    assert ran.code == exit_code
    assert f"kbatch: work.ipynb[2] failed: {words}\n\n    {cell}\n" in ran.err
    saved = valid(ran)
    assert ran.text(0) == "before\n"
    assert saved["cells"][1]["outputs"][-1]["evalue"] == words
    assert ran.progress == f"1/3 cell 2: {words}"


def test_what_the_control_group_killed_is_told_from_other_kills(tmp_path: Path) -> None:
    """The counters of version 2 and 1; the kill itself is in tests/e2e."""
    assert oom_kills(tmp_path) == 0
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert oom_kills(tmp_path) == 2
    (tmp_path / "memory.events").write_text("low 0\noom 1\noom_kill 3\noom_group_kill 1\n")
    assert oom_kills(tmp_path) == 3


@pytest.mark.parametrize(
    ("cell", "exit_code"), [("import sys; sys.exit(4)", 4), ("raise SystemExit", 0), ("exit()", 0)]
)
def test_a_notebook_may_end_itself(tmp_path: Path, cell: str, exit_code: int) -> None:
    ran = run(tmp_path, cell, "print('never')")
    assert ran.code == exit_code
    assert "never" not in ran.out
    assert "kbatch: work.ipynb[1] has left with" in ran.err
    valid(ran)


def test_an_error_that_is_expected_ends_nothing(tmp_path: Path) -> None:
    ran = run(tmp_path, code("1 / 0", "raises-exception"), "print('after')")
    assert (ran.code, ran.out) == (0, "after\n")


WAIT = "print('working', flush=True)\nimport time"


# The runner with less patience.
HASTY = (
    "import sys; sys.path.insert(0, sys.argv[1]); from kbatch_core.runner.notebook import run, __main__;"
    "run.GRACE_SECONDS = 1; sys.exit(__main__.main(sys.argv[1:]))"
)


def stopped(folder: Path, cell: str, *more: str, python: Sequence[str] = (sys.executable,)) -> Ran:
    """What comes of a notebook that is told to end in its second cell."""
    running = Running(folder, notebook("kept = 1", f"{WAIT}\n{cell}", *more), python=python)
    wait_for(lambda: running.progress().startswith("1/") and running.process.stdout, what="the cell")
    assert running.process.stdout is not None
    assert running.process.stdout.readline() == b"working\n"
    running.process.terminate()
    return running.wait()


def test_told_to_end_the_cell_is_interrupted_and_what_there_is_saved(tmp_path: Path) -> None:
    ran = stopped(tmp_path, "try: time.sleep(1000)\nfinally: print('cleaned up')", "never")
    assert ran.code == 143
    assert ran.text(1) == "working\ncleaned up\n"
    assert valid(ran)["cells"][1]["outputs"][-1]["ename"] == "KeyboardInterrupt"
    assert "kbatch: work.ipynb[2] was told to end, and interrupted\n" in ran.err
    assert "Traceback" not in ran.err
    assert ran.progress == "1/3 cell 2"


def test_a_cell_that_ends_well_when_told_to_is_the_last(tmp_path: Path) -> None:
    ran = stopped(
        tmp_path, "try: time.sleep(1000)\nexcept KeyboardInterrupt: print('saved')", "print('never')"
    )
    assert ran.code == 143
    assert ran.text(1) == "working\nsaved\n"
    assert "kbatch: work.ipynb was told to end after cell 2/3\n" in ran.err
    assert "never" not in ran.out


def test_a_cell_that_will_not_end_is_killed_and_what_it_started_too(tmp_path: Path) -> None:
    cell = (
        "import subprocess, signal\nchild = subprocess.Popen(['sleep', '1000'])\n"
        "open('pids', 'w').write(f'{child.pid} {__import__(\"os\").getpid()}')\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "while True:\n    try: time.sleep(1000)\n    except BaseException: pass"
    )
    ran = stopped(tmp_path, cell, python=(sys.executable, "-c", HASTY))
    assert ran.code == 143
    assert "did not by itself" in ran.err
    assert ran.text(1) == "working\n"
    wait_for(
        lambda: not any(map(alive, (tmp_path / "pids").read_text().split())), what="its processes to end"
    )


def test_told_to_end_before_there_is_a_kernel(tmp_path: Path) -> None:
    slow = tmp_path / "share/jupyter/kernels/slow"
    slow.mkdir(parents=True)
    argv = ["sh", "-c", "touch started; exec sleep 1000", "{connection_file}"]
    (slow / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "slow", "language": "x"}))
    running = Running(tmp_path, notebook("x", kernel="slow"), JUPYTER_PATH=str(tmp_path / "share/jupyter"))
    wait_for((tmp_path / "started").exists, what="the kernel's process")
    running.process.terminate()
    ran = running.wait()
    assert ran.code == 143
    assert ran.err.endswith("kbatch: work.ipynb was told to end before its first cell\n")


def test_the_kernel_dies_with_the_runner(tmp_path: Path) -> None:
    running = Running(
        tmp_path, notebook("import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(1000)")
    )
    pid = wait_for(lambda: (tmp_path / "pid").read_text(), what="the kernel")
    running.process.kill()
    wait_for(lambda: not alive(pid), what="the kernel to end")
    assert running.wait().code == -signal.SIGKILL


def test_a_signal_that_was_asked_for_reaches_the_notebook(tmp_path: Path) -> None:
    cell = "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: print('checkpoint'))\nprint('set', flush=True)"
    running = Running(tmp_path, notebook(f"{cell}\nsignal.pause()"))
    assert running.process.stdout is not None
    assert running.process.stdout.readline() == b"set\n"
    running.process.send_signal(signal.SIGUSR1)
    ran = running.wait()
    assert (ran.code, ran.out) == (0, "checkpoint\n")


def alive(pid: str) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_no_line_of_a_flood_is_lost_and_the_notebook_stays_small_enough_to_open(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        "for n in range(3000): print('line', n, flush=True)",
        "print(('x' * 99 + '\\n') * 100_000, end='')",
    )
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[:3000] == [f"line {n}" for n in range(3000)]
    assert lines[3000:] == ["x" * 99] * 100_000
    assert ran.text(0) == "".join(f"line {n}\n" for n in range(3000))
    assert len(valid(ran)["cells"][0]["outputs"]) == 1
    assert ran.text(1).endswith("[6000000 more characters are in the job's output file]\n")
    assert len(ran.text(1)) < 4_100_000


def test_a_kernel_that_the_image_does_not_have(tmp_path: Path) -> None:
    ran = Running(tmp_path, notebook("x", kernel="ir")).wait()
    assert ran.code == 127
    assert ran.err.splitlines() == [
        'kbatch: work.ipynb cannot run: it names the kernel "ir", which this image does not have (it has: python3): '
        "install it, or choose another in JupyterLab"
    ]


def test_a_kernel_that_does_not_start(tmp_path: Path) -> None:
    for name, argv in (("gone", ["/nowhere/python"]), ("broken", ["sh", "-c", "echo no module >&2; exit 1"])):
        folder = tmp_path / "share/jupyter/kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "x"}))
    for name, words in (("gone", "No such file"), ("broken", "Kernel died")):
        data = notebook("x", kernel=name)
        ran = Running(tmp_path / name, data, JUPYTER_PATH=str(tmp_path / "share/jupyter")).wait()
        assert ran.code == 127
        assert f'work.ipynb cannot run: the kernel "{name}" does not start: ' in ran.err
        assert words in ran.err
        assert "Traceback" not in ran.err


def test_an_image_without_nbclient_and_one_where_another_python_has_it(tmp_path: Path) -> None:
    bare = (sys.executable, "-I", "-S")  # no site-packages
    ran = Running(tmp_path / "a", notebook("x"), python=bare, PATH="/nowhere").wait()
    assert ran.code == 127
    assert ran.err == (
        "kbatch: this image has no nbclient, which runs work.ipynb: pip install nbclient ipykernel, there or in your "
        "home\n"
    )
    folders = [tmp_path / "bin1", tmp_path / "bin2"]
    for folder, options in zip(folders, ("-I -S", ""), strict=True):
        folder.mkdir()
        (folder / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} {options} "$@"\n')
        (folder / "python3").chmod(0o755)
    path = os.pathsep.join([*map(str, folders), "/usr/bin:/bin"])
    ran = Running(tmp_path / "b", notebook("print('ran')"), python=bare, PATH=path).wait()
    assert (ran.code, ran.out) == (0, "ran\n")


@pytest.mark.parametrize(
    ("data", "words"), [("{", "is not a notebook"), ("{}", "is not a notebook"), (None, "cannot be read")]
)
def test_a_copy_that_was_damaged_is_one_sentence(tmp_path: Path, data: str | None, words: str) -> None:
    running = Running(tmp_path, data or "")
    if data is None:
        (tmp_path / "script").unlink()
    ran = running.wait()
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert words in ran.err
    assert str(tmp_path / "script") in ran.err


def test_a_notebook_that_cannot_be_saved_runs_on_and_the_job_fails(tmp_path: Path) -> None:
    (tmp_path / "full").touch()
    ran = run(tmp_path, "print(1)", "print(2)", output="full/out.ipynb")
    assert (ran.code, ran.out) == (1, "1\n2\n")
    assert ran.err.count("kbatch: the notebook cannot be saved as ") == 1
    assert "File exists" in ran.err


def test_the_name_of_a_task_s_notebook(tmp_path: Path) -> None:
    environ = {"KBATCH_ARRAY_TASK_ID": "7", "KBATCH_JOB_NODELIST": "node-1.example.org"}
    running = Running(tmp_path, notebook("x = 1"), output="a_%3a_%N_100%%.ipynb", **environ)
    assert running.wait().code == 0
    assert (tmp_path / "a_007_node-1_100%.ipynb").exists()


def test_it_is_python_that_old_images_have() -> None:
    for path in PACKAGE.glob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 8))
