"""Logs of the real kubelet: rotated as often as it can, cut by a proxy, of attempts that follow each other."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kbatch_core.client import Client
from kbatch_core.cluster.api import Api, core_path
from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment import Session
from kbatch_core.logs import End, Gap, Line, LogEvent, LogReader, LogRequest, Restart, Waiting
from kbatch_core.logs.events import NS
from kbatch_core.logs.stamped import format_stamp, parse_stamp
from tests.cluster.processes import wait_for
from tests.cluster.users import ACCOUNT, User
from tests.logs.kubelet import Container, Entry, FakeStream, Node
from tests.proxy import FaultProxy

pytestmark = pytest.mark.node

# Home is not mounted here, so logs come from containers.
ELSEWHERE = Session(cwd="/", home="", user="ann", host="x", in_pod=False, environ={})

WRITER = """#!/usr/bin/env python3
# Numbered lines in bursts at full speed; a block of whole lines is no larger than what a pipe takes in one piece.
import os, time
while not os.path.exists("go"):
    time.sleep(0.1)
number = 0
for burst in range(5):
    for block in range(150):
        os.write(1, b"".join(b"%08d %s\\n" % (n, b"x" * 86) for n in range(number, number + 40)))
        number += 40
    time.sleep(1.5)
"""
LINES = 5 * 150 * 40


class Cutter:
    """Cuts all connections of a proxy every few seconds until it is left."""

    def __init__(self, proxy: FaultProxy, seconds: float) -> None:
        self.cuts = 0
        self._proxy = proxy
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Cutter:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._proxy.cut()
            self.cuts += 1


@contextmanager
def elsewhere(user: User, server: str, token: Path) -> Iterator[Client]:
    """A client with the user's rights, at `server`, which may be a proxy."""
    text = user.node.kubectl("create", "token", ACCOUNT, "-n", user.namespace).stdout
    token.write_text(text)
    ca_file = str(user.node.ca_file) if server.startswith("https") else None
    settings = Settings(
        server=server, namespace=user.namespace, credentials=TokenFile(token), ca_file=ca_file
    )
    transport = Transport(settings)
    yield Client(Api(transport), ELSEWHERE)
    transport.close()


class Collected:
    """The events of a reader, as a thread reads them."""

    def __init__(self, reader: LogReader) -> None:
        self.events: list[LogEvent] = []
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(reader,), daemon=True)
        self._thread.start()

    def _run(self, reader: LogReader) -> None:
        try:
            for event in reader:
                self.events.append(event)
        except Exception as error:  # noqa: BLE001 - the thread's top frame; `wait` raises it
            self.error = error

    def until(self, check: Callable[[LogEvent], bool], what: str) -> None:
        wait_for(lambda: any(check(event) for event in [*self.events]) or self.error, what=what)
        self._raise()

    def wait(self) -> list[LogEvent]:
        self._thread.join(120)
        self._raise()
        assert not self._thread.is_alive()
        return self.events

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error


