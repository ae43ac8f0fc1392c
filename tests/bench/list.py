"""How fast and how large `kqueue list` is on 10,000 jobs, beside `kubectl get jobs`; and what ways there are to read.

Jobs of 5 KiB as the server gives them, and as large as they really are; a hundred are one user's.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.fill import SMALL, fill, manifest
from tests.bench.startup import IN_POD
from tests.bench.timing import Cost, cost
from tests.cluster.control import Cluster, kubectl_path

JOBS = 10_000
RUNS = 3

# Each in a process of its own: (name, page size or 0, kind, what is accepted).
WAYS: Mapping[str, str] = {
    "one list, compressed, taken apart while it arrives (ours)": "stream",
    "the same, read and unpacked in a thread": "stream thread",
    "the same, not compressed": "stream plain",
    "one list, then decoded": "whole",
    "pages of 500": "pages",
    "pages of 500, with what pods carry": "pages whole-jobs",
    "pages of 500, not compressed": "pages plain",
    "Table with metadata, pages of 500 (lacks resources and reasons)": "pages table",
}

# What no client in Python is without: the imports for HTTPS and JSON, one connection, one answer.
FLOOR = """
import http.client, ssl, sys
import msgspec
server, folder, namespace = sys.argv[1:]
connection = http.client.HTTPSConnection(
    server.removeprefix("https://"), context=ssl.create_default_context(cafile=f"{folder}/ca.crt")
)
query = "labelSelector=kbatch/user%3Dfew"
headers = {"Authorization": "Bearer " + open(f"{folder}/token").read().strip(), "Accept": "application/json"}
connection.request("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs?{query}", headers=headers)
assert len(msgspec.json.decode(connection.getresponse().read())["items"]) == 100
"""

READ = """
import queue, sys, threading
from pathlib import Path
import msgspec
from kbatch_core.cluster.listing import PIECE, ListReader, ObjectList
from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.cluster.transport import Transport
from kbatch_core.model.objects import Job, ListMeta, WholeJob
server, folder, namespace, way = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
transport = Transport(Settings(server, namespace, TokenFile(folder / "token"), ca_file=str(folder / "ca.crt")))
path, query = f"/apis/batch/v1/namespaces/{namespace}/jobs", {"labelSelector": "app.kubernetes.io/managed-by=kbatch"}
class Row(msgspec.Struct):
    object: Job
class Table(msgspec.Struct):
    metadata: ListMeta
    rows: list[Row]
def in_thread(pieces):
    ready = queue.Queue(4)
    threading.Thread(target=lambda: [*map(ready.put, pieces), ready.put(b"")]).start()
    return iter(ready.get, b"")
if "plain" in way:
    send = transport._pool.request
    plain = {"Accept-Encoding": "identity"}
    transport._pool.request = lambda *a, headers, **k: send(*a, headers={**headers, **plain}, **k)
found = []
if "stream" in way:
    pieces = transport.read_pieces(path, query=query, size=PIECE)
    for part in ListReader(Job).read(in_thread(pieces) if "thread" in way else pieces):
        found += part
else:
    accept, kind = "application/json", ObjectList[WholeJob if "whole-jobs" in way else Job]
    if "table" in way:
        accept, kind = "application/json;as=Table;g=meta.k8s.io;v=v1", Table
        query["includeObject"] = "Metadata"
    decoder, token = msgspec.json.Decoder(kind), None
    while True:
        page = {"limit": 500, "continue": token} if "pages" in way else {}
        answer = decoder.decode(transport.request("GET", path, query={**query, **page}, accept=accept))
        found += answer.rows if "table" in way else answer.items
        token = answer.metadata.continue_
        if not token:
            break
assert len(found) == int(sys.argv[-1]), len(found)
"""


def run() -> list[str]:
    lines = []
    with tempfile.TemporaryDirectory() as name, Cluster() as cluster:
        folder = Path(name)
        (folder / "ca.crt").write_bytes(cluster.ca_file.read_bytes())
        for size in (SMALL, None):
            namespace = "small" if size else "real"
            cluster.create_namespace(namespace)
            (folder / "token").write_text(cluster.token(namespace, "ann", cluster_role="admin"))
            fill(cluster, namespace, JOBS, partial(one_job, namespace, size))
            lines += compared(cluster, folder, namespace, every_way=size is not None)
    return lines


def one_job(namespace: str, size: int | None, number: int) -> dict[str, Any]:
    return manifest(namespace, number, user="few" if number % 100 == 0 else "ann", size=size)


def compared(cluster: Cluster, folder: Path, namespace: str, *, every_way: bool) -> list[str]:
    """kqueue beside kubectl on what is in the namespace."""
    python = sys.executable
    served = len(
        cluster.kubectl("get", "--raw", f"/apis/batch/v1/namespaces/{namespace}/jobs?limit=100").stdout
    )
    environ = {"KUBECONFIG": str(cluster.kubeconfig), "HOME": str(folder), "JUPYTERHUB_USER": "few"}
    where = (cluster.server, str(folder))
    program = IN_POD.format(prog="kqueue").replace('"bench"', f'"{namespace}"')
    kqueue = [python, "-c", program, *where, "list"]
    kubectl = [kubectl_path(), "-n", namespace, "get", "jobs"]
    lines = [f"{JOBS} jobs of {served / 100 / 1024:.1f} KiB:"]
    lines += versus("all", [*kqueue, "--all-users"], kubectl, environ)
    lines += versus("100 by a selector", kqueue, [*kubectl, "-l", "kbatch/user=few"], environ)
    floor = median([cost([python, "-c", FLOOR, *where, namespace], environ) for _ in range(RUNS)])
    lines.append(f"  a Python that only connects and has one answer: {floor}")
    return lines + (ways([python, "-c", READ, *where, namespace], environ) if every_way else [])


def versus(what: str, ours: Sequence[str], theirs: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Medians of runs in turn, and our share of the other's."""
    costs = [(cost(ours, environ), cost(theirs, environ)) for _ in range(RUNS)]
    mine, other = (median([pair[side] for pair in costs]) for side in (0, 1))
    return [
        f"kqueue list, {what}: {mine}",
        f"  kubectl get jobs: {other}; ours to that: {mine.wall / other.wall:.2f} of the time, "
        f"{mine.cpu / other.cpu:.2f} of the CPU, {mine.peak / other.peak:.2f} of the memory",
    ]


def ways(read: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Only the reading, by each of the ways that were compared."""
    costs = {
        name: [cost([*read, *way.split(), str(JOBS)], environ) for _ in range(RUNS)]
        for name, way in WAYS.items()
    }
    return [
        "reading alone, in a process of its own:",
        *(f"  {name}: {median(each)}" for name, each in costs.items()),
    ]


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(each) for each in zip(*costs, strict=True)))
