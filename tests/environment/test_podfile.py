"""Where pods may not be read, the pod comes from a file that the hub wrote, by the code of docs/admin.md."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kubernetes.client
import pytest

from kbatch_core.environment import Session, copy_environment
from kbatch_core.environment.detect import detect
from kbatch_core.environment.podfile import POD_FILE, read_pod_file
from kbatch_core.environment.variables import SECRET_NAME
from kbatch_core.errors import BadConfig
from tests.pods import admin_config, load_pod

HOME = "/home/jovyan"


def hub_config() -> SimpleNamespace:
    """The hub's config after it has read what docs/admin.md says, with its hook and its `secret` pattern."""
    config = SimpleNamespace(KubeSpawner=SimpleNamespace(volumes=[], volume_mounts=[]))
    names: dict[str, Any] = {"c": config}
    exec(admin_config(), names)
    found: SimpleNamespace = config.KubeSpawner
    found.secret = names["KBATCH_SECRET"]
    return found


def written(fixture: str, **container: Any) -> dict[str, Any]:
    """The pod in the annotation, after a spawn of the fixture's pod as KubeSpawner has it before it is sent."""
    pod = load_pod(fixture)
    del pod["status"]
    pod["spec"]["containers"][0] |= container
    api_client = kubernetes.client.ApiClient()
    model = api_client.deserialize(json.dumps(pod), "V1Pod", "application/json")
    spawner = SimpleNamespace(api=SimpleNamespace(api_client=api_client))
    annotations = hub_config().modify_pod_hook(spawner, model).metadata.annotations
    assert annotations["hub.jupyter.org/username"], "the others are still there"
    found: dict[str, Any] = json.loads(annotations["kbatch/pod"])
    return found


def no_read(name: str) -> dict[str, Any]:
    pytest.fail("the API was asked for the pod")


def session(pod: dict[str, Any] | None) -> Session:
    return Session(
        cwd=HOME,
        home=HOME,
        user="ann",
        host="h",
        in_pod=True,
        environ={},
        start={},
        pod=pod,
        uid=1000,
        gid=100,
    )


@pytest.mark.parametrize("fixture", ["z2jh-pvc", "nfs-gpu", "binder-minimal"])
def test_it_gives_what_the_pod_itself_gives_but_for_the_digest_and_holds_no_credential(fixture: str) -> None:
    pod = written(fixture)
    assert "FAKE" not in json.dumps(pod)
    from_file = detect(session(pod), no_read, lambda claim: None)
    whole = load_pod(fixture)
    del whole["status"]
    assert from_file == copy_environment(whole, home=HOME)


def test_the_hub_takes_the_same_names_for_those_of_credentials_as_kbatch() -> None:
    assert hub_config().secret == SECRET_NAME


def test_a_variable_that_contains_a_credential_is_not_written_down() -> None:
    env = [
        {"name": "MY_TOKEN", "value": "s3cr3t-value"},
        {"name": "URL", "value": "https://x/?t=s3cr3t-value"},
        {"name": "REF", "value": "$(MY_TOKEN)"},
        {"name": "PLAIN", "value": "1"},
    ]
    pod = written("z2jh-pvc", env=env)
    assert "s3cr3t" not in json.dumps(pod)
    assert [entry["name"] for entry in detect(session(pod), no_read, lambda claim: None).env] == ["PLAIN"]


def test_the_file_is_where_kbatch_looks() -> None:
    config = hub_config()
    (volume,), (mount,) = config.volumes, config.volume_mounts
    (item,) = volume["downwardAPI"]["items"]
    assert item["fieldRef"]["fieldPath"] == "metadata.annotations['kbatch/pod']"
    assert Path(mount["mountPath"]) / item["path"] == POD_FILE
    assert mount["name"] == volume["name"]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"metadata": {}}', '{"metadata": {"name": "x"}, "spec": {}}', "\xff"]
)
def test_a_file_that_is_no_pod_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pod.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(BadConfig, match="does not hold this server's pod"):
        read_pod_file(path)


def test_no_file_and_an_empty_one_are_none(tmp_path: Path) -> None:
    assert read_pod_file(tmp_path / "pod.json") is None
    (tmp_path / "pod.json").write_text("\n")
    assert read_pod_file(tmp_path / "pod.json") is None
