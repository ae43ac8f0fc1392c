"""The scheduler's loop: keeps the queue of waiting pods and places those that fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kbatch_core.local.controllers.placement import Ask, Place, ask_of, in_order, why_not
from kbatch_core.local.state.events import Recorder
from kbatch_core.local.state.podfacts import is_deleted, is_over
from kbatch_core.local.state.statuses import Conflict, NotFound
from kbatch_core.local.state.store import Change, Store, timestamp

Object = dict[str, Any]

COMPONENT = "default-scheduler"


class Scheduler:
    """Binds pods to the one node."""

    def __init__(self, store: Store, recorder: Recorder, clock: Callable[[], float], node: str) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._node = node
        self._waiting: dict[str, Ask] = {}
        self._placed: dict[str, Ask] = {}
        self._said: dict[str, str] = {}
        self._changed = True
        """Whether there may be room that was not there before: then all are looked at, else the new ones."""
        self._new: set[str] = set()
        for pod in store.list("pods"):
            self._know(pod)

    def told(self, change: Change) -> None:
        """Note a change of the store."""
        if change.resource == "pods":
            uid = change.object["metadata"]["uid"]
            if change.type == "DELETED":
                self._forget(uid)
            else:
                self._know(change.object)
        elif change.resource in ("nodes", "persistentvolumeclaims"):
            self._changed = True

    def work(self) -> None:
        """Look at each waiting pod for which anything has changed that could matter."""
        if not self._changed and not self._new:
            return
        asks = self._waiting.values() if self._changed else [self._waiting[uid] for uid in self._new]
        self._changed, self._new = False, set()
        node = self._store.get("nodes", "", self._node)
        claims = frozenset(
            (claim["metadata"]["namespace"], claim["metadata"]["name"])
            for claim in self._store.list("persistentvolumeclaims")
        )
        place = Place(node, tuple(self._placed.values()), claims)
        for ask in in_order(asks):
            why = why_not(ask, place)
            if why:
                self._refuse(ask, why)
            else:
                self._bind(ask)
                place = Place(node, tuple(self._placed.values()), claims)

    def _know(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        spec = pod["spec"]
        if is_over(pod):
            self._forget(uid)
        elif spec.get("nodeName"):
            if uid not in self._placed:
                waited = self._waiting.pop(uid, None)
                self._new.discard(uid)
                self._placed[uid] = ask_of(pod) if waited is None else waited
        elif (
            is_deleted(pod)
            or spec.get("schedulingGates")
            or spec.get("schedulerName", COMPONENT) != COMPONENT
        ):
            self._forget(uid)
        elif uid not in self._waiting:
            self._waiting[uid] = ask_of(pod)
            self._new.add(uid)

    def _forget(self, uid: str) -> None:
        self._waiting.pop(uid, None)
        self._new.discard(uid)
        self._said.pop(uid, None)
        if self._placed.pop(uid, None) is not None:
            self._changed = True

    def _bind(self, ask: Ask) -> None:
        pod = self._change(ask, self._place)
        self._placed[ask.uid] = ask
        self._waiting.pop(ask.uid, None)
        self._said.pop(ask.uid, None)
        if pod is not None:
            message = f"Successfully assigned {ask.namespace}/{ask.name} to {self._node}"
            self._recorder.record(pod, "Normal", "Scheduled", message, component=COMPONENT)

    def _place(self, pod: Object) -> None:
        pod["spec"]["nodeName"] = self._node
        self._condition(pod, {"status": "True"})

    def _refuse(self, ask: Ask, why: str) -> None:
        if self._said.get(ask.uid) == why:
            return
        self._said[ask.uid] = why
        pod = self._change(
            ask,
            lambda pod: self._condition(pod, {"status": "False", "reason": "Unschedulable", "message": why}),
        )
        if pod is not None:
            self._recorder.record(pod, "Warning", "FailedScheduling", why, component=COMPONENT)

    def _condition(self, pod: Object, words: Object) -> None:
        status = pod.setdefault("status", {})
        old = [one for one in status.get("conditions", ()) if one["type"] == "PodScheduled"]
        new = {
            "type": "PodScheduled",
            "observedGeneration": pod["metadata"].get("generation", 1),
            "lastProbeTime": None,
            "lastTransitionTime": timestamp(self._clock()),
            **words,
        }
        if old and old[0]["status"] == new["status"]:
            new["lastTransitionTime"] = old[0]["lastTransitionTime"]
        others = [one for one in status.get("conditions", ()) if one["type"] != "PodScheduled"]
        status["conditions"] = [*others, new]

    def _change(self, ask: Ask, edit: Callable[[Object], None]) -> Object | None:
        """The pod as it is then; None when it is another one or gone."""

        def same(pod: Object) -> None:
            if pod["metadata"]["uid"] != ask.uid:
                raise NotFound("pods", ask.name)
            edit(pod)

        try:
            return self._store.change("pods", ask.namespace, ask.name, same)
        except (NotFound, Conflict):
            self._forget(ask.uid)
            return None
