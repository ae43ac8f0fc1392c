"""What a URL names (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from kbatch_core.local.api.discovery import GROUPS
from kbatch_core.local.state.kinds import KINDS, Kind

REVIEWS = {
    ("authentication.k8s.io", "selfsubjectreviews"): "SelfSubjectReview",
    ("authorization.k8s.io", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    ("authorization.k8s.io", "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
}


@dataclass(frozen=True)
class Target:
    """A resource, one object of it, or a subresource of that; `review` instead for the questions about rights."""

    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    review: str = ""

    @property
    def kind(self) -> Kind:
        return KINDS[self.resource]


def split(raw_path: str) -> tuple[str, ...]:
    """The parts of a path, decoded; one slash at the end does not count."""
    return tuple(unquote(part) for part in raw_path.removeprefix("/").removesuffix("/").split("/"))


def is_group(parts: tuple[str, ...]) -> bool:
    """Whether the path lies below an API group that there is."""
    return parts[0] == "api" or (parts[0] == "apis" and len(parts) > 1 and parts[1] in GROUPS)


def find(parts: tuple[str, ...]) -> Target | None:
    """What the path names; None for what there is not."""
    if parts[:2] == ("api", "v1"):
        group, rest = "", parts[2:]
    elif len(parts) > 3 and parts[0] == "apis" and parts[2] == "v1":
        group, rest = parts[1], parts[3:]
    else:
        return None
    if not all(rest):
        return None
    review = REVIEWS.get((group, rest[0])) if len(rest) == 1 else None
    if review:
        return Target(review=review)
    namespace = ""
    if rest and rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    kind = KINDS.get(rest[0]) if rest else None
    if kind is None or kind.group != group or len(rest) > 3:
        return None
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and subresource not in kind.subresources:
        return None
    if kind.namespaced != bool(namespace) and (name or namespace):
        return None
    return Target(kind.resource, namespace, name, subresource)
