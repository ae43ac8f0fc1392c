"""Create, update, patch and delete, as the API server does them: fill in, check, admit, store."""

from __future__ import annotations

import copy
import uuid
from typing import Any

import msgspec

from kbatch_core.local.objects import admission, validation
from kbatch_core.local.objects.defaults import fill, quality
from kbatch_core.local.objects.updates import check_update, merged
from kbatch_core.local.state.deletion import delete_pod
from kbatch_core.local.state.kinds import KINDS
from kbatch_core.local.state.statuses import (
    CHANGED,
    AlreadyExists,
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    InternalError,
    Invalid,
    NotFound,
)
from kbatch_core.local.state.store import Store, generated_name, timestamp

Object = dict[str, Any]

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


class Terminating(ApiError):
    """A namespace that is being deleted takes nothing new."""

    code, reason = 403, "Forbidden"


def create(store: Store, resource: str, obj: Object, *, dry_run: bool = False) -> Object:
    """A new object with all that the server fills in. Raises Invalid, Forbidden, AlreadyExists, NotFound."""
    kind = KINDS[resource]
    # A copy, many times as fast as copy.deepcopy.
    obj = msgspec.json.decode(msgspec.json.encode(obj))
    metadata = obj.setdefault("metadata", {})
    for field in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        metadata.pop(field, None)
    metadata.pop("managedFields", None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = _free_name(store, resource, metadata)
    metadata["uid"] = str(uuid.uuid4())
    metadata.setdefault("name", "")
    fill(resource, obj)
    if kind.namespaced:
        _check_namespace(store, resource, metadata)
    # A limit range fills in resources, so it comes before validation, and the quota counts what came of it.
    admission.limit(store, resource, obj)
    if resource == "pods":
        obj["status"]["qosClass"] = quality(obj["spec"])
    validation.check(resource, obj)
    if _exists(store, resource, metadata):
        raise AlreadyExists(resource, metadata["name"])
    admission.admit(store, resource, obj)
    if not dry_run:
        return store.create(resource, obj)
    metadata["creationTimestamp"] = timestamp(store.now())
    if kind.has_generation:
        metadata["generation"] = 1
    return {"kind": kind.kind, "apiVersion": kind.api_version, **obj}


def update(
    store: Store,
    resource: str,
    old: Object,
    new: Object,
    *,
    subresource: str = "",
    dry_run: bool = False,
    patched: bool = False,
) -> Object:
    """`new` in place of `old`, which was just read. Raises Invalid, Conflict, NotFound."""
    made = merged(resource, old, new, subresource)
    metadata = made["metadata"]
    name = metadata.get("name", "")
    wanted = new["metadata"].get("uid")
    if wanted and wanted != old["metadata"]["uid"]:
        if patched:
            raise Invalid(resource, name, [validation.invalid("metadata.uid", wanted, "field is immutable")])
        raise Conflict(
            resource,
            name,
            f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {old['metadata']['uid']}",
        )
    if metadata.get("resourceVersion") not in (None, "", "0", old["metadata"]["resourceVersion"]):
        raise Conflict(resource, name, CHANGED)
    metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
    if not subresource:
        check_update(resource, old, made)
    if dry_run:
        return made
    if _is_let_go(made):
        return store.delete(resource, metadata.get("namespace", ""), name)
    return store.update(resource, made)


def delete(
    store: Store, resource: str, namespace: str, name: str, options: Object, *, dry_run: bool = False
) -> Object:
    """Delete, now or when all that holds the object has let go. The object as it is or was then.

    Raises NotFound, Conflict (preconditions), Forbidden.
    """
    old = store.get(resource, namespace, name)
    _check_preconditions(resource, old, options.get("preconditions", {}))
    if resource == "namespaces":
        return _delete_namespace(store, old, dry_run)
    if resource == "pods" and not dry_run:
        grace = options.get("gracePeriodSeconds")
        return delete_pod(store, old, store.now(), grace=None if grace is None else max(0, grace))
    new = copy.deepcopy(old)
    metadata = new["metadata"]
    finalizers = [one for one in metadata.get("finalizers", []) if one not in (FOREGROUND, ORPHAN)]
    policy = _policy(resource, options)
    if policy in ("Foreground", "Orphan"):
        finalizers.append(FOREGROUND if policy == "Foreground" else ORPHAN)
    metadata.pop("finalizers", None)
    if not finalizers:
        return old if dry_run else store.delete(resource, namespace, name, uid=old["metadata"]["uid"])
    metadata["finalizers"] = finalizers
    metadata.setdefault("deletionTimestamp", timestamp(store.now()))
    metadata["deletionGracePeriodSeconds"] = 0
    return new if dry_run else store.update(resource, new)


def _policy(resource: str, options: Object) -> str:
    """What happens to the pods. batch/v1 leaves them when nothing is said, for the sake of old clients."""
    if "orphanDependents" in options:
        return "Orphan" if options["orphanDependents"] else "Background"
    given: str = options.get("propagationPolicy") or ("Orphan" if resource == "jobs" else "Background")
    return given if resource == "jobs" else "Background"


def _check_preconditions(resource: str, obj: Object, wanted: Object) -> None:
    metadata = obj["metadata"]
    kind = KINDS[resource]
    title = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    for field, label, why in (
        ("uid", "UID", "The object might have been deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "The object might have been modified"),
    ):
        if wanted.get(field) and wanted[field] != metadata[field]:
            error = Conflict(
                resource,
                metadata["name"],
                f"the {label} in the precondition ({wanted[field]}) does not match the {label} in record "
                f"({metadata[field]}). {why}",
            )
            error.message = error.message.replace(kind.qualified, title, 1)
            error.details["kind"] = kind.kind
            raise error


def _delete_namespace(store: Store, namespace: Object, dry_run: bool) -> Object:
    """A namespace with all that is in it; it goes when the last pod has ended."""
    name = namespace["metadata"]["name"]
    if name == "default":
        raise Forbidden("namespaces", name, "this namespace may not be deleted")
    if dry_run:
        return namespace
    now = timestamp(store.now())

    def mark(obj: Object) -> None:
        obj["metadata"].setdefault("deletionTimestamp", now)
        obj["status"] = {"phase": "Terminating"}

    marked = store.change("namespaces", "", name, mark)
    for resource, kind in KINDS.items():
        if kind.namespaced and resource != "events":
            for obj in store.list(resource, name):
                delete(store, resource, name, obj["metadata"]["name"], {"propagationPolicy": "Background"})
    finish_namespace(store, name)
    return marked


def finish_namespace(store: Store, name: str) -> None:
    """Remove a namespace that is being deleted, once it is empty."""
    try:
        namespace = store.get("namespaces", "", name)
    except NotFound:
        return
    if "deletionTimestamp" not in namespace["metadata"]:
        return
    left = [kind for kind in KINDS.values() if kind.namespaced and kind.resource != "events"]
    if any(store.list_raw(kind.resource, name) for kind in left):
        return
    for event in store.list("events", name):
        store.delete("events", name, event["metadata"]["name"])
    store.delete("namespaces", "", name)


def _is_let_go(obj: Object) -> bool:
    """Whether the last finalizer of an object that is being deleted has gone."""
    metadata = obj["metadata"]
    waits = metadata.get("deletionGracePeriodSeconds", 0) > 0
    return "deletionTimestamp" in metadata and not metadata.get("finalizers") and not waits


def _check_namespace(store: Store, resource: str, metadata: Object) -> None:
    namespace = store.get("namespaces", "", metadata["namespace"])
    if "deletionTimestamp" in namespace["metadata"]:
        name = metadata["namespace"]
        raise Terminating(
            f'{KINDS[resource].qualified} "{metadata["name"]}" is forbidden: unable to create new content in '
            f"namespace {name} because it is being terminated",
            {"name": metadata["name"], "kind": resource, "causes": [{"reason": "NamespaceTerminating"}]},
        )


def _exists(store: Store, resource: str, metadata: Object) -> bool:
    try:
        store.raw(resource, metadata.get("namespace", ""), metadata["name"])
    except NotFound:
        return False
    return True


def _free_name(store: Store, resource: str, metadata: Object) -> str:
    for _ in range(100):
        name = generated_name(metadata["generateName"])
        if not _exists(store, resource, {**metadata, "name": name}):
            return name
    raise InternalError("no free name was found")


def in_path(obj: Object, namespace: str, name: str) -> None:
    """Give an object the name and namespace of its URL. Raises BadRequest when it has others."""
    metadata = obj.setdefault("metadata", {})
    if namespace:
        if metadata.setdefault("namespace", namespace) != namespace:
            raise BadRequest(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
    else:
        metadata.pop("namespace", None)
    if name and metadata.setdefault("name", name) != name:
        raise BadRequest(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
        )
