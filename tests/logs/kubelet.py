"""A node in memory: a container that writes, a log that is rotated, a kubelet that serves it, and faults.

What the kubelet does is taken from its source (cri-client, pkg/logs/logs.go): it opens only the newest file,
compares `sinceTime` with each part of a line, puts the time before a line but not before its later parts, and goes
over to a new file without reading the old one to its end; a rotation that it did not watch for it never notices.

Time passes only when somebody waits or reads.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from typing import Any, NamedTuple
from urllib.parse import unquote

from kbatch_core.cluster.connections import AnswerLost, StopHandle
from kbatch_core.cluster.transport import Query
from kbatch_core.errors import ConnectionFailed, KbatchError, NotFound, Refused
from kbatch_core.logs.events import NS
from kbatch_core.logs.stamped import format_stamp, parse_stamp

START = 1_790_000_000
PART = 16 * 1024


class Entry(NamedTuple):
    """A line of the log file as the container runtime writes it: a part of a line when `whole` is False."""

    ns: int
    text: bytes
    whole: bool

    def shown(self) -> bytes:
        return self.text + (b"\n" if self.whole else b"")


class LogFile:
    """One file of the container's log."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def size(self) -> int:
        return sum(len(entry.text) for entry in self.entries)


class Container:
    """One instance of the container: all that it ever wrote, and the file that is left of it."""

    def __init__(self) -> None:
        self.written: list[Entry] = []
        self.file = LogFile()
        self.rotations: list[int] = []
        self.exit_code: int | None = None

    def write(self, ns: int, text: bytes, *, newline: bool = True) -> None:
        """One line, in parts when it is long."""
        while len(text) > PART:
            self._add(Entry(ns, text[:PART], False))
            text, ns = text[PART:], ns + 1000
        self._add(Entry(ns, text, newline))

    def _add(self, entry: Entry) -> None:
        self.written.append(entry)
        self.file.entries.append(entry)

    def rotate(self, ns: int) -> None:
        self.file = LogFile()
        self.rotations.append(ns)

    def output(self) -> bytes:
        return b"".join(entry.shown() for entry in self.written)


