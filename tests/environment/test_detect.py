"""Where a job's environment comes from: the pod of the session, or an image and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from kbatch_core.environment import Environment, Session
from kbatch_core.environment.detect import detect
from kbatch_core.errors import NotFound, PermissionDenied, UsageError
from tests.pods import load_pod

HOME = "/home/jovyan"


def session(**fields: Any) -> Session:
    given = {
        "cwd": HOME,
        "home": HOME,
        "user": "ann",
        "host": "jupyter-ann",
        "in_pod": True,
        "environ": {},
        **fields,
    }
    return Session(**given)


def detected(
    where: Session | None = None, fixture: str = "z2jh-pvc", access: list[str] | None = None, **options: Any
) -> Environment:
    return detect(where or session(), lambda name: load_pod(fixture), lambda claim: access, **options)


def denied(name: str) -> dict[str, Any]:
    raise PermissionDenied("no", status=403)


def missing(name: str) -> dict[str, Any]:
    raise NotFound("no", status=404)


def test_in_a_pod_it_is_the_pods_own_read_by_the_host_name() -> None:
    asked: list[str] = []

    def read(name: str) -> dict[str, Any]:
        asked.append(name)
        return load_pod("z2jh-pvc")

    environment = detect(session(), read, lambda claim: None)
    assert asked == ["jupyter-ann"]
    assert environment.server == "jupyter-user-email-com---0925f997"


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {}},
        {"spec": {"containers": [3]}},
        {"spec": {"containers": [{"name": "a", "env": 3}]}},
        {"spec": {"containers": [{"name": "a", "image": "x", "volumeMounts": [{}]}]}},
        {"spec": []},
    ],
)
def test_what_is_no_pod_is_one_sentence(change: dict[str, Any]) -> None:
    pod = load_pod("z2jh-pvc") | change
    with pytest.raises(UsageError, match="of a kind that is not expected"):
        detect(session(), lambda name: pod, lambda claim: None)


def test_what_the_user_changed_wins_over_the_pod_and_is_not_expanded() -> None:
    start = {"SCRATCH_BUCKET": "s3://prod-scratch/jane-doe", "SHELL": "/bin/bash"}
    live = {**start, "SCRATCH_BUCKET": "s3://mine/$(X)", "SEED": "1"}
    environment = detected(session(environ=live, start=start), "nfs-gpu")
    values = {entry["name"]: entry["value"] for entry in environment.env}
    assert values["SCRATCH_BUCKET"] == "s3://mine/$$(X)"
    assert values["SEED"] == "1"
    assert values["SHELL"] == "/bin/bash"


def test_export_none_takes_nothing_and_a_name_only_that() -> None:
    live = {"SEED": "1", "OTHER": "2"}
    where = session(environ=live, start={})
    assert detected(where, "nfs-gpu", export_all=False).env == ()
    only = detected(where, "nfs-gpu", export_all=False, export=("SEED", "SHELL"))
    assert {entry["name"] for entry in only.env} == {"SEED", "SHELL"}


def test_without_home_the_volume_and_all_its_mounts_stay_behind() -> None:
    environment = detected(fixture="nfs-gpu", home=False)
    assert environment.home == ""
    assert {mount["name"] for mount in environment.volume_mounts} == {"dev-shm"}
    assert {volume["name"] for volume in environment.volumes} == {"dev-shm"}


def test_the_claims_access_is_read_and_one_pod_at_a_time_is_refused_with_advice() -> None:
    assert detected(access=["ReadWriteOnce", "ReadWriteMany"]).home_access == "ReadWriteMany"
    assert detected(access=["ReadWriteOnce"]).home_access == "ReadWriteOnce"
    with pytest.raises(UsageError, match="ReadWriteOncePod") as caught:
        detected(access=["ReadWriteOncePod"])
    assert "--home=none" in caught.value.hint
    assert detected(access=["ReadWriteOncePod"], home=False).home == ""


def test_another_image_replaces_the_copied_one_and_its_entrypoint() -> None:
    environment = detected(image="images.example.org/mine:1")
    assert environment.image == "images.example.org/mine:1"
    assert not environment.keep_entrypoint
    assert environment.home == HOME


def test_a_pod_that_may_not_be_read_is_said_with_what_to_ask_for() -> None:
    with pytest.raises(PermissionDenied, match="may not read its own pod") as caught:
        detect(session(), denied, lambda claim: None)
    assert "--image" in caught.value.hint
    environment = detect(session(), denied, lambda claim: None, image="x")
    assert (environment.image, environment.home) == ("x", "")
    assert environment.dropped


def test_another_namespace_than_the_servers_is_said() -> None:
    with pytest.raises(NotFound, match="is not in this namespace"):
        detect(session(), missing, lambda claim: None)
    there = session(namespace="hub", environ={"SEED": "1", "OTHER": "2"})
    assert detected(there, namespace="hub").home == HOME
    with pytest.raises(UsageError, match='in namespace "hub"; a job in "lab" cannot have them') as caught:
        detect(there, denied, lambda claim: None, namespace="lab")
    assert "-n" in caught.value.hint
    environment = detect(there, denied, lambda claim: None, namespace="lab", image="x", export=["SEED"])
    assert (environment.image, environment.home) == ("x", "")
    assert environment.env == ({"name": "SEED", "value": "1"},)
    assert 'namespace "hub"' in environment.dropped[0]


def test_outside_a_pod_the_image_must_be_given() -> None:
    with pytest.raises(UsageError, match="no notebook server here"):
        detected(session(in_pod=False))
    environment = detected(session(in_pod=False, environ={"SEED": "1"}), image="python:3", export=("SEED",))
    assert environment.env == ({"name": "SEED", "value": "1"},)
    assert environment.home == ""
