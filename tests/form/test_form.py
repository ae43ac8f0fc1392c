"""The form's texts: what is wrong with them is said at the field, and nothing in them makes it stand still."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.model.options.table import BY_NAME, TABLE
from kqueue_tui.dashboard.form.check import check
from kqueue_tui.dashboard.form.model import ARGUMENTS, NOT_HERE, SCRIPT, Form, command, fields, problem_of
from kqueue_tui.dashboard.form.templates import keep_template, name_of, read_templates


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "job.sh").write_text("#!/bin/sh\n#SBATCH --time=10\necho\n")
    return tmp_path


def test_every_option_of_kbatch_has_a_field_but_what_only_a_terminal_can() -> None:
    shown = {option.name for part in fields() for option in part}
    assert shown | NOT_HERE == {option.name for option in TABLE if option.settable}


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        (Form(), SCRIPT, "There is none to submit"),
        (Form("missing.sh"), SCRIPT, "There is no file missing.sh."),
        (Form("a\0b"), SCRIPT, "NUL"),
        (Form("job.sh", '"x --time'), ARGUMENTS, "a quote is not closed"),
        (Form("job.sh", "", {"time": "soon"}), "time", "soon"),
        (Form("job.sh", "", {"env": "A='"}), "env", "a quote is not closed"),
        (Form("job.sh", "", {"env": "a"}), "env", "NAME=VALUE"),
        (Form("job.sh", "", {"mem": "1G", "mem-per-cpu": "1G"}), "mem", "exclude each other"),
        (Form("job.sh", "", {"map-file": "-"}), "map-file", "no file but a pipe or a device"),
        (Form("job.sh", "", {"output": "x%q"}), "output", "%q"),
        (Form("job.sh", "", {"wrap": "echo"}), "wrap", "--wrap is itself the script."),
    ],
)
def test_a_mistake_is_told_at_its_field(form: Form, field: str, words: str) -> None:
    found = check(form)
    assert (found.field, words.lower() in found.problem.lower()) == (field, True), found.problem


def test_what_a_script_says_is_found_with_its_place() -> None:
    found = check(Form("~/job.sh", "", {"mem": "1G"}))
    assert found.problem == ""
    assert found.values == {"time": ("10", "job.sh:2"), "mem": ("1G", "command line")}
    assert found.script_name == "job.sh"


def test_pipes_and_devices_do_not_make_it_stand_still(home: Path) -> None:
    os.mkfifo(home / "pipe")
    for form in (
        Form("pipe"), Form("/dev/stdin"), Form("/dev/zero"), Form("job.sh", "", {"map-file": "pipe"}),
        Form("job.sh", "", {"map-file": "pipe%2"}),
    ):  # fmt: skip
        assert "no file but a pipe or a device" in check(form).problem, form


def test_a_variable_that_names_a_pipe_does_not_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KBATCH_MAP_FILE", "-")
    assert "no file but a pipe or a device" in check(Form("job.sh")).problem


@given(st.text(max_size=12), st.sampled_from([option for part in fields() for option in part]))
def test_any_text_in_a_field_is_a_value_or_one_sentence(text: str, name: object) -> None:
    option = BY_NAME[getattr(name, "name", "")]
    problem_of(option, text)
    shown = shlex.split(command(Form("job.sh", text, {option.name: text})))
    assert shown[0] == "kbatch"


def test_templates_are_kept_loaded_and_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "config" / "templates.json"
    assert read_templates(path) == {}
    night, day = Form("a.sh", "x 'y z'", {"time": "1:00", "env": "A=1"}), Form("b.sh")
    keep_template(path, "night", night)
    keep_template(path, "day", day)
    assert read_templates(path) == {"day": day, "night": night}
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o77 == 0
    keep_template(path, "night", day)
    keep_template(path, "day", None)
    assert read_templates(path) == {"night": day}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"a": 1}', '{"a": {"options": {"time": 3}}}', "[" * 100_000, "\0"]
)
def test_a_broken_file_of_templates_has_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "templates.json"
    path.write_text(text)
    assert read_templates(path) == {}
    keep_template(path, "a", Form("a.sh"))
    assert read_templates(path) == {"a": Form("a.sh")}


def test_options_that_are_gone_and_names_that_would_act_on_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "templates.json"
    path.write_text(
        '{"\\u001b[31mred\\n": {"script": "a.sh", "options": {"time": "1", "gone": "x", "wait": "yes"}}}'
    )
    assert read_templates(path) == {"red": Form("a.sh", "", {"time": "1"})}
    assert name_of("\x1b]0;t\x07 a\tb ") == "a b"
