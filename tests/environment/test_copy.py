"""What a job copies from each shape of user pod, and what it never copies."""

from __future__ import annotations

import json

import msgspec
import pytest

from kbatch_core.environment import Environment, copy_environment
from kbatch_core.errors import UsageError
from tests.pods import load_pod

FIXTURES = ("z2jh-pvc", "nfs-gpu", "binder-minimal")


def copied(name: str, home: str = "/home/jovyan") -> Environment:
    return copy_environment(load_pod(name), home=home)


def names(environment: Environment) -> list[str]:
    return [entry["name"] for entry in environment.env]


@pytest.mark.parametrize("name", FIXTURES)
def test_no_credential_of_the_server_is_anywhere_in_the_copy(name: str) -> None:
    text = json.dumps(msgspec.to_builtins(copied(name)))
    assert "FAKE" not in text
    assert "kube-api-access" not in text
    assert "secrets" not in text


@pytest.mark.parametrize("name", FIXTURES)
def test_the_image_is_the_digest_that_the_node_reports(name: str) -> None:
    assert "@sha256:" in copied(name).image


def test_a_bare_digest_cannot_be_pulled_so_the_image_of_the_spec_is_taken() -> None:
    pod = load_pod("z2jh-pvc")
    pod["status"]["containerStatuses"][0]["imageID"] = "sha256:1234"
    assert copy_environment(pod, home="").image == "images.example.org/k8s-singleuser-sample:4.3.0"


@pytest.mark.parametrize(
    ("asked", "reported", "image"),
    [
        ("python:3.13", "docker.io/library/python@sha256:12", "docker.io/library/python@sha256:12"),
        ("ann/lab", "docker.io/ann/lab@sha256:12", "docker.io/ann/lab@sha256:12"),
        ("localhost:5000/lab:1", "localhost:5000/lab@sha256:12", "localhost:5000/lab@sha256:12"),
        ("a.example.org/lab:1@sha256:12", "a.example.org/lab@sha256:12", "a.example.org/lab@sha256:12"),
        ("a.example.org/lab:1", "b.example.org/lab@sha256:12", "a.example.org/lab:1"),
        ("a.example.org/lab:1", "a.example.org/copy/lab@sha256:12", "a.example.org/lab:1"),
    ],
)
def test_an_image_that_the_node_reports_by_another_name_is_taken_as_asked_for(
    asked: str, reported: str, image: str
) -> None:
    pod = load_pod("z2jh-pvc")
    pod["spec"]["containers"][0]["image"] = asked
    pod["status"]["containerStatuses"][0]["imageID"] = reported
    assert copy_environment(pod, home="").image == image


def test_the_user_is_the_raw_name_of_the_annotation() -> None:
    assert copied("z2jh-pvc").user == "user@email.com"


def test_without_an_annotation_the_user_comes_from_the_variable_then_the_label() -> None:
    pod = load_pod("z2jh-pvc")
    del pod["metadata"]["annotations"]
    assert copy_environment(pod, home="").user == "user@email.com"
    pod["spec"]["containers"][0]["env"] = []
    assert copy_environment(pod, home="").user == "user-email-com---0925f997"


def test_a_claim_of_the_users_own_is_home() -> None:
    environment = copied("z2jh-pvc")
    assert environment.home == "/home/jovyan"
    assert environment.volumes == (
        {
            "name": "volume-user-email-com---0925f997",
            "persistentVolumeClaim": {"claimName": "claim-user-email-com---0925f997"},
        },
    )
    assert environment.volume_mounts == (
        {"name": "volume-user-email-com---0925f997", "mountPath": "/home/jovyan"},
    )


def test_every_mount_of_a_shared_claim_keeps_its_subpath_and_read_only() -> None:
    environment = copied("nfs-gpu")
    home = [mount for mount in environment.volume_mounts if mount["name"] == "home"]
    assert home == [
        {"name": "home", "mountPath": "/home/jovyan", "subPath": "jane-2ddoe"},
        {"name": "home", "mountPath": "/home/jovyan/shared", "subPath": "_shared", "readOnly": True},
        {"name": "home", "mountPath": "/home/rstudio", "subPath": "jane-2ddoe"},
        {"name": "home", "mountPath": "/home/rstudio/shared", "subPath": "_shared", "readOnly": True},
    ]
    assert {"name": "dev-shm", "mountPath": "/dev/shm"} in environment.volume_mounts


