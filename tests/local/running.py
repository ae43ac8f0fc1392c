"""A Runner with its store in a folder, and jobs for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from kbatch_core.environment import Environment
from kbatch_core.environment.facts import Mount
from kbatch_core.local.kubelet.logs import LogOptions
from kbatch_core.local.kubelet.machine import Machine
from kbatch_core.local.runner import Runner
from kbatch_core.local.state.store import Store
from kbatch_core.manifest import build_job
from kbatch_core.model.jobspec import JobSpec

Object = dict[str, Any]

SECONDS = 120.0
"""How long anything is waited for; a machine may be busy."""
MACHINE = Machine(name="here", cpus=64, memory=64 << 30)


class Here:
    """The cluster of a test."""

    def __init__(self, store: Store, folder: Path, **options: Any) -> None:
        self.store = store
        self.folder = folder
        self._options = options
        self.runner = Runner(store, folder, **options)

    async def restart(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """A new runner in place of the old one, which knows no more than what is on the disk."""
        await self.runner.stop()
        meanwhile()
        self.runner = Runner(self.store, self.folder, **self._options)
        await self.runner.start()

    def job(self, name: str, script: str, *, pod: Object | None = None, **spec: Any) -> str:
        """A Job that runs a shell script in one container; its name."""
        container: Object = {"name": "main", "image": "none", "command": ["sh", "-c", script]}
        template = {"spec": {"restartPolicy": "Never", "containers": [container], **(pod or {})}}
        whole = {"completions": 1, "parallelism": 1, "backoffLimit": 0, "template": template, **spec}
        self.store.create("jobs", {"metadata": {"name": name, "namespace": "default"}, "spec": whole})
        return name

    def kbatch(self, name: str, script: str, home: Path, **fields: Any) -> str:
        """A Job as kbatch makes it; the Job's name."""
        environment = Environment(
            image="none",
            user="ann",
            keep_entrypoint=False,
            home=str(home),
            volumes=({"name": "home", "hostPath": {"path": str(home)}},),
            volume_mounts=({"name": "home", "mountPath": str(home)},),
            mounts=(Mount(path=str(home), volume="home", persistent=True),),
            home_access="ReadWriteMany",
        )
        made = build_job(
            JobSpec(script=script, script_name=name, **fields),
            environment,
            job_id=f"{name}2222"[:8],
            submit_id=name,
            namespace="default",
            cwd=str(home),
            submit_host="here",
        )
        for file in made.files:
            raise AssertionError(f"{file} is to be staged")
        self.store.create("jobs", {**made.manifest, "status": {}})
        return str(made.manifest["metadata"]["name"])

    def status(self, name: str) -> Object:
        status: Object = self.store.get("jobs", "default", name).get("status", {})
        return status

    def pods(self, name: str) -> list[Object]:
        """The pods of a Job, by the second of their creation."""
        mine = [
            pod
            for pod in self.store.list("pods", "default")
            if pod["metadata"].get("ownerReferences", [{}])[0].get("name") == name
        ]
        return sorted(mine, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["uid"]))

    def events(self, name: str) -> set[tuple[str, str]]:
        """Reason and message of what was said of an object."""
        return {
            (event["reason"], event["message"])
            for event in self.store.list("events", "default")
            if event["involvedObject"]["name"] == name
        }

    async def until(self, true: Callable[[], object], what: str = "it") -> None:
        async with asyncio.timeout(SECONDS):
            while not true():
                await asyncio.sleep(0.01)

    async def ended(self, name: str) -> str:
        """Until a Job is over: its last condition's type."""

        def last() -> str:
            found = [one["type"] for one in self.status(name).get("conditions", ())]
            return next((kind for kind in found if kind in ("Complete", "Failed")), "")

        await self.until(last)
        return last()

    async def running(self, name: str) -> Object:
        """Its one pod that runs, once there is one."""
        return await self.in_phase(name, "Running")

    async def in_phase(self, name: str, phase: str) -> Object:
        """The first pod of a Job in a phase that it stays in, once there is one."""

        def found() -> list[Object]:
            return [pod for pod in self.pods(name) if pod["status"]["phase"] == phase]

        await self.until(found)
        return found()[0]

    async def log(self, pod: Object, **options: Any) -> bytes:
        previous = options.pop("previous", False)
        container = options.pop("container", "")
        pieces = await self.runner.logs(
            "default",
            pod["metadata"]["name"],
            container=container,
            previous=previous,
            options=LogOptions(**options),
        )
        return b"".join([piece async for piece in pieces])

    async def output(self, name: str) -> bytes:
        """The log of a Job's only pod."""
        return await self.log(self.pods(name)[-1])


def state(pod: Object, container: int = 0) -> Object:
    """The state of a container: what is in it depends on its only key."""
    found: Object = pod["status"]["containerStatuses"][container]["state"]
    return found


def is_there(process: int) -> bool:
    """Whether a process lives; one that nobody has waited for does not."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()


@asynccontextmanager
async def here(folder: Path, *, machine: Machine = MACHINE, **options: Any) -> AsyncIterator[Here]:
    """A Runner that runs; at the end its processes are ended as well."""
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder / "state.db")
    made = Here(store, folder, machine=machine, **options)
    await made.runner.start()
    try:
        yield made
        for job in store.list("jobs"):
            store.delete("jobs", "default", job["metadata"]["name"])
        for pod in store.list("pods"):
            store.delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        await made.until(lambda: not any((folder / "pods").glob("*")), "all processes to end")
    finally:
        await made.runner.stop()
        store.close()
