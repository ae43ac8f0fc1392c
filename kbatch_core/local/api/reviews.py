"""Who may do what: here, whoever has the token may do all (pure).

kubectl sends these requests, and no other that it needs here, in protobuf: their few strings are read from it.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from typing import Any

from kbatch_core.local.api.options import InvalidOptions
from kbatch_core.local.state.statuses import BadRequest

Object = dict[str, Any]

PROTOBUF = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\0"
_RESOURCE_FIELDS = {
    1: "namespace",
    2: "verb",
    3: "group",
    4: "version",
    5: "resource",
    6: "subresource",
    7: "name",
}
_RULES = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
_PATHS = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]


def answer(kind: str, review: Object) -> Object:
    """The review with its status. Raises InvalidOptions, BadRequest for an incomplete one."""
    spec = review.get("spec", {})
    made: Object = {"kind": kind, "apiVersion": "authorization.k8s.io/v1", "metadata": {}}
    if kind == "SelfSubjectAccessReview":
        given = [key for key in ("resourceAttributes", "nonResourceAttributes") if key in spec]
        if len(given) != 1:
            words = (
                "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be "
                "specified"
            )
            raise InvalidOptions(
                "", "spec.resourceAttributes", words, "FieldValueInvalid", "authorization.k8s.io"
            )
        return {
            **made,
            "spec": spec,
            "status": {"allowed": True, "reason": "the token's owner may do everything"},
        }
    if kind == "SelfSubjectRulesReview":
        if not spec.get("namespace"):
            raise BadRequest("no namespace on request")
        status = {"resourceRules": _RULES, "nonResourceRules": _PATHS, "incomplete": False}
        return {**made, "spec": {}, "status": status}
    made["apiVersion"] = "authentication.k8s.io/v1"
    return {
        **made,
        "status": {"userInfo": {"username": _user(), "groups": ["system:masters", "system:authenticated"]}},
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "local"


def read_protobuf(kind: str, body: bytes) -> Object:
    """A review from protobuf. Raises BadRequest."""
    try:
        if not body.startswith(_MAGIC):
            raise ValueError("it does not begin as such a message")
        raw = dict(_fields(body[len(_MAGIC) :])).get(2, b"")
        spec = dict(_fields(raw)).get(2, b"")
        parts = dict(_fields(spec))
        if kind == "SelfSubjectRulesReview":
            return {"spec": {"namespace": parts.get(1, b"").decode()}}
        made: Object = {}
        if 1 in parts:
            made["resourceAttributes"] = _strings(parts[1], _RESOURCE_FIELDS)
        if 2 in parts:
            made["nonResourceAttributes"] = _strings(parts[2], {1: "path", 2: "verb"})
    except (ValueError, IndexError) as error:
        raise BadRequest(f"the body of the request is no {kind}: {error}") from error
    return {"spec": made}


def _strings(data: bytes, names: dict[int, str]) -> Object:
    return {names[number]: text.decode() for number, text in _fields(data) if number in names and text}


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of the fields that are strings or messages. Raises ValueError, IndexError."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 0:
            _, at = _varint(data, at)
        elif key & 7 == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("it is cut off")
            yield key >> 3, data[at : at + size]
            at += size
        else:
            raise ValueError(f"field of wire type {key & 7}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
