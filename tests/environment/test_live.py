"""What a user changed in her shell goes along; what belongs to her terminal, and what is secret, does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kbatch_core.environment.live import changed_variables
from kbatch_core.environment.session import first_process_environ

START = {"PATH": "/usr/bin", "CONDA_DIR": "/opt/conda", "JUPYTERHUB_API_TOKEN": "secret-of-the-hub"}


def changed(live: dict[str, str], *export: str) -> dict[str, str]:
    kept = changed_variables({**START, **live}, START, export)
    return {entry["name"]: entry["value"] for entry in kept.env}


def test_nothing_changed_is_nothing_sent() -> None:
    assert changed({}) == {}


def test_conda_activate_and_export_go_along() -> None:
    live = {"PATH": "/opt/conda/envs/x/bin:/usr/bin", "CONDA_PREFIX": "/opt/conda/envs/x", "SEED": "7"}
    assert changed(live) == live


@pytest.mark.parametrize(
    "name",
    ["PWD", "SHLVL", "TERM", "_", "HOME", "MPLBACKEND", "JUPYTERHUB_X", "JPY_PARENT_PID", "SSH_AUTH_SOCK"],
)
def test_what_belongs_to_the_terminal_stays(name: str) -> None:
    assert changed({name: "x"}) == {}


def test_a_credential_goes_only_when_named_and_taints() -> None:
    live = {"GITHUB_TOKEN": "ghp_0123456789", "REMOTE": "https://ghp_0123456789@git.example.org"}
    assert changed(live) == {}
    assert changed(live, "GITHUB_TOKEN") == live


def test_the_hubs_token_never_goes_even_inside_another_value() -> None:
    assert changed({"JUPYTERHUB_API_TOKEN": "rotated-secret", "X": "Bearer rotated-secret"}) == {}


def test_functions_and_unprintable_values_stay() -> None:
    assert changed({"BASH_FUNC_x%%": "() { :; }", "A": "two\nlines", "B": "\x1b[31m", "C": "x" * 20000}) == {}


def test_without_the_start_only_what_is_named_goes() -> None:
    assert changed_variables({"A": "1", "B": "2"}, None, ["B"]).env == [{"name": "B", "value": "2"}]


def test_the_first_process_is_read(tmp_path: Path) -> None:
    assert first_process_environ(tmp_path / "none") is None
    (tmp_path / "environ").write_bytes(b"KUBERNETES_SERVICE_HOST=1\0B=x=y\0\0C\0" + os.fsencode("D=\udcff"))
    assert first_process_environ(tmp_path / "environ") == {
        "KUBERNETES_SERVICE_HOST": "1",
        "B": "x=y",
        "D": "\udcff",
    }


def test_the_first_process_of_a_whole_pod_is_not_the_servers(tmp_path: Path) -> None:
    """`shareProcessNamespace`: it is the pause process, and root may read its environment."""
    (tmp_path / "environ").write_bytes(b"PATH=/bin\0HOSTNAME=jupyter-ann\0")
    assert first_process_environ(tmp_path / "environ") is None
