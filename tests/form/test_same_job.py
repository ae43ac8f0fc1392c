"""What the form makes and what `kbatch` makes of the command that the form shows are the same, mistakes included."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from kbatch_core.client import Client
from kbatch_core.errors import BadOption, KbatchError
from kbatch_core.model.safetext import safe_text
from kqueue_tui.cli.kbatch import kbatch
from kqueue_tui.cli.run import main
from kqueue_tui.dashboard.form.backend import ClusterFormBackend
from kqueue_tui.dashboard.form.check import check
from kqueue_tui.dashboard.form.model import Form, command, fields, words
from tests.commands.test_bad_input import KUBECONFIG
from tests.scripted import ScriptedServer

SUBMIT_ID = "the-test-s-own-submit"
EMPTY: Any = {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}
SCRIPTS = {
    "train.sh": "#!/bin/bash\n#SBATCH --time=2:00:00 --mem=4G\n#KBATCH --env A=1\npython train.py\n",
    "fit 'it'.py": "print(1)\n",
    "-x.sh": "#!/bin/sh\necho\n",
    "wrong.sh": "#!/bin/sh\n#SBATCH --time=soon\n",
    "note.ipynb": json.dumps({"nbformat": 4, "metadata": {}, "cells": [
        {"cell_type": "code", "source": "1+1", "metadata": {}, "outputs": [], "execution_count": None}]}),
    "lines.txt": "a\nb b\n\nc\n",
}  # fmt: skip
# Texts that mean something to some option; every option gets every one of them.
TEXTS = (
    "1", "2", "0", "90", "4G", "1:30:00", "2-00", "0-3%2", "1,5", "yes", "a100:2", "gpu:1", "USR1@60", "ALL", "NONE",
    "A=1", "A=1 B='x y'", "A='", "none", "truncate", "~/out-%j.txt", "out-%q", "-5", "--", "name with spaces", "it's",
    "lines.txt", "lines.txt%2", "-", "~", "registry/image:1", "echo $HOME | wc", "", " ", "é✓", "a\tb", "gpu", "no",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A home with scripts, which is the working directory, and a cluster that has nothing."""

    home: Path
    kubeconfig: str
    backend: ClusterFormBackend


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("home")
    for name, text in SCRIPTS.items():
        (home / name).write_text(text)
    with (
        ScriptedServer([(200, {}, json.dumps(EMPTY).encode())]) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        config = home / "kubeconfig"
        config.write_text(KUBECONFIG.replace("URL", server.url))
        patch.chdir(home)
        patch.setenv("HOME", str(home))
        patch.delenv("KUBECONFIG", raising=False)
        where = ("--kubeconfig", str(config))
        yield Place(home, str(config), ClusterFormBackend(Client.connect(kubeconfig=str(config)), where))


def by_command_line(place: Place, form: Form) -> Mapping[str, Any] | str:
    """The Job of the command that the form shows, else what kbatch says."""
    line = shlex.split(command(form, place.backend.where))
    assert line.pop(0) == "kbatch"
    own = [] if "submit-id" in form.options else ["--submit-id", SUBMIT_ID]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(kbatch, "kbatch", [*own, "--dry-run=json", "--quiet", *line])
    if code == 0:
        found: dict[str, Any] = json.loads(out.getvalue())
        return found
    return err.getvalue().removeprefix("kbatch: ").rstrip("\n")


def by_form(place: Place, form: Form) -> Mapping[str, Any] | str:
    """The Job that the form would send, else what it says."""
    try:
        return place.backend.prepare(form, SUBMIT_ID).submission.manifest
    except KbatchError as error:
        return safe_text(str(error))


# What each option takes; any other, or any text, is nearly always a mistake.
GOOD = {
    "job-name": ("a", "Größe & [x]", "--dry"), "time": ("90", "1:30:00", "2-00", "90m"), "mem": ("4G", "512M"),
    "cpus-per-task": ("2", "0.5", "500m"), "gpus": ("0",), "array": ("0-3%2", "1,5", "0-8:4"), "chdir": ("~", "."),
    "output": ("~/out-%j.txt", "logs/%x.out", "a b%%"), "error": ("~/e.txt", "e%j"), "comment": ("-5", "it's", "é✓"),
    "env": ("A=1", "A=1 B='x y'", "C='$HOME'"), "export": ("ALL", "NONE", "PATH", "A=b"), "signal": ("USR1@60",),
    "map-file": ("lines.txt", "~/lines.txt%2"), "account": ("phys", "-x"), "open-mode": ("truncate",),
    "requeue": ("yes", "no"), "home": ("none", "server"), "give-up-after": ("1:00:00",), "tmp": ("1G",),
    "mem-per-cpu": ("1G",), "submit-id": ("once", "twice"), "nodes": ("1", "1-1"), "image": ("python:3.13", "x/y@z"),
}  # fmt: skip
FLAGS = {option.name: ("yes",) for part in fields() for option in part if option.kind == "flag"}
ANY = [option.name for part in fields() for option in part if option.name != "like"]


def options_of(values: Mapping[str, tuple[str, ...]], most: int) -> st.SearchStrategy[dict[str, str]]:
    pairs = [(name, text) for name, texts in values.items() for text in texts]
    return st.lists(st.sampled_from(pairs), max_size=most).map(dict)


GOOD_FORMS = st.builds(
    Form,
    script=st.sampled_from(["train.sh", "~/train.sh", "~/fit 'it'.py", "-x.sh"]),
    arguments=st.sampled_from(["", "--epochs 3", "'a b' c", "-- x", "$HOME ~"]),
    options=options_of({"image": ("python:3.13",), **GOOD, **FLAGS}, 6).map(
        lambda found: {"image": "i", **found}
    ),
)
FORMS = st.builds(
    Form,
    script=st.sampled_from([*(f"~/{name}" for name in SCRIPTS), *SCRIPTS, "missing.sh", "."]),
    arguments=st.one_of(st.sampled_from(["", '"', "a\\"]), st.text(max_size=8)),
    options=st.dictionaries(
        st.sampled_from(ANY), st.one_of(st.sampled_from(TEXTS), st.text(max_size=6)), max_size=4
    ).map(lambda found: {"image": "python:3.13", **found}),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=st.one_of(GOOD_FORMS, GOOD_FORMS, FORMS))
@example(
    form=Form("train.sh", "--epochs 3", {"image": "i", "env": "A=1 B='x y'", "array": "0-3%2", "hold": "yes"})
)
@example(form=Form("~/fit 'it'.py", "", {"image": "i", "output": "~/out-%j.txt", "chdir": "~"}))
@example(form=Form("-x.sh", "'a b' $HOME", {"image": "i", "comment": "-5", "requeue": "no"}))
@example(form=Form("note.ipynb", "", {"image": "i", "parameter": "a=1 b='2 3'"}))
@example(form=Form("train.sh", "", {"image": "i", "map-file": "lines.txt%2"}))
@example(form=Form("train.sh", "", {"image": "i", "wrap": "echo"}))
@example(form=Form("wrong.sh", "", {"image": "i"}))
def test_the_same_job_or_the_same_complaint(place: Place, form: Form) -> None:
    # An empty one is as good as none: each way then makes one of its own.
    assume(form.options.get("submit-id", SUBMIT_ID).strip())
    try:
        words(form)
    except BadOption:
        # What is no command has none to compare with.
        with pytest.raises(BadOption):
            place.backend.prepare(form, SUBMIT_ID)
        return
    if form.options.get("map-file", "").partition("%")[0].strip() == "-":
        with pytest.raises(KbatchError):
            place.backend.prepare(form, SUBMIT_ID)
        return
    assert by_form(place, form) == by_command_line(place, form)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=FORMS)
def test_what_is_found_wrong_without_the_cluster_is_what_kbatch_says(place: Place, form: Form) -> None:
    found = check(form)
    if found.problem:
        assert by_form(place, form) == found.problem


def test_the_command_names_the_cluster(place: Place) -> None:
    shown = command(Form("~/train.sh"), place.backend.where)
    assert shown == f"kbatch --kubeconfig {place.kubeconfig} {place.home}/train.sh"
    assert isinstance(by_command_line(place, Form("~/train.sh", "", {"image": "i"})), dict)
