"""This machine as the one Node of a local cluster: its processors, memory, disk and GPUs."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kbatch_core.local.state.store import timestamp
from kbatch_core.model.quantity import to_quantity_memory

Object = dict[str, Any]

PODS = 110
"""As many pods as by default on a real node."""
GPU = "nvidia.com/gpu"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# Where a container's own limit stands: control groups version 2 and 1.
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_QUERY = ("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")


@dataclass(frozen=True)
class Machine:
    """What there is. Memory and disk are in bytes; `gpus` are the names of its GPUs, in order."""

    name: str
    cpus: int
    memory: int
    disk: int = 0
    gpus: tuple[str, ...] = ()


def look(folder: Path, *, run: Callable[..., Any] = subprocess.run) -> Machine:
    """This machine; its disk is the one of `folder`."""
    # A process may be allowed fewer processors than there are; macOS does not tell.
    affinity = getattr(os, "sched_getaffinity", None)
    cpus = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in _LIMITS:
        with contextlib.suppress(OSError, ValueError):
            memory = min(memory, int(Path(path).read_text()))
    return Machine(
        name=_node_name(platform.node()),
        cpus=cpus,
        memory=memory,
        disk=shutil.disk_usage(folder).total,
        gpus=_gpus(run),
    )


def node_object(machine: Machine, now: float, *, version: str) -> Object:
    """The Node; `version` is the Kubernetes version that the cluster speaks."""
    name = machine.name
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system(), platform.system().lower())
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": system,
        "kubernetes.io/arch": architecture,
    }
    if machine.gpus:
        labels["nvidia.com/gpu.product"] = machine.gpus[0].replace(" ", "-")[:63]
    amounts = {
        "cpu": str(machine.cpus),
        "memory": to_quantity_memory(machine.memory // 1024 * 1024),
        "ephemeral-storage": to_quantity_memory(machine.disk // 1024 * 1024),
        "pods": str(PODS),
    }
    if machine.gpus:
        amounts[GPU] = str(len(machine.gpus))
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {
            "capacity": amounts,
            "allocatable": dict(amounts),
            "conditions": [
                _condition("MemoryPressure", "False", "KubeletHasSufficientMemory", now),
                _condition("DiskPressure", "False", "KubeletHasNoDiskPressure", now),
                _condition("PIDPressure", "False", "KubeletHasSufficientPID", now),
                _condition("Ready", "True", "KubeletReady", now),
            ],
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "architecture": architecture,
                "bootID": "",
                "containerRuntimeVersion": "processes://1",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "kubeletVersion": version,
                "machineID": "",
                "operatingSystem": system,
                "osImage": platform.system(),
                "systemUUID": "",
            },
        },
    }


_MESSAGES = {
    "KubeletHasSufficientMemory": "kubelet has sufficient memory available",
    "KubeletHasNoDiskPressure": "kubelet has no disk pressure",
    "KubeletHasSufficientPID": "kubelet has sufficient PID available",
    "KubeletReady": "kubelet is posting ready status",
}


def _condition(kind: str, status: str, reason: str, now: float) -> Object:
    return {
        "type": kind,
        "status": status,
        "lastHeartbeatTime": timestamp(now),
        "lastTransitionTime": timestamp(now),
        "reason": reason,
        "message": _MESSAGES[reason],
    }


def _gpus(run: Callable[..., Any]) -> tuple[str, ...]:
    """Their names, by nvidia-smi; none when it is not there, fails or hangs."""
    try:
        done = run(_QUERY, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return ()
    if done.returncode != 0:
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip())


def _node_name(host: str) -> str:
    """The host's name as Kubernetes takes it."""
    name = "".join(
        char if char.isascii() and char.isalnum() else "-" for char in host.partition(".")[0].lower()
    )
    return name.strip("-")[:63].strip("-") or "local"
