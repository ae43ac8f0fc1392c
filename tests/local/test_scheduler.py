"""The scheduler's words for a pod that has to wait: the same from ours and from the real one."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.transport import Transport
from kbatch_core.local.controllers.scheduler import Scheduler
from kbatch_core.local.kubelet.machine import GPU, Machine, look, node_object
from kbatch_core.local.state.events import Recorder
from kbatch_core.local.state.podfacts import requests_of
from kbatch_core.local.state.store import Store
from tests.cluster import Cluster, wait_for
from tests.cluster.objects import Objects

Object = dict[str, Any]

NODE = "here"
NOW = 1_790_000_000.0
HELP = "no new claims to deallocate, preemption: 0/1 nodes are available: 1 "
NO_USE, NO_VICTIM = (
    f"{HELP}Preemption is not helpful for scheduling.",
    f"{HELP}No preemption victims found for incoming pod.",
)


def resources(**amounts: str) -> Object:
    return {"containers": [{"name": "main", "image": "none", "resources": {"requests": amounts}}]}


def near(kind: str, label: str) -> Object:
    term = {"labelSelector": {"matchLabels": {"is": label}}, "topologyKey": "kubernetes.io/hostname"}
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


GPUS = {"containers": [{"name": "main", "image": "none", "resources": {"limits": {GPU: "1"}}}]}
# Name, what the pod has besides, and what the scheduler says; "" = it is placed. In this order, one after the other.
STEPS: tuple[tuple[str, Object, str], ...] = (
    ("large", resources(cpu="64"), f"1 Insufficient cpu. {NO_USE}"),
    ("larger", resources(cpu="64", memory="64Gi"), f"1 Insufficient cpu, 1 Insufficient memory. {NO_USE}"),
    ("gpu", GPUS, f"1 Insufficient nvidia.com/gpu. {NO_USE}"),
    (
        "elsewhere",
        {"nodeSelector": {"disk": "ssd"}},
        f"1 node(s) didn't match Pod's node affinity/selector. {NO_USE}",
    ),
    (
        "no-disk",
        {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "nowhere"}}]},
        'persistentvolumeclaim "nowhere" not found. not found',
    ),
    ("first", {**resources(cpu="3"), **near("podAffinity", "first")}, ""),
    ("lonely", near("podAffinity", "nobody"), f"1 node(s) didn't match pod affinity rules. {NO_USE}"),
    (
        "shy",
        near("podAntiAffinity", "first"),
        f"1 node(s) didn't match pod anti-affinity rules. {NO_VICTIM}",
    ),
    ("waits", resources(cpu="2"), f"1 Insufficient cpu. {NO_VICTIM}"),
    ("second", near("podAffinity", "first"), ""),
    ("crowd", {}, f"1 Too many pods. {NO_VICTIM}"),
)  # fmt: skip


def pod(name: str, namespace: str, spec: Object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"is": name}},
        "spec": {"containers": [{"name": "main", "image": "none"}], **spec},
    }


def message(found: Object) -> str | None:
    """What the scheduler says of a pod; "" when it is placed, None before it has said anything."""
    for one in found.get("status", {}).get("conditions", ()):
        if one["type"] == "PodScheduled":
            return "" if one["status"] == "True" else str(one["message"])
    return None


def expected(words: str) -> str:
    return f"0/1 nodes are available: {words}" if words else ""


def node() -> Object:
    made = node_object(Machine(NODE, cpus=4, memory=8 << 30), NOW, version="v1")
    made["status"]["capacity"]["pods"] = made["status"]["allocatable"]["pods"] = "2"
    return {"apiVersion": "v1", "kind": "Node", **made}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    ticks = itertools.count(NOW)
    made = Store(tmp_path / "state.db", clock=lambda: next(ticks))
    made.create("nodes", node())
    yield made
    made.close()


def test_our_scheduler(store: Store) -> None:
    scheduler = Scheduler(store, Recorder(store, lambda: NOW), lambda: NOW, NODE)
    store.subscribe(scheduler.told)
    for name, spec, words in STEPS:
        store.create("pods", pod(name, "default", spec))
        scheduler.work()
        assert message(store.get("pods", "default", name)) == expected(words), name
    said = {event["reason"] for event in store.list("events") if event["involvedObject"]["name"] == "second"}
    assert said == {"Scheduled"}
    # When one has ended its place is another's: by age, those that fit.
    store.change("pods", "default", "first", lambda found: found["status"].update(phase="Succeeded"))
    scheduler.work()
    placed = {one["metadata"]["name"] for one in store.list("pods") if one["spec"].get("nodeName")}
    assert placed == {"first", "second", "shy"}
    cordoned = "0/1 nodes are available: 1 node(s) were unschedulable. " + NO_USE
    store.change("nodes", "", NODE, lambda found: found["spec"].update(unschedulable=True))
    scheduler.work()
    assert message(store.get("pods", "default", "waits")) == cordoned


def test_a_waiting_pod_is_written_to_once(store: Store) -> None:
    scheduler = Scheduler(store, Recorder(store, lambda: NOW), lambda: NOW, NODE)
    store.subscribe(scheduler.told)
    store.create("pods", pod("large", "default", resources(cpu="64")))
    scheduler.work()
    version = store.version
    store.create("persistentvolumeclaims", {"metadata": {"name": "c", "namespace": "default"}, "spec": {}})
    scheduler.work()
    assert store.version == version + 1, "the claim alone"
    store.create("pods", pod("held", "default", {"schedulingGates": [{"name": "x.org/y"}]}))
    scheduler.work()
    assert message(store.get("pods", "default", "held")) is None
    store.change("pods", "default", "held", lambda found: found["spec"].pop("schedulingGates"))
    scheduler.work()
    assert message(store.get("pods", "default", "held")) == ""


@pytest.mark.cluster
def test_the_real_scheduler(cluster: Cluster, namespace: str) -> None:
    objects = Objects(cluster)
    transport = Transport(from_kubeconfig(str(cluster.kubeconfig), namespace=namespace))
    wait_for(lambda: not objects.get("/api/v1/nodes")["items"], what="nodes of other tests to go")
    objects.create(node())
    try:
        # A node is not ready before its controller has looked.
        wait_for(
            lambda: not objects.get(f"/api/v1/nodes/{NODE}")["spec"].get("taints"),
            what="the node to be ready",
        )
        path = f"/api/v1/namespaces/{namespace}/pods"
        said = []
        for name, spec, _ in STEPS:
            objects.create(pod(name, namespace, spec))
            wait_for(
                lambda name=name: message(objects.get(f"{path}/{name}")) is not None,  # type: ignore[misc]
                what=f"a word on {name}",
            )
            said.append((name, message(objects.get(f"{path}/{name}"))))
        assert said == [(name, expected(words)) for name, _, words in STEPS]
        body = json.dumps({"spec": {"unschedulable": True}}).encode()
        transport.request(
            "PATCH", f"/api/v1/nodes/{NODE}", body=body, content_type="application/merge-patch+json"
        )
        objects.create(pod("late", namespace, {}))
        wait_for(lambda: message(objects.get(f"{path}/late")), what="a word on late")
        assert message(objects.get(f"{path}/late")) == (
            f"0/1 nodes are available: 1 node(s) were unschedulable. {NO_USE}"
        )
    finally:
        objects.delete(f"/api/v1/nodes/{NODE}")


def test_what_containers_ask_for_together() -> None:
    spec = {
        "containers": [
            {
                "name": "a",
                "resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": "1", "memory": "1Gi"}},
            },
            {"name": "b", "resources": {"limits": {"cpu": "1", GPU: "2"}}},
        ],
        "initContainers": [{"name": "i", "resources": {"requests": {"cpu": "3", "memory": "1Mi"}}}],
    }
    assert requests_of(spec) == {"cpu": 3.0, "memory": float(1 << 30), GPU: 2.0}


def test_this_machine(tmp_path: Path) -> None:
    class Answer:
        returncode = 0
        stdout = "NVIDIA A100\nNVIDIA A100\n"

    found = look(tmp_path, run=lambda *args, **options: Answer)
    assert found.gpus == ("NVIDIA A100", "NVIDIA A100")
    made = node_object(found, NOW, version="v1.36.3")
    assert made["status"]["allocatable"][GPU] == "2"
    assert int(made["status"]["allocatable"]["cpu"]) == found.cpus >= 1
    assert made["metadata"]["labels"]["kubernetes.io/hostname"] == found.name

    def missing(*args: object, **options: object) -> None:
        raise FileNotFoundError("nvidia-smi")

    assert look(tmp_path, run=missing).gpus == ()
