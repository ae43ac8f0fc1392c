"""Two pieces of evidence at once: which one is believed, and why."""

from __future__ import annotations

from kbatch_core.model import labels
from kbatch_core.model.objects import Event, Job, Pod
from kbatch_core.status import NO_FACTS, ClusterFacts, explain
from tests.status.objects import (
    ID,
    NOW,
    complete,
    condition,
    ended,
    event,
    exit_failed,
    failed,
    job,
    node,
    pod,
    quota,
    record,
    record_struct,
    unscheduled,
    waiting,
)

CANCELLED = {labels.CANCELLED_AT: str(int(NOW - 5))}
DEADLINE = failed("DeadlineExceeded", "Job was active longer than specified deadline")
BACKOFF = failed("BackoffLimitExceeded")


def state(one: Job, *pods: Pod, events: list[Event] | None = None, facts: ClusterFacts = NO_FACTS) -> str:
    found = explain(one, pods, events or [], NOW, facts)
    return f"{found.state} {found.code}".strip()


def test_a_cancel_that_came_after_the_end_changes_nothing() -> None:
    assert state(job(conditions=complete(), annotations=CANCELLED)) == "CD"
    own = pod("Failed", state=ended(3, message=record(exit=3)))
    assert state(job(conditions=exit_failed(3), annotations=CANCELLED, failed=1), own) == "F NonZeroExitCode"


def test_a_cancelled_job_is_not_over_before_kubernetes_says_so() -> None:
    assert state(job(annotations=CANCELLED, active=1), pod()) == "CG Cancelled"


def test_a_killed_child_does_not_spoil_a_success() -> None:
    done = pod("Succeeded", state=ended(0, message=record(oom=1)))
    found = explain(job(conditions=complete()), [done], [], NOW)
    assert found.state == "CD"
    assert "1 of its processes killed for memory" in found.sentence


def test_an_output_file_that_is_not_whole_is_said_of_a_success() -> None:
    done = pod("Succeeded", state=ended(0, message=record(output_error="No space left on device")))
    assert "No space left on device" in explain(job(conditions=complete()), [done], [], NOW).hint


def test_a_term_that_the_runtime_calls_oom_is_not_one() -> None:
    """The runtime's counter goes on over the container's life: a later clean TERM reads OOMKilled."""
    one = pod("Failed", state=ended(143, reason="OOMKilled", message=record(exit=143, signal=15)))
    assert state(job(conditions=exit_failed(143)), one) == "F NonZeroExitCode"


def test_the_time_limit_is_believed_before_an_oom_kill_on_the_way() -> None:
    one = pod("Failed", state=ended(143, message=record(exit=143, oom=1, reason="TimeLimit")))
    assert state(job(conditions=exit_failed(143)), one) == "TO TimeLimit"


def test_an_evicted_pod_is_not_judged_by_its_exit_code() -> None:
    one = pod(
        "Failed",
        state=ended(137, message=record(exit=137, signal=9, oom=1)),
        reason="Evicted",
        message="The node was low on resource: memory.",
    )
    assert state(job(failed=1), one) == "PR Evicted"
    assert state(job(conditions=BACKOFF, failed=6), one) == "PR Evicted"


def test_the_newest_attempt_speaks_not_an_older_one() -> None:
    older = pod("Failed", state=ended(137), reason="Evicted", ago=500)
    assert state(job(failed=1), pod(ago=100), older) == "R"
    assert state(job(failed=1), older, pod("Pending", node="", ago=100)) == "PD None"


def test_a_replacement_that_quota_refuses_waits_for_quota() -> None:
    older = pod("Failed", state=ended(137), reason="Evicted", ago=500)
    one = job(failed=1)
    refusal = event(
        one, "FailedCreate", "exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3"
    )
    assert state(one, older, events=[refusal]) == "PD QuotaExceeded"


def test_a_refusal_from_before_the_newest_pod_is_history() -> None:
    one = job(active=1)
    refusal = event(
        one, "FailedCreate", "exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3", ago=300
    )
    assert state(one, pod(ago=100), events=[refusal]) == "R"
    over = pod("Failed", state=ended(137), reason="Evicted", ago=100)
    assert state(one, over, events=[refusal]) == "PR Evicted"


def test_the_last_refusal_is_the_one_that_counts() -> None:
    one = job()
    full = "exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3"
    old, new = event(one, "FailedCreate", full, ago=300), event(one, "FailedCreate", "denied", ago=30)
    assert state(one, events=[new, old]) == "PD PolicyDenied"


def test_a_deadline_ends_it_whatever_was_before() -> None:
    older = pod("Failed", state=ended(137), reason="Evicted")
    assert state(job(conditions=DEADLINE, failed=1), older) == "DL GaveUp"
    terminated = pod("Failed", state=ended(143, message=record(exit=143, signal=15, reason="Terminated")))
    assert state(job(conditions=DEADLINE, failed=1), terminated) == "DL GaveUp"


def test_a_deadline_after_a_start_does_not_say_that_it_never_started() -> None:
    terminated = pod("Failed", state=ended(143, message=record(exit=143, signal=15, reason="Terminated")))
    found = explain(job(conditions=DEADLINE, deadline=3600, failed=1), [terminated], [], NOW)
    assert found.sentence == "Not done when its deadline of 1:00:00 passed"


