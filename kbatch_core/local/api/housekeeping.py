"""What nobody asks for: the first namespace, each namespace's account, events that are too old, empty namespaces."""

from __future__ import annotations

import asyncio

from kbatch_core.local.api.table import seconds_of
from kbatch_core.local.objects import resources
from kbatch_core.local.state.kinds import KINDS
from kbatch_core.local.state.statuses import AlreadyExists, NotFound
from kbatch_core.local.state.store import Change, Store

EVENT_SECONDS = 3600.0
"""How long an event is kept; the API server's own default."""
_SWEEP_SECONDS = 600.0


class Housekeeping:
    """Listens to the store, and looks for old events now and then. Start it in a running loop, stop it once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._end = store.subscribe(self._changed)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Make what has to be there, and go on from where a stopped server was."""
        try:
            resources.create(self._store, "namespaces", {"metadata": {"name": "default"}})
        except AlreadyExists:
            for namespace in self._store.list("namespaces"):
                self._furnish(namespace["metadata"]["name"])
                resources.finish_namespace(self._store, namespace["metadata"]["name"])
        self._sweep()

    def stop(self) -> None:
        self._end()
        if self._timer is not None:
            self._timer.cancel()

    def _changed(self, change: Change) -> None:
        if change.resource == "namespaces" and change.type == "ADDED":
            self._furnish(change.object["metadata"]["name"])
        elif change.type == "DELETED" and KINDS[change.resource].namespaced and change.resource != "events":
            resources.finish_namespace(self._store, change.object["metadata"]["namespace"])

    def _furnish(self, namespace: str) -> None:
        """The account that pods name when they name none."""
        metadata = {"name": "default", "namespace": namespace}
        try:
            self._store.get("serviceaccounts", namespace, "default")
        except NotFound:
            self._store.create("serviceaccounts", {"metadata": metadata})

    def _sweep(self) -> None:
        """Remove old events, and come again."""
        oldest = self._store.now() - EVENT_SECONDS
        for event in self._store.list("events"):
            times = (event.get("lastTimestamp"), event["metadata"].get("creationTimestamp"))
            if max((seconds_of(one) or 0.0 for one in times), default=0.0) < oldest:
                metadata = event["metadata"]
                self._store.delete("events", metadata["namespace"], metadata["name"])
        self._timer = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)
