"""What the server says about itself: versions, groups, resources, and as much OpenAPI as kubectl asks for (pure)."""

from __future__ import annotations

import platform
import sys
from functools import cache
from typing import Any

import kbatch_core
from kbatch_core.local.state.kinds import KINDS, VERSION, WRITE, Kind

Object = dict[str, Any]

MAJOR, MINOR, _ = VERSION.removeprefix("v").split(".")
"""The version of Kubernetes whose behaviour this is."""

_REVIEWS = {
    "authentication.k8s.io": (("selfsubjectreviews", "SelfSubjectReview"),),
    "authorization.k8s.io": (
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    ),
}
GROUPS = ("authentication.k8s.io", "authorization.k8s.io", "batch")

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def version() -> Object:
    """The answer to /version."""
    return {
        "major": MAJOR,
        "minor": MINOR,
        "gitVersion": f"{VERSION}+kqueue-{kbatch_core.__version__}",
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": f"{sys.platform}/{'amd64' if platform.machine() == 'x86_64' else platform.machine()}",
    }


def find(path: tuple[str, ...], host: str) -> Object | None:
    """The document at a path of discovery; None for any other path."""
    match path:
        case ("api",):
            return {
                "kind": "APIVersions",
                "versions": ["v1"],
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}],
            }
        case ("api", "v1"):
            return _resource_list("")
        case ("apis",):
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in GROUPS]}
        case ("apis", group) if group in GROUPS:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group)}
        case ("apis", group, "v1") if group in GROUPS:
            return _resource_list(group)
        case ("openapi", "v3"):
            paths = ("api/v1", *(f"apis/{group}/v1" for group in GROUPS))
            return {"paths": {one: {"serverRelativeURL": f"/openapi/v3/{one}?hash={MINOR}"} for one in paths}}
        case ("openapi", "v3", "api", "v1"):
            return _openapi("")
        case ("openapi", "v3", "apis", group, "v1") if group in GROUPS:
            return _openapi(group)
    return None


def aggregated(path: tuple[str, ...]) -> Object | None:
    """All of discovery below /api or /apis in one document."""
    if path not in (("api",), ("apis",)):
        return None
    groups = ("",) if path == ("api",) else GROUPS
    items = [
        {
            "metadata": {"name": group} if group else {},
            "versions": [{"version": "v1", "resources": _aggregated(group), "freshness": "Current"}],
        }
        for group in groups
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _group(name: str) -> Object:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _of(group: str) -> list[Kind]:
    return [kind for kind in KINDS.values() if kind.group == group]


def _subresource(kind: Kind, name: str) -> tuple[str, list[str]]:
    """(kind, verbs) of a subresource."""
    if name == "log":
        return kind.kind, ["get"]
    if name == "exec":
        return "PodExecOptions", ["create", "get"]
    return kind.kind, ["get", "patch", "update"]


def _other_names(kind: Kind) -> Object:
    """What else kubectl may call it, where there is something."""
    names = {"shortNames": list(kind.short), "categories": list(kind.categories)}
    return {field: found for field, found in names.items() if found}


def _resource_list(group: str) -> Object:
    resources: list[Object] = []
    for kind in _of(group):
        entry: Object = {
            "name": kind.resource,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": sorted(WRITE),
        }
        entry |= _other_names(kind)
        resources.append(entry)
        for name in kind.subresources:
            sub_kind, verbs = _subresource(kind, name)
            resources.append(
                {
                    "name": f"{kind.resource}/{name}",
                    "singularName": "",
                    "namespaced": kind.namespaced,
                    "kind": sub_kind,
                    "verbs": verbs,
                }
            )
    for resource, review in _REVIEWS.get(group, ()):
        resources.append(
            {
                "name": resource,
                "singularName": review.lower(),
                "namespaced": False,
                "kind": review,
                "verbs": ["create"],
            }
        )
    made: Object = {"kind": "APIResourceList"}
    if group:
        made["apiVersion"] = "v1"
    return made | {"groupVersion": f"{group}/v1" if group else "v1", "resources": resources}


def _aggregated(group: str) -> list[Object]:
    resources: list[Object] = []
    for kind in _of(group):
        entry: Object = {
            "resource": kind.resource,
            "responseKind": {"group": "", "version": "", "kind": kind.kind},
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "singularResource": kind.singular,
            "verbs": sorted(WRITE),
        }
        entry |= _other_names(kind)
        if kind.subresources:
            entry["subresources"] = [
                {
                    "subresource": name,
                    "responseKind": {"group": "", "version": "", "kind": _subresource(kind, name)[0]},
                    "verbs": _subresource(kind, name)[1],
                }
                for name in kind.subresources
            ]
        resources.append(entry)
    for resource, review in _REVIEWS.get(group, ()):
        resources.append(
            {
                "resource": resource,
                "responseKind": {"group": "", "version": "", "kind": review},
                "scope": "Cluster",
                "singularResource": review.lower(),
                "verbs": ["create"],
            }
        )
    return resources


@cache
def _openapi(group: str) -> Object:
    """Enough for kubectl to see that the server checks the fields itself, so that it need not."""
    parameter = {
        "name": "fieldValidation",
        "in": "query",
        "schema": {"type": "string", "uniqueItems": True},
    }
    paths: Object = {}
    for kind in _of(group):
        root = f"/apis/{group}/v1" if group else "/api/v1"
        scope = "/namespaces/{namespace}" if kind.namespaced else ""
        gvk = {"group": group, "version": "v1", "kind": kind.kind}
        operations = {
            verb: {
                "parameters": [parameter, {**parameter, "name": "dryRun"}],
                "responses": {"200": {"description": "OK"}},
                "x-kubernetes-group-version-kind": gvk,
                "x-kubernetes-action": action,
            }
            for verb, action in (("patch", "patch"), ("put", "put"))
        }
        paths[f"{root}{scope}/{kind.resource}/{{name}}"] = operations
    info = {"title": "Kubernetes", "version": f"{MAJOR}.{MINOR}"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}
