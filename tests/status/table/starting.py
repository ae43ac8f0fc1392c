"""What runs or is being started on a node."""

from __future__ import annotations

from kbatch_core.status import ClusterFacts
from tests.status.objects import (
    condition,
    ended,
    event,
    job,
    node,
    pod,
    record,
    waiting,
)
from tests.status.table.row import Row


def starting_rows() -> list[Row]:
    creating = pod("Pending", state=waiting("ContainerCreating"))
    silent = pod(conditions=[condition("Ready", "", "", status="False")])
    busy = (
        'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) jupyter-ann and can\'t be attached '
        "to another"
    )
    return [
        Row(
            "running on a silent node",
            "R",
            "NodeSilent",
            job(active=1),
            [pod(node="node-a")],
            facts=ClusterFacts(nodes={"node-a": node(ready="Unknown", reason="NodeStatusUnknown")}),
            says=["Node node-a has been silent for 3 min; it may still run"],
            hint="5 min",
            evidence="NodeStatusUnknown",
        ),
        Row(
            "running on a silent node, nodes may not be read",
            "R",
            "NodeSilent",
            job(active=1),
            [silent],
            [event(silent, "NodeNotReady", "Node is not ready", ago=120)],
            says=["silent for 2 min"],
        ),
        Row("being deleted", "CG", "Completing", job(deleted=True, active=1), [pod()], says=["up to 30 s"]),
        Row("its pod being deleted", "CG", "Completing", job(active=1), [pod(deleted=True)], says=["30 s"]),
        Row(
            "ended, the Job's word still to come",
            "CG",
            "Completing",
            job(active=0),
            [pod("Succeeded", state=ended(0, message=record()))],
            says=["script has ended"],
        ),
        Row(
            "ended, the pod's word still to come",
            "CG",
            "Completing",
            job(active=1, ready=1),
            [pod("Running", state=ended(0, message=record()))],
            says=["script has ended"],
        ),
        Row("running", "R", "", job(active=1, ready=1), [pod(node="node-a")], says=["Runs on node-a"]),
        Row(
            "pulling the image",
            "CF",
            "ImagePull",
            job(active=1),
            [creating],
            [event(creating, "Pulling", 'Pulling image "x"', kind="Normal", ago=120)],
            says=["Pulling the image for 2 min"],
        ),
        Row(
            "disk on another node",
            "CF",
            "VolumeBusy",
            job(active=1),
            [creating],
            [event(creating, "FailedAttachVolume", busy)],
            says=["attached to another node"],
            evidence="Multi-Attach",
        ),
        Row(
            "disk cannot be attached",
            "CF",
            "VolumeMount",
            job(active=1),
            [creating],
            [event(creating, "FailedAttachVolume", "AttachVolume.Attach failed for volume: not found")],
            says=["cannot be attached"],
        ),
        Row(
            "volume cannot be mounted",
            "CF",
            "VolumeMount",
            job(active=1),
            [creating],
            [
                event(
                    creating,
                    "FailedMount",
                    'MountVolume.SetUp failed for volume "home": mount failed: exit 32',
                )
            ],
            says=["cannot be mounted: MountVolume.SetUp failed"],
        ),
        Row(
            "no network",
            "CF",
            "Network",
            job(active=1),
            [creating],
            [
                event(
                    creating,
                    "FailedCreatePodSandBox",
                    "Failed to create pod sandbox: cni plugin not initialized",
                )
            ],
            says=["network", "cni plugin not initialized"],
        ),
        Row(
            "init failing",
            "CF",
            "Init",
            job(active=1),
            [
                pod(
                    "Pending",
                    state=waiting("PodInitializing"),
                    init=[{"name": "mesh", "state": ended(1), "lastState": {}, "restartCount": 0}],
                )
            ],
            says=["Init container mesh failed: exit 1"],
        ),
        Row(
            "init running",
            "CF",
            "Init",
            job(active=1),
            [
                pod(
                    "Pending",
                    state=waiting("PodInitializing"),
                    init=[{"name": "mesh", "state": {"running": {}}}],
                )
            ],
            says=["mesh runs before it"],
        ),
        Row(
            "a sidecar runs, which nothing waits for",
            "CF",
            "ContainerCreating",
            job(active=1),
            [
                pod(
                    "Pending",
                    state=waiting("PodInitializing"),
                    sidecars=["mesh"],
                    init=[{"name": "mesh", "state": {"running": {}}}],
                )
            ],
            says=["node-a"],
        ),
        Row(
            "being started, nothing wrong",
            "CF",
            "ContainerCreating",
            job(active=1),
            [creating],
            says=["node-a"],
        ),
        *image_rows(),
        Row(
            "a secret is missing",
            "PD",
            "BadConfig",
            job(active=1),
            [pod("Pending", state=waiting("CreateContainerConfigError", 'secret "db" not found'))],
            says=['secret "db" not found'],
        ),
        Row(
            "the container cannot be made",
            "PD",
            "BadConfig",
            job(active=1),
            [pod("Pending", state=waiting("CreateContainerError", "context deadline exceeded"))],
            says=["context deadline exceeded"],
        ),
        Row(
            "the program cannot be started",
            "PD",
            "BadConfig",
            job(active=1),
            [
                pod(
                    "Pending",
                    state=waiting("RunContainerError", 'runc create failed: x: exec: "bash": not found'),
                )
            ],
            says=['exec: "bash": not found'],
        ),
    ]


def image_rows() -> list[Row]:
    missing = (
        'Failed to pull image "quay.io/no/such:1": rpc error: code = NotFound desc = failed to pull and unpack image '
        '"quay.io/no/such:1": failed to resolve reference: quay.io/no/such:1: not found'
    )
    backing_off = pod(
        "Pending", state=waiting("ImagePullBackOff", 'Back-off pulling image "quay.io/no/such:1"')
    )
    rows = [
        Row(
            "image not found, the cause in an event",
            "PD",
            "BadImage",
            job(active=1),
            [backing_off],
            [event(backing_off, "Failed", missing)],
            says=["Cannot pull quay.io/jupyter/base-notebook:2026-01: not found or no access"],
            evidence="failed to resolve reference",
        )
    ]
    for reason, message, words in (
        ("ErrImagePull", missing, "not found or no access"),
        ("ErrImagePull", "pull access denied, repository does not exist", "no access"),
        ("ErrImagePull", "dial tcp 10.0.0.1:443: i/o timeout", "registry does not answer"),
        ("ErrImagePull", "no space left on device", "no space left on device"),
        ("InvalidImageName", "couldn't parse image reference", "its name is not one of an image"),
        ("ErrImageNeverPull", "Container image is not present with pull policy of Never", "never pull"),
    ):
        said = "pull policy is Never" if words == "never pull" else words
        rows.append(
            Row(
                f"bad image: {reason}, {words}",
                "PD",
                "BadImage",
                job(active=1),
                [pod("Pending", state=waiting(reason, message))],
                says=[said],
                evidence=message,
            )
        )
    return rows
