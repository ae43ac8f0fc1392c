"""Which nodes a job fits: each of the scheduler's rules, and what is said when there is none."""

from __future__ import annotations

from typing import Any

import pytest

from kbatch_core.manifest.fit import fit
from tests.fit.nodes import asking, node, running

TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}


def test_now_and_later_are_told_apart() -> None:
    nodes = [node("a"), node("b"), node("small", cpu="1")]
    found = fit(asking(cpu="6"), nodes, [running("a", cpu="4")])
    assert (found.now, found.later, found.never) == (("b",), ("a", "b"), False)


def test_what_may_not_be_read_is_not_known() -> None:
    assert fit(asking(cpu="1"), [node("a")]).now is None


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_takes_no_room(phase: str) -> None:
    assert fit(asking(cpu="6"), [node("a")], [running("a", phase, cpu="4")]).now == ("a",)


def test_a_node_full_of_pods_has_no_room() -> None:
    assert fit(asking(cpu="1"), [node("a", pods="1")], [running("a")]).now == ()


@pytest.mark.parametrize("trouble", [{"unschedulable": True}, {"taints": [{"key": "node.kubernetes.io/not-ready",
                                                                           "effect": "NoExecute"}]}])  # fmt: skip
def test_a_node_in_trouble_is_for_later(trouble: dict[str, Any]) -> None:
    found = fit(asking(cpu="1"), [node("a", **trouble)], [])
    assert (found.now, found.later) == ((), ("a",))


@pytest.mark.parametrize(
    ("asked", "sentence", "hint"),
    [
        ({"cpu": "64"}, "No node has 64 CPUs (largest 8 CPUs)", "Ask -c 8 at most"),
        ({"memory": "1Ti"}, "No node has 1T memory (largest 32G memory)", "Ask --mem 32G at most"),
        ({"gpus": 4}, "No node has 4 GPUs (largest 2 GPUs)", "Ask --gpus 2 at most"),
        ({"gpus": 2, "cpu": "8"}, "No node has 8 CPUs and 2 GPUs together", "Ask for less of one of them"),
    ],
)
def test_what_no_node_has(asked: dict[str, Any], sentence: str, hint: str) -> None:
    found = fit(asking(**asked), [node("a"), node("b", {"nvidia.com/gpu": "2"}, cpu="4")])
    assert found.never
    assert (found.sentence, found.hint) == (sentence, hint)


def test_a_large_node_that_is_not_open_to_it_is_named_beside_what_is() -> None:
    found = fit(asking(cpu="16"), [node("a"), node("big", cpu="64", taints=[TAINT])])
    assert found.never
    assert found.sentence == (
        "No node has 16 CPUs (largest 8 CPUs) among those open to it "
        "(1 node kept for other work (taint nvidia.com/gpu) would hold it)"
    )


def test_no_node_open_to_it() -> None:
    found = fit(asking(cpu="1", nodeSelector={"pool": "gpu"}), [node("a"), node("b", labels={"pool": "cpu"})])
    assert found.sentence == "No node is open to it: 2 nodes without the label pool=gpu"


def test_a_cluster_without_nodes_has_to_grow() -> None:
    found = fit(asking(), [])
    assert (found.later, found.never) == ((), False)
    assert found.sentence == "The cluster has no nodes"


def test_where_nodes_are_made_on_demand_nothing_never_fits() -> None:
    found = fit(asking(cpu="64"), [node("a", labels={"karpenter.sh/nodepool": "x"})])
    assert (found.later, found.never) == ((), False)


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "nvidia.com/gpu", "operator": "Exists"}, True),
        ({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}, True),
        ({"key": "nvidia.com/gpu", "operator": "Equal", "value": "absent"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_taints_and_tolerations(toleration: dict[str, str], tolerated: bool) -> None:
    found = fit(asking(tolerations=[toleration]), [node("a", taints=[TAINT])])
    assert found.never is not tolerated


def test_a_taint_that_only_prefers_keeps_nothing_away() -> None:
    assert fit(asking(), [node("a", taints=[TAINT | {"effect": "PreferNoSchedule"}])], []).now == ("a",)


@pytest.mark.parametrize(
    ("operator", "values", "matches"),
    [
        ("In", ["a", "b"], True), ("In", ["b"], False), ("NotIn", ["b"], True), ("NotIn", ["a"], False),
        ("Exists", [], True), ("DoesNotExist", [], False),
    ],
)  # fmt: skip
def test_required_node_affinity(operator: str, values: list[str], matches: bool) -> None:
    expression = {"key": "zone", "operator": operator, "values": values}
    terms = [{"matchExpressions": [expression]}, {}]
    affinity = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    }
    assert fit(asking(affinity=affinity), [node("a", labels={"zone": "a"})]).never is not matches


@pytest.mark.parametrize(("operator", "matches"), [("Gt", True), ("Lt", False)])
def test_node_affinity_by_number_and_by_name(operator: str, matches: bool) -> None:
    terms = [
        {
            "matchExpressions": [{"key": "cores", "operator": operator, "values": ["8"]}],
            "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}],
        }
    ]
    affinity = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    }
    nodes = [node("a", labels={"cores": "16"}), node("b", labels={"cores": "16"})]
    assert fit(asking(affinity=affinity), nodes).later == (("a",) if matches else ())
