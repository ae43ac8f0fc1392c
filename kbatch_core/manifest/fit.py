"""Which nodes a pod fits, by the scheduler's own rules as far as a client can know them (pure).

Left out: affinity to other pods, volumes, topology spread and extenders; what they say is known when the pod waits.
Sources: the NodeAffinity, TaintToleration, NodeUnschedulable and NodeResourcesFit plugins of kube-scheduler.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from kbatch_core.manifest.pod import REQUIRED
from kbatch_core.model.objects import Node, Pod, Taint
from kbatch_core.status.reading import is_over
from kbatch_core.status.scheduling import has_room, requests_of, too_large
from kbatch_core.status.words import amount_of, plural

# Taints that come and go with a node's health; they do not keep a job away for good.
_OF_THE_MOMENT = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
# A node with such a label is made when a pod needs it, and gone when none does.
_MADE_ON_DEMAND = ("karpenter.sh/", "karpenter.k8s.")


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """`now`: nodes with room now, None when what runs on them may not be read. `later`: nodes that are large enough
    and open to it. `sentence` and `hint` say why none is. `grows`: nodes are made on demand here."""

    now: tuple[str, ...] | None
    later: tuple[str, ...]
    sentence: str = ""
    hint: str = ""
    grows: bool = False

    @property
    def never(self) -> bool:
        """Whether no node could ever hold it, full or empty."""
        return not self.later and not self.grows

    def only(self, names: Collection[str]) -> Fit:
        """The same for some of the nodes."""
        now = None if self.now is None else tuple(name for name in self.now if name in names)
        return msgspec.structs.replace(
            self, now=now, later=tuple(name for name in self.later if name in names)
        )


def fit(pod: Mapping[str, Any], nodes: Sequence[Node], running: Iterable[Pod] | None = None) -> Fit:
    """How a pod with the spec `pod` fits the cluster's `nodes`, of which `running` fills some room."""
    asked = asked_of(pod)
    closed = {node.metadata.name: why for node in nodes if (why := _closed(pod, node))}
    open_nodes = [node for node in nodes if node.metadata.name not in closed]
    later = [node for node in open_nodes if has_room(node, asked)]
    # A cluster without a node has to grow for anything at all.
    grows = not nodes or any(
        key.startswith(_MADE_ON_DEMAND) for node in nodes for key in node.metadata.labels
    )
    if not later:
        sentence, hint = _why_none(asked, nodes, open_nodes, closed)
        return Fit(now=(), later=(), sentence=sentence, hint=hint, grows=grows)
    names = tuple(node.metadata.name for node in later)
    if running is None:
        return Fit(now=None, later=names, grows=grows)
    used = _used(running)
    now = tuple(
        node.metadata.name
        for node in later
        if not _troubled(pod, node) and has_room(node, asked, used.get(node.metadata.name, {}))
    )
    return Fit(now=now, later=names, grows=grows)


def asked_of(pod: Mapping[str, Any]) -> dict[str, float]:
    """What a pod spec asks for, in base units; a limit alone is also a request."""
    total: dict[str, float] = {"pods": 1}
    for container in pod.get("containers", ()):
        resources = container.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        for name, text in {**requests, **limits, **requests}.items():
            total[name] = total.get(name, 0.0) + amount_of(text)
    return total


def _used(running: Iterable[Pod]) -> dict[str, dict[str, float]]:
    used: dict[str, dict[str, float]] = {}
    for pod in running:
        if not pod.spec.node_name or is_over(pod):
            continue
        of_node = used.setdefault(pod.spec.node_name, {"pods": 0})
        of_node["pods"] += 1
        for name, amount in requests_of(pod).items():
            of_node[name] = of_node.get(name, 0.0) + amount
    return used


def _closed(pod: Mapping[str, Any], node: Node) -> str:
    """Why the node will not take the pod, however empty it is; empty when it would."""
    labels = node.metadata.labels
    for key, value in (pod.get("nodeSelector") or {}).items():
        if labels.get(key) != value:
            return f"without the label {key}={value}"
    required = (pod.get("affinity") or {}).get("nodeAffinity", {}).get(REQUIRED, {})
    if required and not any(_term(term, node) for term in required.get("nodeSelectorTerms", ())):
        return "that the server's node affinity leaves out"
    for taint in node.spec.taints:
        lasting = not taint.key.startswith(_OF_THE_MOMENT)
        if lasting and _bars(taint) and not _tolerated(taint, pod):
            return f"kept for other work (taint {taint.key})"
    return ""


def _troubled(pod: Mapping[str, Any], node: Node) -> bool:
    """Whether the node takes nothing at the moment."""
    return node.spec.unschedulable or any(
        _bars(taint) and not _tolerated(taint, pod) for taint in node.spec.taints
    )


def _bars(taint: Taint) -> bool:
    return taint.effect in ("NoSchedule", "NoExecute")


def _tolerated(taint: Taint, pod: Mapping[str, Any]) -> bool:
    for toleration in pod.get("tolerations") or ():
        if toleration.get("effect") not in (None, "", taint.effect):
            continue
        if toleration.get("key") not in (None, "", taint.key):
            continue
        if toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.value:
            return True
    return False


def _term(term: Mapping[str, Any], node: Node) -> bool:
    """A term of node affinity: all of its expressions. One without any matches nothing."""
    expressions = [(one, node.metadata.labels) for one in term.get("matchExpressions") or ()]
    expressions += [(one, {"metadata.name": node.metadata.name}) for one in term.get("matchFields") or ()]
    return bool(expressions) and all(_matches(one, values) for one, values in expressions)


def _matches(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    wanted = expression.get("values") or []
    match expression["operator"]:
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and amount_of(value) > amount_of(wanted[0])
        case "Lt":
            return value is not None and amount_of(value) < amount_of(wanted[0])
    return True


def _why_none(
    asked: Mapping[str, float], nodes: Sequence[Node], open_nodes: Sequence[Node], closed: Mapping[str, str]
) -> tuple[str, str]:
    if not nodes:
        return "The cluster has no nodes", "Ask your admin if that stays so"
    reasons: dict[str, int] = {}
    for node in nodes:
        if node.metadata.name in closed and (not open_nodes or has_room(node, asked)):
            why = closed[node.metadata.name]
            reasons[why] = reasons.get(why, 0) + 1
    others = ", ".join(f"{plural(number, 'node')} {why}" for why, number in reasons.items())
    if not open_nodes:
        return f"No node is open to it: {others}", "Choose another queue with -p, or ask your admin"
    sentence, hint = too_large({name: amount for name, amount in asked.items() if name != "pods"}, open_nodes)
    if others:
        sentence = f"{sentence} among those open to it ({others} would hold it)"
    return sentence, hint
