"""The verbs on resources: from a decoded request to an answer. Nothing here waits, so that no two writes mix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kbatch_core.local.api.options import (
    Query,
    check_delete_options,
    flag,
    integer,
    is_dry_run,
    read_list_options,
    validation,
)
from kbatch_core.local.api.pages import read_page, select, write_list
from kbatch_core.local.api.reviews import PROTOBUF, answer, read_protobuf
from kbatch_core.local.api.table import table
from kbatch_core.local.api.target import Target
from kbatch_core.local.objects import resources
from kbatch_core.local.objects.decode import Reader, read_json
from kbatch_core.local.objects.patches import APPLY, JSON, MERGE, STRATEGIC, json_patch, merge, strategic
from kbatch_core.local.state.statuses import (
    ApiError,
    BadRequest,
    MethodNotAllowed,
    NotFound,
    ServerRefused,
    UnsupportedType,
)
from kbatch_core.local.state.store import Store

Object = dict[str, Any]
YAML = "application/yaml"
# Resources whose deletion is answered with the object; the others' with a Status.
_RETURNED = ("pods", "persistentvolumeclaims", "resourcequotas", "serviceaccounts")


@dataclass
class Call:
    """One request, read."""

    method: str
    target: Target
    query: Query
    content_type: str
    accept: str
    body: bytes
    warnings: list[str] = field(default_factory=list)

    @property
    def wants_table(self) -> bool:
        """Whether a Table stands before plain JSON in what the client takes."""
        first = next((one for one in self.accept.split(",") if "json" in one or "*/*" in one), "")
        return "as=Table" in first and "v=v1beta1" not in first


@dataclass(frozen=True)
class Answer:
    """What is sent back: JSON."""

    body: bytes
    status: int = 200


class StrictPatch(ApiError):
    """A patch with fields that are unknown."""

    code, reason = 422, "Invalid"


def handle(store: Store, call: Call) -> Answer:
    """Carry out a request that is neither a watch nor a stream. Raises ApiError."""
    target = call.target
    if target.review:
        return _review(call)
    verbs: Mapping[str, Callable[[Store, Call], Answer]]
    if target.subresource:
        verbs = {"GET": _get, "PUT": _put, "PATCH": _patch}
    elif target.name:
        verbs = {"GET": _get, "PUT": _put, "PATCH": _patch, "DELETE": _delete}
    elif target.namespace or not target.kind.namespaced:
        verbs = {"GET": _list, "POST": _create, "DELETE": _delete_all}
    else:
        verbs = {"GET": _list}
    if call.method not in verbs:
        raise MethodNotAllowed
    return verbs[call.method](store, call)


def shown(call: Call, obj: Object, now: float, *, columns: bool = True) -> Object:
    """The object as the client wants to see it: itself, or a Table of it."""
    if not call.wants_table:
        return obj
    metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
    include = call.query.get("includeObject") or "Metadata"
    return table(call.target.resource, [obj], metadata, now, include=include, columns=columns)


def _answer(store: Store, call: Call, obj: Object, status: int = 200) -> Answer:
    return Answer(msgspec.json.encode(shown(call, obj, store.now())) + b"\n", status)


def _get(store: Store, call: Call) -> Answer:
    target = call.target
    body = store.raw(target.resource, target.namespace, target.name)
    if not call.wants_table:
        return Answer(body + b"\n")
    return _answer(store, call, msgspec.json.decode(body))


def _list(store: Store, call: Call) -> Answer:
    target = call.target
    page = read_page(store, target.resource, target.namespace, read_list_options(target.resource, call.query))
    if not call.wants_table:
        return Answer(write_list(target.resource, page))
    objects = [msgspec.json.decode(body) for body in page.bodies]
    include = call.query.get("includeObject") or "Metadata"
    made = table(target.resource, objects, page.metadata, store.now(), include=include)
    return Answer(msgspec.json.encode(made) + b"\n")


def _create(store: Store, call: Call) -> Answer:
    dry_run = is_dry_run(call.query, "Create")
    obj = _read_object(call, "Create")
    resources.in_path(obj, call.target.namespace, "")
    if obj["metadata"].get("resourceVersion"):
        raise ServerRefused("resourceVersion should not be set on objects to be created")
    made = resources.create(store, call.target.resource, obj, dry_run=dry_run)
    return _answer(store, call, made, 201)


def _put(store: Store, call: Call) -> Answer:
    target = call.target
    dry_run = is_dry_run(call.query, "Update")
    obj = _read_object(call, "Update")
    resources.in_path(obj, target.namespace, target.name)
    old = store.get(target.resource, target.namespace, target.name)
    made = resources.update(store, target.resource, old, obj, subresource=target.subresource, dry_run=dry_run)
    return _answer(store, call, made)


def _patch(store: Store, call: Call) -> Answer:
    target = call.target
    dry_run = is_dry_run(call.query, "Patch")
    strict = validation(call.query, "Patch")
    if call.content_type not in (MERGE, STRATEGIC, JSON, APPLY):
        raise UnsupportedType("415: Unsupported Media Type")
    try:
        old = store.get(target.resource, target.namespace, target.name)
    except NotFound:
        if call.content_type == APPLY and not target.subresource:
            return _create(store, _as_create(call))
        raise
    reader = Reader()
    obj = reader.read(target.kind.kind, _patched(call, old))
    if reader.unknown and strict == "Strict":
        words = ", ".join(f'unknown field "{path}"' for path in reader.unknown)
        raise StrictPatch(f' "" is invalid: patch: Invalid value: strict decoding error: {words}')
    _warn(call, reader.unknown, strict)
    if obj.get("kind") != old["kind"] or obj.get("apiVersion") != old["apiVersion"]:
        raise BadRequest("the kind or the apiVersion of an object cannot be patched")
    resources.in_path(obj, target.namespace, target.name)
    made = resources.update(
        store, target.resource, old, obj, subresource=target.subresource, dry_run=dry_run, patched=True
    )
    return _answer(store, call, made)


def _patched(call: Call, old: Object) -> Object:
    """The old object with the patch on it."""
    try:
        patch = _configuration(call.body) if call.content_type == APPLY else msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = "unexpected end of JSON input" if "truncated" in str(error) or not call.body else str(error)
        raise BadRequest(f"error decoding patch: {why}") from error
    made: Any
    if call.content_type == JSON:
        made = json_patch(old, patch)
        if not isinstance(made, dict):
            raise BadRequest("the patch leaves no object")
        return made
    if not isinstance(patch, dict):
        kind = "array" if isinstance(patch, list) else type(patch).__name__
        raise BadRequest(
            f"error decoding patch: json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )
    if call.content_type == MERGE:
        made = merge(old, patch)
    else:
        if call.content_type == APPLY:
            patch["metadata"].pop("managedFields", None)
        made = strategic(old, patch, resource=call.target.resource)
    if not isinstance(made, dict) or not isinstance(made.get("metadata"), dict):
        raise BadRequest("the patch leaves no metadata")
    return made


def _as_create(call: Call) -> Call:
    """A server-side apply of what is not there: a create."""
    target = call.target
    obj = _configuration(call.body)
    obj["metadata"]["name"] = target.name
    where = Target(target.resource, target.namespace)
    return Call("POST", where, call.query, "application/json", call.accept, msgspec.json.encode(obj))


def _delete(store: Store, call: Call) -> Answer:
    target = call.target
    options = _delete_options(call)
    dry_run = bool(options.get("dryRun"))
    made = resources.delete(store, target.resource, target.namespace, target.name, options, dry_run=dry_run)
    if "deletionTimestamp" in made["metadata"] or target.resource in _RETURNED:
        return _answer(store, call, made)
    details = {"name": target.name, "kind": target.resource, "uid": made["metadata"]["uid"]}
    if target.kind.group:
        details["group"] = target.kind.group
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    return Answer(msgspec.json.encode(status) + b"\n")


def _delete_all(store: Store, call: Call) -> Answer:
    target = call.target
    if target.resource == "namespaces":
        raise MethodNotAllowed
    options = _delete_options(call)
    dry_run = bool(options.get("dryRun"))
    selection = read_list_options(target.resource, call.query)
    items = []
    for namespace, name, _ in select(store.rows(target.resource, target.namespace), selection):
        obj = resources.delete(store, target.resource, namespace, name, options, dry_run=dry_run)
        items.append({key: value for key, value in obj.items() if key not in ("kind", "apiVersion")})
    made = {
        "kind": f"{target.kind.kind}List",
        "apiVersion": target.kind.api_version,
        "metadata": {"resourceVersion": str(store.version)},
        "items": items,
    }
    return Answer(msgspec.json.encode(made) + b"\n")


def _delete_options(call: Call) -> Object:
    """From the body, or from the query when there is none."""
    options: Object = {}
    if call.body.strip():
        options = Reader().read("DeleteOptions", _value(call, "DeleteOptions"))
    else:
        if call.query.get("propagationPolicy"):
            options["propagationPolicy"] = call.query["propagationPolicy"]
        if call.query.get("orphanDependents"):
            options["orphanDependents"] = flag(call.query, "orphanDependents")
        grace = integer(call.query, "gracePeriodSeconds")
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        if is_dry_run(call.query, "Delete"):
            options["dryRun"] = ["All"]
    check_delete_options(options)
    return options


def _review(call: Call) -> Answer:
    kind = call.target.review
    if call.method != "POST":
        raise MethodNotAllowed
    if call.content_type == PROTOBUF:
        review = read_protobuf(kind, call.body)
    else:
        review = Reader().read(kind, _value(call, kind))
    return Answer(msgspec.json.encode(answer(kind, review)) + b"\n", 201)


def _read_object(call: Call, verb: str) -> Object:
    """The object in the body, its fields checked as the client asks. Raises BadRequest, UnsupportedType."""
    kind = call.target.kind
    strict = validation(call.query, verb)
    value = _value(call, kind.kind)
    found = value.get("kind") or kind.kind
    if found != kind.kind or value.get("apiVersion") not in (None, "", kind.api_version):
        version = str(value.get("apiVersion", "")).rpartition("/")[2]
        raise BadRequest(
            f'{found} in version "{version}" cannot be handled as a {kind.kind}: converting ({version}.{found}) to '
            f"({kind.group or 'core'}.{kind.kind}): unknown conversion"
        )
    reader = Reader()
    obj = reader.read(kind.kind, value)
    if reader.unknown and strict == "Strict":
        words = ", ".join(f'unknown field "{path}"' for path in reader.unknown)
        raise BadRequest(
            f'{kind.kind} in version "v1" cannot be handled as a {kind.kind}: strict decoding error: {words}'
        )
    _warn(call, reader.unknown, strict)
    obj.setdefault("metadata", {})
    return obj


def _warn(call: Call, unknown: list[str], strict: str) -> None:
    if strict == "Warn":
        call.warnings += [f'unknown field "{path}"' for path in unknown]


def _value(call: Call, kind: str) -> Object:
    if call.content_type in ("", "application/json"):
        return read_json(call.body, kind)
    if call.content_type == YAML:
        value = _yaml(call.body)
        if not isinstance(value, dict):
            raise BadRequest(f"the object provided is unrecognized (must be of type {kind})")
        return value
    raise UnsupportedType(
        "the body of the request was in an unknown format - accepted media types include: application/json, "
        "application/yaml"
    )


def _configuration(body: bytes) -> Object:
    """What is applied: an object with metadata, in YAML. Raises BadRequest."""
    value = _yaml(body)
    if not isinstance(value, dict) or not isinstance(value.setdefault("metadata", {}), dict):
        raise BadRequest("the applied configuration is no object with metadata")
    return value


def _yaml(body: bytes) -> Any:
    """YAML, which JSON is a part of. Raises BadRequest."""
    import yaml  # only for kubectl apply --server-side, and for people who write to the API by hand

    try:
        return msgspec.json.decode(msgspec.json.encode(yaml.safe_load(body)))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        why = str(error).partition("\n")[0]
        raise BadRequest(f"error converting YAML to JSON: {why}") from error
