"""A script and options from Python are read as the command line reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbatch_core.errors import BadOption, BadScript
from kbatch_core.scripts import read_request
from kqueue_tui.cli.command_line import read
from kqueue_tui.cli.kbatch import resolve_options, spec_of
from kqueue_tui.cli.source import read_source

# In two parts, so that no scanner takes this file for a leak.
TOKEN = "hf" + "_abcdefghijkmnopqrstuvwxyz2345678901"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "fit.py"
    path.write_text("#!/usr/bin/env python3\n#KBATCH -c 2\nprint(1)\n")
    return path


def test_the_same_as_the_command_line(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KBATCH_ACCOUNT", "lab")
    words = ["--mem=8G", "--time", "2:00:00", "--env", "A=1", "--env", "B=2", "--hold", "-a", "1-3", "-x"]
    line = read([*words[:-1], str(script), "a b", "3"])
    source = read_source(line)
    assert source is not None
    typed = spec_of(resolve_options(line, source), source)
    options = {"mem": "8G", "time": "2:00:00", "env": {"A": 1, "B": 2}, "hold": True, "array": "1-3"}
    made = read_request(script, ["a b", 3], options=options)
    assert made.spec == typed
    assert (made.spec.cpus, made.spec.account) == (2000, "lab")


def test_numbers_flags_and_lists_are_what_one_would_type(script: Path) -> None:
    spec = read_request(
        script, options={"cpus_per_task": 4, "requeue": False, "no_requeue": True, "export": ["ALL", "X=1"]}
    ).spec
    assert (spec.cpus, spec.requeue, spec.env) == (4000, False, {"X": "1"})


def test_inputs_are_an_array_with_a_line_for_each(script: Path) -> None:
    spec = read_request(script, ["--seed"], inputs=[0.5, "b c", 7], throttle=2).spec
    assert spec.array is not None
    assert (list(spec.array.numbers()), spec.array.throttle) == ([1, 2, 3], 2)
    assert (spec.args, spec.lines) == (("--seed",), ("0.5", "b c", "7"))
    assert read_request(script, inputs=[]).spec.array is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"memory": "8G"}, "memory is no option of kbatch."),
        ({"wait": True}, "wait is for the command line."),
        ({"map_file": "x"}, "map_file is for the command line."),
        ({"mem": True}, "mem needs a value."),
        ({"mem": "lots"}, "--mem"),
        ({"nodes": 2}, "--nodes"),
    ],
)
def test_what_is_no_option(script: Path, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadOption, match=sentence) as caught:
        read_request(script, options=options)
    assert caught.value.hint


def test_inputs_that_cannot_be(script: Path) -> None:
    with pytest.raises(BadOption, match="exclude each other"):
        read_request(script, inputs=[1], options={"array": "1-2"})
    with pytest.raises(BadOption, match="Input 2 has a line break"):
        read_request(script, inputs=["a", "b\nc"])
    with pytest.raises(BadOption, match="tasks are allowed"):
        read_request(script, inputs=range(10**6))


def test_a_credential_is_refused_here_too(tmp_path: Path) -> None:
    path = tmp_path / "x.sh"
    path.write_text("#!/bin/sh\nexport AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz\n")
    with pytest.raises(BadScript, match=r"x\.sh:2: this looks like a credential"):
        read_request(path)
    assert read_request(path, options={"allow_secrets": True}).spec.script


@pytest.mark.parametrize(
    ("args", "options", "where"),
    [
        (("a", TOKEN), {}, "argument 2"),
        ((f"--token={TOKEN}",), {}, "argument 1"),
        ((), {"env": {"HF": TOKEN}}, "--env HF"),
        ((), {"export": f"ALL,DB=postgres://ann:{TOKEN}@db/x"}, "--export DB"),
    ],
)
def test_a_credential_beside_the_script_is_refused(
    script: Path, args: tuple[str, ...], options: dict[str, object], where: str
) -> None:
    with pytest.raises(BadScript, match=f"^{where}:1: this looks like a credential") as caught:
        read_request(script, args, options=options)
    assert TOKEN not in str(caught.value)
    assert read_request(script, args, options={**options, "allow_secrets": True}).spec.script


def test_notes_say_what_was_ignored(script: Path) -> None:
    assert read_request(script, options={"mail_user": "ann@example.org"}).notes() == ["Ignored: --mail-user."]
