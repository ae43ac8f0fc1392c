"""A home that one node at a time can mount: the real scheduler keeps its user's pods together, and says why not.

The nodes are kwok's: where a pod goes is all that is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kbatch_core.errors import UsageError
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.objects import Job
from kbatch_core.model.options.resolve import resolve
from kbatch_core.site import Site
from tests.cluster import Cluster
from tests.cluster.desk import READ_CLAIMS, READ_CLUSTER, READ_RULES, Desk
from tests.cluster.kwok import FakeNodes
from tests.cluster.processes import wait_for

pytestmark = pytest.mark.cluster
NODES = ("rwo-a", "rwo-b", "rwo-c")


@pytest.fixture(scope="module")
def nodes(cluster: Cluster) -> Iterator[FakeNodes]:
    with FakeNodes(cluster) as made:
        for name in NODES:
            made.add(name)
        yield made


@pytest.fixture
def ann(nodes: FakeNodes, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk.in_new_namespace(
        nodes.cluster, tmp_path, extra=[READ_RULES, READ_CLAIMS], everywhere=READ_CLUSTER
    )
    yield desk
    desk.objects.delete(f"/apis/batch/v1/namespaces/{desk.namespace}/jobs")
    desk.objects.delete(f"/api/v1/namespaces/{desk.namespace}/pods")


def submit(desk: Desk, **fields: Any) -> Job:
    client = desk.client()
    return client.submit(client.prepare(JobSpec(script="#!/bin/sh\n", script_name="a.sh", **fields)))


def node_of(desk: Desk, job: Job) -> str:
    """Where the job's pod was placed; waits for that."""
    client = desk.client()

    def placed() -> str:
        pods = client.pods(job)
        return pods[-1].spec.node_name if pods and pods[-1].status.phase == "Running" else ""

    return wait_for(placed, what=f"{job.metadata.name} to be placed")


def end(desk: Desk, name: str) -> None:
    path = f"/api/v1/namespaces/{desk.namespace}/pods/{name}"
    desk.objects.delete(path)
    items = f"/api/v1/namespaces/{desk.namespace}/pods"
    wait_for(
        lambda: all(pod["metadata"]["name"] != name for pod in desk.objects.get(items)["items"]),
        what=f"{name} to be gone",
    )


def test_jobs_join_the_server_and_stay_together_without_it(ann: Desk) -> None:
    ann.start_server("rwo-b")
    first = submit(ann)
    assert node_of(ann, first) == "rwo-b"
    end(ann, "jupyter-ann")
    second = prepared_without_server(ann, first)
    assert node_of(ann, second) == "rwo-b", "the first job has the disk"


def prepared_without_server(ann: Desk, earlier: Job) -> Job:
    """Submitted from elsewhere, as an earlier job was: its server is gone."""
    client = ann.client(in_pod=False)
    spec, environment = client.like(earlier.metadata.labels["kbatch/id"])
    return client.submit(client.prepare(spec, environment))


def test_when_nothing_of_hers_runs_any_node_will_do_and_the_others_follow(ann: Desk) -> None:
    ann.start_server("rwo-a")
    held = [submit(ann, hold=True) for _ in range(4)]
    end(ann, "jupyter-ann")
    client = ann.client()
    for job in held:
        client.release(job)
    assert len({node_of(ann, job) for job in held}) == 1


def test_an_array_stays_on_the_node_of_the_server(ann: Desk) -> None:
    ann.start_server("rwo-c")
    client = ann.client()
    job = submit(ann, array=parse_array("1-5"))
    pods = wait_for(
        lambda: [pod for pod in client.pods(job) if pod.spec.node_name][4:] and client.pods(job),
        what="five tasks",
    )
    assert {pod.spec.node_name for pod in pods} == {"rwo-c"}


def test_a_full_node_is_the_reason_and_says_why_no_other_will_do(ann: Desk) -> None:
    ann.start_server("rwo-a")
    full = submit(ann, cpus=3500)
    assert node_of(ann, full) == "rwo-a"
    waiting = submit(ann, cpus=2000)
    client = ann.client()
    row = wait_for(
        lambda: next((row for row in [client.row(waiting)] if row.code not in ("None", "")), None),
        what="the scheduler's word",
    )
    assert (row.state, row.code) == ("PD", "Resources")
    assert "1 node with too little cpu free" in row.sentence
    assert "2 nodes where your home's disk is not in use now" in row.sentence

    resolved = resolve({"cpus-per-task": "2"}, environ={})
    site = Site(client.api, resolved)
    submission = client.prepare(JobSpec(script="#!/bin/sh\n", script_name="a.sh", cpus=2000))
    lines = dict(site.report(submission, lambda: client.submit(submission, dry_run=True)).lines)
    assert lines["nodes"] == (
        "your home's disk is in use on rwo-a, and the job must run there: no room is there now"
    )


def test_a_home_for_one_pod_is_refused_with_advice(ann: Desk) -> None:
    ann.start_server("rwo-a", access="ReadWriteOncePod")
    with pytest.raises(UsageError, match="Only one pod at a time may mount your home") as caught:
        submit(ann)
    assert "--home=none" in caught.value.hint
    job = submit(ann, home=False)
    assert node_of(ann, job) in NODES