def test_a_failed_job_whose_record_says_exit_0_is_no_success() -> None:
    """Its pod was lost after the script ended and before Kubernetes knew."""
    history = ClusterFacts(history={(ID, None): record_struct(exit=0)})
    assert state(job(conditions=BACKOFF, failed=6), facts=history) == "F LostEvidence"
    lying = pod("Failed", state=ended(0, message=record(exit=0)))
    assert state(job(conditions=BACKOFF, failed=6), lying) == "F LostEvidence"
    assert state(job(conditions=failed("SomethingNew")), pod("Succeeded", state=ended(0))) == "F LostEvidence"


def test_a_pod_that_succeeded_is_not_yet_a_success() -> None:
    assert state(job(), pod("Succeeded", state=ended(0, message=record()))) == "CG Completing"


def test_a_silent_node_is_said_before_the_deletion_that_waits_for_it() -> None:
    facts = ClusterFacts(nodes={"node-a": node(ready="Unknown")})
    assert state(job(active=1), pod(deleted=True), facts=facts) == "R NodeSilent"


def test_a_node_that_is_back_is_not_silent() -> None:
    one = pod(conditions=[condition("Ready", status="True")])
    assert state(job(), one, events=[event(one, "NodeNotReady", "Node is not ready")]) == "R"
    assert state(job(), pod(), facts=ClusterFacts(nodes={"node-a": node()})) == "R"
    assert state(job(), pod(), facts=ClusterFacts(nodes={})) == "R", "a node we have not seen yet"


def test_what_was_settled_is_not_said_again() -> None:
    one = pod("Pending", state=waiting("ContainerCreating"))
    mount = event(one, "FailedMount", "MountVolume.SetUp failed", ago=90)
    pulling = event(one, "Pulling", "Pulling image", kind="Normal", ago=60)
    pulled = event(one, "Pulled", "Successfully pulled image", kind="Normal", ago=5)
    assert state(job(), one, events=[mount]) == "CF VolumeMount"
    assert state(job(), one, events=[mount, pulling]) == "CF ImagePull"
    assert state(job(), one, events=[pulled, mount, pulling]) == "CF ContainerCreating"
    attach = event(one, "FailedAttachVolume", "Multi-Attach error for volume", ago=90)
    attached = event(one, "SuccessfulAttachVolume", "AttachVolume.Attach succeeded", kind="Normal", ago=60)
    assert state(job(), one, events=[attach, mount]) == "CF VolumeBusy"
    assert state(job(), one, events=[attach, attached]) == "CF ContainerCreating"


def test_a_bad_image_is_said_before_the_pull_that_is_tried_again() -> None:
    one = pod("Pending", state=waiting("ErrImagePull", "not found"))
    assert state(job(), one, events=[event(one, "Pulling", "Pulling image", ago=10)]) == "PD BadImage"


def test_an_ordered_node_is_said_before_never_fits() -> None:
    one = pod("Pending", node="", conditions=unscheduled("0/1 nodes are available: 1 Insufficient cpu."))
    facts = ClusterFacts(nodes={"a": node(allocatable={"cpu": "1"})})
    ordered = event(one, "TriggeredScaleUp", "pod triggered scale-up", new_api=True)
    assert state(job(), one, facts=facts) == "PD NeverFits"
    assert state(job(), one, events=[ordered], facts=facts) == "PD ScalingUp"


def test_nodes_that_fit_are_believed_before_an_autoscaler_that_cannot_help() -> None:
    one = pod("Pending", node="", conditions=unscheduled("0/1 nodes are available: 1 Insufficient cpu."))
    no_help = event(one, "NotTriggerScaleUp", "pod didn't trigger scale-up: 1 Insufficient nvidia.com/gpu")
    assert state(job(), one, events=[no_help], facts=ClusterFacts(nodes={"a": node()})) == "PD Resources"


def test_a_hold_while_it_runs_first_stops_it() -> None:
    assert state(job(suspend=True), pod(deleted=True)) == "CG Completing"
    assert state(job(suspend=True)) == "PD JobHeldUser"
    left_from_before = pod("Failed", state=ended(137), reason="Evicted")
    assert state(job(suspend=True, failed=1), left_from_before) == "PD JobHeldUser"


def test_events_of_other_objects_are_not_evidence() -> None:
    other = pod("Pending", state=waiting("ContainerCreating"))
    one = pod("Pending", state=waiting("ContainerCreating"))
    assert state(job(), one, events=[event(other, "FailedMount", "x")]) == "CF ContainerCreating"


def test_a_scoped_quota_or_one_of_another_namespace_is_no_reason() -> None:
    full = quota({"pods": "1"}, {"pods": "1"})
    assert state(job(), facts=ClusterFacts(quotas=[full])) == "PD QuotaExceeded"
    assert state(job(ago=2), facts=ClusterFacts(quotas=[full])) == "PD None", (
        "its own pod may be in the count"
    )
    roomy = quota({"pods": "2", "limits.memory": "8Gi"}, {"pods": "1", "limits.memory": "4Gi"})
    assert state(job(), facts=ClusterFacts(quotas=[roomy])) == "PD None"
