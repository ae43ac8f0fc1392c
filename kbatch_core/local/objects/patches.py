"""The three patches of the API (pure): JSON merge (RFC 7386), JSON (RFC 6902) and Kubernetes' strategic merge."""

from __future__ import annotations

import copy
from typing import Any

from kbatch_core.local.state.statuses import ApiError, BadRequest

Object = dict[str, Any]

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"

# Lists that are merged by a key, by the name of their field; source: the patchMergeKey tags of core/v1 and meta/v1.
_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "schedulingGates": "name",
    "resourceClaims": "name",
    "ownerReferences": "uid",
    "secrets": "name",
    "conditions": "type",
    "taints": "key",
    "podIPs": "ip",
    "hostIPs": "ip",
    "addresses": "type",
}
# Lists of plain values that are united.
_UNITED = ("finalizers",)
_DELETE, _REPLACE = "delete", "replace"


class BadPatch(ApiError):
    """A JSON patch that does not fit the object."""

    code, reason = 422, "Invalid"

    def __init__(self) -> None:
        super().__init__("the server rejected our request due to an error in our request")


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merge(made.get(key), value)
    return made


def strategic(target: Any, patch: Any, *, resource: str = "") -> Any:
    """Maps are merged, lists by their key where they have one, else replaced; directives (`$patch`) are obeyed."""
    if not isinstance(patch, dict):
        return patch
    directive = patch.get("$patch")
    if directive == _REPLACE:
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == _DELETE:
        return {}
    made = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            if isinstance(value, list) and isinstance(made.get(name), list):
                made[name] = [one for one in made[name] if one not in value]
        elif key.startswith(("$setElementOrder/", "$retainKeys", "$patch")):
            continue
        elif value is None:
            made.pop(key, None)
        elif isinstance(value, list):
            made[key] = _lists(made.get(key), value, resource, key)
        else:
            made[key] = strategic(made.get(key), value, resource=resource)
    if "$retainKeys" in patch and isinstance(patch["$retainKeys"], list):
        made = {key: value for key, value in made.items() if key in patch["$retainKeys"]}
    return made


def _lists(target: Any, patch: list[Any], resource: str, field: str) -> list[Any]:
    old = list(target) if isinstance(target, list) else []
    if field in _UNITED:
        return [*old, *(one for one in patch if one not in old)]
    key = _KEYS.get(field)
    if field == "conditions" and resource == "jobs":
        # Those of a pod and of a node have the key.
        key = None
    if key is None or not all(isinstance(one, dict) for one in patch):
        return [_without_directive(one) for one in patch]
    if any(one.get("$patch") == _REPLACE for one in patch):
        return [one for one in patch if "$patch" not in one]
    made = old
    for one in patch:
        if key not in one:
            raise BadRequest(f"map: {one} does not contain declared merge key: {key}")
        at = next(
            (n for n, have in enumerate(made) if isinstance(have, dict) and have.get(key) == one[key]), None
        )
        if one.get("$patch") == _DELETE:
            made = [have for have in made if not (isinstance(have, dict) and have.get(key) == one[key])]
        elif at is None:
            made = [*made, strategic({}, one, resource=resource)]
        else:
            made = [*made[:at], strategic(made[at], one, resource=resource), *made[at + 1 :]]
    return made


def _without_directive(value: Any) -> Any:
    return {key: one for key, one in value.items() if key != "$patch"} if isinstance(value, dict) else value


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902. Raises BadRequest for what is no patch, BadPatch for one that does not fit."""
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise BadRequest(
            "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch"
        )
    made = copy.deepcopy(target)
    for one in operations:
        try:
            made = _operate(made, one)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
            raise BadPatch from error
    return made


def _operate(doc: Any, one: Object) -> Any:
    name, path = one["op"], _path(one["path"])
    if name == "test":
        if _get(doc, path) != one["value"]:
            raise ValueError(one["path"])
        return doc
    if name == "add":
        return _add(doc, path, copy.deepcopy(one["value"]))
    if name == "remove":
        return _remove(doc, path)
    if name == "replace":
        _get(doc, path)
        return _add(_remove(doc, path), path, copy.deepcopy(one["value"])) if path else one["value"]
    if name in ("move", "copy"):
        source = _path(one["from"])
        value = copy.deepcopy(_get(doc, source))
        if name == "move":
            doc = _remove(doc, source)
        return _add(doc, path, value)
    raise ValueError(name)


def _path(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise ValueError(text)
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _get(doc: Any, path: list[str]) -> Any:
    for part in path:
        doc = doc[_index(part, len(doc))] if isinstance(doc, list) else doc[part]
    return doc


def _index(part: str, length: int) -> int:
    number = int(part)
    if number < 0:
        number += length
    if not 0 <= number < length:
        raise IndexError(part)
    return number


def _add(doc: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, last = _get(doc, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1), value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise TypeError(last)
    return doc


def _remove(doc: Any, path: list[str]) -> Any:
    parent, last = _get(doc, path[:-1]), path[-1]
    if isinstance(parent, list):
        del parent[_index(last, len(parent))]
    else:
        del parent[last]
    return doc
