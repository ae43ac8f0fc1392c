"""Notebooks on the real node: what ran, what was saved, what the log says, and how each end is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.users import User
from tests.e2e.jobs import condition, job_object, job_rows, record, wait_ended, wait_text
from tests.notebook.making import code, notebook, text, validate

pytestmark = pytest.mark.node

FAILS = notebook(
    text("# Monthly report"),
    code("#SBATCH -J nightly-report -c 0.1\n#KBATCH -P month=10\nmonth = 9", "parameters"),
    "import os\nprint('month', month, 'as', os.getuid(), 'in', os.getcwd())\nvalues = [1, 2]",
    "values[month]",
    "print('never')",
    minor=5,
)
TASKS = notebook("import os\ntask = int(os.environ['SLURM_ARRAY_TASK_ID'])\nprint('task', task)\ntask * 2")
GREEDY = notebook(
    "print('before')", "import time\nprint('filling'); time.sleep(1)\nfull = bytearray(600_000_000)"
)
LONG = notebook(
    "kept = 'x'\nprint(kept)", "import time\nprint('working', flush=True)\ntime.sleep(1000)", "never"
)
DIES = notebook("print('before')", "import os; os.kill(os.getpid(), 9)", "never")
TYPED = notebook(
    code("count = share = on = nothing = names = month = digits = None", "parameters"),
    "print([count, share, on, nothing, names, month, digits])",
)
TYPES = (
    "count=5",
    "share=1.5e-3",
    "on=true",
    "nothing=null",
    'names=["ä", {"a": 1}]',
    "month=2026-10",
    "digits='7'",
)
NOTHING = notebook(text("# Nothing to run"))
SMALL = ("-c", "0.1", "--mem", "300M")


def saved(user: User, path: str) -> dict[str, Any]:
    """A notebook in home, which JupyterLab would open."""
    loaded: dict[str, Any] = json.loads((user.home / path).read_text())
    validate(loaded)
    return loaded


def outputs(loaded: dict[str, Any], cell: int) -> list[Any]:
    """Of a cell: text of streams, text of results, names of errors."""
    return [
        "".join(output["text"])
        if output["output_type"] == "stream"
        else output.get("ename") or "".join(output["data"]["text/plain"])
        for output in loaded["cells"][cell]["outputs"]
    ]


BOOKS = "/home/jovyan/books"


def test_notebooks_and_how_they_end(user: User) -> None:
    server = user.start_server()
    files = {
        "fails": FAILS,
        "tasks": TASKS,
        "greedy": GREEDY,
        "long": LONG,
        "R": notebook("x <- 1", kernel="ir"),
        "dies": DIES,
        "typed": TYPED,
        "nothing": NOTHING,
    }
    for name, data in files.items():
        server.write(f"books/{name}.ipynb", data)
    jobs = {
        "long": server.submit(*SMALL, "long.ipynb", cwd=BOOKS),
        "fails": server.submit("--mem", "300M", "-o", "results/%x-%j.ipynb", "fails.ipynb", cwd=BOOKS),
        "greedy": server.submit(*SMALL, "greedy.ipynb", cwd=BOOKS),
        "tasks": server.submit(*SMALL, "-a", "3,5", "-o", "logs/%a.txt", "books/tasks.ipynb"),
        "R": server.submit(*SMALL, "R.ipynb", cwd=BOOKS),
        "dies": server.submit(*SMALL, "dies.ipynb", cwd=BOOKS),
        "typed": server.submit(
            *SMALL, *(word for one in TYPES for word in ("-P", one)), "typed.ipynb", cwd=BOOKS
        ),
    }
    refused = server.run("kbatch", "nothing.ipynb", cwd=BOOKS, check=False)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert b"nothing.ipynb has no code to run" in refused.stderr
    server.write("books/fails.ipynb", notebook("print('edited after the submit')"))
    wait_text(user, f"books/kbatch-{jobs['long']}.out", "working\n")
    server.run("kqueue", "cancel", jobs["long"])
    for job_id in jobs.values():
        wait_ended(user, job_id)
    rows = job_rows(server)
    states = {name: rows[job_id]["state"] for name, job_id in jobs.items()}
    assert states == {
        "long": "CA",
        "fails": "F",
        "greedy": "OOM",
        "tasks": "CD",
        "R": "F",
        "dies": "F",
        "typed": "CD",
    }
    a_cell_that_fails(user, jobs["fails"], rows[jobs["fails"]])
    a_cancelled_one(user, jobs["long"])
    out_of_memory(user, jobs["greedy"])
    tasks_of_an_array(user, jobs["tasks"])
    no_such_kernel(user, jobs["R"], rows[jobs["R"]])
    a_dead_kernel(user, jobs["dies"], rows[jobs["dies"]])
    typed = outputs(saved(user, f"books/typed-{jobs['typed']}.ipynb"), 2)
    assert typed == ["[5, 0.0015, True, None, ['ä', {'a': 1}], '2026-10', '7']\n"]
    assert f"{BOOKS}/R-{jobs['R']}.ipynb" in server.run("kqueue", "show", jobs["R"]).stdout.decode()
    assert [path for path in (user.home / "books").iterdir() if path.name.startswith(".")] == []


def a_cell_that_fails(user: User, job_id: str, row: dict[str, Any]) -> None:
    loaded = saved(user, f"books/results/nightly-report-{job_id}.ipynb")
    printed = f"month 10 as 1000 in {BOOKS}\n"
    assert [outputs(loaded, cell) for cell in (1, 2, 3, 4)] == [[], [], [printed], ["IndexError"]]
    assert loaded["cells"][2]["source"] == ["# Parameters\n", "month = 10"]
    assert loaded["cells"][5]["outputs"] == [], "outputs of the notebook that was submitted are not kept"
    log = (user.home / "books" / f"kbatch-{job_id}.out").read_text()
    quoted = "kbatch: fails.ipynb[3] failed: IndexError: list index out of range\n\n    values[month]\n"
    assert log.startswith(f"{printed}\n{quoted}")
    assert "Traceback (most recent call last)" in log
    assert "\x1b" not in log
    assert record(user, job_id)["exit"] == row["exit_code"] == 1
    assert row["name"] == "nightly-report"
    job = job_object(user, job_id)
    assert job["metadata"]["name"] == f"nightly-report-{job_id}"
    assert job["metadata"]["annotations"]["kbatch/command"] == "fails.ipynb -P month=10"
    assert condition(job, "Failed") == "PodFailurePolicy"


def a_cancelled_one(user: User, job_id: str) -> None:
    """The cell is interrupted, and what there was is saved."""
    loaded = saved(user, f"books/long-{job_id}.ipynb")
    assert [outputs(loaded, cell) for cell in (0, 1, 2)] == [["x\n"], ["working\n", "KeyboardInterrupt"], []]
    log = (user.home / "books" / f"kbatch-{job_id}.out").read_text()
    assert log == "x\nworking\nkbatch: long.ipynb[2] was told to end, and interrupted\n"
    assert (record(user, job_id)["exit"], record(user, job_id)["reason"]) == (143, "Terminated")
    assert condition(job_object(user, job_id), "Failed") == "DeadlineExceeded"


def out_of_memory(user: User, job_id: str) -> None:
    """Where the system kills the kernel alone, not all of the pod, the notebook says it as well."""
    loaded = saved(user, f"books/greedy-{job_id}.ipynb")
    assert outputs(loaded, 0) == ["before\n"]
    log = (user.home / "books" / f"kbatch-{job_id}.out").read_text()
    assert log.startswith("before\nfilling\n")
    if "kbatch:" in log:
        assert (
            "greedy.ipynb[2] failed: the kernel was killed, out of memory: ask for more with --mem\n" in log
        )
        assert outputs(loaded, 1) == ["filling\n", "DeadKernelError"]
        assert record(user, job_id)["exit"] == 137


def tasks_of_an_array(user: User, job_id: str) -> None:
    """Each has a notebook and a log."""
    for task in (3, 5):
        assert outputs(saved(user, f"tasks-{job_id}_{task}.ipynb"), 0) == [f"task {task}\n", f"{2 * task}"]
        assert (user.home / "logs" / f"{task}.txt").read_text() == f"task {task}\n{2 * task}\n"


def a_dead_kernel(user: User, job_id: str, row: dict[str, Any]) -> None:
    """The job ends at once, and says why."""
    words = "the kernel was killed by signal 9 (Killed)"
    log = (user.home / "books" / f"kbatch-{job_id}.out").read_text()
    assert log.startswith(f"before\n\nkbatch: dies.ipynb[2] failed: {words}\n")
    assert outputs(saved(user, f"books/dies-{job_id}.ipynb"), 1) == ["DeadKernelError"]
    assert row["exit_code"] == record(user, job_id)["exit"] == 137
    assert record(user, job_id)["progress"] == f"1/3 cell 2: {words}"


def no_such_kernel(user: User, job_id: str, row: dict[str, Any]) -> None:
    assert row["exit_code"] == record(user, job_id)["exit"] == 127
    log = (user.home / "books" / f"kbatch-{job_id}.out").read_text()
    assert log.startswith(
        'kbatch: R.ipynb cannot run: it names the kernel "ir", which this image does not have'
    )
    assert outputs(saved(user, f"books/R-{job_id}.ipynb"), 0) == [], "as it was submitted"
