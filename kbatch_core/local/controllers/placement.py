"""Which waiting pods go to the node, and the scheduler's own words for those that do not (pure).

The questions are asked in the order of Kubernetes' plugins; the first one that says no gives the reason.
Source: pkg/scheduler/framework of Kubernetes 1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kbatch_core.local.state.podfacts import Object, requests_of
from kbatch_core.local.state.quantities import amount_of

NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"
_HOSTNAME = "kubernetes.io/hostname"


@dataclass(frozen=True)
class Ask:
    """What the scheduler has to know of a pod."""

    namespace: str
    name: str
    uid: str
    created: str
    priority: int = 0
    requests: Mapping[str, float] = field(default_factory=dict)
    """By resource, in base units: cores, bytes, pieces."""
    labels: Mapping[str, str] = field(default_factory=dict)
    selector: Mapping[str, str] = field(default_factory=dict)
    affinity: Mapping[str, Any] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, str], ...] = ()
    claims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """The node as it is: what it has, who is on it, and which volume claims there are."""

    node: Object
    placed: Sequence[Ask]
    claims: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def used(self) -> Mapping[str, float]:
        """What those on it have asked for, by resource."""
        total: dict[str, float] = {}
        for other in self.placed:
            for name, amount in other.requests.items():
                total[name] = total.get(name, 0.0) + amount
        return total


def ask_of(pod: Object) -> Ask:
    """What a pod asks for."""
    metadata, spec = pod["metadata"], pod["spec"]
    return Ask(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        created=metadata["creationTimestamp"],
        priority=spec.get("priority", 0),
        requests=requests_of(spec),
        labels=metadata.get("labels") or {},
        selector=spec.get("nodeSelector") or {},
        affinity=spec.get("affinity") or {},
        tolerations=tuple(spec.get("tolerations") or ()),
        claims=tuple(
            volume["persistentVolumeClaim"]["claimName"]
            for volume in spec.get("volumes") or ()
            if "persistentVolumeClaim" in volume
        ),
    )


def in_order(asks: Iterable[Ask]) -> list[Ask]:
    """The queue: by priority, then by age."""
    return sorted(asks, key=lambda ask: (-ask.priority, ask.created, ask.name))


def why_not(ask: Ask, place: Place) -> str:
    """The scheduler's message for a pod that cannot be placed now; "" when it can."""
    missing = [claim for claim in ask.claims if (ask.namespace, claim) not in place.claims]
    if missing:
        # What it says about preemption then is the same error once more.
        return f'0/1 nodes are available: persistentvolumeclaim "{missing[0]}" not found. not found'
    reason, helpful = _node_says_no(ask, place.node)
    if not reason:
        reason, helpful = _too_little(ask, place)
    if not reason:
        reason, helpful = _apart(ask, place)
    return _message(reason, NO_VICTIMS if helpful else NOT_HELPFUL) if reason else ""


def _message(reason: str, preemption: str) -> str:
    return (
        f"0/1 nodes are available: {reason}. no new claims to deallocate, preemption: "
        f"0/1 nodes are available: 1 {preemption}."
    )


def _node_says_no(ask: Ask, node: Object) -> tuple[str, bool]:
    """(reason, whether the end of other pods could help)."""
    spec, labels = node.get("spec") or {}, node["metadata"].get("labels") or {}
    if spec.get("unschedulable") and not _tolerates(
        ask, {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    ):
        return "1 node(s) were unschedulable", False
    for taint in spec.get("taints") or ():
        if taint["effect"] in ("NoSchedule", "NoExecute") and not _tolerates(ask, taint):
            return f"1 node(s) had untolerated taint(s) {{{taint['key']}: {taint.get('value', '')}}}", False
    required = (ask.affinity.get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    terms = required.get("nodeSelectorTerms")
    fits = all(labels.get(key) == value for key, value in ask.selector.items())
    if not fits or (terms is not None and not any(_term_fits(term, node, labels) for term in terms)):
        return "1 node(s) didn't match Pod's node affinity/selector", False
    return "", False


def _tolerates(ask: Ask, taint: Mapping[str, str]) -> bool:
    for one in ask.tolerations:
        if one.get("effect") and one["effect"] != taint["effect"]:
            continue
        if one.get("key") and one["key"] != taint["key"]:
            continue
        if one.get("operator", "Equal") == "Exists" or one.get("value", "") == taint.get("value", ""):
            return True
    return False


def _term_fits(term: Object, node: Object, labels: Mapping[str, str]) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    name = {"metadata.name": node["metadata"]["name"]}
    return (
        bool(expressions or fields)
        and all(expression_fits(one, labels) for one in expressions)
        and all(expression_fits(one, name) for one in fields)
    )


def expression_fits(expression: Object, labels: Mapping[str, str]) -> bool:
    """One requirement of a label or node selector."""
    value = labels.get(expression["key"])
    operator: str = expression["operator"]
    values: list[str] = expression.get("values") or []
    if operator == "In":
        return value in values
    if operator == "NotIn":
        return value not in values
    if operator == "Exists":
        return value is not None
    if operator == "DoesNotExist":
        return value is None
    try:
        number, limit = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return number > limit if operator == "Gt" else number < limit


def _too_little(ask: Ask, place: Place) -> tuple[str, bool]:
    allocatable = place.node["status"]["allocatable"]
    reasons, helpful = [], True
    if len(place.placed) + 1 > amount_of(allocatable.get("pods", "0")):
        reasons.append("1 Too many pods")
    for name, asked in ask.requests.items():
        has = amount_of(allocatable.get(name, "0"))
        used = place.used.get(name, 0.0)
        # Amounts are whole thousandths at the finest; sums of floats are not.
        if asked > 0 and asked > has - used + 1e-6:
            reasons.append(f"1 Insufficient {name}")
            helpful = helpful and asked <= has
    return ", ".join(sorted(reasons)), helpful


def _apart(ask: Ask, place: Place) -> tuple[str, bool]:
    """Rules about other pods on the node. A pod that matches its own rule may be the first."""
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    for term in (ask.affinity.get("podAffinity") or {}).get(required) or ():
        near = any(_selects(term, ask, other) for other in place.placed)
        if term.get("topologyKey") != _HOSTNAME or not (near or _selects(term, ask, ask)):
            return "1 node(s) didn't match pod affinity rules", False
    for term in (ask.affinity.get("podAntiAffinity") or {}).get(required) or ():
        if any(_selects(term, ask, other) for other in place.placed):
            return "1 node(s) didn't match pod anti-affinity rules", True
    return "", True


def _selects(term: Object, ask: Ask, other: Ask) -> bool:
    namespaces = term.get("namespaces") or (ask.namespace,)
    selector = term.get("labelSelector")
    if selector is None or other.namespace not in namespaces:
        return False
    return all(
        other.labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()
    ) and all(expression_fits(one, other.labels) for one in selector.get("matchExpressions") or ())
