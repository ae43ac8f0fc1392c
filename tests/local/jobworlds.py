"""One way to ask two Job controllers the same: ours over a store with a clock of its own, and the real one."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.transport import Transport
from kbatch_core.errors import Conflict, NotFound
from kbatch_core.local.controllers.jobcontroller import JobController
from kbatch_core.local.state import deletion
from kbatch_core.local.state.events import Recorder
from kbatch_core.local.state.statuses import ApiError, Forbidden
from kbatch_core.local.state.store import Store, timestamp
from tests.cluster import Cluster, wait_for
from tests.cluster.objects import Objects

Object = dict[str, Any]

NOW = 1_790_000_000.0
STRATEGIC = "application/strategic-merge-patch+json"
# What the API server writes into a Job that does not say it.
DEFAULTS: Object = {"parallelism": 1, "completionMode": "NonIndexed", "suspend": False}


class World(Protocol):
    """Jobs of one name each; their pods do what the test says."""

    def create(self, name: str, spec: Object) -> None: ...
    def change(self, name: str, spec: Object) -> None: ...
    def job(self, name: str) -> Object: ...
    def pods(self, name: str) -> list[Object]: ...
    def events(self, name: str) -> set[tuple[str, str, str]]: ...
    def set_status(self, pod: Object, status: Object) -> None: ...
    def bind(self, pod: Object) -> None: ...
    def let_go(self, pod: Object) -> None: ...
    def until(self, true: Callable[[], object], what: str) -> None: ...
    def now(self) -> float: ...


class Killed(Exception):
    """The controller ends here."""


class MortalStore(Store):
    """Whoever makes the last of the writes that are `left` is killed before it; 0 = nobody."""

    left = 0

    def _write(self, *args: Any) -> Object:
        if self.left == 1:
            self.left = 0
            raise Killed
        self.left = max(self.left - 1, 0)
        return super()._write(*args)


class LocalWorld:
    """Our controller. Time passes only while `until` waits, and at once to the next thing to do."""

    def __init__(
        self, folder: Path, refuse: Callable[[Object], str] = lambda pod: "", *, writes: int = 0
    ) -> None:
        """`refuse` says why a pod may not be made; after so many `writes` the controller is killed, once."""
        self.time = NOW
        self.store = MortalStore(folder / "state.db", clock=self.now)
        self.refuse = refuse
        self._end: Callable[[], None] = lambda: None
        self._left = writes
        self.controller = self._start()

    def _start(self) -> JobController:
        self._end()
        recorder = Recorder(self.store, self.now)
        controller = JobController(self.store, recorder, self.now, create_pod=self._create_pod)
        self._end = self.store.subscribe(controller.told)
        return controller

    def _create_pod(self, pod: Object) -> Object:
        why = self.refuse(pod)
        if why:
            raise Forbidden("pods", pod["metadata"]["generateName"] + "xxxxx", why)
        return self.store.create("pods", {**pod, "status": {"phase": "Pending"}})

    def now(self) -> float:
        return self.time

    def create(self, name: str, spec: Object) -> None:
        whole = {**DEFAULTS, **spec}
        if "completions" not in spec and "parallelism" not in spec:
            whole["completions"] = 1
        self.store.create("jobs", {"metadata": {"name": name, "namespace": "default"}, "spec": whole})
        self.settle()

    def change(self, name: str, spec: Object) -> None:
        self.store.change("jobs", "default", name, lambda job: job["spec"].update(spec))
        self.settle()

    def job(self, name: str) -> Object:
        return self.store.get("jobs", "default", name)

    def pods(self, name: str) -> list[Object]:
        return of_job(self.store.list("pods", "default"), name)

    def events(self, name: str) -> set[tuple[str, str, str]]:
        return said(self.store.list("events", "default"), name)

    def set_status(self, pod: Object, status: Object) -> None:
        metadata = pod["metadata"]

        def edit(found: Object) -> None:
            found["status"] = {**found["status"], **status}

        self.store.change("pods", "default", metadata["name"], edit)
        self.settle()

    def bind(self, pod: Object) -> None:
        self.store.change(
            "pods", "default", pod["metadata"]["name"], lambda pod: pod["spec"].update(nodeName="node-a")
        )
        self.settle()

    def let_go(self, pod: Object) -> None:
        deletion.remove_pod(self.store, pod)
        self.settle()

    def settle(self) -> float | None:
        """Work until nothing is due now; when something will be."""
        while True:
            self.store.left, self._left = self._left, 0
            try:
                due = self.controller.work()
            except Killed:
                self.controller = self._start()
                continue
            finally:
                self._left, self.store.left = max(self.store.left, 0), 0
            if due is None or due > self.time:
                return due

    def until(self, true: Callable[[], object], what: str) -> None:
        for _ in range(100):
            due = self.settle()
            if true():
                return
            assert due is not None, f"it waits for nothing, and not for {what}: {self.store.list('jobs')}"
            self.time = due
        raise AssertionError(f"not {what}")


class RealWorld:
    """The real one, in a namespace of the real control plane; no node is there and this is its kubelet."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.namespace = namespace
        self.objects = Objects(cluster)
        self.transport = Transport(from_kubeconfig(str(cluster.kubeconfig), namespace=namespace))
        self.jobs_path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self.core = f"/api/v1/namespaces/{namespace}"
        self.node = f"node-of-{namespace}"

    def close(self) -> None:
        """The node goes, and the cluster removes what is left on it."""
        self.objects.delete(f"/api/v1/nodes/{self.node}")

    def now(self) -> float:
        return time.time()

    def create(self, name: str, spec: Object) -> None:
        self.objects.create(
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": spec,
            }
        )

    def change(self, name: str, spec: Object) -> None:
        self._patch(f"{self.jobs_path}/{name}", {"spec": spec})

    def job(self, name: str) -> Object:
        try:
            found: Object = self.objects.get(f"{self.jobs_path}/{name}")
        except NotFound as error:
            raise ApiError(str(error)) from error
        return found

    def pods(self, name: str) -> list[Object]:
        return of_job(self.objects.get(f"{self.core}/pods")["items"], name)

    def events(self, name: str) -> set[tuple[str, str, str]]:
        return said(self.objects.get(f"{self.core}/events")["items"], name)

    def set_status(self, pod: Object, status: Object) -> None:
        self._patch(f"{self.core}/pods/{pod['metadata']['name']}/status", {"status": status})

    def bind(self, pod: Object) -> None:
        name = pod["metadata"]["name"]
        # Pods on a node that is not there are deleted after 40 s, which a busy machine may need.
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.node},
            "spec": {"unschedulable": True},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }
        with contextlib.suppress(Conflict):
            self.objects.create(node)
        target = {"apiVersion": "v1", "kind": "Node", "name": self.node}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
        self.transport.request("POST", f"{self.core}/pods/{name}/binding", body=json.dumps(binding).encode())

    def let_go(self, pod: Object) -> None:
        self.objects.delete(f"{self.core}/pods/{pod['metadata']['name']}")

    def until(self, true: Callable[[], object], what: str) -> None:
        wait_for(true, what=what, seconds=120)

    def _patch(self, path: str, body: Object) -> None:
        self.transport.request("PATCH", path, body=json.dumps(body).encode(), content_type=STRATEGIC)


