"""The form on the real API server."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
from pathlib import Path

import pytest

from kbatch_core.client import Client
from kbatch_core.errors import BadOption
from kbatch_core.model import labels
from kqueue_tui.cli.kbatch import kbatch
from kqueue_tui.cli.run import main
from kqueue_tui.dashboard.form.backend import ClusterFormBackend
from kqueue_tui.dashboard.form.model import Form, command, field_of
from tests.commands.fleet import Fleet

pytestmark = pytest.mark.cluster


def test_a_form_is_asked_about_submitted_once_and_begun_from_again(ann: Fleet, tmp_path: Path) -> None:
    (tmp_path / "job.sh").write_text("#!/bin/sh\n#SBATCH --time=2:00:00\necho $1\n")
    config = os.environ["KUBECONFIG"]
    backend = ClusterFormBackend(Client.connect(kubeconfig=config), ("--kubeconfig", config))
    form = Form(
        "~/job.sh", "'a b'", {"image": "python:3.13", "mem": "64M", "env": "A=1 B='x y'", "hold": "yes"}
    )

    prepared = backend.prepare(form, backend.new_submit_id())
    report = backend.report(prepared)
    assert report.lines[0][0] == "accepted"
    assert backend.earlier() == []
    job, warnings = backend.submit(prepared)
    again, _ = backend.submit(prepared)
    assert (job.metadata.uid, warnings) == (again.metadata.uid, ())
    job_id = job.metadata.labels[labels.ID]
    assert [(one.id, one.command) for one in backend.earlier()] == [(job_id, "job.sh 'a b'")]

    values = backend.values_like(job_id)
    assert {name: values[name] for name in ("script", "arguments", "time", "mem", "image")} == {
        "script": "job.sh", "arguments": "'a b'", "time": "2:00:00", "mem": "64M", "image": "python:3.13",
    }  # fmt: skip
    like = Form(options={"like": job_id, "time": "5"})
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        line = ["--submit-id", "like", "--dry-run=json", "-Q", *shlex.split(command(like, backend.where))[1:]]
        assert main(kbatch, "kbatch", line) == 0
    assert backend.prepare(like, "like").submission.manifest == json.loads(out.getvalue())

    with pytest.raises(BadOption, match="there is no queue or profile") as caught:
        backend.prepare(form.having("partition", "nowhere"), "x")
    assert field_of(caught.value) == "partition"
