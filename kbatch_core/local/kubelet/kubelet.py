"""The kubelet's part: pods that have the node run as processes, and end, and their status tells of it.

It is told of every change and works when it is asked to; what runs is remembered by the folders of the pods, so that
a server that was killed goes on where it was.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from kbatch_core.local.kubelet.pod import PodRun
from kbatch_core.local.kubelet.tools import Tools
from kbatch_core.local.state.deletion import remove_pod
from kbatch_core.local.state.events import Recorder
from kbatch_core.local.state.podfacts import Object, is_deleted, is_over
from kbatch_core.local.state.statuses import NotFound
from kbatch_core.local.state.store import Change, Store

COMPONENT = "kubelet"


class Kubelet:
    """Runs the pods of the node."""

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        clock: Callable[[], float],
        folder: Path,
        *,
        node: str,
        gpus: int = 0,
        home: Path | None = None,
        asleep: Callable[[float], float] = lambda since: 0.0,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """`wake` is called when something has ended and `work` has to be done."""
        self._store = store
        self._clock = clock
        self._folder = folder
        self._node = node
        self._wake = wake
        self._runs: dict[str, PodRun] = {}
        self._due: dict[str, float] = {}
        self._tools = Tools(store, recorder, clock, folder, node, gpus, home, asleep, self._taken_gpus)

    def start(self) -> None:
        """Take up what an earlier server left."""
        folders = (
            {path.name for path in self._pods_folder().iterdir()} if self._pods_folder().exists() else set()
        )
        for pod in self._store.list("pods"):
            folders.discard(pod["metadata"]["uid"])
            self._know(pod)
        for uid in folders:
            # Its pod is gone, and it goes as well.
            self._runs[uid] = PodRun(None, uid, self._tools, partial(self._changed, uid))
            self._due[uid] = 0.0

    def stop(self) -> None:
        """Let go of the pods; they go on."""
        for run in self._runs.values():
            run.close()
        self._runs.clear()

    def told(self, change: Change) -> None:
        """Note a change of the store."""
        if change.resource == "pods":
            uid = change.object["metadata"]["uid"]
            if change.type == "DELETED":
                if uid in self._runs:
                    self._runs[uid].pod_is_gone()
                    self._due[uid] = 0.0
                elif (self._pods_folder() / uid).exists():
                    shutil.rmtree(self._pods_folder() / uid, ignore_errors=True)
            else:
                self._know(change.object)
        elif change.resource in ("configmaps", "secrets"):
            for uid, run in self._runs.items():
                if run.has_new_config():
                    self._due[uid] = 0.0

    def work(self) -> float | None:
        """Look at each pod that is due; when the next one will be, in seconds since the epoch."""
        now = self._clock()
        for uid in [uid for uid, when in self._due.items() if when <= now]:
            del self._due[uid]
            run = self._runs.get(uid)
            if run is None:
                continue
            again = run.work(now)
            if run.is_done():
                self._finish(uid, run)
            elif again is not None:
                self._due[uid] = min(again, self._due.get(uid, again))
        return min(self._due.values(), default=None)

    def run_of(self, uid: str) -> PodRun | None:
        """What runs of a pod; None when nothing does."""
        return self._runs.get(uid)

    def folder_of(self, uid: str) -> Path:
        return self._pods_folder() / uid

    def _know(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        if pod["spec"].get("nodeName") != self._node:
            return
        if uid not in self._runs:
            if is_over(pod):
                if is_deleted(pod):
                    remove_pod(self._store, pod)
                return
            metadata = pod["metadata"]
            key = (metadata["namespace"], metadata["name"])
            self._runs[uid] = PodRun(key, uid, self._tools, partial(self._changed, uid))
        self._due[uid] = 0.0

    def _taken_gpus(self) -> Iterable[int]:
        return [number for run in self._runs.values() for number in run.gpus or ()]

    def _changed(self, uid: str) -> None:
        self._due[uid] = 0.0
        self._wake()

    def _finish(self, uid: str, run: PodRun) -> None:
        """Nothing of it runs any more: its log is kept for as long as its object is there."""
        run.close()
        del self._runs[uid]
        key = run.key
        if key is None:
            shutil.rmtree(self.folder_of(uid), ignore_errors=True)
            return
        with contextlib.suppress(NotFound):
            pod = self._store.get("pods", *key)
            if is_deleted(pod):
                remove_pod(self._store, pod)

    def _pods_folder(self) -> Path:
        return self._folder / "pods"
