"""The variables of a job: the copied ones, the user's, and what sbatch exports (pure)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from kbatch_core.environment import Environment, escaped
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.quantity import parse_cpus, parse_quantity

HUB_SIZES = {
    "CPU_GUARANTEE": ("requests", "cpu"),
    "CPU_LIMIT": ("limits", "cpu"),
    "MEM_GUARANTEE": ("requests", "memory"),
    "MEM_LIMIT": ("limits", "memory"),
}
"""The variables by which KubeSpawner tells a server its size, and where in a container's resources each is."""

THREADS = "OMP_NUM_THREADS"
"""What OpenMP, BLAS and Julia size themselves by: the CPUs that were asked for with -c, unless it is set already."""


def is_ours(name: str) -> bool:
    """Whether a variable is kbatch's own: after the first one none is copied or the user's."""
    return name.startswith("KBATCH_")


def set_threads(entries: Sequence[Mapping[str, Any]]) -> bool:
    """Whether `build_env` has set the number of threads: the user asked for CPUs."""
    names = [
        entry["name"] for entry in itertools.dropwhile(lambda entry: not is_ours(entry["name"]), entries)
    ]
    return THREADS in names


def build_env(spec: JobSpec, environment: Environment, resources: dict[str, Any]) -> list[dict[str, Any]]:
    """Copied variables in their order, then the user's, then ours; a later one replaces an earlier one in place."""
    entries: dict[str, dict[str, Any]] = {entry["name"]: entry for entry in environment.env}
    entries |= {key: escaped({"name": key, "value": value}) for key, value in spec.env.items()}
    entries["KBATCH_JOB_NODELIST"] = _field("KBATCH_JOB_NODELIST", "spec.nodeName")
    if spec.cpus is not None and THREADS not in entries:
        entries[THREADS] = {"name": THREADS, "value": _whole_cpus(resources["requests"])}
    entries |= {
        key: escaped({"name": key, "value": value})
        for key, value in _hub_sizes(environment, resources).items()
    }
    return list(entries.values())


def build_exports(
    spec: JobSpec, job_id: str, name: str, resources: dict[str, Any], submit_dir: str, submit_host: str
) -> dict[str, str]:
    """What sbatch exports and the client knows; the supervisor puts KBATCH_ and SLURM_ before each name."""
    requests: dict[str, str] = resources.get("requests", {})
    limits: dict[str, str] = resources.get("limits", {})
    cpus, gpus = _whole_cpus(requests), str(spec.gpus or "")
    values = {
        "JOB_ID": job_id,
        "JOBID": job_id,
        "JOB_NAME": name,
        "JOB_PARTITION": spec.partition,
        "JOB_ACCOUNT": spec.account,
        "SUBMIT_DIR": submit_dir,
        "SUBMIT_HOST": submit_host,
        "CPUS_PER_TASK": cpus,
        "CPUS_ON_NODE": cpus,
        "MEM_PER_NODE": _mebibytes(limits) or _mebibytes(requests),
        "GPUS": gpus,
        "GPUS_ON_NODE": gpus,
        **(_array_exports(spec.array, job_id) if spec.array else {}),
    }
    return {key: value for key, value in values.items() if value}


def _field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _whole_cpus(requests: dict[str, str]) -> str:
    """CPUs as Slurm exports them: a whole number, at least 1."""
    if "cpu" not in requests:
        return ""
    return str(max(1, parse_cpus(requests["cpu"]) // 1000))


def _mebibytes(amounts: dict[str, str]) -> str:
    return str(int(parse_quantity(amounts["memory"])) // 2**20) if "memory" in amounts else ""


def _array_exports(array: ArraySpec, job_id: str) -> dict[str, str]:
    """What sbatch exports in each task of an array; the task's own number is the supervisor's to find."""
    steps = {step for first, last, step in array.ranges if first != last}
    return {
        "ARRAY_JOB_ID": job_id,
        "ARRAY_TASK_COUNT": str(array.count),
        "ARRAY_TASK_MIN": str(array.first),
        "ARRAY_TASK_MAX": str(array.last),
        "ARRAY_TASK_STEP": str(steps.pop() if len(array.ranges) == 1 and steps else 1),
    }


def _hub_sizes(environment: Environment, resources: dict[str, Any]) -> dict[str, str]:
    """CPU_LIMIT, MEM_GUARANTEE, ... as KubeSpawner sets them in a server, where libraries size themselves by them."""
    if not environment.server:
        return {}
    sizes = {name: _plain(resources.get(kind, {}).get(key)) for name, (kind, key) in HUB_SIZES.items()}
    return {name: size for name, size in sizes.items() if size}


def _plain(quantity: str | None) -> str:
    """A Kubernetes quantity as a plain number (cores, bytes), as KubeSpawner writes it."""
    return f"{float(parse_quantity(quantity)):.15g}" if quantity else ""
