"""The server killed by kill -9 again and again under load, and what its jobs say of it.

The jobs themselves keep the history: each writes when it begins and ends, and holds a lock while it runs. So what the
cluster says afterwards is compared with what was.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from kbatch_core.local.controllers import jobfacts
from kbatch_core.local.kubelet.logs import LogOptions, read_log
from kbatch_core.local.kubelet.machine import Machine
from kbatch_core.local.runner import Runner
from kbatch_core.local.state.store import Store

Object = dict[str, Any]

LINES = 10
SECONDS = 300.0
POLICY = {
    "rules": [
        {"action": "Count", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0]}},
    ]
}


def serve(folder: str, connection: Connection) -> None:
    """The server's process: makes the jobs that it is asked for, says so, and runs them."""
    # The wait after a disruption is not what this is about.
    jobfacts.BACKOFF_SECONDS = 0.1
    asyncio.run(_serve(Path(folder), connection))


async def _serve(folder: Path, connection: Connection) -> None:
    store = Store(folder / "state.db")
    runner = Runner(store, folder, machine=Machine("here", cpus=1000, memory=1 << 40))
    ending = asyncio.Event()

    def asked() -> None:
        try:
            name = connection.recv()
        except EOFError:
            name = ""
        if not name:
            ending.set()
            return
        if name == "left":
            connection.send(sum(not _end(job) for job in store.list("jobs")))
            return
        store.create("jobs", job_object(folder, name))
        connection.send(name)

    asyncio.get_running_loop().add_reader(connection.fileno(), asked)
    await runner.start()
    await ending.wait()
    asyncio.get_running_loop().remove_reader(connection.fileno())
    await runner.stop()
    store.close()


def job_object(folder: Path, name: str) -> Object:
    """A job of half a second. What it exits with is the last word of its name."""
    code = name.rpartition("-")[2]
    history = folder / "history"
    script = (
        f"exec 9>>{folder}/lock-{name}; flock -n 9 || echo twice {name} >>{history}; echo start {name} >>{history}; "
        f"i=0; while [ $i -lt {LINES} ]; do echo line $i of {name}; i=$((i + 1)); sleep 0.05; done; "
        f"echo end {name} >>{history}; exit {code}"
    )
    container = {"name": "main", "image": "none", "command": ["sh", "-c", script]}
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": 5,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": POLICY,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    }


@dataclass
class History:
    """What was asked for and what came of it."""

    asked: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    kills: int = 0
    keepers_killed: int = 0
    wrong: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    starts: Counter[str] = field(default_factory=Counter)


class Kills:
    """One folder, many servers."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.local.kills"])
        self.history = History()

    def run(self, kills: int, *, jobs: int = 3, keepers: float = 0.3) -> History:
        """Kill the server so often, each time with up to so many new jobs; `keepers`: how often a keeper too."""
        for _ in range(kills):
            process, connection = self._start()
            for _ in range(self._random.randint(0, jobs)):
                self._submit(connection)
            if self._random.random() < keepers:
                self._kill_a_keeper()
            time.sleep(self._random.uniform(0.0, 0.15))
            process.kill()
            process.join()
            self._take(connection)
            connection.close()
            self.history.kills += 1
        self._finish()
        self._check()
        return self.history

    def _start(self) -> tuple[multiprocessing.process.BaseProcess, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=serve, args=(str(self._folder), theirs), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def _submit(self, connection: Connection) -> None:
        name = f"job-{len(self.history.asked)}-{self._random.choice((0, 0, 3))}"
        self.history.asked.append(name)
        with contextlib.suppress(OSError):
            connection.send(name)
            if self._random.random() < 0.7 and connection.poll(10):
                self.history.acknowledged.add(connection.recv())

    def _take(self, connection: Connection) -> None:
        """What it acknowledged before it died."""
        with contextlib.suppress(OSError, EOFError):
            while connection.poll(0):
                self.history.acknowledged.add(connection.recv())

    def _kill_a_keeper(self) -> None:
        """One that is at work: its process ends as with a machine that loses power."""
        found = list(self._folder.glob("pods/*/containers/*/*/started.json"))
        alive = [path for path in found if not path.with_name("exit.json").exists()]
        if not alive:
            return
        with contextlib.suppress(OSError, msgspec.MsgspecError, ProcessLookupError):
            keeper = msgspec.json.decode(self._random.choice(alive).read_bytes())["keeper"]
            # Never another process of that number.
            if b"keeper.py" in Path(f"/proc/{keeper}/cmdline").read_bytes():
                os.kill(keeper, signal.SIGKILL)
                self.history.keepers_killed += 1

    def _finish(self) -> None:
        """The last server ends all that is left."""
        process, connection = self._start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            connection.send("left")
            left = connection.recv()
            if isinstance(left, int) and left == 0:
                break
            time.sleep(0.05)
        else:
            self.history.wrong.append(f"{left} jobs do not end")
        connection.send("")
        process.join()
        connection.close()

    def _check(self) -> None:
        history, wrong = self.history, self.history.wrong
        words = [line.split() for line in (self._folder / "history").read_text().splitlines()]
        history.starts = Counter(name for word, name in words if word == "start")
        ended = {name for word, name in words if word == "end"}
        wrong += [f"{name} ran twice at once" for word, name in words if word == "twice"]
        store = Store(self._folder / "state.db")
        jobs = {job["metadata"]["name"]: job for job in store.list("jobs")}
        pods = store.list("pods")
        store.close()
        wrong += [f"{name} was acknowledged and is lost" for name in history.acknowledged - set(jobs)]
        wrong += [f"{name} was never asked for" for name in set(jobs) - set(history.asked)]
        for name, job in jobs.items():
            end = _end(job)
            history.ends[end] += 1
            code = name.rpartition("-")[2]
            if end == "Complete" and (code != "0" or name not in ended):
                wrong.append(f"{name} is called a success and was none")
            if end == "PodFailurePolicy" and (code == "0" or name not in ended):
                wrong.append(f"{name} is called a failure of its own and was none")
            if end not in ("Complete", "PodFailurePolicy", "BackoffLimitExceeded"):
                wrong.append(f"{name} ended as {end}")
        for pod in pods:
            self._check_log(pod)

    def _check_log(self, pod: Object) -> None:
        """What ended with a word on its end has its whole output."""
        name = pod["metadata"]["ownerReferences"][0]["name"]
        end = pod["status"].get("containerStatuses", [{}])[0].get("state", {}).get("terminated", {})
        if end.get("reason") not in ("Completed", "Error") or end["exitCode"] > 100:
            return
        path = self._folder / "pods" / pod["metadata"]["uid"] / "containers" / "main" / "0.log"
        text = asyncio.run(_read(path)).decode()
        whole = "".join(f"line {number} of {name}\n" for number in range(LINES))
        if text != whole:
            self.history.wrong.append(f"the log of {name} is not whole: {text!r}")


async def _read(path: Path) -> bytes:
    return b"".join([piece async for piece in read_log(path, LogOptions(), lambda: True)])


def _end(job: Object) -> str:
    """Complete, or the reason of its failure; "" when it is not over."""
    for one in job.get("status", {}).get("conditions", ()):
        if one["type"] in ("Complete", "Failed"):
            return "Complete" if one["type"] == "Complete" else str(one["reason"])
    return ""
