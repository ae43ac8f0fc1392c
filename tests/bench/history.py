"""`kqueue list -a` with 5,000 jobs in the history, against reading the same files and against a list without them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import msgspec

from kbatch_core.model.names import id_from
from tests.bench.startup import IN_POD
from tests.bench.timing import compare
from tests.cluster.control import Cluster
from tests.history.home import HERE, UID, ended, manifest
from tests.status.objects import NOW, stamp

JOBS = 5000


def fill(home: Path, jobs: int = JOBS) -> None:
    """A history of jobs with a script of 1 KiB, each with its record."""
    for number in range(jobs):
        job_id = id_from(str(number))
        sent = manifest(job_id, script="#!/bin/sh\n".ljust(1024, "#"))
        sent["metadata"] |= {"uid": f"{UID}-{number}", "creationTimestamp": stamp(number)}
        ended(home, job_id)
        whole = {"submitted": NOW, "origin": HERE, "job": sent}
        (home / ".kbatch" / job_id / "job.json").write_bytes(msgspec.json.encode(whole))


def run() -> list[str]:
    with tempfile.TemporaryDirectory() as name, Cluster() as cluster:
        home = Path(name)
        folder = str(home / ".kbatch")
        fill(home)
        cluster.create_namespace("bench")
        (home / "token").write_text(cluster.token("bench", "ann", cluster_role="admin"))
        (home / "ca.crt").write_bytes(cluster.ca_file.read_bytes())
        program = IN_POD.format(prog="kqueue")
        kqueue = [sys.executable, "-c", program, cluster.server, name, "list", "--all-users"]
        return compare(
            f"kqueue list -a with {JOBS} jobs in the history, in a pod",
            [*kqueue, "-a"],
            {
                "kqueue list": kqueue,
                "find, cat of the same files": f"find {folder} -type f -exec cat {{}} +".split(),
                "ls -l of the same folders": ["ls", "-lR", folder],
            },
            runs=5,
            environ={"HOME": name},
        )
