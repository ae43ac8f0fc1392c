"""Rules for a pod that has no node yet: the scheduler's message in plain words (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from kbatch_core.model.objects import Condition, Node, Pod
from kbatch_core.status.case import Case
from kbatch_core.status.reading import is_over
from kbatch_core.status.verdict import Verdict, quote, verdict
from kbatch_core.status.words import amount_of, option_for, plural, resource_amount

_PART = r"(?s)^(\d+) (?:node\(s\) )?(.*)$"
_TAINT = r"untolerated taint(?:\(s\))? \{([^:}]*)"
_NODE_TROUBLE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_VOLUME = (
    "unbound immediate PersistentVolumeClaims",
    "volume node affinity conflict",
    "didn't find available persistent volumes",
    "persistentvolumeclaim",
    "exceed max volume count",
)
# Said by the autoscaler when a larger cluster would do, but it may not grow now.
_MAY_NOT_GROW = ("max node group size reached", "in backoff", "max cluster", "limit")

# The scheduler's reasons (its filter plugins' texts) and ours; {n} nodes.
_PHRASES = (
    ("Too many pods", "{n} full of pods"),
    ("were unschedulable", "{n} closed for maintenance"),
    ("didn't match Pod's node affinity", "{n} without what the job asks of a node"),
    ("didn't match pod affinity", "{n} where your home's disk is not in use now"),
    ("didn't match pod anti-affinity", "{n} kept apart from other pods"),
    ("didn't satisfy existing pods anti-affinity", "{n} kept apart from other pods"),
    ("volume node affinity conflict", "{n} that cannot reach its disk"),
    ("didn't have free ports", "{n} with the port in use"),
    ("exceed max volume count", "{n} with no place for another disk"),
)


def gated(case: Case) -> Verdict | None:
    """Somebody's controller holds the pod back from the scheduler."""
    pod = _unplaced(case)
    held = _not_scheduled(pod)
    if pod is None or held is None or held.reason != "SchedulingGated":
        return None
    gates = ", ".join(gate.name for gate in pod.spec.scheduling_gates)
    sentence = f"Held by gate {gates}" if gates else "Held by a gate"
    hint = "A program of your cluster opens it; tell your admin if it stays"
    return verdict("PD", "Gated", sentence, hint, held.message)


def nominated(case: Case) -> Verdict | None:
    """The scheduler has chosen a node and ends lesser pods on it."""
    pod = _unplaced(case)
    if pod is None or not pod.status.nominated_node_name:
        return None
    found = _not_scheduled(pod)
    return verdict(
        "PD",
        "Priority",
        f"Node {pod.status.nominated_node_name} is being cleared for it",
        "It starts by itself when the jobs there have ended",
        found.message if found is not None else "",
    )


def volume(case: Case) -> Verdict | None:
    """No node is barred for want of room alone: a disk is missing or elsewhere."""
    found = _unschedulable(case)
    if found is None or not any(words in found.message for words in _VOLUME):
        return None
    counts = dict((reason, number) for number, reason in _parts(found.message))
    if "unbound immediate" in found.message:
        sentence = "Its disk is not there yet: the volume claim is not bound"
    elif 'persistentvolumeclaim "' in found.message:
        sentence = f"Its volume claim is missing: {quote(found.message.partition('. preemption')[0])}"
    elif "exceed max volume count" in found.message:
        sentence = "The nodes that fit have no place for another disk"
    else:
        elsewhere = next((n for reason, n in counts.items() if "volume node affinity" in reason), 0)
        nodes = plural(elsewhere, "node") if elsewhere else "The free nodes"
        sentence = f"{nodes} cannot reach its disk (another zone or node), and no node that can is free"
    return verdict("PD", "Volume", sentence, "Tell your admin if it stays", found.message)


def scaling_up(case: Case) -> Verdict | None:
    """The autoscaler has ordered a node for it."""
    found = _unschedulable(case)
    event = case.last_event("TriggeredScaleUp")
    if found is None or event is None:
        return None
    return verdict(
        "PD",
        "ScalingUp",
        "A new node is on its way; that takes a few minutes",
        "It starts by itself when the node is there",
        f"{event.message}; {found.message}",
    )


def never_fits(case: Case) -> Verdict | None:
    """It asks for more than any node has, or than a new one would."""
    found = _unschedulable(case)
    if found is None or case.pod is None:
        return None
    nodes = case.facts.nodes
    if nodes:
        asked = requests_of(case.pod)
        if not any(has_room(node, asked) for node in nodes.values()):
            sentence, hint = too_large(asked, list(nodes.values()))
            return verdict("PD", "NeverFits", sentence, hint, found.message)
        return None
    event = case.last_event("NotTriggerScaleUp")
    if event is None or any(words in event.message for words in _MAY_NOT_GROW):
        return None
    return verdict(
        "PD",
        "NeverFits",
        "No node has room for it, and it would not fit on a new node either",
        "Ask for less, or ask your admin which sizes there are",
        f"{event.message}; {found.message}",
    )


