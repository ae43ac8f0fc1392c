"""How a pod goes: with patience while it runs, and not before all finalizers have let go of it.

Source: the pod strategy of Kubernetes' API server (pkg/registry/core/pod/strategy.go).
"""

from __future__ import annotations

import contextlib
from typing import Any

from kbatch_core.local.state.podfacts import Object, is_deleted, is_over
from kbatch_core.local.state.statuses import NotFound
from kbatch_core.local.state.store import Store, timestamp

GRACE_SECONDS = 30


def grace_of(pod: Object, asked: int | None = None) -> int:
    """Seconds from TERM to KILL for a pod that is to go now; 0 for one that does not run anywhere."""
    if not pod["spec"].get("nodeName") or is_over(pod):
        return 0
    return int(
        asked if asked is not None else pod["spec"].get("terminationGracePeriodSeconds", GRACE_SECONDS)
    )


def delete_pod(store: Store, pod: Object, now: float, *, grace: int | None = None, uid: str = "") -> Object:
    """Ask a pod to go, or remove it when nothing holds it; the pod as it is or was then.

    A second time only shortens the patience. Raises NotFound, Conflict (`uid` is another's).
    """
    metadata = pod["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    found = store.get("pods", namespace, name)
    seconds = grace_of(found, grace)
    if seconds == 0 and not found["metadata"].get("finalizers"):
        return store.delete("pods", namespace, name, uid=uid)

    def ask(pod: Object) -> None:
        if uid:
            pod["metadata"]["uid"] = uid
        before = pod["metadata"].get("deletionGracePeriodSeconds")
        if is_deleted(pod) and before is not None and before <= seconds:
            return
        pod["metadata"]["deletionTimestamp"] = timestamp(now + seconds)
        pod["metadata"]["deletionGracePeriodSeconds"] = seconds

    return store.change("pods", namespace, name, ask)


def remove_pod(store: Store, pod: Object) -> None:
    """The kubelet's last word about a pod that was asked to go: nothing of it runs any more."""

    def no_patience(pod: Object) -> None:
        pod["metadata"]["deletionGracePeriodSeconds"] = 0

    _change_and_let_go(store, pod, no_patience)


def release_pod(store: Store, pod: Object, finalizer: str) -> None:
    """Take a finalizer off a pod; it is removed when that was all that held it."""

    def take_off(pod: Object) -> None:
        left = [one for one in pod["metadata"].get("finalizers", ()) if one != finalizer]
        pod["metadata"].pop("finalizers", None)
        if left:
            pod["metadata"]["finalizers"] = left

    _change_and_let_go(store, pod, take_off)


def _change_and_let_go(store: Store, pod: Object, edit: Any) -> None:
    namespace, name, uid = (pod["metadata"][key] for key in ("namespace", "name", "uid"))
    with contextlib.suppress(NotFound):
        found = store.get("pods", namespace, name)
        if found["metadata"]["uid"] != uid:
            return
        edit(found)
        metadata = found["metadata"]
        gone = is_deleted(found) and metadata.get("deletionGracePeriodSeconds", 0) == 0
        if gone and not metadata.get("finalizers"):
            store.delete("pods", namespace, name, uid=uid)
        else:
            store.update("pods", found)
