"""What kbatch says about a cluster before it submits to it, by what the account may read; on a real API server."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kbatch_core.client import Client
from kbatch_core.errors import BadOption, NeverFits, PolicyDenied
from kbatch_core.manifest import Submission
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.options.combine import to_jobspec
from kbatch_core.model.options.config import Config, Profile
from kbatch_core.model.options.resolve import Resolved, Typed, resolve
from kbatch_core.site import Report, Site
from tests.cluster import Cluster
from tests.cluster.desk import READ_CLUSTER, READ_RULES, Desk
from tests.cluster.kwok import FakeNodes
from tests.cluster.objects import Objects
from tests.cluster.processes import wait_for
from tests.proxy import FaultProxy

pytestmark = pytest.mark.cluster
GPU = {"nvidia.com/gpu": "2"}
TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}


@pytest.fixture(scope="module")
def nodes(cluster: Cluster) -> Iterator[FakeNodes]:
    with FakeNodes(cluster) as made:
        made.add("small")
        made.add("large", {"cpu": "16"})
        made.add("gpu", GPU, labels={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"})
        yield made


@pytest.fixture
def namespace(nodes: FakeNodes) -> str:
    return Objects(nodes.cluster).namespace("site")


@pytest.fixture
def seeing(nodes: FakeNodes, namespace: str, tmp_path: Path) -> Desk:
    """Who may read all there is."""
    return Desk(nodes.cluster, namespace, tmp_path, name="eve", extra=[READ_RULES], everywhere=READ_CLUSTER)


@pytest.fixture
def plain(nodes: FakeNodes, namespace: str, tmp_path: Path) -> Desk:
    """Who may do what kbatch needs and no more."""
    return Desk(nodes.cluster, namespace, tmp_path)


def options(typed: Typed, config: Config | None = None) -> Resolved:
    return resolve({"image": "images.example.org/x", **typed}, environ={}, site=config or Config())


def prepared(desk: Desk, typed: Typed, config: Config | None = None) -> tuple[Client, Site, Submission]:
    """As kbatch does it, outside a notebook server."""
    client = desk.client(in_pod=False)
    resolved = options(typed, config)
    site = Site(client.api, resolved)
    spec = to_jobspec(resolved, script="#!/bin/sh\n", script_name="a.sh")
    site.look_ahead(spec)
    environment = client.environment(spec)
    return client, site, client.prepare(site.settle(spec), environment)


def report(desk: Desk, typed: Typed, config: Config | None = None) -> Report:
    client, site, submission = prepared(desk, typed, config)
    found = site.report(submission, lambda: client.submit(submission, dry_run=True))
    jobs = desk.objects.get(f"/apis/batch/v1/namespaces/{desk.namespace}/jobs")
    assert jobs["items"] == [], "nothing was submitted"
    return found


def test_one_report_says_all_of_it(seeing: Desk) -> None:
    quota(seeing, {"requests.memory": "4Gi", "count/jobs.batch": "5"})
    found = report(seeing, {"cpus-per-task": "8", "mem": "1G"})
    assert found.runs
    assert found.lines == (
        ("accepted", "by the API server and its policies; nothing was submitted"),
        ("nodes", "fits 1 node: large now"),
        ("quota", "Quota q leaves 4G memory"),
    )


def test_what_no_node_has_is_said_and_fails(seeing: Desk) -> None:
    found = report(seeing, {"cpus-per-task": "64"})
    assert not found.runs
    assert ("nodes", "No node has 64 CPUs (largest 16 CPUs). Ask -c 16 at most") in found.lines
    grown = report(seeing, {"cpus-per-task": "64"}, Config(autoscaling=True))
    assert grown.runs
    assert "nodes are added here when needed" in dict(grown.lines)["nodes"]


def test_a_full_node_is_for_later(seeing: Desk) -> None:
    seeing.objects.create(sleeper(seeing.namespace, "large", cpu="12"))
    found = report(seeing, {"cpus-per-task": "8"})
    assert found.runs
    assert ("nodes", "no room now; fits 1 node: large when others have ended") in found.lines


def test_each_right_that_is_missing_is_one_sentence(plain: Desk) -> None:
    found = report(plain, {"mem": "1G"})
    assert found.runs
    assert found.lines[1:] == (
        ("nodes", "you may not list nodes, so whether one is large enough is not known"),
        ("limits", "you may not list limit ranges, so whether one refuses it is not known"),
        ("quota", "you may not list quotas, so whether one is full is not known"),
    )


def test_without_the_right_to_all_pods_the_free_room_is_not_known(
    nodes: FakeNodes, namespace: str, tmp_path: Path
) -> None:
    only_nodes = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}]
    desk = Desk(nodes.cluster, namespace, tmp_path, everywhere=only_nodes)
    line = dict(report(desk, {"cpus-per-task": "8"}).lines)["nodes"]
    assert line.startswith(
        "fits 1 node: large when there is room; you may not list the pods of all namespaces"
    )


def test_what_admission_refuses_is_in_the_report(seeing: Desk) -> None:
    quota(seeing, {"count/jobs.batch": "0"})
    found = report(seeing, {})
    assert not found.runs
    subject, sentence = found.lines[0]
    assert subject == "refused"
    assert "exceeded quota" in sentence
    assert "nodes" in dict(found.lines)


@pytest.mark.parametrize(
    ("hard", "typed", "line"),
    [
        ({"requests.cpu": "2"}, {"cpus-per-task": "4"},
         "Quota q allows 2 CPUs in all, and the job asks 4 CPUs. Ask -c 2 at most"),
        ({"limits.cpu": "2"}, {"cpus-per-task": "1"},
         "Quota q demands limits.cpu, and nothing sets it. Add --cpu-limit"),
        ({"requests.nvidia.com/gpu": "1"}, {"gpus": "2"},
         "Quota q allows 1 GPU in all, and the job asks 2 GPUs. Ask --gpus 1 at most"),
    ],
)  # fmt: skip
def test_a_quota_that_would_refuse_each_pod_fails(
    seeing: Desk, hard: dict[str, str], typed: dict[str, str], line: str
) -> None:
    quota(seeing, hard)
    found = report(seeing, typed)
    assert not found.runs
    assert ("quota", line) in found.lines
    assert refused_pod(seeing, typed), "and the cluster itself says the same"


@pytest.mark.parametrize(
    ("limit", "typed", "words"),
    [
        ({"type": "Container", "max": {"memory": "2Gi"}}, {"mem": "4G"}, "allows a container 2G memory"),
        ({"type": "Pod", "max": {"cpu": "2"}}, {"cpus-per-task": "4", "cpu-limit": True}, "allows a pod 2 CPUs"),
        ({"type": "Container", "min": {"memory": "1Gi"}}, {"mem": "512M"}, "demands 1G memory at least"),
        ({"type": "Pod", "max": {"cpu": "2"}}, {"cpus-per-task": "1"}, "demands limits.cpu"),
        ({"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}, "default": {"cpu": "4"}},
         {"cpus-per-task": "1"}, "at most 2 times the request"),
    ],
)  # fmt: skip
def test_a_limit_range_that_would_refuse_each_pod_fails(
    seeing: Desk, limit: dict[str, Any], typed: Typed, words: str
) -> None:
    limit_range(seeing, limit)
    found = report(seeing, typed)
    assert not found.runs
    assert words in dict(found.lines)["limits"]
    assert refused_pod(seeing, typed), "and the cluster itself says the same"


@pytest.mark.parametrize(
    ("limit", "typed"),
    [
        ({"type": "Container", "max": {"cpu": "8", "memory": "4Gi"}}, {"mem": "4G", "cpus-per-task": "8"}),
        (
            {
                "type": "Container",
                "default": {"cpu": "2"},
                "defaultRequest": {"cpu": "1"},
                "max": {"cpu": "2"},
            },
            {},
        ),
    ],
)
def test_a_limit_range_that_lets_it_pass_is_silent(seeing: Desk, limit: dict[str, Any], typed: Typed) -> None:
    limit_range(seeing, limit)
    if "default" in limit:
        quota(seeing, {"limits.cpu": "20"})
    found = report(seeing, typed)
    assert found.runs
    assert "limits" not in dict(found.lines)
    assert not refused_pod(seeing, typed)


def test_a_gpu_job_finds_the_resource_and_the_nodes_of_its_type(seeing: Desk) -> None:
    _, site, submission = prepared(seeing, {"gpus": "a100:2"})
    site.check(submission)
    spec = submission.manifest["spec"]["template"]["spec"]
    assert spec["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}
    assert spec["containers"][0]["resources"]["limits"] == GPU
    with pytest.raises(BadOption, match="--gpus: neither config nor nodes have GPU type 'h100'"):
        prepared(seeing, {"gpus": "h100:1"})


def test_what_can_never_fit_is_refused_at_submit_when_that_may_be_known(seeing: Desk, plain: Desk) -> None:
    _, site, submission = prepared(seeing, {"gpus": "4"})
    with pytest.raises(NeverFits, match=r"No node has 4 GPUs \(largest 2 GPUs\)") as caught:
        site.check(submission)
    assert "--gpus 2" in caught.value.hint
    assert caught.value.exit_code == 1
    _, site, submission = prepared(seeing, {"gpus": "4"}, Config(autoscaling=True))
    site.check(submission)
    _, site, submission = prepared(plain, {"gpus": "4"})
    site.check(submission)


def test_a_node_that_is_not_open_to_the_job_does_not_count(seeing: Desk, nodes: FakeNodes) -> None:
    nodes.add("tainted", {"cpu": "64"}, taints=[TAINT])
    _, site, submission = prepared(seeing, {"cpus-per-task": "32"})
    with pytest.raises(NeverFits, match=r"1 node kept for other work \(taint nvidia.com/gpu\) would hold it"):
        site.check(submission)
    gpu: dict[str, str | int] = {"key": "nvidia.com/gpu", "operator": "Exists"}
    config = Config(profiles={"big": Profile(tolerations=(gpu,))})
    _, site, submission = prepared(seeing, {"cpus-per-task": "32", "partition": "big"}, config)
    site.check(submission)


def test_who_may_not_list_nodes_waits_for_no_answer_about_them(plain: Desk) -> None:
    """The read goes out beside that of the own pod, and once."""
    plain.start_server()
    asked: list[str] = []

    def note(request: bytes, answer: bytes) -> bool:
        asked.append(urllib.parse.unquote(request.split(b" ", 2)[1].decode()))
        return True

    with FaultProxy(plain.cluster.server, ca_file=str(plain.cluster.ca_file)) as proxy:
        proxy.verdict = note
        client = plain.client(proxy.url)
        resolved = resolve({"cpus-per-task": "1"}, environ={})
        site = Site(client.api, resolved)
        spec = to_jobspec(resolved, script="#!/bin/sh\n", script_name="a.sh")
        site.look_ahead(spec)
        submission = client.prepare(site.settle(spec), client.environment(spec))
        site.check(submission)
        assert proxy.connections == 2, "two at the same time"
        client.submit(submission)
    paths = sorted(re.sub(r"\?.*", "", path).rpartition("/")[2] for path in asked)
    assert paths == ["claim-user", "jobs", "jupyter-ann", "nodes"]


def sleeper(namespace: str, node: str, **requests: str) -> dict[str, Any]:
    """A pod that fills a node."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"sleeper-{node}", "namespace": namespace},
        "spec": {
            "nodeName": node,
            "containers": [{"name": "x", "image": "x", "resources": {"requests": requests}}],
        },
    }


def quota(desk: Desk, hard: dict[str, str]) -> None:
    desk.objects.create(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "q", "namespace": desk.namespace},
            "spec": {"hard": hard},
        }
    )
    wait_for(
        lambda: desk.objects.get(f"/api/v1/namespaces/{desk.namespace}/resourcequotas/q")["status"].get(
            "used"
        ),
        what="the quota to be counted",
    )


def limit_range(desk: Desk, limit: dict[str, Any]) -> None:
    desk.objects.create(
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "l", "namespace": desk.namespace},
            "spec": {"limits": [limit]},
        }
    )


def refused_pod(desk: Desk, typed: Typed) -> str:
    """What the API server says to a pod of the job; empty when it takes it."""
    resolved = options(typed)
    spec: JobSpec = to_jobspec(resolved, script="#!/bin/sh\n", script_name="a.sh")
    client = desk.client(in_pod=False)
    template = client.prepare(spec, client.environment(spec)).manifest["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"] = {**pod["metadata"], "name": "probe", "namespace": desk.namespace}
    try:
        desk.objects.create(pod)
    except PolicyDenied as error:
        return error.sentence
    return ""