def evict(user: User, pod: str) -> None:
    """What a node does that is drained: the job is not to blame, and begins again."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": user.namespace},
    }
    path = f"/api/v1/namespaces/{user.namespace}/pods/{pod}/eviction"
    user.node.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(eviction))


def text_of(events: Sequence[LogEvent]) -> str:
    return "".join(event.text.decode() + "\n" for event in events if isinstance(event, Line))


def check_covered(events: Sequence[LogEvent], count: int) -> None:
    """Every number once and in order; or it is missing between two lines that a gap names."""
    gaps = [event for event in events if isinstance(event, Gap)]
    # Where the runtime goes over to a new file it may break a line in two: its second half has no number.
    lines = [event for event in events if isinstance(event, Line) and event.text[:8].isdigit()]
    seen = [(int(line.text[:8]), (line.ns or 0) / NS) for line in lines]
    numbers = [number for number, _ in seen]
    assert numbers == sorted(set(numbers)), "a number came twice, or too early"
    edges = [(-1, float("inf")), *seen, (count, 0.0)]
    for (before, time_before), (after, time_after) in itertools.pairwise(edges):
        assert after == before + 1 or any(
            (gap.since is None or gap.since <= time_before + 1e-5)
            and (gap.until is None or gap.until >= time_after - 1e-5)
            for gap in gaps
        ), f"lines {before + 1} to {after - 1} are missing, and no gap says so: {gaps}"


def test_a_numbered_writer_through_rotation_and_cuts(user: User, tmp_path: Path) -> None:
    server = user.start_server()
    server.write("writer.py", WRITER)
    job_id = server.submit("writer.py")
    settings = from_kubeconfig(str(user.node.kubeconfig))
    with FaultProxy(settings.server, ca_file=settings.ca_file) as proxy:
        with elsewhere(user, proxy.url, tmp_path / "token") as client:
            job = client.find(job_id)
            wait_for(lambda: client.row(job).state == "R", what="the job to run")
            collected = Collected(client.log_reader(job, LogRequest(follow=True)))
            with Cutter(proxy, 2.5) as cutter:
                server.write("go", "")
                events = collected.wait()
    assert cutter.cuts >= 2
    assert [event for event in events if isinstance(event, Gap)], "the node did not rotate the log"
    assert isinstance(events[-1], End)
    assert events[-1].state == "CD"
    check_covered(events, LINES)


ATTEMPTS = """#!/bin/sh
echo attempt $SLURM_RESTART_COUNT
[ $SLURM_RESTART_COUNT -gt 0 ] || sleep 1000
"""


def test_an_interrupted_job_s_attempts_follow_each_other(user: User, tmp_path: Path) -> None:
    server = user.start_server()
    server.write("attempts.sh", ATTEMPTS)
    job_id = server.submit("attempts.sh")
    in_home = server.start("kqueue", "logs", "-f", job_id)
    with in_home, elsewhere(user, user.node.server, tmp_path / "token") as client:
        job = client.find(job_id)
        collected = Collected(client.log_reader(job, LogRequest(follow=True)))
        collected.until(lambda event: isinstance(event, Line), "the first line")
        pod = client.pods(job)[-1].metadata.name
        evict(user, pod)
        events = collected.wait()
        output, errors = in_home.communicate(timeout=60)
    restarts = [at for at, event in enumerate(events) if isinstance(event, Restart)]
    assert len(restarts) == 1
    assert text_of(events[: restarts[0]]) == "attempt 0\n"
    assert text_of(events[restarts[0] :]) == "attempt 1\n"
    assert isinstance(events[-1], End)
    lines = output.decode().splitlines()
    assert (lines[0], lines[-1]) == ("attempt 0", "attempt 1")
    assert any(line.startswith("--- restart 1") for line in lines)
    assert "kqueue: CD: exit 0" in errors.decode()
    assert in_home.returncode == 0


BOTH = """#!/bin/sh
echo "task $SLURM_ARRAY_TASK_ID"
printf 'no newline at the end'
echo "an error" >&2
"""


def test_what_a_server_reads_and_says(user: User, tmp_path: Path) -> None:
    server = user.start_server()
    server.write("both.sh", BOTH)
    array = server.submit("-a", "3,5", "both.sh")
    apart = server.submit("-e", "errors.txt", "both.sh")
    followed = server.run("kqueue", "logs", "-f", array, apart)
    assert {f"{array}_3 task 3", f"{array}_5 task 5", f"{apart} no newline at the end"} < {
        *followed.stdout.decode().splitlines()
    }
    said = followed.stderr.decode()
    for label in (f"{array}_3", f"{array}_5", apart):
        assert f"{label}: CD: exit 0" in said
    one = server.run("kqueue", "logs", "-v", "--task", "5", array)
    assert one.stdout.startswith(b"task 5\n")
    assert f"reading the file /home/jovyan/kbatch-{array}_5.out" in one.stderr.decode()
    assert server.run("kqueue", "logs", "--stderr", apart).stdout == b"an error\n"
    assert server.run("kqueue", "logs", apart).stdout == b"task \nno newline at the end"
    stamped = server.run("kqueue", "logs", "-t", "-v", "--task", "3", array)
    assert "reading the container's log" in stamped.stderr.decode()
    assert all(line[:2] == "20" and line[29:31] == "Z " for line in stamped.stdout.decode().splitlines())
    staying = server.run("kbatch", "--follow", "--wrap", "echo here; exit 4", check=False)
    assert staying.stdout.decode().splitlines()[1:] == ["here"]
    assert staying.returncode == 4
    refused = server.run("kqueue", "logs", "--stderr", "--task", "3", array, check=False)
    assert refused.returncode == 2
    assert b"no file of its own for stderr" in refused.stderr


def test_a_job_that_waits_says_why(user: User, tmp_path: Path) -> None:
    server = user.start_server()
    server.write("x.sh", "#!/bin/sh\necho at last\n")
    job_id = server.submit("--hold", "x.sh")
    early = server.run("kqueue", "logs", job_id, check=False)
    assert early.returncode == 1
    assert f"Job {job_id} has no output yet".encode() in early.stderr
    with elsewhere(user, user.node.server, tmp_path / "token") as client:
        job = client.find(job_id)
        collected = Collected(client.log_reader(job, LogRequest(follow=True)))
        collected.until(lambda event: isinstance(event, Waiting) and "PD" in event.why, "the reason")
        client.release(job)
        assert text_of(collected.wait()) == "at last\n"


SLOW = """#!/bin/sh
i=0
while [ ! -e go ]; do printf '%08d\\n' $i; i=$((i + 1)); sleep 0.05; done
printf '%08d\\n' $i
"""


def test_a_kubelet_that_was_killed_loses_no_line(user: User, tmp_path: Path) -> None:
    loses_no_line(user, tmp_path, user.node.kill_kubelet, user.node.start_kubelet, "trying again")


def test_a_restart_of_the_api_server_loses_no_line(user: User, tmp_path: Path) -> None:
    loses_no_line(user, tmp_path, user.node.stop_api_server, user.node.start_api_server, "rying again")


def loses_no_line(
    user: User, tmp_path: Path, stop: Callable[[], object], start: Callable[[], object], said: str
) -> None:
    """A follower of a job that prints slowly says `said` after `stop`, and after `start` goes on where it was."""
    server = user.start_server()
    server.write("slow.sh", SLOW)
    job_id = server.submit("slow.sh")
    with elsewhere(user, user.node.server, tmp_path / "token") as client:
        collected = Collected(client.log_reader(client.find(job_id), LogRequest(follow=True)))
        collected.until(lambda event: isinstance(event, Line), "the first line")
        stop()
        collected.until(lambda event: isinstance(event, Waiting) and said in event.why, "the loss")
        start()
        before = len(collected.events)
        wait_for(lambda: len(collected.events) > before + 20, what="lines after the restart", seconds=90)
        server.write("go", "")
        events = collected.wait()
    numbers = [int(event.text) for event in events if isinstance(event, Line)]
    assert numbers == list(range(len(numbers)))
    assert not [event for event in events if isinstance(event, Gap)]
    assert f"{numbers[-1]:08}\n" == (user.home / f"kbatch-{job_id}.out").read_text()[-9:]


ODD_LINES = r"""#!/usr/bin/env python3
import os, time
for second in range(3):
    os.write(1, b"plain\n\n \n" + b"%d\xff\n" % second)
    os.write(2, b"an error\n")
    if second == 1:
        os.write(1, b"x" * 40_000 + b"\n")
    time.sleep(0.7)
