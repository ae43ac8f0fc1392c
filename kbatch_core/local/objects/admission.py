"""What stands between a valid object and the store: limit ranges and resource quotas.

Source: the admission plugins LimitRanger and ResourceQuota of Kubernetes, and the quota controller's sums. Here the
sums are taken at once, so that a new quota counts from its first moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from kbatch_core.local.objects.defaults import containers_of
from kbatch_core.local.state.kinds import KINDS
from kbatch_core.local.state.quantities import canonical, write
from kbatch_core.local.state.statuses import Forbidden
from kbatch_core.local.state.store import Change, Store
from kbatch_core.model.quantity import parse_quantity

Object = dict[str, Any]
Sums = dict[str, Decimal]

_SHORT = {
    "cpu": "requests.cpu",
    "memory": "requests.memory",
    "ephemeral-storage": "requests.ephemeral-storage",
}


def limit(store: Store, resource: str, obj: Object) -> None:
    """Fill in what the limit ranges say, and refuse what they do not allow. Raises Forbidden."""
    if resource == "pods":
        for limit_range in store.list("limitranges", obj["metadata"]["namespace"]):
            _limit(obj, limit_range)


def admit(store: Store, resource: str, obj: Object) -> None:
    """Refuse what no quota has room for. Raises Forbidden."""
    namespace = obj["metadata"].get("namespace", "")
    quotas = store.list("resourcequotas", namespace) if KINDS[resource].namespaced else []
    if not quotas or resource == "resourcequotas":
        return
    asked = usage(resource, obj)
    for quota in quotas:
        _check_quota(store, resource, obj, quota, asked)


def _check_quota(store: Store, resource: str, obj: Object, quota: Object, asked: Sums) -> None:
    hard = quota.get("spec", {}).get("hard", {})
    counted = [name for name in hard if _counts(name, resource)]
    if not counted or (resource == "pods" and not _in_scope(quota, obj)):
        return
    name = quota["metadata"]["name"]
    if resource == "pods":
        missing = _unspecified(obj, counted)
        if missing:
            raise Forbidden(
                resource, obj["metadata"]["name"], f"failed quota: {name}: must specify {'; '.join(missing)}"
            )
    used = total(store, quota)
    over = [
        one
        for one in sorted(counted)
        if asked.get(one, 0) and used[one] + asked[one] > parse_quantity(hard[one])
    ]
    if over:
        requested = ",".join(f"{one}={_text(one, asked[one], hard[one])}" for one in over)
        taken = ",".join(f"{one}={_text(one, used[one], hard[one])}" for one in over)
        limited = ",".join(f"{one}={canonical(hard[one])}" for one in over)
        why = f"exceeded quota: {name}, requested: {requested}, used: {taken}, limited: {limited}"
        raise Forbidden(resource, obj["metadata"]["name"], why)


def _text(name: str, amount: Decimal, like: str) -> str:
    return write(amount, binary=like.endswith("i") or "memory" in name)


def usage(resource: str, obj: Object) -> Sums:
    """What one object takes of each resource that a quota may name."""
    qualified = KINDS[resource].qualified
    sums: Sums = {f"count/{qualified}": Decimal(1)}
    if resource != "pods":
        if resource in ("configmaps", "persistentvolumeclaims", "resourcequotas", "secrets"):
            sums[resource] = Decimal(1)
        return sums
    if obj.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return sums
    sums["pods"] = Decimal(1)
    for part in ("requests", "limits"):
        for name, amount in pod_resources(obj["spec"], part).items():
            sums[f"{part}.{name}"] = amount
            if part == "requests" and name in _SHORT:
                sums[name] = amount
    return sums


def pod_resources(spec: Object, part: str) -> Sums:
    """What a pod asks for (`requests`) or may use (`limits`): its containers together, or the largest init one."""
    sums: Sums = {}
    for container in spec.get("containers", ()):
        for name, text in container.get("resources", {}).get(part, {}).items():
            sums[name] = sums.get(name, Decimal(0)) + parse_quantity(text)
    for container in spec.get("initContainers", ()):
        for name, text in container.get("resources", {}).get(part, {}).items():
            sums[name] = max(sums.get(name, Decimal(0)), parse_quantity(text))
    return sums


def total(store: Store, quota: Object) -> Sums:
    """What is used of each resource that the quota names."""
    hard = quota.get("spec", {}).get("hard", {})
    sums: Sums = {name: Decimal(0) for name in hard}
    for resource in KINDS:
        if not any(_counts(name, resource) for name in hard):
            continue
        for obj in store.list(resource, quota["metadata"]["namespace"]):
            if resource == "pods" and not _in_scope(quota, obj):
                continue
            for name, amount in usage(resource, obj).items():
                if name in sums:
                    sums[name] += amount
    return sums


def _counts(name: str, resource: str) -> bool:
    """Whether a quota's line is about this resource."""
    if name == f"count/{KINDS[resource].qualified}" or name == resource:
        return True
    return resource == "pods" and (name.startswith(("requests.", "limits.")) or name in _SHORT)


