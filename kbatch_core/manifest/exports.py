"""The variables of a job: the copied ones, the user's, and what sbatch exports (pure)."""

from __future__ import annotations

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


def is_ours(name: str) -> bool:
    """Whether a variable is kbatch's own: after the first one none is copied or the user's."""
    return name.startswith("KBATCH_")


def build_env(
    spec: JobSpec,
    environment: Environment,
    job_id: str,
    name: str,
    resources: dict[str, Any],
    submit_dir: str,
    submit_host: str,
) -> list[dict[str, Any]]:
    """Copied variables in their order, then the user's, then ours; a later one replaces an earlier one in place."""
    requests: dict[str, str] = resources.get("requests", {})
    limits: dict[str, str] = resources.get("limits", {})
    entries: dict[str, dict[str, Any]] = {entry["name"]: entry for entry in environment.env}
    entries |= {key: escaped({"name": key, "value": value}) for key, value in spec.env.items()}
    ours = {
        "KBATCH_JOB_ID": job_id,
        "KBATCH_JOB_NAME": name,
        "KBATCH_JOB_PARTITION": spec.partition,
        "KBATCH_JOB_ACCOUNT": spec.account,
        "KBATCH_SUBMIT_DIR": submit_dir,
        "KBATCH_SUBMIT_HOST": submit_host,
        "KBATCH_CPUS_PER_TASK": _whole_cpus(requests),
        "KBATCH_MEM_PER_NODE": _mebibytes(limits) or _mebibytes(requests),
        "KBATCH_GPUS": str(spec.gpus or ""),
        **(_array_exports(spec.array, job_id) if spec.array else {}),
    }
    entries |= {key: escaped({"name": key, "value": value}) for key, value in ours.items() if value}
    entries |= {
        key: escaped({"name": key, "value": value})
        for key, value in _hub_sizes(environment, resources).items()
    }
    entries["KBATCH_JOB_NODELIST"] = _field("KBATCH_JOB_NODELIST", "spec.nodeName")
    return list(entries.values())


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
        "KBATCH_ARRAY_JOB_ID": job_id,
        "KBATCH_ARRAY_TASK_COUNT": str(array.count),
        "KBATCH_ARRAY_TASK_MIN": str(array.first),
        "KBATCH_ARRAY_TASK_MAX": str(array.last),
        "KBATCH_ARRAY_TASK_STEP": str(steps.pop() if len(array.ranges) == 1 and steps else 1),
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
