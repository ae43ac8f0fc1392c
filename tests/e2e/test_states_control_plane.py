"""States and reasons that the real control plane makes, as one queue over several namespaces tells them.

Scheduler, quota, admission, controllers are real; the nodes are kwok's, and the test plays the kubelet that ends
what is to be ended. kubectl is asked whether it sees the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import pytest

from kbatch_core.cluster.api import MERGE_PATCH
from kbatch_core.manifest.pod import OUR_VOLUMES
from kbatch_core.model.objects import Job, Pod
from tests.cluster import Cluster
from tests.cluster.kwok import FakeNodes
from tests.cluster.processes import wait_for
from tests.commands.fleet import Fleet
from tests.e2e.scene import Scene
from tests.queue.watched import Watched, watching

pytestmark = pytest.mark.cluster

STRATEGIC = "application/strategic-merge-patch+json"
POOL = "kbatch.test/pool"
NAMESPACES = ("st-plain", "st-quota", "st-limits", "st-must", "st-policy")
_nodes = itertools.count(1)


class Plane(Scene):
    """A control plane, with as many nodes as a test wants and a kubelet that does what it is told."""

    def __init__(
        self, cluster: Cluster, nodes: FakeNodes, watched: Watched, fleets: Mapping[str, Fleet]
    ) -> None:
        super().__init__(cluster, watched, fleets)
        self.nodes = nodes
        # The first, because its time and the 30 s for its end have to pass.
        self.gives_up = self.submit(cpus=64000, give_up_after=1)

    def pool(self) -> dict[str, str]:
        """The label of a node of its own, with 4 CPUs."""
        name = f"st-{next(_nodes)}"
        self.nodes.add(name, labels={POOL: name})
        return {POOL: name}

    def node(self, pool: Mapping[str, str]) -> str:
        return pool[POOL]

    def before_the_next_attempt(self) -> AbstractContextManager[None]:
        """The Job controller waits for as long as this lasts, in place of some seconds that pass by themselves."""
        return self.cluster.components["kube-controller-manager"].paused()

    def end_pod(self, job: Job) -> Pod:
        """What a kubelet does with a pod that is being deleted, but for its last word."""
        pod = next(pod for pod in self.fleet.pods(job) if pod.metadata.deletion_timestamp is not None)
        self.fleet.finish(pod, 143)
        return pod


@pytest.fixture(scope="module")
def scene(cluster: Cluster) -> Iterator[Plane]:
    for name in NAMESPACES:
        cluster.create_namespace(name)
    cluster.apply(*RULES_OF_NAMESPACES)
    fleets = {name: Fleet(cluster, name) for name in NAMESPACES}
    with FakeNodes(cluster, "kwok-states", lets_go=False) as nodes:
        with watching(fleets["st-plain"].api, namespaces=NAMESPACES) as watched:
            yield Plane(cluster, nodes, watched, fleets)
    for fleet in fleets.values():
        fleet.close()
    cluster.kubectl("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", "st-no-root")
    cluster.kubectl("delete", "priorityclass", "st-high")
    cluster.kubectl("delete", "namespace", *NAMESPACES, "--wait=false")


def namespaced(kind: str, namespace: str, spec: Mapping[str, Any], version: str = "v1") -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "st", "namespace": namespace},
        "spec": spec,
    }


RULES_OF_NAMESPACES = (
    namespaced("ResourceQuota", "st-quota", {"hard": {"requests.cpu": "3"}}),
    namespaced("LimitRange", "st-limits", {"limits": [{"type": "Container", "max": {"memory": "1Gi"}}]}),
    namespaced("ResourceQuota", "st-must", {"hard": {"limits.cpu": "8"}}),
    {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "st-no-root"},
        "spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "st-policy"}},
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                    }
                ],
            },
            "validations": [
                {"expression": "has(object.spec.runtimeClassName)", "message": "say which runtime"}
            ],
        },
    },
    {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "st-no-root"},
        "spec": {"policyName": "st-no-root", "validationActions": ["Deny"]},
    },
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "st-high"},
        "value": 1000,
    },
)


def test_what_runs_what_waits_for_room_and_what_fits_nowhere(scene: Plane) -> None:
    pool = scene.pool()
    runs = scene.submit(node_labels=pool, cpus=3000)
    row = scene.until(runs, "R")
    assert row.node == scene.node(pool)
    waits = scene.until(scene.submit(node_labels=pool, cpus=2000), "PD", "Resources")
    assert "1 node with too little cpu free" in waits.sentence
    never = scene.until(scene.submit(cpus=64000), "PD", "NeverFits")
    assert "64 CPUs (largest 4 CPUs)" in never.sentence
    assert never.hint == "Ask -c 4 at most"


def test_a_full_quota(scene: Plane) -> None:
    scene.until(scene.submit("st-quota", node_labels=scene.pool(), cpus=2000), "R")
    row = scene.until(scene.submit("st-quota", cpus=2000), "PD", "QuotaExceeded")
    assert row.sentence.startswith(
        "Quota st is full: you ask requests.cpu=2; requests.cpu=2 of requests.cpu=3"
    )


def test_rules_of_the_namespace(scene: Plane) -> None:
    limited = scene.until(scene.submit("st-limits", memory=2 << 30), "PD", "PolicyDenied")
    assert "maximum memory usage per Container is 1Gi" in limited.sentence
    must = scene.until(scene.submit("st-must"), "PD", "PolicyDenied")
    assert must.sentence == "The namespace requires limits.cpu"
    policy = scene.until(scene.submit("st-policy"), "PD", "PolicyDenied")
    assert "say which runtime" in policy.sentence


def test_held_and_let_go(scene: Plane) -> None:
    job = scene.submit(node_labels=scene.pool(), hold=True)
    scene.until(job, "PD", "JobHeldUser")
    scene.watched.queue.put(scene.fleet.client.release(job))
    scene.until(job, "R")


def test_a_disk_that_is_not_there(scene: Plane) -> None:
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "nowhere"}}
    pod = {"volumes": [claim, *({"name": name, "emptyDir": {}} for name in OUR_VOLUMES)]}
    row = scene.until(scene.submit(node_labels=scene.pool(), pod=pod), "PD", "Volume")
    assert 'persistentvolumeclaim "nowhere" not found' in row.sentence


def test_held_back_by_a_gate(scene: Plane) -> None:
    job = scene.submit(pod={"schedulingGates": [{"name": "example.org/audit"}]})
    assert scene.until(job, "PD", "Gated").sentence == "Held by gate example.org/audit"


def test_taken_away_by_a_job_of_higher_priority(scene: Plane) -> None:
    pool = scene.pool()
    lesser = scene.submit(node_labels=pool, cpus=3000)
    scene.until(lesser, "R")
    greater = scene.submit(node_labels=pool, cpus=3000, pod={"priorityClassName": "st-high"})
    row = scene.until(greater, "PD", "Priority")
    assert scene.node(pool) in row.sentence
    scene.until(lesser, "CG", "Completing")
    with scene.before_the_next_attempt():
        scene.end_pod(lesser)
        row = scene.until(lesser, "PR", "Preempted")
        assert "restart 1 is queued" in row.sentence
    scene.fleet.let_go(lesser)
    scene.until(greater, "R")
    scene.until(lesser, "PD", "Resources")
    scene.watched.until(lambda: scene.row(lesser).restarts == 1)


def test_taken_away_by_an_eviction(scene: Plane) -> None:
    job = scene.submit(node_labels=scene.pool())
    scene.until(job, "R")
    (pod,) = scene.fleet.pods(job)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod.metadata.name}}
    scene.fleet.transport.request(
        "POST",
        f"/api/v1/namespaces/st-plain/pods/{pod.metadata.name}/eviction",
        body=msgspec.json.encode(eviction),
    )
    with scene.before_the_next_attempt():
        scene.end_pod(job)
        scene.until(job, "PR", "NodeDrain")
    scene.fleet.let_go(job)
    scene.until(job, "R")
    scene.watched.until(lambda: scene.row(job).restarts == 1)


def test_a_node_that_is_silent_and_then_lost(scene: Plane) -> None:
    pool = scene.pool()
    job = scene.submit(node_labels=pool, requeue=False)
    scene.until(job, "R")
    condition = {
        "type": "Ready",
        "status": "Unknown",
        "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped",
    }
    status = {"status": {"conditions": [{**condition, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}
    path = f"/api/v1/nodes/{scene.node(pool)}"
    is_told = scene.watched.says(job.metadata.labels["kbatch/id"], "R", "NodeSilent")

    def fall_silent() -> bool:
        """Again and again: those who play the node say every few seconds that it is ready."""
        scene.fleet.transport.request(
            "PATCH", f"{path}/status", body=msgspec.json.encode(status), content_type=STRATEGIC
        )
        return is_told()

    wait_for(fall_silent, what="the silence to be told", seconds=90)
    row = scene.until(job, "R", "NodeSilent", live=True)
    assert scene.node(pool) in row.sentence
    taint = {"spec": {"taints": [{"key": "st/lost", "effect": "NoExecute"}]}}
    scene.fleet.transport.request("PATCH", path, body=msgspec.json.encode(taint), content_type=MERGE_PATCH)
    wait_for(lambda: scene.fleet.pods(job)[0].metadata.deletion_timestamp, what="the pod to be given up")
    scene.end_pod(job)
    scene.until(job, "NF", "NodeFail")


def test_how_it_ended(scene: Plane) -> None:
    pool = scene.pool()
    ends = [(0, "CD", ""), (3, "F", "NonZeroExitCode"), (127, "F", "NonZeroExitCode")]
    jobs = [scene.submit(node_labels=pool, cpus=500) for _ in ends]
    for job, (code, _, _) in zip(jobs, ends, strict=True):
        scene.until(job, "R")
        scene.fleet.finish(scene.fleet.pods(job)[0], code)
    for job, (code, state, reason) in zip(jobs, ends, strict=True):
        assert scene.until(job, state, reason).exit_code == code


def test_cancelled_and_given_up(scene: Plane) -> None:
    job = scene.submit(node_labels=scene.pool())
    scene.until(job, "R")
    scene.watched.queue.put(scene.fleet.client.cancel(job))
    scene.until(job, "CG", "Cancelled")
    scene.fleet.wait_ended(job)
    scene.until(job, "CA", "Cancelled")
    # What it waited for last is known to who listened then.
    row = scene.until(scene.gives_up, "DL", "GaveUp", live=True)
    assert row.sentence.startswith("Never started within --give-up-after")
