"""What the live queue costs with 10,000 jobs in it and 100 events a second, and how soon a reader sees an event.

Once against a server that only sends (so that all the CPU measured is the queue's), once against the real one.
The reader takes the rows each time it is told, as a dashboard does, and looks for those that changed.

    python -m tests.bench.queue long      (the same for ten minutes, which `make bench` does not take)
"""

from __future__ import annotations

import itertools
import json
import operator
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from kbatch_core.cluster.api import MERGE_PATCH, Api, jobs_path
from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.settings import NoCredentials, Settings, TokenFile
from kbatch_core.cluster.transport import Transport
from kbatch_core.model import labels
from kbatch_core.queue import Queue
from kbatch_core.status import JobRow
from tests.bench.fill import fill, manifest
from tests.cluster.control import Cluster

JOBS = 10_000
RATE = 100
SECONDS = 30
LONG = 600
# As many events as 100 a second are in ten minutes.
MANY = 60_000
PARTS = 10


def run() -> list[str]:
    return [*paced(), *memory(), *real()]


def paced(seconds: int = SECONDS) -> list[str]:
    """CPU, delay and memory at the rate itself."""
    with sender(JOBS, RATE, RATE * seconds) as url:
        found = read({"server": url, "events": RATE * seconds // 2, "begin": f"{url}/begin"})
    return [
        f"{JOBS} jobs, {RATE} events/s for {seconds} s, from a server that only sends: {said(found)}",
        f"  memory in MB at the beginning and after each tenth: {tenths(found)}",
    ]


def memory() -> list[str]:
    """Memory over as many events as ten minutes have, as fast as they can be taken."""
    with sender(JOBS, 0, MANY) as url:
        found = read({"server": url, "versions": MANY // 2, "begin": f"{url}/begin"})
    return [
        f"{MANY} events as fast as they come: {MANY / found['seconds']:.0f} a second, "
        f"memory in MB at the beginning and after each tenth: {tenths(found)}"
    ]


def real() -> list[str]:
    """CPU and delay against the real API server, from before the write to the reader."""
    with tempfile.TemporaryDirectory() as name, Cluster() as cluster:
        (Path(name) / "token").write_text("")
        cluster.create_namespace("bench")
        (Path(name) / "token").write_text(cluster.token("bench", "ann", cluster_role="admin"))
        fill(cluster, "bench", JOBS, lambda number: manifest("bench", number))
        found = read(
            {
                "server": cluster.server,
                "token": f"{name}/token",
                "ca": str(cluster.ca_file),
                "events": RATE * SECONDS,
                "begin": [
                    sys.executable,
                    "-m",
                    "tests.bench.queue",
                    "write",
                    str(cluster.kubeconfig),
                    "bench",
                ],
            }
        )
    return [f"{JOBS} jobs, {RATE} writes/s for {SECONDS} s on the real API server: {said(found)}"]


def tenths(found: Mapping[str, Any]) -> str:
    return " ".join(f"{size:.0f}" for size in found["sizes"])


def said(found: Mapping[str, Any]) -> str:
    delays = sorted(found["delays"])
    p50, p99 = (delays[int(len(delays) * part)] * 1000 for part in (0.5, 0.99))
    return (
        f"{found['cpu'] / found['seconds']:.1%} of a core, event to reader p50 {p50:.0f} ms, p99 {p99:.0f} ms "
        f"({len(delays)} seen), {found['sizes'][-1]:.0f} MB"
    )


@contextmanager
def sender(jobs: int, rate: float, events: int) -> Iterator[str]:
    """A server that only sends; its address."""
    command = [sys.executable, "-m", "tests.bench.eventserver", str(jobs), str(rate), str(events)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def read(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader in a process of its own finds."""
    command = [sys.executable, "-m", "tests.bench.queue", "read", json.dumps(wanted)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


class Reader:
    """Takes the rows whenever it is told, and keeps the delay of each event that it sees."""

    def __init__(self, wanted: Mapping[str, Any]) -> None:
        self.delays: list[float] = []
        self._told = threading.Event()
        self._seen: tuple[JobRow, ...] = ()
        credentials = TokenFile(Path(wanted["token"])) if "token" in wanted else NoCredentials()
        settings = Settings(wanted["server"], "bench", credentials, ca_file=wanted.get("ca"))
        self.queue = Queue(Api(Transport(settings)), on_change=self._told.set)

    def look(self) -> None:
        """Wait until told, then see what changed."""
        self._told.wait()
        self._told.clear()
        rows = self.queue.rows()
        if len(rows) == len(self._seen):
            now = time.monotonic()
            for new in itertools.compress(rows, map(operator.is_not, rows, self._seen)):
                if new.comment:
                    self.delays.append(now - float(new.comment))
        self._seen = rows


def read_main(text: str) -> None:
    wanted = json.loads(text)
    reader = Reader(wanted)
    reader.queue.start()
    while reader.queue.sync().state != "LIVE" or len(reader.queue.rows()) < JOBS:
        reader.look()
    began, used = time.monotonic(), cpu()
    sizes = [resident()]
    begin(wanted["begin"])
    first = reader.queue.version
    goal = wanted.get("versions") or wanted["events"]
    done = 0
    while done < goal * 0.98:
        reader.look()
        done = reader.queue.version - first if "versions" in wanted else len(reader.delays)
        if done >= goal * len(sizes) / PARTS:
            sizes.append(resident())
    found = {
        "seconds": time.monotonic() - began,
        "cpu": cpu() - used,
        "delays": reader.delays,
        "sizes": sizes,
    }
    reader.queue.stop()
    print(json.dumps(found))


def begin(how: str | Sequence[str]) -> None:
    """Let the events come."""
    if isinstance(how, str):
        with urllib.request.urlopen(how):
            return
    subprocess.Popen(how)


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> float:
    """MB of memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def write_main(kubeconfig: str, namespace: str) -> None:
    """Patch the comment of one job after the other, at the rate."""
    transport = Transport(from_kubeconfig(kubeconfig, namespace=namespace), connections=8)
    api = Api(transport)
    names = [job.metadata.name for job in api.list_jobs()]
    began = time.monotonic() + 0.5

    def patch(number: int) -> None:
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        path = f"{jobs_path(namespace)}/{names[number * 7 % len(names)]}"
        annotations = {labels.COMMENT: f"{time.monotonic():.6f}"}
        body = msgspec.json.encode({"metadata": {"annotations": annotations}})
        transport.request("PATCH", path, body=body, content_type=MERGE_PATCH)

    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(patch, range(RATE * SECONDS)):
            pass


if __name__ == "__main__":
    commands: Mapping[str, Callable[..., None]] = {
        "read": read_main,
        "write": write_main,
        "long": lambda: print(*paced(LONG), sep="\n"),
    }
    commands[sys.argv[1]](*sys.argv[2:])