def resources(case: Case) -> Verdict | None:
    """Nodes fit, and none is free."""
    found = _unschedulable(case)
    if found is None or case.pod is None:
        return None
    parts = ", ".join(_phrase(number, reason) for number, reason in _parts(found.message))
    sentence = "No node is free for it"
    if case.facts.nodes:
        asked = requests_of(case.pod)
        fitting = sum(has_room(node, asked) for node in case.facts.nodes.values())
        sentence = f"{plural(fitting, 'node is', 'nodes are')} large enough, and busy or not for it"
    sentence += f": {parts or quote(found.message)}" if parts or found.message else ""
    return verdict("PD", "Resources", sentence, "It starts by itself when one is free", found.message)


def waiting_for_scheduler(case: Case) -> Verdict | None:
    """Its pod is there and was not looked at yet."""
    if _unplaced(case) is None:
        return None
    return verdict("PD", "None", "Its pod waits for the scheduler")


def requests_of(pod: Pod) -> dict[str, float]:
    """What the pod's containers ask for together, in base units; a limit alone is also a request."""
    total: dict[str, float] = {}
    for container in pod.spec.containers:
        for name, text in {**container.resources.limits, **container.resources.requests}.items():
            total[name] = total.get(name, 0.0) + amount_of(text)
    return total


_NOTHING: Mapping[str, float] = {}


def has_room(node: Node, asked: Mapping[str, float], used: Mapping[str, float] = _NOTHING) -> bool:
    """Whether a node of this size would hold it, empty or beside what is used."""
    return all(
        amount_of(node.status.allocatable.get(name, "0")) - used.get(name, 0.0) >= amount
        for name, amount in asked.items()
        if amount > 0
    )


def too_large(asked: Mapping[str, float], nodes: Collection[Node]) -> tuple[str, str]:
    """(sentence, hint) for what none of the nodes has, full or empty."""
    largest = {
        name: max(amount_of(node.status.allocatable.get(name, "0")) for node in nodes) for name in asked
    }
    over = [name for name, amount in asked.items() if amount > largest[name]]
    if not over:
        together = " and ".join(resource_amount(name, amount) for name, amount in asked.items() if amount)
        return f"No node has {together} together", "Ask for less of one of them"
    has = " and ".join(
        f"{resource_amount(name, asked[name])} (largest {resource_amount(name, largest[name])})"
        if largest[name]
        else f"any {name}"
        for name in over
    )
    options = " ".join(option_for(name, largest[name]) for name in over if largest[name])
    hint = f"Ask {options.strip()} at most" if options.strip() else "Ask your admin where such nodes are"
    return f"No node has {has}", hint


def _unplaced(case: Case) -> Pod | None:
    pod = case.pod
    return pod if pod is not None and not pod.spec.node_name and not is_over(pod) else None


def _not_scheduled(pod: Pod | None) -> Condition | None:
    if pod is None:
        return None
    return next(
        (one for one in pod.status.conditions if one.type == "PodScheduled" and one.status == "False"), None
    )


def _unschedulable(case: Case) -> Condition | None:
    found = _not_scheduled(_unplaced(case))
    return found if found is not None and found.reason == "Unschedulable" else None


def _parts(message: str) -> Iterable[tuple[int, str]]:
    """`0/8 nodes are available: 1 Insufficient cpu, 7 node(s) ...` as (number, reason) pairs."""
    head = re.split(r"[.,] preemption:", message, maxsplit=1)[0]
    # What comes after the counts is said about no node: "1 Insufficient cpu. no new claims to deallocate".
    body = head.partition("available: ")[2].partition(". ")[0]
    for text in re.split(r", (?=\d+ )", body.rstrip(". ")):
        match = re.match(_PART, text)
        if match is not None:
            yield int(match[1][:9]), match[2]


def _phrase(number: int, reason: str) -> str:
    if reason.startswith("Insufficient "):
        return f"{plural(number, 'node')} with too little {reason.removeprefix('Insufficient ')} free"
    taint = re.search(_TAINT, reason)
    if taint is not None:
        if taint[1] in _NODE_TROUBLE:
            return f"{plural(number, 'node')} not ready"
        if taint[1] == "node.kubernetes.io/unschedulable":
            return f"{plural(number, 'node')} closed for maintenance"
        return f"{plural(number, 'node')} kept for other work (taint {taint[1]})"
    for words, phrase in _PHRASES:
        if words in reason:
            return phrase.format(n=plural(number, "node"))
    return f"{plural(number, 'node')}: {quote(reason, 80)}"
