"""A notebook on its way: what is staged, what the Job runs, where its output goes, and what is refused."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kbatch_core.environment import Environment
from kbatch_core.errors import BadOption, BadScript
from kbatch_core.manifest import Submission
from kbatch_core.manifest.again import read_back
from kbatch_core.manifest.carry import WITH_PYTHON
from kbatch_core.manifest.program import Program, read_program
from kbatch_core.model import labels
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.notebook import freeze
from kbatch_core.runner import notebook_program
from tests.commands.test_bad_input import KUBECONFIG, one_sentence, run
from tests.manifest.test_job import HOME, build, container
from tests.notebook.making import code, notebook

FROZEN = freeze("report.ipynb", notebook(code("n = 1", "parameters"), "print(n)"))


def made(**fields: Any) -> Submission:
    return build(**{"script": FROZEN, "script_name": "report.ipynb", **fields})


def program(submission: Submission) -> Program:
    return read_program(container(submission)["args"])


def test_the_notebook_and_its_program_are_in_home_and_the_job_is_small() -> None:
    submission = made()
    folder = f"{HOME}/.kbatch/abcd2345"
    assert {file.path: file.data for file in submission.files} == {
        f"{folder}/notebook.pyz": notebook_program(),
        f"{folder}/script": FROZEN.encode(),
    }
    words = container(submission)["args"]
    assert words[words.index("--") + 1 :][3:] == [
        f"{folder}/notebook.pyz", "report.ipynb", f"{folder}/script", f"{HOME}/report-abcd2345.ipynb",
    ]  # fmt: skip
    assert len(json.dumps(submission.manifest)) < 8192
    assert labels.SCRIPT not in submission.manifest["spec"]["template"]["metadata"]["annotations"]


def test_the_program_stands_alone() -> None:
    with zipfile.ZipFile(io.BytesIO(notebook_program())) as archive:
        sources = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "__main__.py" in sources
    assert sources["kbatch_core/__init__.py"] == ""
    imports = [
        line
        for source in sources.values()
        for line in source.splitlines()
        if line.strip().startswith(("from kbatch_core", "import kbatch_core"))
    ]
    assert imports
    assert all("kbatch_core.runner.notebook" in line for line in imports)


@pytest.mark.parametrize(
    ("fields", "log", "output"),
    [
        ({}, "kbatch-abcd2345.out", "report-abcd2345.ipynb"),
        ({"output": "out-%j.ipynb"}, "kbatch-abcd2345.out", "out-abcd2345.ipynb"),
        ({"output": "logs/%x.log"}, "logs/report.ipynb.log", "report-abcd2345.ipynb"),
        ({"output": "done/%x", "name": "a.ipynb"}, "done/a.ipynb", "report-abcd2345.ipynb"),
        ({"array": parse_array("1-3")}, "kbatch-abcd2345_%a.out", "report-abcd2345_%a.ipynb"),
        ({"script_name": "50% x.ipynb"}, "kbatch-abcd2345.out", "50%% x-abcd2345.ipynb"),
        ({"workdir": "sub"}, "sub/kbatch-abcd2345.out", "sub/report-abcd2345.ipynb"),
    ],
)
def test_where_the_log_and_the_notebook_go(fields: dict[str, Any], log: str, output: str) -> None:
    submission = made(**fields)
    assert (submission.place.output, submission.place.notebook) == (f"{HOME}/{log}", f"{HOME}/{output}")
    assert program(submission).notebook == f"{HOME}/{output}"


def test_a_script_has_no_notebook() -> None:
    submission = build(output="x.ipynb")
    assert (submission.place.output, submission.place.notebook) == (f"{HOME}/x.ipynb", "")
    assert program(submission).notebook == ""


def test_parameters_are_in_the_copy_and_in_the_command() -> None:
    submission = made(parameters={"n": "5", "other": "a b"})
    (text,) = (file.data.decode() for file in submission.files if file.path.endswith("/script"))
    assert json.loads(text)["cells"][1]["source"] == '# Parameters\nn = 5\nother = "a b"'
    assert (
        submission.manifest["metadata"]["annotations"][labels.COMMAND] == "report.ipynb -P n=5 -P 'other=a b'"
    )
    assert "-P other: the notebook's cell tagged parameters does not set it" in submission.warnings
    assert not any("-P n:" in warning for warning in submission.warnings)


def test_it_is_read_back_with_its_parameters_to_be_submitted_again() -> None:
    submission = made(parameters={"n": "5", "m": "x=y"}, output="out-%j.ipynb", name="nightly")
    staged = {file.path: file.data for file in submission.files}
    sent = msgspec.json.decode(msgspec.json.encode(submission.manifest))
    spec, environment = read_back(sent, lambda path: staged[path].decode())
    assert spec.parameters == {"n": "5", "m": "x=y"}
    assert (spec.script_name, spec.name, spec.args, spec.interpreter) == ("report.ipynb", "nightly", (), ())
    assert environment.home == HOME
    again = made(**{key: getattr(spec, key) for key in ("script", "parameters", "output", "name")})
    assert again.files == submission.files
    assert again.manifest == submission.manifest


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"args": ("x",)}, "report.ipynb is a notebook, which takes no arguments: 'x'."),
        ({"lines": ("a",), "array": parse_array("0")}, "--map-file gives a script arguments"),
        ({"parameters": {"n": "[1"}}, "--parameter n: [1 is not JSON."),
        ({"output": "report.ipynb"}, "--output report.ipynb: this is the notebook that runs."),
        ({"output": "/tmp/x.ipynb"}, "--output /tmp/x.ipynb: /tmp/x.ipynb is not on a disk that outlives the job."),
        ({"script_name": "run.sh", "parameters": {"n": "1"}}, "--parameter is for notebooks, and run.sh is none."),
    ],
)  # fmt: skip
def test_what_a_notebook_cannot_have(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BadOption) as caught:
        made(**fields)
    assert caught.value.sentence.startswith(words)
    assert caught.value.hint


def test_without_a_home_there_is_no_place_for_it() -> None:
    with pytest.raises(BadScript, match=r"report\.ipynb is a notebook, and a job without a home") as caught:
        made(environment=Environment(image="x", keep_entrypoint=False))
    assert "nbconvert" in caught.value.hint


def test_an_image_without_python_is_one_sentence() -> None:
    command = ["/bin/sh", "-c", WITH_PYTHON, "notebook.pyz", "report.ipynb", "in", "out"]
    result = subprocess.run(command, env={"PATH": "/nowhere"}, capture_output=True, text=True)
    assert result.returncode == 127
    assert result.stderr.startswith("kbatch: this image has no python3")
    assert len(result.stderr.splitlines()) == 1


def test_a_credential_in_a_cell_or_a_parameter_stops_the_submit(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5" * 4
    (tmp_path / "a.ipynb").write_bytes(notebook("x = 1", f"# y\ntoken = '{token}'"))
    (tmp_path / "b.ipynb").write_bytes(notebook("x = 1"))
    (tmp_path / "config").write_text(KUBECONFIG.replace("URL", "http://127.0.0.1:1"))
    environ = {"KUBECONFIG": str(tmp_path / "config")}
    said = one_sentence(run("kbatch", "a.ipynb", cwd=tmp_path, **environ), "kbatch", 2)
    assert "a.ipynb[2]:2: this looks like a credential (GitHub token)" in said
    said = one_sentence(run("kbatch", "-P", f"key={token}", "b.ipynb", cwd=tmp_path, **environ), "kbatch", 2)
    assert "-P key:1: this looks like a credential" in said
    assert token not in said
    said = one_sentence(run("kbatch", "--image", "x", "b.ipynb", cwd=tmp_path, **environ), "kbatch", 2)
    assert "b.ipynb is a notebook, and a job without a home has no place for it." in said
