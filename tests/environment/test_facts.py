"""The facts that a job reproduces, row by row: what the tests of the fixtures do not show as they stand."""

from __future__ import annotations

from typing import Any

import pytest

from kbatch_core.environment import Environment, Session, copy_environment
from kbatch_core.environment.detect import changed, detect
from kbatch_core.manifest import build_job
from kbatch_core.model.jobspec import JobSpec
from tests.pods import load_pod

HOME = "/home/jovyan"
SECRET = "postgres://ann:s3cr3t@db.example.org"
REFERENCE = {"name": "DB_URL", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}


def server(fixture: str = "z2jh-pvc", *, container: Any = None, **spec: Any) -> dict[str, Any]:
    """A fixture with other fields in its spec and its notebook container."""
    pod = load_pod(fixture)
    pod["spec"] |= spec
    pod["spec"]["containers"][0] |= container or {}
    return pod


def copied(fixture: str = "z2jh-pvc", **fields: Any) -> Environment:
    return copy_environment(server(fixture, **fields), home=HOME)


def session(**fields: Any) -> Session:
    given: dict[str, Any] = {
        "cwd": HOME, "home": HOME, "user": "ann", "host": "h", "in_pod": True, "environ": {}, "start": {},
        "uid": 1000, "gid": 100,
    }  # fmt: skip
    return Session(**given | fields)


def pod_of(environment: Environment) -> dict[str, Any]:
    made = build_job(
        JobSpec(script="#!/bin/sh\n", script_name="a"), environment, job_id="abcd2345", submit_id="s",
        namespace="hub", cwd=HOME, submit_host="h",
    )  # fmt: skip
    spec: dict[str, Any] = made.manifest["spec"]["template"]["spec"]
    return spec


def test_image_pull_policy_and_pull_secrets_go_along() -> None:
    secrets = [{"name": "registry"}]
    spec = pod_of(copied(container={"imagePullPolicy": "Always"}, imagePullSecrets=secrets))
    assert spec["imagePullSecrets"] == secrets
    assert spec["containers"][0]["imagePullPolicy"] == "Always"


def test_the_working_directory_of_a_server_without_a_home_is_the_jobs() -> None:
    spec = pod_of(copied("binder-minimal", container={"workingDir": "/srv/repo"}))
    assert spec["containers"][0]["workingDir"] == "/srv/repo"
    assert "workingDir" not in pod_of(copied("binder-minimal"))["containers"][0], "then the image's own"


IDENTITY = {
    "runAsUser": 0, "runAsGroup": 0, "fsGroup": 100, "fsGroupChangePolicy": "OnRootMismatch",
    "supplementalGroups": [2000], "seccompProfile": {"type": "RuntimeDefault"},
}  # fmt: skip


def test_the_whole_identity_goes_along_and_root_with_nb_uid_stays_a_pair() -> None:
    env = [{"name": "NB_UID", "value": "1234"}, {"name": "NB_GID", "value": "100"}]
    spec = pod_of(
        copied(container={"env": env, "securityContext": {"runAsUser": 0}}, securityContext=IDENTITY)
    )
    assert spec["securityContext"] == IDENTITY
    assert spec["containers"][0]["securityContext"] == {"runAsUser": 0}
    assert spec["containers"][0]["env"][:2] == env


@pytest.mark.parametrize(
    ("container", "pod", "wanted"),
    [
        ({}, {}, {"runAsUser": 1000, "runAsGroup": 100}),
        ({"runAsUser": 5}, {}, {"runAsUser": 5}),
        ({}, {"runAsUser": 6}, {}),
    ],
)
def test_another_image_runs_as_the_owner_of_home(
    container: dict[str, int], pod: dict[str, int], wanted: dict[str, int]
) -> None:
    found = server(container={"securityContext": container}, securityContext=pod)
    environment = detect(session(), lambda name: found, lambda claim: None, image="images.example.org/other")
    assert environment.container_security == wanted
    same = detect(session(), lambda name: found, lambda claim: None)
    assert same.container_security == container, "the server's own image knows its user"


def test_config_maps_go_along_and_certificates_do_not() -> None:
    volumes = [
        {"name": "conf", "configMap": {"name": "conf"}},
        {"name": "certs", "secret": {"secretName": "internal-ssl"}},
        {"name": "mixed", "projected": {"sources": [{"configMap": {"name": "a"}}]}},
        {"name": "unused", "emptyDir": {}},
        {"name": "pod", "downwardAPI": {"items": []}},
    ]
    mounts = [{"name": volume["name"], "mountPath": f"/{volume['name']}"} for volume in volumes[:3]]
    environment = copied(container={"volumeMounts": mounts}, volumes=volumes)
    assert environment.volumes == (volumes[0],)
    assert environment.volume_mounts == (mounts[0],)
    assert [line for line in environment.dropped if line.startswith("volume")] == [
        'volume "certs": it holds a Secret',
        'volume "mixed": kind projected is not copied',
    ]


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("$(JUPYTERHUB_SERVER_NAME)/$(DEEP)", "lab/users/user@email.com"),
        ("$(POD)", "jupyter-user-email-com---0925f997"),
        ("$(NOT_THERE)", None),
        ("$(MY_TOKEN)", None),
    ],
)
def test_a_sub_path_expression_becomes_the_servers_sub_path(expression: str, path: str | None) -> None:
    env = [
        {"name": "JUPYTERHUB_SERVER_NAME", "value": "lab"},
        {"name": "JUPYTERHUB_USER", "value": "user@email.com"},
        {"name": "DEEP", "value": "users/$(JUPYTERHUB_USER)"},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "MY_TOKEN", "value": "s3cr3t"},
    ]
    volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": "c"}}]
    mount = {"name": "home", "mountPath": HOME, "subPathExpr": expression}
    environment = copied(container={"env": env, "volumeMounts": [mount]}, volumes=volumes)
    if path is None:
        assert (environment.volume_mounts, environment.volumes, environment.home) == ((), (), "")
        assert f"the mount at {HOME}: its subPathExpr cannot be resolved" in environment.dropped
    else:
        assert environment.volume_mounts == ({"name": "home", "mountPath": HOME, "subPath": path},)


