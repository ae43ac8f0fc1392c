"""What the namespace's quotas and limit ranges make of a job's pods (pure).

The API server applies both to pods, not to Jobs: a Job that breaks them is accepted, and its pods are refused one
after the other. Sources: the LimitRanger and ResourceQuota admission plugins of kube-apiserver.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from kbatch_core.model.objects import LimitRange, LimitRangeItem, ResourceQuota
from kbatch_core.status.words import amount_of, option_for, resource_amount

Amounts = dict[str, float]
_NATIVE = ("cpu", "memory", "ephemeral-storage")
# A pod that does not say one of these is refused by a quota that counts it; which option says it.
_DEMANDED = {
    "cpu": "Add -c",
    "requests.cpu": "Add -c",
    "limits.cpu": "Add --cpu-limit",
    "memory": "Add --mem",
    "requests.memory": "Add --mem",
    "limits.memory": "Add --mem",
}


class Ruling(msgspec.Struct, frozen=True):
    """One rule's word on a job. `never`: its pods are refused for good, not only until others have ended."""

    sentence: str
    hint: str = ""
    never: bool = False


def with_defaults(container: Mapping[str, Any], ranges: Sequence[LimitRange]) -> tuple[Amounts, Amounts]:
    """(requests, limits) of a container in base units, after the defaults of the limit ranges."""
    resources = container.get("resources", {})
    limits = {name: amount_of(text) for name, text in resources.get("limits", {}).items()}
    requests = {**limits, **{name: amount_of(text) for name, text in resources.get("requests", {}).items()}}
    for item in _items(ranges, "Container"):
        for name, text in item.default_request.items():
            requests.setdefault(name, amount_of(text))
        for name, text in item.default.items():
            limits.setdefault(name, amount_of(text))
            requests.setdefault(name, amount_of(text))
    return requests, limits


def limit_rulings(pod: Mapping[str, Any], ranges: Sequence[LimitRange]) -> list[Ruling]:
    """What limit ranges refuse about a pod spec; empty = nothing."""
    parts = [with_defaults(container, ranges) for container in pod.get("containers", ())]
    total = _sum(requests for requests, _ in parts), _sum(limits for _, limits in parts)
    rulings: list[Ruling] = []
    for found in ranges:
        for item in found.spec.limits:
            for requests, limits in parts if item.type == "Container" else [total]:
                if item.type in ("Container", "Pod"):
                    rulings += _outside(found.metadata.name, item, requests, limits)
    return list(dict.fromkeys(rulings))


def quota_rulings(
    pod: Mapping[str, Any], quotas: Sequence[ResourceQuota], ranges: Sequence[LimitRange]
) -> list[Ruling]:
    """What each quota says to one pod of a job: what it leaves, or what is missing."""
    parts = [with_defaults(container, ranges) for container in pod.get("containers", ())]
    requests, limits = _sum(part[0] for part in parts), _sum(part[1] for part in parts)
    counted = {"pods": 1.0, "count/pods": 1.0}
    for name, amount in requests.items():
        counted[f"requests.{name}"] = amount
        if name in _NATIVE:
            counted[name] = amount
    counted |= {f"limits.{name}": amount for name, amount in limits.items() if name in _NATIVE}
    effort = bool(requests or limits)
    return [
        ruling
        for quota in quotas
        if _applies(quota, pod, effort)
        for ruling in [_of_quota(quota, counted)]
        if ruling is not None
    ]


def _of_quota(quota: ResourceQuota, counted: Amounts) -> Ruling | None:
    name = quota.metadata.name
    hard = {key: amount_of(text) for key, text in quota.status.hard.items()}
    used = {key: amount_of(text) for key, text in quota.status.used.items()}
    for key in hard:
        if key in _DEMANDED and key not in counted:
            return Ruling(f"Quota {name} demands {key}, and nothing sets it", _DEMANDED[key], never=True)
    asked = {key: amount for key, amount in counted.items() if key in hard and amount}
    for key, amount in asked.items():
        if amount > hard[key]:
            return Ruling(
                f"Quota {name} allows {_words(key, hard[key])} in all, and the job asks {_words(key, amount)}",
                _at_most(key, hard[key]),
                never=True,
            )
    if not asked:
        return None
    left = {key: hard[key] - used.get(key, 0.0) for key in asked}
    short = [key for key in asked if asked[key] > left[key]]
    leaves = ", ".join(_words(key, max(left[key], 0.0)) for key in (short or asked))
    if short:
        return Ruling(
            f"Quota {name} leaves {leaves} now", "It starts when other jobs of the namespace have ended"
        )
    return Ruling(f"Quota {name} leaves {leaves}")


def _applies(quota: ResourceQuota, pod: Mapping[str, Any], effort: bool) -> bool:
    """Whether a quota with scopes is about this pod; of a scope that is not known it is not said."""
    ends = pod.get("activeDeadlineSeconds") is not None
    about = {
        "Terminating": ends,
        "NotTerminating": not ends,
        "BestEffort": not effort,
        "NotBestEffort": effort,
    }
    return quota.spec.scope_selector is None and all(about.get(scope, False) for scope in quota.spec.scopes)


def _outside(name: str, item: LimitRangeItem, requests: Amounts, limits: Amounts) -> Iterable[Ruling]:
    what = "a container" if item.type == "Container" else "a pod"
    for key, text in item.max.items():
        asked = max(limits.get(key, 0.0), requests.get(key, 0.0))
        if asked > amount_of(text):
            yield Ruling(
                f"LimitRange {name} allows {what} {resource_amount(key, amount_of(text))}, and the job asks "
                f"{resource_amount(key, asked)}",
                _at_most(key, amount_of(text)),
                never=True,
            )
        elif key not in limits:
            yield Ruling(
                f"LimitRange {name} demands limits.{key}", _DEMANDED.get(f"limits.{key}", ""), never=True
            )
    for key, text in item.min.items():
        if requests.get(key, 0.0) < amount_of(text):
            yield Ruling(
                f"LimitRange {name} demands {resource_amount(key, amount_of(text))} at least",
                f"Ask {option_for(key, amount_of(text))}".rstrip(),
                never=True,
            )
    for key, text in item.max_limit_request_ratio.items():
        request, limit = requests.get(key, 0.0), limits.get(key, 0.0)
        if request and limit > request * amount_of(text):
            yield Ruling(
                f"LimitRange {name} allows a limit of {key} of at most {text} times the request",
                "Ask for more, which is also the request",
                never=True,
            )


def _at_most(key: str, amount: float) -> str:
    option = option_for(key.removeprefix("requests.").removeprefix("limits."), amount)
    return f"Ask {option} at most" if option else ""


def _words(key: str, amount: float) -> str:
    kind, _, name = key.partition(".") if key.startswith(("requests.", "limits.")) else ("", "", key)
    if name in ("pods", "count/pods"):
        return f"{amount:g} pods"
    return resource_amount(name, amount) + (" as limit" if kind == "limits" else "")


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0.0) + amount
    return total


def _items(ranges: Sequence[LimitRange], kind: str) -> Iterable[LimitRangeItem]:
    return (item for found in ranges for item in found.spec.limits if item.type == kind)