def _in_scope(quota: Object, pod: Object) -> bool:
    spec, status = pod["spec"], pod.get("status", {})
    tests: dict[str, Callable[[], bool]] = {
        "Terminating": lambda: "activeDeadlineSeconds" in spec,
        "NotTerminating": lambda: "activeDeadlineSeconds" not in spec,
        "BestEffort": lambda: status.get("qosClass") == "BestEffort",
        "NotBestEffort": lambda: status.get("qosClass") != "BestEffort",
    }
    return all(tests[scope]() for scope in quota.get("spec", {}).get("scopes", ()) if scope in tests)


def _unspecified(pod: Object, counted: list[str]) -> list[str]:
    """`requests.cpu for: c` for what each container has to name, because a quota limits it."""
    missing = []
    for name in sorted(counted):
        part, dot, wanted = _SHORT.get(name, name).partition(".")
        if not dot or wanted not in ("cpu", "memory"):
            continue
        without = [
            container["name"]
            for container in containers_of(pod["spec"])
            if wanted not in container.get("resources", {}).get(part, {})
        ]
        if without:
            missing.append(f"{name} for: {','.join(sorted(without))}")
    return missing


def _limit(pod: Object, limit_range: Object) -> None:
    """Raises Forbidden."""
    for item in limit_range.get("spec", {}).get("limits", ()):
        if item.get("type") == "Container":
            for container in containers_of(pod["spec"]):
                resources = container.setdefault("resources", {})
                for part, given in (("limits", "default"), ("requests", "defaultRequest")):
                    if item.get(given):
                        resources[part] = {**item[given], **resources.get(part, {})}
                _refuse(pod, list(_outside(resources, item, "Container")))
        elif item.get("type") == "Pod":
            sums = {
                part: {name: write(amount) for name, amount in pod_resources(pod["spec"], part).items()}
                for part in ("requests", "limits")
            }
            _refuse(pod, list(_outside(sums, item, "Pod")))


def _refuse(pod: Object, why: list[str]) -> None:
    if why:
        raise Forbidden("pods", pod["metadata"]["name"], why[0] if len(why) == 1 else f"[{', '.join(why)}]")


def _outside(resources: Object, item: Object, kind: str) -> Iterator[str]:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name, bound in item.get("min", {}).items():
        if name not in requests:
            yield f"minimum {name} usage per {kind} is {bound}.  No request is specified"
        elif parse_quantity(requests[name]) < parse_quantity(bound):
            yield f"minimum {name} usage per {kind} is {bound}, but request is {requests[name]}"
    for name, bound in item.get("max", {}).items():
        if name not in limits:
            yield f"maximum {name} usage per {kind} is {bound}.  No limit is specified"
        elif parse_quantity(limits[name]) > parse_quantity(bound):
            yield f"maximum {name} usage per {kind} is {bound}, but limit is {limits[name]}"


class QuotaKeeper:
    """Writes into each quota's status how much of it is used, whenever that changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._end = store.subscribe(self._changed)

    def stop(self) -> None:
        self._end()

    def _changed(self, change: Change) -> None:
        if change.type == "DELETED" and change.resource == "resourcequotas":
            return
        if not KINDS[change.resource].namespaced or change.resource == "events":
            return
        for quota in self._store.list("resourcequotas", change.object["metadata"]["namespace"]):
            hard = quota.get("spec", {}).get("hard", {})
            if change.resource != "resourcequotas" and not any(
                _counts(name, change.resource) for name in hard
            ):
                continue
            used = {
                name: _text(name, amount, hard[name]) for name, amount in total(self._store, quota).items()
            }
            self._store.update("resourcequotas", {**quota, "status": {"hard": hard, "used": used}})
