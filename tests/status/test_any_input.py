"""Whatever the cluster shows, together and in any order: an answer, and never a false success."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kbatch_core.model import labels
from kbatch_core.model.objects import Job, Pod
from kbatch_core.status import ClusterFacts, JobRow, explain, make_row, task_rows
from kbatch_core.status.case import Case, make_case
from kbatch_core.status.explain import RULES, explain_case
from kbatch_core.status.reading import newest
from kbatch_core.status.unplaced import no_pod
from tests.status.objects import (
    ID,
    JOB_UID,
    NOW,
    condition,
    ended,
    event,
    job,
    node,
    pod,
    quota,
    record,
    record_struct,
    waiting,
    workload,
)
from tests.status.table import ROWS

STATES = {"PD", "R", "CG", "CD", "F", "TO", "OOM", "CA", "NF", "PR", "CF", "BF", "DL"}
OVER = {"CD", "F", "TO", "OOM", "CA", "DL"}
ODD_TEXT = st.text(max_size=30) | st.sampled_from(
    ["exceeded quota: ", "0/8 nodes are available: ", "\x1b[2J", ", requested: , used: , limited: ", "{" * 30]
)
MESSAGES = ODD_TEXT | st.sampled_from([row.events[0].message for row in ROWS if row.events])
REASONS = ODD_TEXT | st.sampled_from(
    [
        "DeadlineExceeded",
        "PodFailurePolicy",
        "BackoffLimitExceeded",
        "FailedIndexes",
        "Evicted",
        "PreemptionByScheduler",
        "DeletionByPodGC",
        "Unschedulable",
        "SchedulingGated",
        "OutOfcpu",
        "Pending",
        "Inadmissible",
        "Preempted",
    ]
)
CONDITIONS = st.builds(
    condition,
    st.sampled_from(
        [
            "Complete",
            "Failed",
            "FailureTarget",
            "SuccessCriteriaMet",
            "Suspended",
            "PodScheduled",
            "Ready",
            "DisruptionTarget",
            "QuotaReserved",
            "Evicted",
        ]
    ),
    REASONS,
    MESSAGES,
    status=st.sampled_from(["True", "False", "Unknown", ""]),
)
RECORDS = st.builds(
    record,
    exit=st.sampled_from([0, 1, 126, 127, 137, 255, 999, -1]),
    signal=st.sampled_from([0, 9, 11, 64, 999]),
    oom=st.sampled_from([0, 3]),
    reason=st.sampled_from(["", "TimeLimit", "Terminated", "OutOfMemory", "CommandNotFound", "\x1b]0;x\x07"]),
    mem=st.sampled_from([0, 5, 2**40, 10**30, -7]),
    start=st.sampled_from([0, NOW - 9, 1e300, -1.0]),
    output_error=ODD_TEXT,
)
STATES_OF_CONTAINERS = (
    st.none()
    | st.builds(
        ended,
        st.sampled_from([0, 1, 137, 143, 128, -1]),
        reason=st.sampled_from(["", "OOMKilled", "StartError", "ContainerStatusUnknown"]),
        message=RECORDS | ODD_TEXT,
    )
    | st.builds(
        waiting, st.sampled_from(["ContainerCreating", "ImagePullBackOff", "CreateContainerError"]), MESSAGES
    )
)
PODS = st.builds(
    pod,
    st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown", ""]),
    node=st.sampled_from(["", "node-a"]),
    state=STATES_OF_CONTAINERS,
    conditions=st.lists(CONDITIONS, max_size=2),
    reason=REASONS,
    message=MESSAGES,
    index=st.sampled_from([None, 0, 1, 77]),
    nominated=st.sampled_from(["", "", "node-b"]),
    deleted=st.booleans(),
    ago=st.sampled_from([1.0, 100.0, 400.0]),
)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    array = draw(st.sampled_from(["", "0-2", "5,9,13%1", "nonsense"]))
    annotations = {
        labels.CANCELLED_AT: draw(st.sampled_from(["", "1789999000", "9" * 11, "soon", "-1"])),
        labels.TIME_LIMIT: draw(st.sampled_from(["", "60", "x", "9" * 30])),
        labels.NAME: draw(ODD_TEXT),
    }
    resources = {"requests": {"cpu": draw(st.sampled_from(["1", "nonsense", "1e9"])), "memory": "4Gi"}}
    indexes = st.sampled_from(["", "0", "0-2", "1-x", "9" * 40, "5-1"])
    return job(
        conditions=draw(st.lists(CONDITIONS, max_size=3)),
        annotations={key: value for key, value in annotations.items() if value},
        labels_={labels.QUEUE: "gpu"} if draw(st.booleans()) else {},
        suspend=draw(st.booleans()),
        array=array,
        count=3 if array else 0,
        parallelism=draw(st.sampled_from([None, 0, 1])),
        resources=resources,
        deadline=draw(st.sampled_from([None, 1, 9000])),
        deleted=draw(st.booleans()),
        failed=draw(st.sampled_from([0, 1, 9])),
        completedIndexes=draw(indexes),
        failedIndexes=draw(indexes),
    )


FACTS = st.builds(
    ClusterFacts,
    nodes=st.none() | st.just({"node-a": node(ready="Unknown"), "b": node("b", allocatable={"cpu": "junk"})}),
    quotas=st.none() | st.just([quota({"pods": "1", "x": "junk"}, {"pods": "1"})]),
    workloads=st.none() | st.builds(lambda one: {JOB_UID: workload(one)}, CONDITIONS),
    history=st.none() | st.just({(ID, None): record_struct(exit=0), (ID, 1): record_struct(exit=3)}),
)
EVENT_REASONS = ("FailedCreate", "Pulling", "Pulled", "FailedMount", "NotTriggerScaleUp", "NodeNotReady")


@settings(max_examples=400, deadline=None)
@given(jobs(), st.lists(PODS, max_size=4), st.data(), FACTS)
def test_any_combination(one: Job, pods: list[Pod], data: Any, facts: ClusterFacts) -> None:
    about = st.sampled_from([one, *pods])
    events = data.draw(
        st.lists(st.builds(event, about, st.sampled_from(EVENT_REASONS), MESSAGES), max_size=4)
    )
    row = make_row(one, pods, events, NOW, facts)
    assert explain(one, pods, events, NOW, facts).state == row.state
    all_rules(make_case(one, pods, events, NOW, facts, pod=newest(pods)))
    conditions = {(found.type, found.status) for found in one.status.conditions}
    if row.state == "CD":
        assert ("Complete", "True") in conditions
    check(row)
    if row.tasks is not None:
        counts = row.tasks
        parts = (counts.pending, counts.running, counts.done, counts.failed, counts.cancelled)
        assert sum(parts) == counts.total
        assert min(parts) >= 0
    for task in task_rows(one, pods, events, NOW, facts):
        check(task)


def all_rules(case: Case) -> None:
    """That rules which cannot match are not asked changes nothing."""
    found = (rule(case) for rule in RULES)
    assert explain_case(case) == next((one for one in found if one is not None), no_pod(case))


def check(row: JobRow) -> None:
    assert row.state in STATES
    assert row.state not in OVER or row.finished, "what goes on is not called ended"
    assert row.sentence
    assert row.elapsed(NOW) >= 0
    for text in (row.name, row.sentence, row.hint, row.evidence, row.node):
        assert text.isprintable() or "\u200c" in text or "\u200d" in text
    json.dumps([row.state, row.sentence])
