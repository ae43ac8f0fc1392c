"""What readers cost one API server: 200 live queues with a user's selector, in one namespace and in one each.

The server's CPU and memory are those of its process; the same writes without any reader are the peer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kbatch_core.cluster.api import MERGE_PATCH, Api, jobs_path
from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.cluster.transport import Transport
from kbatch_core.model import labels
from kbatch_core.queue import Queue
from tests.bench.fill import manifest
from tests.bench.queue import cpu, resident
from tests.cluster.control import Cluster
from tests.cluster.processes import wait_for

READERS = 200
PROCESSES = 4
JOBS_EACH = 10
RATE = 100
SECONDS = 10
IDLE_SECONDS = 20
# Of each the cheapest counts: what else the machine does only adds.
ROUNDS = 2


class Load(NamedTuple):
    """CPU seconds of the API server per write and per minute when nothing happens, and its memory in MB."""

    per_write: float
    idle: float
    memory: float


def run() -> list[str]:
    with tempfile.TemporaryDirectory() as name, Cluster() as cluster:
        bench = Bench(cluster, Path(name))
        bench.make_jobs()
        lines = [f"{READERS} users with {JOBS_EACH} jobs each; {RATE} writes/s for {SECONDS} s"]
        bench.settle()
        for layout in (bench.shared, bench.apart):
            bare, watched = [], []
            for _ in range(ROUNDS):
                bare.append(bench.load(layout))
                with bench.readers(layout) as found:
                    watched.append(bench.load(layout))
            lines += said(layout[0][0], cheapest(bare), cheapest(watched), found)
    return lines


def cheapest(loads: Sequence[Load]) -> Load:
    return Load(*map(min, zip(*loads, strict=True)))


def said(layout: str, bare: Load, watched: Load, readers: Sequence[dict[str, float]]) -> list[str]:
    more = (watched.per_write - bare.per_write) * 1000
    each = {key: sum(one[key] for one in readers) / READERS for key in readers[0]}
    return [
        f"{'one namespace' if layout == 'shared' else 'a namespace each'}: a write costs the API server "
        f"{bare.per_write * 1000:.2f} ms of CPU without readers, {watched.per_write * 1000:.2f} ms with {READERS} "
        f"({more / READERS * 1000:.1f} us for each)",
        f"  the API server: {(watched.memory - bare.memory) * 1024 / READERS:.0f} KiB more for each reader, "
        f"{(watched.idle - bare.idle) * 1000 / READERS:.2f} ms of CPU a minute for each while nothing happens",
        f"  a reader: {each['memory']:.2f} MB, {each['cpu'] * 1000:.0f} ms of CPU and {each['bytes'] / 1024:.0f} KiB "
        f"received from its start to the end of the writes",
    ]


class Bench:
    """The users, (namespace, user) for each in both layouts, and their jobs."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.shared = [("shared", f"user-{number}") for number in range(READERS)]
        self.apart = [(f"of-{user}", user) for _, user in self.shared]
        self._names: dict[tuple[str, str], list[str]] = {}
        self._api = Api(
            Transport(from_kubeconfig(str(cluster.kubeconfig), namespace="default"), connections=16)
        )
        cluster.kubectl(
            "create", "clusterrolebinding", "bench", "--clusterrole=admin", "--serviceaccount=default:reader"
        )
        self._token = folder / "token"
        self._token.write_text(cluster.token("default", "reader"))

    def make_jobs(self) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._make_namespace, ["shared", *(namespace for namespace, _ in self.apart)]))
            list(pool.map(self._make_jobs, [*self.shared, *self.apart]))

    def _make_namespace(self, name: str) -> None:
        body = msgspec.json.encode({"metadata": {"name": name}})
        self._api.transport.request("POST", "/api/v1/namespaces", body=body)

    def _make_jobs(self, owner: tuple[str, str]) -> None:
        namespace, user = owner
        first = (self.shared + self.apart).index(owner) * JOBS_EACH
        made = [manifest(namespace, first + number, user=user) for number in range(JOBS_EACH)]
        for job in made:
            self._api.transport.request("POST", jobs_path(namespace), body=msgspec.json.encode(job))
        self._names[owner] = [job["metadata"]["name"] for job in made]

    def load(self, layout: Sequence[tuple[str, str]]) -> Load:
        """Idle for a while, then writes to one user's job after the other's."""
        pid = self.cluster.components["kube-apiserver"].pid
        before = server_cpu(pid)
        time.sleep(IDLE_SECONDS)
        idle = server_cpu(pid) - before
        before, began = server_cpu(pid), time.monotonic()

        def write(number: int) -> None:
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            namespace, user = layout[number % len(layout)]
            name = self._names[namespace, user][number // len(layout) % JOBS_EACH]
            body = msgspec.json.encode({"metadata": {"annotations": {labels.COMMENT: str(number)}}})
            path = f"{jobs_path(namespace)}/{name}"
            self._api.transport.request("PATCH", path, body=body, content_type=MERGE_PATCH)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(RATE * SECONDS)))
        busy = server_cpu(pid) - before - idle * (time.monotonic() - began) / IDLE_SECONDS
        return Load(busy / (RATE * SECONDS), idle * 60 / IDLE_SECONDS, server_memory(pid))

    def settle(self) -> None:
        """Until the controllers are done with the new namespaces and jobs."""
        pid = self.cluster.components["kube-apiserver"].pid
        wait_for(lambda: _share(pid) < 0.25, what="the API server to have little to do", seconds=300)

    @contextmanager
    def readers(self, layout: Sequence[tuple[str, str]]) -> Iterator[list[dict[str, float]]]:
        """A live queue for each user, in a few processes; afterwards what these cost."""
        found: list[dict[str, float]] = []
        with ExitStack() as stack:
            processes = []
            for number in range(PROCESSES):
                wanted = {
                    "server": self.cluster.server,
                    "token": str(self._token),
                    "ca": str(self.cluster.ca_file),
                    "owners": layout[number::PROCESSES],
                }
                command = [sys.executable, "-m", "tests.bench.scale", json.dumps(wanted)]
                pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
                processes.append(stack.enter_context(subprocess.Popen(command, **pipes)))
            for process in processes:
                assert process.stdout is not None
                process.stdout.readline()
            yield found
            found += [json.loads(process.communicate("\n")[0]) for process in processes]


def read_main(text: str) -> None:
    """Live queues until a line comes; then what they cost."""
    wanted = json.loads(text)
    settings = Settings(wanted["server"], "default", TokenFile(Path(wanted["token"])), ca_file=wanted["ca"])
    memory, used, received = resident(), cpu(), read_bytes()
    # As of separate users: each with connections of its own.
    queues = [
        Queue(Api(Transport(settings)), user=user, namespaces=[namespace])
        for namespace, user in wanted["owners"]
    ]
    for queue in queues:
        queue.start()
    while not all(queue.sync().state == "LIVE" and len(queue.rows()) == JOBS_EACH for queue in queues):
        time.sleep(0.1)
    print(flush=True)
    sys.stdin.readline()
    found = {"memory": resident() - memory, "cpu": cpu() - used, "bytes": read_bytes() - received}
    print(json.dumps(found), flush=True)
    os._exit(0)


def _share(pid: int) -> float:
    """Of a core, over a few seconds."""
    before, began = server_cpu(pid), time.monotonic()
    time.sleep(5)
    return (server_cpu(pid) - before) / (time.monotonic() - began)


def server_cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def server_memory(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def read_bytes() -> float:
    """What this process has read so far, mostly from sockets."""
    return float(Path("/proc/self/io").read_text().split()[1])


if __name__ == "__main__":
    read_main(sys.argv[1])
