"""The local cluster: its start, its rest, and a thousand jobs that wait, each against a peer in the same run."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kbatch_core.client import Client
from kbatch_core.cluster.api import Api
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment import this_session
from kbatch_core.local import lifecycle
from kbatch_core.local.place import Place, find_place
from kbatch_core.model.jobspec import JobSpec

JOBS = 1000
IDLE_SECONDS = 20.0
ROUNDS = 5
# Its memory at rest is compared with that of a web server of the same library that does nothing.
EMPTY_SERVER = """
import asyncio, ssl, sqlite3, msgspec
from aiohttp import web
async def main():
    runner = web.AppRunner(web.Application()); await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(flush=True); await asyncio.sleep(3600)
asyncio.run(main())
"""


def run() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "XDG_STATE_HOME": folder}
        place = find_place("bench", environ)
        try:
            return [*starts(place), *rest(place), *thousand(place, environ)]
        finally:
            lifecycle.clean(place)


def starts(place: Place) -> list[str]:
    """From nothing to ready, and from stopped to ready, against the import of what it is made of."""
    lifecycle.start(place)
    lifecycle.stop(place)
    pairs = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        lifecycle.start(place)
        ours = time.perf_counter() - begin
        lifecycle.stop(place)
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import aiohttp.web, msgspec, sqlite3, ssl"], check=True)
        pairs.append((ours, time.perf_counter() - begin))
    ours, peer = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    return [
        f"start: {ours * 1000:.0f} ms, {ours / peer:.1f} times `import aiohttp.web, msgspec, sqlite3, ssl`"
    ]


def rest(place: Place) -> list[str]:
    """Memory and CPU of a server that has nothing to do."""
    pid = lifecycle.start(place).pid
    with subprocess.Popen([sys.executable, "-c", EMPTY_SERVER], stdout=subprocess.PIPE) as peer:
        assert peer.stdout
        peer.stdout.readline()
        ours, theirs = memory(pid), memory(peer.pid)
        before = cpu(pid)
        time.sleep(IDLE_SECONDS)
        used = cpu(pid) - before
        peer.kill()
    return [
        f"memory at rest: {ours:.0f} MB, {ours / theirs:.1f} times an aiohttp server that does nothing",
        f"CPU at rest: {used / IDLE_SECONDS:.2%} of one",
    ]


def thousand(place: Place, environ: dict[str, str]) -> list[str]:
    """A thousand jobs that do not fit beside the first."""
    address = lifecycle.start(place)
    settings = lifecycle.settings_of(place.name, environ)
    client = Client(Api(Transport(settings)), this_session(environ, local=True))
    cores = (os.cpu_count() or 1) * 1000
    client.submit(client.prepare(JobSpec(script="#!/bin/sh\nsleep 3600\n", script_name="x.sh", cpus=cores)))
    begin, before = time.perf_counter(), cpu(address.pid)
    for _ in range(JOBS):
        client.submit(client.prepare(JobSpec(script="#!/bin/sh\ntrue\n", script_name="x.sh", cpus=cores)))
    took, used = time.perf_counter() - begin, cpu(address.pid) - before
    time.sleep(2)
    before = cpu(address.pid)
    time.sleep(IDLE_SECONDS)
    idle = (cpu(address.pid) - before) / IDLE_SECONDS
    begin = time.perf_counter()
    rows = client.list()
    listed = time.perf_counter() - begin
    lines = [
        f"{JOBS} jobs submitted in {took:.0f} s, {used / JOBS * 1000:.1f} ms of the server's CPU each",
        f"{len(rows)} jobs listed in {listed * 1000:.0f} ms",
        f"with them waiting: {memory(address.pid):.0f} MB, {idle:.2%} of one CPU",
    ]
    client.api.transport.close()
    return lines


def memory(pid: int) -> float:
    """Resident, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    raise RuntimeError(f"process {pid} is gone")


def cpu(pid: int) -> float:
    """Seconds used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
