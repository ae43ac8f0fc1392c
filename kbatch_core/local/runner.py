"""All that makes Jobs run on this machine: the Job controller, the scheduler and the kubelet, in one loop.

    runner = Runner(store, folder, create_pod=...)
    await runner.start()

It waits for changes of the store, for ends of processes and for the next deadline; it never polls.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from kbatch_core.local.controllers.jobcontroller import JobController
from kbatch_core.local.controllers.scheduler import Scheduler
from kbatch_core.local.kubelet.execute import Receive, Send, execute
from kbatch_core.local.kubelet.kubelet import Kubelet
from kbatch_core.local.kubelet.logs import LogOptions, read_log
from kbatch_core.local.kubelet.machine import Machine, look, node_object
from kbatch_core.local.kubelet.process import Start
from kbatch_core.local.kubelet.sleeps import Sleeps
from kbatch_core.local.kubelet.status import container_names
from kbatch_core.local.state.events import Recorder
from kbatch_core.local.state.kinds import VERSION
from kbatch_core.local.state.statuses import BadRequest, NotFound
from kbatch_core.local.state.store import Change, Store
from kbatch_core.model.decoding import decoder

Object = dict[str, Any]

# A clock that is set, or a machine that slept, moves deadlines: none is slept through for longer than this.
_LONGEST_WAIT_SECONDS = 60.0
WHOLE = LogOptions()
_log = logging.getLogger(__name__)


class Runner:
    """Owns one task. Start it once, stop it once; what runs goes on without it."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        home: Path | None = None,
        clock: Callable[[], float] = time.time,
        create_pod: Callable[[Object], Object] | None = None,
        machine: Machine | None = None,
    ) -> None:
        """`folder` is the cluster's; pods have `pods` in it. `home` is what processes have as HOME, None for the
        user's own. `create_pod` admits and stores a pod; `machine` is what there is, by default this machine."""
        folder.mkdir(parents=True, exist_ok=True)
        self._store = store
        self._folder = folder
        self._clock = clock
        self._machine = look(folder) if machine is None else machine
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._put_node()
        sleeps = Sleeps(folder / "sleeps.json", clock)
        recorder = Recorder(store, clock)
        self._jobs = JobController(
            store,
            recorder,
            clock,
            create_pod=self._create_pod if create_pod is None else create_pod,
            asleep=sleeps.since,
        )
        self._scheduler = Scheduler(store, recorder, clock, self._machine.name)
        self._kubelet = Kubelet(
            store,
            recorder,
            clock,
            folder,
            node=self._machine.name,
            gpus=len(self._machine.gpus),
            home=home,
            asleep=sleeps.since,
            wake=self._wanted.set,
        )

    async def start(self) -> None:
        """Take up what an earlier server left, and go on."""
        self._unsubscribe = self._store.subscribe(self._told)
        self._kubelet.start()
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Stop looking; processes go on under their keepers."""
        self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._kubelet.stop()

    async def logs(
        self,
        namespace: str,
        name: str,
        *,
        container: str = "",
        previous: bool = False,
        options: LogOptions = WHOLE,
    ) -> AsyncIterator[bytes]:
        """A container's log, as `kubectl logs` gets it. Raises NotFound, BadRequest, before the first piece."""
        pod = self._store.get("pods", namespace, name)
        uid = pod["metadata"]["uid"]
        container = _pick(pod, container)
        status = _status_of(pod, container)
        attempt = int(status.get("restartCount", 0))
        waiting = status.get("state", {}).get("waiting")
        waits_again = waiting is not None and "terminated" in status.get("lastState", {})
        if previous and not waits_again:
            attempt -= 1
        if not pod["spec"].get("nodeName"):
            raise BadRequest(f"pod {name} does not have a host assigned")
        if previous and attempt < 0:
            raise BadRequest(f'previous terminated container "{container}" in pod "{name}" not found')
        if waiting is not None and not waits_again:
            raise BadRequest(
                f'container "{container}" in pod "{name}" is waiting to start: {waiting["reason"]}'
            )
        path = self._kubelet.folder_of(uid) / "containers" / container / f"{attempt}.log"

        def is_over() -> bool:
            run = self._kubelet.run_of(uid)
            found = run.container(container) if run is not None else None
            return previous or found is None or found.restarts != attempt or not found.is_running()

        return read_log(path, options, is_over)

    async def exec(
        self,
        namespace: str,
        name: str,
        *,
        container: str = "",
        command: Sequence[str],
        stdin: bool = False,
        stdout: bool = True,
        stderr: bool = True,
        tty: bool = False,
        receive: Receive,
        send: Send,
    ) -> None:
        """Run a program in a container's place; frames are those of the channel protocol.

        Raises NotFound, BadRequest, before anything is sent.
        """
        start = self.place_of(namespace, name, container)
        await execute(
            command,
            start.env,
            start.cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr and not tty,
            tty=tty,
            receive=receive,
            send=send,
        )

    def place_of(self, namespace: str, name: str, container: str) -> Start:
        """How a running container was started. Raises NotFound, BadRequest."""
        pod = self._store.get("pods", namespace, name)
        container = _pick(pod, container)
        run = self._kubelet.run_of(pod["metadata"]["uid"])
        found = run.container(container) if run is not None else None
        if found is None or found.attempt is None or not found.is_running():
            phase = pod.get("status", {}).get("phase", "")
            if phase in ("Succeeded", "Failed"):
                raise BadRequest(f"cannot exec into a container in a completed pod; current phase is {phase}")
            raise BadRequest(f'unable to upgrade connection: container not found ("{container}")')
        return decoder(Start).decode((found.attempt.folder / "start.json").read_bytes())

    def work(self) -> float | None:
        """All that is due now; when the next thing will be. For `start`'s loop, and for tests without one."""
        self._kubelet.work()
        due = self._jobs.work()
        self._scheduler.work()
        again = self._kubelet.work()
        return min((when for when in (due, again) if when is not None), default=None)

    def _told(self, change: Change) -> None:
        if change.resource == "events":
            return
        self._jobs.told(change)
        self._scheduler.told(change)
        self._kubelet.told(change)
        self._wanted.set()

    async def _work(self) -> None:
        while True:
            self._wanted.clear()
            try:
                due = self.work()
            except Exception:  # noqa: BLE001 - one bad object must not stop all others for ever
                _log.exception("the runner stumbled")
                due = self._clock() + 5.0
            if self._wanted.is_set():
                await asyncio.sleep(0)
                continue
            wait = None if due is None else max(min(due - self._clock(), _LONGEST_WAIT_SECONDS), 0.0)
            try:
                async with asyncio.timeout(wait):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    def _create_pod(self, pod: Object) -> Object:
        return self._store.create("pods", {**pod, "status": {"phase": "Pending"}})

    def _put_node(self) -> None:
        """This machine as it is now; others of that name are none."""
        node = node_object(self._machine, self._clock(), version=VERSION)
        try:
            found = self._store.get("nodes", "", self._machine.name)
        except NotFound:
            for other in self._store.list("nodes"):
                self._store.delete("nodes", "", other["metadata"]["name"])
            self._store.create("nodes", node)
            return
        found["metadata"].setdefault("labels", {}).update(node["metadata"]["labels"])
        self._store.update("nodes", {**found, "status": node["status"]})


def _pick(pod: Object, container: str) -> str:
    """The container that is meant. Raises BadRequest."""
    names = container_names(pod)
    name = pod["metadata"]["name"]
    if container:
        if container not in names:
            raise BadRequest(f"container {container} is not valid for pod {name}")
        return container
    own = [one["name"] for one in pod["spec"]["containers"]]
    if len(own) > 1:
        raise BadRequest(
            f"a container name must be specified for pod {name}, choose one of: [{' '.join(own)}]"
        )
    return str(own[0])


def _status_of(pod: Object, container: str) -> Object:
    status = pod.get("status", {})
    for key in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(key, ()):
            if one["name"] == container:
                found: Object = one
                return found
    return {"state": {"waiting": {"reason": "ContainerCreating"}}}
