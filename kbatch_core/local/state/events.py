"""Events, as the components of a cluster write them; the same again raises the count of the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kbatch_core.local.state.statuses import NotFound
from kbatch_core.local.state.store import Store, timestamp

Object = dict[str, Any]

# What was said before is known by so many of the newest events.
_KNOWN = 4096


class Recorder:
    """Writes events about objects into the store."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[tuple[str, ...], str] = {}

    def record(
        self, obj: Object, type: str, reason: str, message: str, *, component: str, field_path: str = ""
    ) -> None:
        """One event about `obj`, which is in the store or was until now."""
        now = self._clock()
        about = _reference(obj, field_path)
        key = (about["uid"], field_path, type, reason, message, component)
        name = self._known.get(key)
        if name is not None:
            try:
                self._store.change("events", about["namespace"], name, lambda event: _again(event, now))
                return
            except NotFound:
                pass
        name = f"{about['name']}.{int(now * 1e9):x}"
        made = self._store.create(
            "events",
            {
                "metadata": {"name": self._free(about["namespace"], name), "namespace": about["namespace"]},
                "involvedObject": about,
                "reason": reason,
                "message": message,
                "source": {"component": component},
                "firstTimestamp": timestamp(now),
                "lastTimestamp": timestamp(now),
                "count": 1,
                "type": type,
                "eventTime": None,
                "reportingComponent": component,
                "reportingInstance": "",
            },
        )
        self._known[key] = made["metadata"]["name"]
        if len(self._known) > _KNOWN:
            del self._known[next(iter(self._known))]

    def _free(self, namespace: str, name: str) -> str:
        number = 0
        while True:
            candidate = f"{name}{number or ''}"
            try:
                self._store.get("events", namespace, candidate)
            except NotFound:
                return candidate
            number += 1


def _again(event: Object, now: float) -> None:
    event["count"] = event.get("count", 1) + 1
    event["lastTimestamp"] = timestamp(now)


def _reference(obj: Object, field_path: str) -> Object:
    metadata = obj["metadata"]
    reference: Object = {
        "kind": obj["kind"],
        "namespace": metadata.get("namespace", "default"),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": obj["apiVersion"],
        "resourceVersion": metadata["resourceVersion"],
    }
    if field_path:
        reference["fieldPath"] = field_path
    return reference
