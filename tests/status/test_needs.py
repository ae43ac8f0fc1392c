"""What needs its events to be explained, and when a row changes by time alone (pure)."""

from __future__ import annotations

from datetime import datetime

import pytest

from kbatch_core.model import labels
from kbatch_core.model.objects import Event, Job, Pod
from kbatch_core.status import make_row
from kbatch_core.status.needs import next_look, to_explain, wants_nodes
from kbatch_core.status.unplaced import SETTLED_SECONDS
from tests.status.objects import JOB_UID, NOW, complete, ended, event, failed, job, pod, unscheduled

RUNS = {"running": {"startedAt": "2026-09-21T12:00:00Z"}}


def test_a_job_without_a_pod_is_explained_by_its_own_events() -> None:
    assert to_explain(job(), []) == JOB_UID
    assert to_explain(job(), [pod(phase="Failed", state=ended(1))]) == JOB_UID, "it is over"


@pytest.mark.parametrize("one", [job(conditions=complete()), job(suspend=True), job(deleted=True)])
def test_what_has_ended_is_held_or_goes_needs_none(one: Job) -> None:
    assert to_explain(one, []) is None


def test_a_pod_that_does_not_run_is_explained_by_its_own() -> None:
    waits = pod(phase="Pending", conditions=unscheduled("0/1 nodes"))
    assert to_explain(job(), [waits]) == waits.metadata.uid


def test_a_pod_that_runs_only_when_its_node_is_silent_and_may_not_be_read() -> None:
    runs = pod(phase="Running", state=RUNS)
    assert to_explain(job(), [runs]) is None
    silent = pod(phase="Running", state=RUNS, conditions=[{"type": "Ready", "status": "False"}])
    assert to_explain(job(), [silent]) == silent.metadata.uid
    assert to_explain(job(), [silent], nodes_known=True) is None
    ready = pod(phase="Running", state=RUNS, conditions=[{"type": "Ready", "status": "True"}])
    assert to_explain(job(), [ready]) is None


def look(one: Job, pods: list[Pod], *events: Event, now: float = NOW) -> float | None:
    return next_look(one, pods, make_row(one, pods, events, now), now)


def test_a_row_that_says_when_says_it_otherwise_on_the_next_day() -> None:
    one = job(
        conditions=failed("DeadlineExceeded"),
        annotations={labels.CANCELLED_AT: str(int(NOW) - 60)},
        deadline=1,
    )
    later = look(one, [])
    assert later is not None
    assert 0 < later <= 86_400
    midnight = datetime.fromtimestamp(NOW + later)
    assert (midnight.hour, midnight.minute, midnight.second) == (0, 0, 0)
    assert make_row(one, [], [], NOW).sentence != make_row(one, [], [], NOW + later + 1).sentence


def test_what_is_over_says_the_same_for_ever() -> None:
    assert look(job(conditions=complete()), []) is None
    assert look(job(conditions=failed("BackoffLimitExceeded"), ago=1), []) is None


def test_a_sentence_with_a_duration_changes_every_ten_seconds() -> None:
    starts = pod(phase="Pending")
    pulling = event(starts, "Pulling", "Pulling image", ago=33)
    assert look(job(), [starts], pulling) == 10.0
    assert look(job(), [starts]) is None
    assert look(job(), [pod()]) is None


def test_a_young_job_without_a_pod_is_looked_at_when_a_full_quota_could_be_why() -> None:
    young = job(ago=4)
    later = look(young, [])
    assert later is not None
    assert SETTLED_SECONDS - 4 < later < SETTLED_SECONDS - 3
    assert look(young, [pod(phase="Pending", ago=3)]) is None
    assert look(job(ago=SETTLED_SECONDS), []) is None
    assert look(job(ago=SETTLED_SECONDS + 30), []) is None


def test_nodes_tell_of_what_runs_on_one_or_finds_none() -> None:
    assert wants_nodes([pod()])
    assert wants_nodes([pod(phase="Pending", node="")])
    assert not wants_nodes([pod(phase="Pending", node="node-a")])
    assert not wants_nodes([pod(phase="Succeeded", node="")])
    assert not wants_nodes([])
    assert wants_nodes([pod(phase="Succeeded"), pod()])