class Node:
    """Job, pods and logs behind the two calls of a transport. Tests change it as they like between calls.

    `on_wait` is called with the seconds that pass. `cut` decides before each chunk, by its size: None = go on, else
    the error that ends the stream after a random part of the chunk; "" = it ends as if it were whole.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self.rng = rng or random.Random(1)
        self.now = float(START)
        self.containers: dict[str, list[Container]] = {"pod-1": [Container()]}
        self.gone: set[str] = set()
        # Pods with the job's labels that are not its own.
        self.strange: set[str] = set()
        self.finished = ""  # the Job's condition
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.on_wait: Callable[[float], None] = lambda seconds: None
        self.cut: Callable[[int], KbatchError | str | None] = lambda size: None
        self.fail: Callable[[str], KbatchError | None] = lambda path: None
        self.deaf = False  # follows never notice a rotation
        self.drains = True  # the old file is read to its end when one is noticed
        self.started: set[str] = {"pod-1"}
        self.phase: dict[str, str] = {}
        self.started_at = format_stamp(START * NS).decode()
        self.chunk = 4096

    @property
    def container(self) -> Container:
        """The newest instance of the newest pod."""
        return self.containers[list(self.containers)[-1]][-1]

    def ns(self) -> int:
        return int(self.now * NS)

    # Time

    def clock(self) -> float:
        return self.now - START

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.on_wait(seconds)

    # The transport

    def request(
        self, method: str, path: str, *, query: Query | None, read_seconds: float, handle: StopHandle | None
    ) -> bytes:
        asked = {key: value for key, value in (query or {}).items() if value is not None}
        self.requests.append((path, asked))
        problem = self.fail(path)
        if problem is not None:
            raise problem
        return json.dumps(self._answer(path)).encode()

    def open_stream(
        self, path: str, *, query: Query | None, accept: str, read_seconds: float, handle: StopHandle | None
    ) -> FakeStream:
        asked = {key: value for key, value in (query or {}).items() if value is not None}
        self.requests.append((path, asked))
        problem = self.fail(path)
        if problem is not None:
            raise problem
        pod = unquote(path.split("/")[-2])
        if pod not in self.containers or pod in self.gone:
            raise NotFound(f'Not found: pods "{pod}" not found.', status=404)
        instances = self.containers[pod]
        if asked.get("previous") and len(instances) < 2:
            raise Refused("previous terminated container not found", status=400)
        instance = instances[-2] if asked.get("previous") else instances[-1]
        return FakeStream(self, instance, asked, read_seconds)

    # Objects

    def job(self) -> dict[str, Any]:
        conditions = [{"type": self.finished, "status": "True"}] if self.finished else []
        return {
            "metadata": {
                "name": "a-job-abcdefgh",
                "namespace": "ns",
                "uid": "job-uid",
                "creationTimestamp": "2026-09-21T00:00:00Z",
                "labels": {"kbatch/id": "abcdefgh", "app.kubernetes.io/managed-by": "kbatch"},
            },
            "spec": {"template": {"spec": {"containers": [{"name": "job"}]}}},
            "status": {"conditions": conditions},
        }

    def pod(self, name: str) -> dict[str, Any]:
        instances = self.containers[name]
        if name not in self.started:
            return self._pod(name, "Pending", [])
        codes = instances[-1].exit_code
        state: dict[str, Any] = {"running": {"startedAt": self.started_at}}
        phase = "Running"
        if codes is not None:
            state = {
                "terminated": {
                    "exitCode": codes,
                    "startedAt": self.started_at,
                    "reason": "Completed" if not codes else "Error",
                }
            }
            phase = "Failed" if codes else "Succeeded"
        status = {"name": "job", "restartCount": len(instances) - 1, "state": state}
        if len(instances) > 1:
            status["lastState"] = {"terminated": {"exitCode": 1}}
        return self._pod(name, self.phase.get(name, phase), [status])

    def _pod(self, name: str, phase: str, statuses: list[dict[str, Any]]) -> dict[str, Any]:
        number = list(self.containers).index(name)
        return {
            "metadata": {
                "name": name,
                "namespace": "ns",
                "uid": f"uid-{name}",
                "creationTimestamp": f"2026-09-21T00:00:{number:02d}Z",
                "ownerReferences": [
                    {"kind": "Job", "controller": True, "uid": "other" if name in self.strange else "job-uid"}
                ],
            },
            "spec": {"nodeName": "node1"},
            "status": {"phase": phase, "containerStatuses": statuses},
        }

    def _answer(self, path: str) -> dict[str, Any]:
        if path.endswith("/events"):
            return {"items": []}
        if path.endswith("/pods"):
            return {"items": [self.pod(name) for name in self.containers if name not in self.gone]}
        name = path.rpartition("/")[2]
        if "/pods/" in path:
            if name not in self.containers or name in self.gone:
                raise NotFound(f'Not found: pods "{name}" not found.', status=404)
            return self.pod(name)
        if self.finished == "Deleted":
            raise NotFound(f'Not found: jobs "{name}" not found.', status=404)
        return self.job()


class FakeStream:
    """The kubelet's side of one log request."""

    def __init__(
        self, node: Node, instance: Container, query: Mapping[str, Any], read_seconds: float
    ) -> None:
        self.headers = {"Date": formatdate(node.now, usegmt=True)}
        self._node = node
        self._instance = instance
        self._query = query
        self._read_seconds = read_seconds
        self._new_line = True

    def close(self) -> None:
        pass

    def chunks(self) -> Iterator[bytes]:
        limit = self._query.get("limitBytes")
        if limit is not None:
            data = b""
            for entry in self._instance.file.entries:
                data += self._show(entry)
                if len(data) >= limit:
                    break
            yield data[:limit]
            return
        yield from self._cut_up(self._bytes())

    def _cut_up(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        for part in parts:
            for at in range(0, len(part), self._node.chunk):
                chunk = part[at : at + self._node.chunk]
                problem = self._node.cut(len(chunk))
                if problem is not None:
                    yield chunk[: self._node.rng.randrange(len(chunk) + 1)]
                    if isinstance(problem, KbatchError):
                        raise problem
                    if problem:
                        yield problem.encode()
                    return
                yield chunk

    def _bytes(self) -> Iterator[bytes]:
        node, file = self._node, self._instance.file
        at = self._tail_start(file)
        watching = False
        rotations = len(self._instance.rotations)
        quiet = 0.0
        while True:
            if at < len(file.entries):
                quiet = 0.0
                block = file.entries[at : at + 50]
                at += len(block)
                yield b"".join(self._show(entry) for entry in block)
                node.wait(node.rng.random() * 0.01)
                continue
            if not self._query.get("follow"):
                return
            if self._instance.exit_code is not None:
                return
            if not watching:
                # From here on the kubelet is told of new files.
                watching, rotations = True, len(self._instance.rotations)
                continue
            seconds = node.rng.random()
            quiet += seconds
            if quiet > self._read_seconds:
                raise AnswerLost("Timed out.")
            node.wait(seconds)
            if len(self._instance.rotations) != rotations and not node.deaf:
                rotations = len(self._instance.rotations)
                if node.drains:
                    yield b"".join(self._show(entry) for entry in file.entries[at:])
                file, at = self._instance.file, 0

    def _tail_start(self, file: LogFile) -> int:
        tail = self._query.get("tailLines")
        return 0 if tail is None else max(0, len(file.entries) - int(tail))

    def _show(self, entry: Entry) -> bytes:
        since = self._query.get("sinceTime")
        start = parse_stamp(since.encode() + b" ")[0] if since else None
        new_line, self._new_line = self._new_line, entry.whole or not entry.text
        if start is not None and entry.ns < start:
            return b""
        return (format_stamp(entry.ns) + b" " if new_line else b"") + entry.shown()


LOST = AnswerLost("The connection broke.")
REFUSED = ConnectionFailed("The API server refuses connections.")
