"""The filter of environment variables: each rule, and that nothing secret comes through a back door."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.environment.variables import ALLOWED_BACK, filter_env


def variables(**values: str) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def kept(env: list[dict[str, Any]], *export: str) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in filter_env(env, export).env}


@pytest.mark.parametrize(
    "name",
    [
        "JUPYTERHUB_API_TOKEN",
        "JPY_API_TOKEN",
        "JUPYTER_TOKEN",
        "JUPYTER_RUNTIME_DIR",
        "MEM_LIMIT",
        "MEM_GUARANTEE",
        "CPU_LIMIT",
        "CPU_GUARANTEE",
        "HUB_SERVICE_HOST",
        "HUB_SERVICE_PORT",
        "HUB_SERVICE_PORT_HTTP",
        "HUB_PORT_8081_TCP_ADDR",
        "KUBERNETES_PORT",
        "POD_NAME",
        "HOSTNAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "KBATCH_JOB_ID",
        "SLURM_JOB_ID",
    ],
)
def test_what_belongs_to_the_server_never_goes_even_when_named(name: str) -> None:
    assert kept(variables(**{name: "x"})) == {}
    assert kept(variables(**{name: "x"}), name) == {}


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "DB_PASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "OPENAI_API_KEY",
        "my_secret",
        "GH_PAT",
        "KEY_PASSPHRASE",
        "DB_PWD",
        "AZURE_STORAGE_CONNECTION_STRING",
    ],
)
def test_a_credential_by_its_name_goes_only_when_named_and_is_said(name: str) -> None:
    assert kept(variables(**{name: "x"})) == {}
    assert filter_env(variables(**{name: "x"})).dropped == [
        (name, f"it looks like a credential (--export {name} takes it along)")
    ]
    assert kept(variables(**{name: "x"}), name) == {name: "x"}


@pytest.mark.parametrize(
    "value",
    [
        "postgres://ann:pw12@db/x",
        "redis://:pw12@db",
        "AK" + "IAABCDEFGHJK234567",
        "-----BEGIN RSA PRIVATE" + " KEY-----",
    ],
)
def test_a_credential_by_its_value_goes_only_when_named_and_taints(value: str) -> None:
    env = variables(WHERE=value, ALSO=f"a {value} b", PROXY="http://proxy:3128", OLDPWD="/home/ann")
    assert kept(env) == {"PROXY": "http://proxy:3128", "OLDPWD": "/home/ann"}
    assert filter_env(env).dropped[0] == (
        "WHERE",
        "it looks like a credential (--export WHERE takes it along)",
    )
    assert kept(env, "WHERE", "ALSO") == {entry["name"]: entry["value"] for entry in env}


@pytest.mark.parametrize("name", sorted(ALLOWED_BACK))
def test_what_libraries_need_is_allowed_back(name: str) -> None:
    assert kept(variables(**{name: "x"})) == {name: "x"}


@pytest.mark.parametrize(
    "name",
    ["DASK_GATEWAY__ADDRESS", "GDAL_DATA", "PROJ_LIB", "CONDA_DIR", "LC_ALL", "NB_UID", "SCRATCH_BUCKET"],
)
def test_the_rest_goes_along(name: str) -> None:
    assert kept(variables(**{name: "x"})) == {name: "x"}


def test_a_value_that_contains_a_dropped_credential_is_tainted() -> None:
    env = variables(API_TOKEN="s3cr3t-value", URL="https://x/?t=s3cr3t-value", PLAIN="https://x/")
    assert kept(env) == {"PLAIN": "https://x/"}
    assert ("URL", "it contains a credential") in filter_env(env).dropped


def test_a_short_credential_does_not_taint_by_chance() -> None:
    assert kept(variables(TOKEN="lab", NAME="jupyterlab")) == {"NAME": "jupyterlab"}


def test_a_reference_to_a_dropped_variable_is_tainted_through_a_chain() -> None:
    env = variables(
        JUPYTERHUB_API_TOKEN="x", A="https://$(JUPYTERHUB_API_TOKEN)", B="$(A)/b", C="$(NOT_THERE)", D="$$(A)"
    )
    assert kept(env) == {"C": "$(NOT_THERE)", "D": "$$(A)"}


def test_a_secret_reference_is_kept_as_a_reference_unless_its_name_is_a_credentials() -> None:
    reference = {"secretKeyRef": {"name": "db", "key": "url"}}
    assert filter_env([{"name": "DB_URL", "valueFrom": reference}]).env == [
        {"name": "DB_URL", "valueFrom": reference}
    ]
    assert filter_env([{"name": "DB_PASSWORD", "valueFrom": reference}]).env == []


def test_a_field_reference_is_kept() -> None:
    entry = {"name": "MY_NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    assert filter_env([entry]).env == [entry]


NAMES = st.sampled_from(["PLAIN", "URL", "API_TOKEN", "JUPYTERHUB_API_TOKEN", "X", "Y", "DB_PASSWORD"])
SECRET = "very-secret-value"


@given(
    st.lists(
        st.tuples(NAMES, st.text(max_size=20), st.booleans()), max_size=8, unique_by=lambda entry: entry[0]
    )
)
def test_no_order_of_variables_lets_a_credential_through(entries: list[tuple[str, str, bool]]) -> None:
    env = [{"name": name, "value": value + (SECRET if tainted else "")} for name, value, tainted in entries]
    env += variables(GITHUB_TOKEN=SECRET)
    assert SECRET not in repr(filter_env(env).env)