def test_secret_and_token_volumes_stay_behind_with_their_mounts() -> None:
    environment = copied("nfs-gpu")
    assert {volume["name"] for volume in environment.volumes} == {"home", "dev-shm"}
    assert {mount["name"] for mount in environment.volume_mounts} == {"home", "dev-shm"}
    assert 'volume "files": it holds a Secret' in environment.dropped


@pytest.mark.parametrize("driver", ["secrets-store.csi.k8s.io", "csi.cert-manager.io", "csi.spiffe.io"])
def test_an_inline_volume_of_secrets_stays_behind_with_its_mounts(driver: str) -> None:
    pod = load_pod("z2jh-pvc")
    pod["spec"]["volumes"] += [
        {"name": "vault", "csi": {"driver": driver, "readOnly": True}},
        {"name": "share", "csi": {"driver": "smb.csi.k8s.io"}},
    ]
    pod["spec"]["containers"][0]["volumeMounts"] += [
        {"name": "vault", "mountPath": "/vault"},
        {"name": "share", "mountPath": "/share"},
    ]
    environment = copy_environment(pod, home="")
    assert [volume["name"] for volume in environment.volumes if "csi" in volume] == ["share"]
    assert not environment.mount_of("/vault")
    assert any(line.startswith('volume "vault": it ') and driver in line for line in environment.dropped)


def test_a_subpath_of_a_label_is_resolved() -> None:
    pod = load_pod("z2jh-pvc")
    notebook = pod["spec"]["containers"][0]
    path = "metadata.labels['hub.jupyter.org/username']"
    notebook["env"].append({"name": "OWNER", "valueFrom": {"fieldRef": {"fieldPath": path}}})
    mount = notebook["volumeMounts"][0]
    mount["subPathExpr"] = "homes/$(OWNER)"
    owner = pod["metadata"]["labels"]["hub.jupyter.org/username"]
    assert copy_environment(pod, home="").volume_mounts[0]["subPath"] == f"homes/{owner}"


def test_only_persistent_writable_mounts_keep_a_file() -> None:
    environment = copied("nfs-gpu")
    assert environment.keeps("/home/jovyan/out.txt")
    assert environment.keeps("/home/rstudio")
    assert not environment.keeps("/home/jovyan/shared/out.txt"), "read-only"
    assert not environment.keeps("/dev/shm/out.txt"), "memory"
    assert not environment.keeps("/home/jovyan2/out.txt"), "a neighbour with the same beginning"
    assert not environment.keeps("/tmp/out.txt"), "in the image"


def test_a_server_without_volumes_has_no_home() -> None:
    environment = copied("binder-minimal")
    assert environment.home == ""
    assert environment.volumes == ()


def test_scheduling_goes_along_but_not_the_node_nor_the_priority() -> None:
    environment = copied("nfs-gpu")
    assert environment.pod["nodeSelector"] == {"node.kubernetes.io/instance-type": "g4dn.xlarge"}
    assert {"key": "nvidia.com/gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"} in (
        environment.pod["tolerations"]
    )
    for field in ("nodeName", "priority", "priorityClassName", "serviceAccountName", "initContainers"):
        assert field not in environment.pod


def test_the_two_automatic_tolerations_are_dropped() -> None:
    tolerations = copied("z2jh-pvc").pod["tolerations"]
    assert [entry["key"] for entry in tolerations] == [
        "hub.jupyter.org/dedicated",
        "hub.jupyter.org_dedicated",
    ]


def test_identity_goes_along() -> None:
    environment = copied("z2jh-pvc")
    assert environment.container_security == {"allowPrivilegeEscalation": False, "runAsUser": 1000}
    assert environment.pod["securityContext"] == {"fsGroup": 100}


def test_a_user_namespace_goes_along() -> None:
    """Without it root in the job would be root on the node, which the server's is not."""
    pod = load_pod("z2jh-pvc")
    assert "hostUsers" not in copy_environment(pod, home="").pod
    pod["spec"]["hostUsers"] = False
    assert copy_environment(pod, home="").pod["hostUsers"] is False


