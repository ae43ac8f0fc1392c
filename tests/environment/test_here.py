"""What a job of the local cluster has: this machine, and the user's shell without its secrets."""

from __future__ import annotations

from typing import Any

import pytest

from kbatch_core.environment import Environment, Session
from kbatch_core.environment.detect import detect
from kbatch_core.manifest import Submission, build_job
from kbatch_core.model.jobspec import JobSpec

SHELL = {
    "HOME": "/home/ann",
    "PATH": "/opt/conda/bin:/usr/bin",
    "CONDA_PREFIX": "/opt/conda",
    "PRICE": "5$(PATH)",
    "AWS_SECRET_ACCESS_KEY": "do-not-tell",
    "URL": "https://x:do-not-tell@example.org",
    "TERM": "xterm",
    "PWD": "/data/project",
    "SLURM_JOB_ID": "7",
    "KBATCH_CLUSTER": "local:two",
}


def here(**options: Any) -> Environment:
    session = Session(
        cwd="/data/project",
        home="/home/ann",
        user="ann",
        host="laptop",
        in_pod=False,
        local=True,
        environ=SHELL,
    )

    def nothing(name: str) -> Any:
        raise AssertionError(f"{name} is asked of the cluster")

    return detect(session, nothing, nothing, **options)


def submission(environment: Environment, **spec: Any) -> Submission:
    return build_job(
        JobSpec(script="#!/bin/sh\n", script_name="x.sh", **spec),
        environment,
        job_id="abcdefgh",
        submit_id="1",
        namespace="default",
        cwd="/data/project",
        submit_host="laptop",
    )


def test_the_shell_s_variables_without_secrets_and_who_the_user_is() -> None:
    values = {entry["name"]: entry["value"] for entry in here().env}
    assert values == {
        "HOME": "/home/ann",
        "USER": "ann",
        "LOGNAME": "ann",
        "KBATCH_CLUSTER": "local:two",
        "PATH": "/opt/conda/bin:/usr/bin",
        "CONDA_PREFIX": "/opt/conda",
        "PRICE": "5$$(PATH)",
    }
    only = {entry["name"] for entry in here(export_all=False, export=["CONDA_PREFIX", "HOME"]).env}
    assert only == {"CONDA_PREFIX", "HOME"}


def test_it_runs_and_writes_where_the_user_stands_anywhere_on_the_machine() -> None:
    made = submission(here())
    assert made.place.workdir == "/data/project"
    assert made.place.output == "/data/project/kbatch-abcdefgh.out"
    assert made.place.record_dir == "/home/ann/.kbatch/abcdefgh"
    assert made.warnings == ()
    pod = made.manifest["spec"]["template"]["spec"]
    assert "affinity" not in pod
    (container,) = pod["containers"]
    assert container["volumeMounts"][0]["mountPath"] == "/"
    assert container["workingDir"] == "/data/project"


@pytest.mark.parametrize("image", ["python:3.12", "local"])
def test_an_image_is_not_used_and_that_is_said(image: str) -> None:
    environment = here(image=image)
    assert environment.image == "local"
    assert [line for line in environment.dropped if line.startswith("image")] == [
        f"image {image}: the local cluster runs this machine's own programs"
    ]


def test_without_a_home_nothing_is_written() -> None:
    environment = here(home=False)
    assert (environment.home, environment.mounts) == ("", ())