def of_job(pods: Iterable[Object], name: str) -> list[Object]:
    """The pods of a Job, oldest first."""
    mine = [pod for pod in pods if pod["metadata"].get("ownerReferences", [{}])[0].get("name") == name]
    return sorted(mine, key=lambda pod: int(pod["metadata"]["resourceVersion"]))


def said(events: Iterable[Object], name: str) -> set[tuple[str, str, str]]:
    """Type, reason and message of what the Job controller said; `POD` for the name of a pod."""
    return {
        (event["type"], event["reason"], _no_names(event["message"], name))
        for event in events
        if event["involvedObject"]["kind"] == "Job" and event["involvedObject"]["name"] == name
    }


def _no_names(message: str, name: str) -> str:
    words = [("POD" if word.startswith(f"{name}-") else word) for word in message.split(" ")]
    return " ".join(words)


def ended(world: World, code: int, *, disrupted: bool = False) -> Object:
    """The status of a pod whose container ended now."""
    at = timestamp(world.now())
    status: Object = {
        "phase": "Failed" if code or disrupted else "Succeeded",
        "containerStatuses": [
            {
                "name": "main",
                "image": "none",
                "imageID": "",
                "ready": False,
                "restartCount": 0,
                "state": {
                    "terminated": {
                        "exitCode": code,
                        "reason": "Error" if code else "Completed",
                        "startedAt": at,
                        "finishedAt": at,
                    }
                },
            }
        ],
    }
    if disrupted:
        status["conditions"] = [{"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}]
    return status


RUNNING: Object = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
