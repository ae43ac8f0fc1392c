"""What looks like a situation of the table and is none: one fact is otherwise."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kbatch_core.model import labels
from kbatch_core.model.objects import ResourceQuota
from kbatch_core.status import ClusterFacts, explain, make_row
from kbatch_core.status.reading import owner_uid
from kbatch_core.status.tasks import count_tasks, speaker
from tests.status.objects import (
    ID,
    NOW,
    complete,
    ended,
    event,
    exit_failed,
    job,
    node,
    pod,
    quota,
    record,
    unscheduled,
    waiting,
)

SMALL_GPU = {"limits": {"nvidia.com/gpu": "1"}}


def test_a_pod_that_is_over_waits_for_nothing() -> None:
    over = pod("Failed", state=waiting("ImagePullBackOff", "Back-off pulling image"))
    found = explain(job(suspend=True), [over], [], NOW)
    assert (found.state, found.code) == ("PD", "JobHeldUser")


def test_where_the_node_says_little_that_is_what_is_shown() -> None:
    backs_off = pod("Pending", state=waiting("ImagePullBackOff", "Back-off pulling image"))
    found = explain(job(active=1), [backs_off], [], NOW)
    assert found.code == "BadImage"
    assert found.sentence.endswith(": Back-off pulling image")
    silent = pod("Pending", state=waiting("CreateContainerError"))
    found = explain(job(active=1), [silent], [], NOW)
    assert found.sentence == "The container cannot be made: CreateContainerError"


def test_another_condition_of_a_pod_does_not_make_its_node_silent() -> None:
    for kind, code in (("Ready", "NodeSilent"), ("PodReadyToStartContainers", "")):
        runs = pod(conditions=[{"type": kind, "status": "False"}])
        found = explain(job(active=1), [runs], [event(runs, "NodeNotReady", "Node is not ready")], NOW)
        assert (found.state, found.code) == ("R", code)


def test_of_an_init_container_that_says_nothing_the_reason_is_kept() -> None:
    for message, evidence in (("no route", "no route"), ("", "Error")):
        state = {"terminated": {"exitCode": 3, "reason": "Error", "message": message}}
        starts = pod("Pending", init=[{"name": "net", "state": state}])
        assert explain(job(active=1), [starts], [], NOW).evidence == evidence


@pytest.mark.parametrize(
    ("name", "hard", "is_full"),
    [
        ("requests.memory", "4Gi", False),
        ("requests.memory", "3Gi", True),
        ("limits.memory", "3Gi", True),
        ("memory", "3Gi", True),
        ("pods", "1", False),
        ("pods", "0", True),
        ("requests.nvidia.com/gpu", "0", False),
    ],
)
def test_a_quota_is_full_when_one_more_pod_does_not_fit(name: str, hard: str, is_full: bool) -> None:
    facts = ClusterFacts(quotas=[quota({name: hard}, {name: "0"})])
    assert (explain(job(), [], [], NOW, facts).code == "QuotaExceeded") is is_full


def test_a_job_whose_pod_may_not_be_read_is_not_said_to_have_none() -> None:
    facts = ClusterFacts(quotas=[quota({"pods": "1"}, {"pods": "1"})])
    for active, ready, state, says in (
        (1, 1, "R", "Runs; where is not known"),
        (1, 0, "PD", "Its pod is made; more is not known of it"),
        (0, 0, "PD", "Its pod is not made yet"),
    ):
        found = explain(job(active=active, ready=ready), [], [], NOW)
        assert (found.state, found.sentence) == (state, says)
        full = explain(job(active=active, ready=ready), [], [], NOW, facts)
        assert (full.code == "QuotaExceeded") is (not active), "the pod that fills it may be its own"


def test_gpus_are_counted_once_though_they_stand_in_the_limits() -> None:
    asks = job(resources=SMALL_GPU)
    for name, full in (("requests.nvidia.com/gpu", True), ("limits.nvidia.com/gpu", False)):
        facts = ClusterFacts(quotas=[quota({name: "0"}, {name: "0"})])
        assert (explain(asks, [], [], NOW, facts).code == "QuotaExceeded") is full


@pytest.mark.parametrize(
    "change", [{"metadata": {"namespace": "lab"}}, {"spec": {"scopes": ["Terminating"]}}]
)
def test_a_quota_of_others_does_not_count(change: dict[str, Any]) -> None:
    full = msgspec.to_builtins(quota({"pods": "0"}, {"pods": "0"}))
    for part, fields in change.items():
        full[part] |= fields
    facts = ClusterFacts(quotas=[msgspec.convert(full, ResourceQuota)])
    assert explain(job(), [], [], NOW, facts).code == "None"


def test_one_of_something_that_no_node_has_never_fits() -> None:
    facts = ClusterFacts(nodes={"a": node("a", allocatable={"cpu": "8", "memory": "64Gi"})})
    waits = pod(
        "Pending",
        node="",
        resources=SMALL_GPU,
        conditions=unscheduled("0/1 nodes are available: 1 Insufficient."),
    )
    found = explain(job(active=1, resources=SMALL_GPU), [waits], [], NOW, facts)
    assert (found.code, found.sentence) == ("NeverFits", "No node has any nvidia.com/gpu")


def test_nodes_in_trouble_are_not_kept_for_other_work() -> None:
    for taint, words in (
        ("node.kubernetes.io/not-ready: ", "2 nodes not ready"),
        ("node.kubernetes.io/unreachable: ", "2 nodes not ready"),
        ("node.kubernetes.io/unschedulable: ", "2 nodes closed for maintenance"),
        ("team: a", "2 nodes kept for other work (taint team)"),
    ):
        message = f"0/2 nodes are available: 2 node(s) had untolerated taint {{{taint}}}."
        waits = pod("Pending", node="", conditions=unscheduled(message))
        assert words in explain(job(active=1), [waits], [], NOW).sentence


@pytest.mark.parametrize(("code", "signal"), [(128, 0), (129, 1), (192, 64), (193, 0)])
def test_exit_codes_that_a_signal_may_have_made(code: int, signal: int) -> None:
    one = pod("Failed", state=ended(code, message=record(exit=code)))
    row = make_row(job(conditions=exit_failed(code), failed=1), [one], [], NOW)
    assert (row.exit_code, row.signal) == (code, signal)


# Arrays


def test_the_pod_that_speaks_is_one_that_runs_then_one_that_starts_then_the_first_that_waits() -> None:
    waits = [pod("Pending", node="", index=index) for index in (5, 2, 11)]
    starts = pod("Pending", index=7)
    runs = [pod(index=index) for index in (9, 8)]
    going = pod(index=0, deleted=True)
    assert speaker([*waits]) is waits[1]
    assert speaker([*waits, starts]) is starts
    assert speaker([*waits, starts, *runs, going]) is runs[1]
    assert speaker([going]) is going
    assert speaker([pod("Succeeded", index=1)]) is None


def test_counts_add_up_and_nothing_is_unknown_of_what_is_there() -> None:
    counts = count_tasks(
        job(array="0-9", count=10, active=3, completedIndexes="0-2", failedIndexes="4"),
        [pod(index=5), pod(index=6)],
    )
    assert (counts.running, counts.pending, counts.done, counts.failed) == (2, 4, 3, 1)
    assert (counts.total, counts.cancelled, counts.unknown) == (10, 0, 0)


def test_a_few_nodes_of_an_array_are_named_and_many_counted() -> None:
    array = job(array="0-9", count=10, active=4)
    pods = [pod(index=index, node=f"n{index}") for index in range(4)]
    assert make_row(array, pods[:3], [], NOW).node == "n0,n1,n2"
    assert make_row(array, pods, [], NOW).node == "4 nodes"
    assert make_row(array, [*pods[:2], pod("Succeeded", index=3, node="n3")], [], NOW).node == "n0,n1"


def test_a_row_of_a_task_knows_its_job() -> None:
    row = make_row(job(active=1), [pod()], [], NOW)
    assert (row.whole_id, row.past) == (ID, False)
    task = msgspec.structs.replace(row, id=f"{ID}_3", task=3)
    assert task.whole_id == ID
    odd = msgspec.structs.replace(row, id="not_ours")
    assert odd.whole_id == "not_ours"


def test_an_array_began_when_its_first_task_did_also_when_that_has_ended() -> None:
    array = job(array="0-9", count=10, active=1)
    first, second = pod("Succeeded", state=ended(0), index=0), pod(index=1, ago=100)
    row = make_row(array, [first, second], [], NOW)
    assert row.started == NOW - 400
    assert make_row(array, [second], [], NOW).started == NOW - 95
    assert make_row(array, [pod("Pending", node="", index=1)], [], NOW).started is None


def test_restarts_are_what_the_job_counted_or_what_is_still_there() -> None:
    for failed, pods, restarts in ((0, 1, 0), (2, 1, 2), (1, 3, 2), (0, 0, 0)):
        made = [pod("Failed", state=ended(137), ago=100 - number) for number in range(max(pods - 1, 0))]
        made += [pod(ago=10)] if pods else []
        assert make_row(job(active=1, failed=failed), made, [], NOW).restarts == restarts
    assert make_row(job(conditions=exit_failed(3), failed=1), [], [], NOW).restarts == 0, (
        "the end is no restart"
    )
    assert make_row(job(conditions=complete(), failed=1), [], [], NOW).restarts == 1


def test_what_a_job_was_told_is_in_its_row() -> None:
    row = make_row(
        job(annotations={labels.COMMAND: "a.sh 1", labels.COMMENT: "why", labels.TIME_LIMIT: "0"}),
        [],
        [],
        NOW,
    )
    assert (row.command, row.comment, row.time_limit) == ("a.sh 1", "why", None)


def test_a_task_that_runs_speaks_before_one_that_is_being_started() -> None:
    starting = pod("Pending", index=0, state=waiting("ContainerCreating"))
    runs = pod(index=1)
    assert speaker([starting, runs]) is runs
    assert speaker([runs, starting]) is runs


def test_only_its_controller_owns_a_pod() -> None:
    """Whoever may make pods may name any Job as one of several owners."""
    owned = msgspec.to_builtins(pod().metadata)
    other = {**owned["ownerReferences"][0], "uid": "another", "controller": False}
    both = msgspec.convert(
        {**owned, "ownerReferences": [other, *owned["ownerReferences"]]}, type(pod().metadata)
    )
    assert owner_uid(both) == owned["ownerReferences"][0]["uid"]
    alone = msgspec.convert({**owned, "ownerReferences": [other]}, type(pod().metadata))
    assert owner_uid(alone) == ""
