"""What a job of the local cluster has: this machine, and the user's shell without its secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kbatch_core.client import Client
from kbatch_core.cluster.api import Api
from kbatch_core.cluster.settings import Settings
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment import Environment, Mount, Session
from kbatch_core.environment.detect import detect
from kbatch_core.errors import BadOption
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


def test_a_directory_that_is_not_there_is_refused_where_that_can_be_known(tmp_path: Path) -> None:
    def place(**fields: Any) -> str:
        session = Session(
            cwd=str(tmp_path),
            home=str(tmp_path),
            user="ann",
            host="h",
            environ={},
            **{"in_pod": False, **fields},
        )
        client = Client(Api(Transport(Settings(server="http://127.0.0.1:1", namespace="hub"))), session)
        home = Mount(path=str(tmp_path), volume="home", persistent=True)
        environment = Environment(image="x", home=str(tmp_path), mounts=(home,))
        spec = JobSpec(script="#!/bin/sh\n", script_name="x.sh", workdir="typo")
        return client.prepare(spec, environment).place.workdir

    assert place() == f"{tmp_path}/typo"
    for here in ({"in_pod": True}, {"local": True}):
        with pytest.raises(BadOption, match=f"^--chdir typo: there is no directory {tmp_path}/typo"):
            place(**here)
    (tmp_path / "typo").mkdir()
    assert place(in_pod=True) == f"{tmp_path}/typo"
