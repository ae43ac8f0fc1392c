"""A server with thousands of jobs and as many pods that change at a given rate; a process of its own.

    python -m tests.bench.eventserver JOBS EVENTS_PER_SECOND EVENTS      (prints its port)

Each event is a job or its pod; of a job the comment is when it was sent, by the machine's monotonic clock. A rate
of 0 is "as fast as can be".
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kbatch_core.model import labels
from tests.bench.fill import manifest
from tests.queue.wire import a_pod

JOBS = "/apis/batch/v1/namespaces/bench/jobs"
PODS = "/api/v1/namespaces/bench/pods"
FIRST_VERSION = 100_000


class World:
    """The objects as text that only needs its version and its moment."""

    def __init__(self, count: int, rate: float, events: int) -> None:
        self.rate = rate
        self.events = events
        self.begin = threading.Event()
        self.jobs = [self._job(number) for number in range(count)]
        self.pods = [self._pod(number) for number in range(count)]
        self._version = itertools.count(FIRST_VERSION + 1)
        self._lock = threading.Lock()

    def _job(self, number: int) -> str:
        job = manifest("bench", number, hold=False)
        name = job["metadata"]["name"]
        job["metadata"] |= {
            "uid": f"uid-{name}",
            "resourceVersion": "@V",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        }
        job["metadata"]["annotations"][labels.COMMENT] = "@T"
        job["metadata"]["managedFields"] = [{"manager": "kbatch", "fieldsV1": {"f:x" * 500: {}}}]
        job["status"] = {"active": 1}
        return json.dumps(job, separators=(",", ":"))

    def _pod(self, number: int) -> str:
        name = manifest("bench", number)["metadata"]["name"]
        pod = a_pod(name, phase="Running", node=f"node-{number % 50}")
        pod["metadata"] |= {"resourceVersion": "@V", "namespace": "bench"}
        pod["metadata"]["annotations"] = {"filler": "x" * 2000}
        return json.dumps(pod, separators=(",", ":"))

    def listing(self, path: str) -> bytes:
        found = self.jobs if path == JOBS else self.pods if path == PODS else []
        items = ",".join(found).replace("@V", str(FIRST_VERSION)).replace("@T", "")
        return f'{{"kind":"List","metadata":{{"resourceVersion":"{FIRST_VERSION}"}},"items":[{items}]}}\n'.encode()

    def lines(self, path: str) -> Any:
        """Events at their time: of jobs on one path, of pods on the other, half of the rate each."""
        self.begin.wait()
        found = self.jobs if path == JOBS else self.pods
        began = time.monotonic()
        for number in range(self.events // 2):
            if self.rate:
                time.sleep(max(0.0, began + number * 2 / self.rate - time.monotonic()))
            with self._lock:
                version = next(self._version)
            text = (
                found[number * 7919 % len(found)]
                .replace("@V", str(version))
                .replace("@T", f"{time.monotonic():.6f}")
            )
            yield f'{{"type":"MODIFIED","object":{text}}}\n'.encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/begin":
            self.world.begin.set()
            self._answer(b"{}")
        elif "watch=1" in query:
            self._watch(path)
        elif path in (JOBS, PODS):
            self._answer(self.world.listing(path))
        else:
            self._answer(b'{"kind":"Status","code":403,"message":"you cannot list it"}', 403)

    def _answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _watch(self, path: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        with suppress(BrokenPipeError, ConnectionResetError):
            for line in self.world.lines(path):
                self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            threading.Event().wait()

    def log_message(self, format: str, *args: object) -> None:
        pass


def main(jobs: str, rate: str, events: str) -> None:
    Handler.world = World(int(jobs), float(rate), int(events))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
