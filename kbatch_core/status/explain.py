"""State and reason of a job (pure): the rules in the order in which they are believed; the first match wins.

States are Slurm's codes. Three things hold for every input:
- CD needs the Job's own Complete condition (or the index's, for a task): an end that nothing proves is F.
- CA, CD, F, TO, OOM and DL are said only of what is over. What was taken away and comes again is PR, NF or BF.
- An attempt that was taken away is not judged by its exit code, which is that of the signal that ended it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kbatch_core.model.objects import Event, Job, Pod
from kbatch_core.status import disrupted, ended, scheduling, starting, unplaced
from kbatch_core.status.case import Case, make_case
from kbatch_core.status.reading import is_array, newest
from kbatch_core.status.tasks import describe_array, not_done, speaker, task_limit
from kbatch_core.status.verdict import NO_FACTS, ClusterFacts, Verdict

Rule = Callable[[Case], Verdict | None]

RULES: tuple[Rule, ...] = (
    ended.cancelled,
    ended.complete,
    ended.time_limit,
    ended.out_of_memory,
    ended.bad_start,
    ended.exit_code,
    # A job whose replacement cannot be made waits for that, whatever ended the pod before.
    unplaced.quota_exceeded,
    unplaced.policy_denied,
    disrupted.evicted,
    disrupted.preempted,
    disrupted.node_drained,
    disrupted.node_failed,
    disrupted.boot_failed,
    disrupted.other_disruption,
    ended.failed_tasks,
    ended.gave_up,
    not_done,
    ended.lost_evidence,
    starting.node_silent,
    ended.completing,
    starting.running,
    # Of what the kubelet says now, the container's own state before events, which may be old.
    starting.bad_image,
    starting.bad_config,
    starting.image_pull,
    starting.volume_busy,
    starting.volume_mount,
    starting.network,
    starting.init,
    starting.creating,
    # The scheduler's: what waiting does not heal, and what somebody works on, before "no room".
    scheduling.gated,
    scheduling.nominated,
    scheduling.volume,
    scheduling.scaling_up,
    scheduling.never_fits,
    scheduling.resources,
    scheduling.waiting_for_scheduler,
    unplaced.queue_wait,
    unplaced.held,
    task_limit,
)


# The same rules, but for those that need what a case has not: a look at each of ten thousand jobs is dear.
_OF_THE_ENDED = (
    ended.complete,
    ended.time_limit,
    ended.out_of_memory,
    ended.bad_start,
    ended.exit_code,
    ended.failed_tasks,
    ended.gave_up,
    not_done,
    ended.lost_evidence,
)
_WITHOUT_POD = (
    ended.cancelled,
    unplaced.quota_exceeded,
    unplaced.policy_denied,
    disrupted.preempted,
    ended.completing,
    unplaced.queue_wait,
    unplaced.held,
    task_limit,
)
_UNFINISHED = tuple(rule for rule in RULES if rule not in _OF_THE_ENDED)
_PODLESS = tuple(rule for rule in _UNFINISHED if rule in _WITHOUT_POD)


def explain(
    job: Job, pods: Sequence[Pod], events: Sequence[Event], now: float, facts: ClusterFacts = NO_FACTS
) -> Verdict:
    """The state of a job and why. `events` are of the job and its pods, `now` is in seconds since the epoch."""
    if is_array(job):
        case = make_case(job, pods, events, now, facts, pod=speaker(pods))
        return describe_array(case, explain_case(case))
    return explain_case(make_case(job, pods, events, now, facts, pod=newest(pods)))


def explain_case(case: Case) -> Verdict:
    """The verdict of the first rule that matches."""
    rules = RULES if case.finished else _UNFINISHED if case.pod is not None else _PODLESS
    for rule in rules:
        found = rule(case)
        if found is not None:
            return found
    return unplaced.no_pod(case)