os.write(1, b"y" * 16_384 + b"\n" + b"no newline")
"""


def test_the_kubelet_in_memory_serves_a_log_as_the_real_one(user: User, tmp_path: Path) -> None:
    """On the very entries of the node's log file, which is what `tests/logs` stands on.

    They are few enough for one file: if the kubelet rotates it at the end of the job, the new one is empty.
    """
    server = user.start_server()
    server.write("odd.py", ODD_LINES)
    job_id = server.submit("-e", "errors.txt", "odd.py")
    with elsewhere(user, user.node.server, tmp_path / "token") as client:
        job = client.wait(client.find(job_id))
        pod = client.pods(job)[-1].metadata
        folder = user.node.folder / "pod-logs" / f"{user.namespace}_{pod.name}_{pod.uid}" / "job"
        # containerd may still be writing what a container that has ended had said.
        log = folder / "0.log"
        wait_for(lambda: b"no newline" in log.read_bytes(), what="the end of the node's log")
        container = Container()
        container.file.entries += parse_entries(log.read_bytes())
        seconds = sorted({entry.ns // NS for entry in container.file.entries})
        since = [format_stamp(second * NS)[:19].decode() + "Z" for second in (seconds[0] - 1, *seconds)]
        queries: list[dict[str, Any]] = [{}]
        queries += [{"tailLines": count} for count in (0, 1, 2, 5, 1000)]
        queries += [{"limitBytes": count} for count in (1, 48, 1000, 30_000, 60_000)]
        queries += [{"sinceTime": moment} for moment in since]
        path = f"{core_path(user.namespace, 'pods')}/{pod.name}/log"
        for query in queries:
            asked = {**query, "timestamps": "true"}
            with client.api.transport.open_stream(path, query=asked, accept="*/*") as stream:
                real = b"".join(stream.chunks())
            made = b"".join(FakeStream(Node(), container, asked, 90.0).chunks())
            assert made == real, query


def parse_entries(log: bytes) -> list[Entry]:
    """The lines of a log file as the container runtime writes them: time, stream, tag, text."""
    entries = []
    for line in log.splitlines():
        stamp, _, tag, text = line.split(b" ", 3)
        entries.append(Entry(parse_stamp(stamp + b" ")[0] or 0, text, tag == b"F"))
    return entries
