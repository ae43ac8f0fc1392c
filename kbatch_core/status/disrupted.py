"""Rules for an attempt that was taken away: evicted, preempted, drained, its node lost, refused by it (pure).

Kubernetes marks such a pod with the condition DisruptionTarget; the Job counts it towards its restarts.
"""

from __future__ import annotations

import re

from kbatch_core.model.quantity import format_memory
from kbatch_core.status.case import Case
from kbatch_core.status.reading import condition, is_over, refused_by_node
from kbatch_core.status.verdict import Verdict, quote, verdict
from kbatch_core.status.words import amount_of

_DRAINED = ("EvictionByEvictionAPI", "TerminationByKubelet")
_NODE_LOST = ("DeletionByTaintManager", "DeletionByPodGC", "NodeLost", "ContainerStatusUnknown")
_WAITS = "It starts again by itself, from its beginning"
_LOW_ON = r"low on resource: ([\w-]+)"
_DISK = r"ephemeral local storage|local ephemeral storage|EmptyDir"
_LIMIT = r"limit(?: of containers)? \"?(\d\w*)"
_USED = r"was using (\w+), request is (\w+)"


def evicted(case: Case) -> Verdict | None:
    """The kubelet ended it, because its node or its own limit of local disk was full."""
    if not _taken_away(case) or case.disruption != "Evicted" or case.pod is None:
        return None
    message = case.pod.status.message
    low, used = re.search(_LOW_ON, message), re.search(_USED, message)
    resource = low[1] if low is not None else ""
    if resource == "memory":
        did, hint = "Evicted, because its node ran out of memory", "Ask for what it needs with --mem"
        if used is not None:
            did = f"Its node ran out of memory; it used {_bytes(used[1])} and had asked for {_bytes(used[2])}"
    elif re.search(_DISK, message) is not None or resource == "ephemeral-storage":
        limit = re.search(_LIMIT, message)
        did = "Wrote more to the node's local disk than it may"
        did += f" ({_bytes(limit[1])})" if limit is not None else ""
        hint = "Write to home, or ask for local disk with --tmp"
        if used is not None:
            did = f"Wrote {_bytes(used[1])} to the node's local disk, more than its request {_bytes(used[2])}"
    else:
        did, hint = f"Evicted from its node: {quote(message)}", _again(case)
    return verdict("PR", "Evicted", f"{did}; {case.restart}", hint, message)


def preempted(case: Case) -> Verdict | None:
    """The scheduler or Kueue gave its place to a job of higher priority."""
    if case.finished and not case.failed:
        return None
    if case.job.spec.suspend and case.facts.workloads is not None and not case.failed:
        workload = case.facts.workloads.get(case.job.metadata.uid)
        taken = condition(workload.status.conditions, "Evicted") if workload is not None else None
        if taken is not None and taken.reason == "Preempted":
            return verdict(
                "PR",
                "Preempted",
                "A higher-priority job took its place; it is queued again",
                _WAITS,
                taken.message,
            )
    if not _taken_away(case) or case.disruption != "PreemptionByScheduler":
        return None
    sentence = f"A higher-priority job took its place; {case.restart}"
    return verdict("PR", "Preempted", sentence, _again(case), _words(case))


def node_drained(case: Case) -> Verdict | None:
    """Somebody asked for its eviction, or its node shut down in order."""
    if not _taken_away(case) or case.disruption not in _DRAINED or case.pod is None:
        return None
    node = case.pod.spec.node_name or "Its node"
    return verdict(
        "PR",
        "NodeDrain",
        f"{node} is being drained or shut down; {case.restart}",
        _again(case),
        _words(case),
    )


def node_failed(case: Case) -> Verdict | None:
    """Its node vanished with it."""
    if not _taken_away(case) or case.disruption not in _NODE_LOST or case.pod is None:
        return None
    node = case.pod.spec.node_name or "Its node"
    return verdict(
        "NF",
        "NodeFail",
        f"{node} vanished; {case.restart}",
        "What it had written to its output file is kept",
        _words(case),
    )


def boot_failed(case: Case) -> Verdict | None:
    """The node refused it when it arrived."""
    if not _taken_away(case) or case.pod is None or not refused_by_node(case.pod):
        return None
    return verdict(
        "BF",
        "BootFail",
        f"{case.pod.spec.node_name or 'Its node'} refused it at the last moment; {case.restart}",
        _again(case),
        f"{case.pod.status.reason}: {case.pod.status.message}",
    )


def other_disruption(case: Case) -> Verdict | None:
    """A reason of disruption that is newer than this program."""
    if not _taken_away(case) or not case.disruption:
        return None
    sentence = f"It was interrupted; {case.restart}"
    return verdict("PR", quote(case.disruption, 40), sentence, _again(case), _words(case))


def _taken_away(case: Case) -> bool:
    """The newest pod is over, and neither was that the job's success nor is the job held meanwhile."""
    return (
        case.pod is not None
        and is_over(case.pod)
        and not case.succeeded
        and not case.deadline_passed
        and (case.failed or not case.job.spec.suspend)
    )


def _again(case: Case) -> str:
    """What to do about what is no fault of the job."""
    return _WAITS if case.restarts else case.rerun


def _words(case: Case) -> str:
    if case.pod is None:
        return ""
    target = condition(case.pod.status.conditions, "DisruptionTarget")
    found = f"{target.reason}: {target.message}" if target is not None else ""
    return found or f"{case.disruption}: {case.pod.status.message}"


def _bytes(quantity: str) -> str:
    return format_memory(int(amount_of(quantity)))