def test_a_variable_of_the_containers_own_size_does_not_name_the_container() -> None:
    """The kubelet would look for a container of that name in the job, and never start it."""
    pod = load_pod("z2jh-pvc")

    def size(name: str, container: str) -> dict[str, object]:
        source = {"resource": "limits.cpu", "divisor": "1"}
        return {"name": name, "valueFrom": {"resourceFieldRef": {**source, "containerName": container}}}

    pod["spec"]["containers"][0]["env"] = [
        size("CORES", "notebook"),
        size("PROXY_CORES", "istio-proxy"),
        {"name": "MADE", "valueFrom": {"fileKeyRef": {"volumeName": "x", "path": "env", "key": "MADE"}}},
    ]
    environment = copy_environment(pod, home="")
    assert environment.env == (
        {"name": "CORES", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1"}}},
    )
    assert "environment variable PROXY_CORES: it tells the size of another container" in environment.dropped
    assert any(line.startswith("environment variable MADE: ") for line in environment.dropped)


def test_a_resource_claim_stays_behind_and_is_named() -> None:
    pod = load_pod("nfs-gpu")
    pod["spec"]["resourceClaims"] = [{"name": "gpu", "resourceClaimTemplateName": "one-gpu"}]
    pod["spec"]["containers"][0]["resources"]["claims"] = [{"name": "gpu"}]
    environment = copy_environment(pod, home="")
    assert 'resource claim "gpu"' in environment.dropped
    assert "resourceClaims" not in environment.pod


def test_a_gpu_is_never_inherited() -> None:
    environment = copied("nfs-gpu")
    assert environment.requests == {"cpu": "50m", "memory": "15032385536"}
    assert environment.limits == {}


def test_network_access_labels_go_along_and_no_other() -> None:
    assert copied("z2jh-pvc").labels == {"hub.jupyter.org/network-access-hub": "true"}
    assert copied("binder-minimal").labels == {}


def test_variables_of_the_gpu_server() -> None:
    environment = copied("nfs-gpu")
    kept = names(environment)
    for name in (
        "DASK_GATEWAY__ADDRESS",
        "DASK_DISTRIBUTED__DASHBOARD__LINK",
        "JUPYTERHUB_SERVICE_PREFIX",
        "JUPYTER_IMAGE_SPEC",
        "JUPYTERHUB_USER",
        "SCRATCH_BUCKET",
        "PANGEO_SCRATCH",
        "NVIDIA_DRIVER_CAPABILITIES",
        "SHELL",
    ):
        assert name in kept
    for name in ("WEBHOOK", "AWS_ROLE_ARN", "JUPYTERHUB_API_TOKEN", "MEM_GUARANTEE", "JUPYTERHUB_CLIENT_ID"):
        assert name not in kept
    assert kept.index("JUPYTERHUB_USER") < kept.index("SCRATCH_BUCKET") < kept.index("PANGEO_SCRATCH")
    scratch = next(entry for entry in environment.env if entry["name"] == "SCRATCH_BUCKET")
    assert scratch["value"] == "s3://prod-scratch/$(JUPYTERHUB_USER)"


def test_the_notebook_container_is_found_by_its_port_when_hooks_renamed_it() -> None:
    pod = load_pod("z2jh-pvc")
    notebook = pod["spec"]["containers"][0]
    notebook["name"] = "main"
    pod["status"]["containerStatuses"][0]["name"] = "main"
    pod["spec"]["containers"] = [{"name": "sidecar", "image": "images.example.org/sidecar"}, notebook]
    environment = copy_environment(pod, home="/home/jovyan")
    assert environment.image.startswith("images.example.org/k8s-singleuser-sample@sha256:")
    assert 'sidecar container "sidecar"' in environment.dropped


def test_a_container_with_a_command_of_its_own_gets_the_job_in_command() -> None:
    pod = load_pod("z2jh-pvc")
    assert copy_environment(pod, home="").keep_entrypoint
    pod["spec"]["containers"][0]["command"] = ["/bin/sh", "-c", "start"]
    assert not copy_environment(pod, home="").keep_entrypoint


def test_a_pod_without_containers_is_one_sentence() -> None:
    with pytest.raises(UsageError, match="has no containers"):
        copy_environment({"metadata": {"name": "x"}, "spec": {}}, home="")


def test_a_home_for_one_node_is_known_or_assumed() -> None:
    own = copied("z2jh-pvc")
    assert own.home_on_one_node, "not known, and a claim of her own"
    assert own.home_claim() == "claim-user-email-com---0925f997"
    assert own.owner_label == "user-email-com---0925f997"
    assert not msgspec.structs.replace(own, home_access="ReadWriteMany").home_on_one_node
    shared = copied("nfs-gpu")
    assert not shared.home_on_one_node, "a subPath: many share the claim"
    assert msgspec.structs.replace(shared, home_access="ReadWriteOnce").home_on_one_node
    assert not copied("binder-minimal").home_on_one_node