def test_variables_of_a_config_map_go_along_and_of_a_whole_secret_do_not() -> None:
    config, secret = {"configMapRef": {"name": "conf"}}, {"secretRef": {"name": "keys"}}
    environment = copied(container={"envFrom": [config, secret]})
    assert pod_of(environment)["containers"][0]["envFrom"] == [config]
    assert 'variables of the whole Secret "keys"' in environment.dropped


@pytest.mark.parametrize("export", [(), ("DB_URL",)])
@pytest.mark.parametrize("start", [{"DB_URL": SECRET}, None])
def test_a_reference_to_a_secret_is_never_resolved(
    export: tuple[str, ...], start: dict[str, str] | None
) -> None:
    live = {"DB_URL": SECRET, "COPY": f"{SECRET}/db", "PLAIN": "1"}
    where = session(environ=live, start=start)
    environment = detect(
        where, lambda name: server(container={"env": [REFERENCE]}), lambda claim: None, export=export
    )
    assert REFERENCE in environment.env
    assert "s3cr3t" not in repr(environment)
    again = changed(environment, where, export=(*export, "COPY"))
    assert "s3cr3t" not in repr(again), "nor when the job is submitted again"


@pytest.mark.parametrize("export", [(), ("MY_NODE",)])
def test_a_field_of_the_pod_is_no_secret_and_stays_a_reference(export: tuple[str, ...]) -> None:
    entry = {"name": "MY_NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    live = {"MY_NODE": "node-user-a", "CACHE": "/scratch/node-user-a"}
    environment = detect(
        session(environ=live, start={"MY_NODE": "node-user-a"}),
        lambda name: server(container={"env": [entry]}),
        lambda claim: None,
        export=export,
    )
    assert environment.env == (entry, {"name": "CACHE", "value": "/scratch/node-user-a"})


def test_what_the_user_set_anew_is_hers_and_no_reference_any_more() -> None:
    where = session(environ={"DB_URL": "sqlite:///x"}, start={"DB_URL": SECRET})
    environment = detect(where, lambda name: server(container={"env": [REFERENCE]}), lambda claim: None)
    assert environment.env == ({"name": "DB_URL", "value": "sqlite:///x"},)


def test_scheduling_goes_along() -> None:
    fields: dict[str, Any] = {
        "runtimeClassName": "nvidia",
        "schedulerName": "hub-scheduler",
        "hostAliases": [{"ip": "10.0.0.1"}],
    }
    spec = pod_of(copied(**fields, nodeName="node-a", priorityClassName="users"))
    assert {name: spec[name] for name in fields} == fields
    assert spec["affinity"]["nodeAffinity"] == load_pod("z2jh-pvc")["spec"]["affinity"]["nodeAffinity"]
    assert {"nodeName", "priorityClassName", "priority"}.isdisjoint(spec)


def test_a_gpu_that_is_not_inherited_is_said_with_what_asks_for_it() -> None:
    assert "1 nvidia.com/gpu (--gpus=1 asks for it)" in copied("nfs-gpu").dropped


def test_local_disk_goes_along() -> None:
    environment = copied(container={"resources": {"requests": {"ephemeral-storage": "1Gi"}}})
    assert environment.requests == {"ephemeral-storage": "1Gi"}


def test_what_belongs_to_the_server_alone_stays_and_is_said_once() -> None:
    lifecycle = {
        "postStart": {"exec": {"command": ["gitpuller"]}},
        "preStop": {"exec": {"command": ["true"]}},
    }
    environment = copied(container={"lifecycle": lifecycle})
    assert environment.dropped == (
        'init container "block-cloud-metadata"',
        "the server's postStart hook",
        "the server's preStop hook",
    )
    spec = pod_of(environment)
    assert {"lifecycle", "ports"}.isdisjoint(spec["containers"][0])
    assert "initContainers" not in spec


def test_without_export_not_even_a_config_maps_variables_go() -> None:
    environment = detect(
        session(),
        lambda name: server(container={"envFrom": [{"configMapRef": {"name": "conf"}}]}),
        lambda claim: None,
        export_all=False,
    )
    assert (environment.env, environment.env_from) == ((), ())
