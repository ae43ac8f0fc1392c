"""Many jobs on a control plane, fast: held ones, which cost its controllers nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from kbatch_core.cluster.api import jobs_path
from kbatch_core.cluster.kubeconfig import from_kubeconfig
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment import Environment
from kbatch_core.manifest import build_job
from kbatch_core.model import labels
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.names import id_from
from tests.cluster.control import Cluster

# As sent; the API server gives 5 KiB of it, with its defaults and managedFields.
SMALL = 2150
WORKERS = 8
IMAGE = Environment(image="quay.io/jupyter/scipy-notebook:2026-01", user="ann", keep_entrypoint=True)


def manifest(
    namespace: str, number: int, *, user: str = "ann", size: int | None = SMALL, hold: bool = True
) -> dict[str, Any]:
    """A Job as kbatch makes it; with `size`, cut to that many bytes of JSON at the program that it carries."""
    rng = random.Random(number)
    submit_id = f"{rng.getrandbits(64):016x}"
    job = build_job(
        JobSpec(
            script="#!/bin/sh\n", script_name="train.sh", hold=hold, name=f"run {number}", comment="c" * 60,
            cpus=2000, memory=4 << 30, time_limit=7200,
        ),
        IMAGE,
        job_id=id_from(submit_id),
        submit_id=submit_id,
        namespace=namespace,
        cwd="/home/ann",
        submit_host="jupyter-ann",
    ).manifest  # fmt: skip
    template = job["spec"]["template"]["metadata"]
    for metadata in (job["metadata"], template):
        metadata["labels"][labels.USER] = user
    if size is not None:
        excess = len(msgspec.json.encode(job)) - size
        program = template["annotations"][labels.SUPERVISOR]
        template["annotations"][labels.SUPERVISOR] = "x" * (len(msgspec.json.encode(program)) - 2 - excess)
    return job


def fill(cluster: Cluster, namespace: str, count: int, make: Callable[[int], dict[str, Any]]) -> None:
    """Create `make(0)` to `make(count - 1)`, in no order."""
    transport = Transport(from_kubeconfig(str(cluster.kubeconfig), namespace=namespace), connections=WORKERS)
    path = jobs_path(namespace)

    def create(number: int) -> None:
        transport.request("POST", path, body=msgspec.json.encode(make(number)))

    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(create, range(count)):
            pass
    transport.close()
