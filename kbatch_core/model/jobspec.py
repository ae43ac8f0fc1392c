"""JobSpec: what the user asked for, after every source of options was read and checked.

A JobSpec knows nothing of Kubernetes and nothing of the notebook server: `manifest` joins it with an
Environment to a Job object. Whoever makes one (the command line, the form, Python code) makes the same Job.
"""

from __future__ import annotations

import msgspec

from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.signals import SignalSpec

# Slurm's MaxBatchRequeue and KillWait defaults (slurm.conf manual).
MAX_REQUEUE = 5
KILL_WAIT_SECONDS = 30
# The supervisor's own, from TERM to KILL: shorter than the kubelet's, so that the record is written in time.
TERM_TO_KILL_SECONDS = 25

GPU_RESOURCE = "nvidia.com/gpu"

# What travels as an annotation of the pod template; all annotations together may hold 256 KiB. What is larger is
# staged in home, and what is larger than the second is data.
MAX_CARRIED_BYTES = 64 * 1024
MAX_SCRIPT_BYTES = 16 * 1024 * 1024


class JobSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One job as asked for.

    Units: `cpus` in millicores, `memory` in bytes, `time_limit`, `give_up_after` in seconds; None means
    "not asked for" and takes the environment's default. `output` and `error` are Slurm patterns, relative
    to `workdir`; `output` None means the default name, `error` None means "with output".
    """

    script: str
    script_name: str
    """What the user typed, for people: the default of `name`, and the `Command` shown."""
    interpreter: tuple[str, ...] = ()
    """Put before the script; empty when the script's own first line names one."""
    args: tuple[str, ...] = ()
    name: str = ""
    workdir: str | None = None
    output: str | None = None
    error: str | None = None
    open_mode: str = "append"
    cpus: int | None = None
    cpu_limit: bool = False
    """Whether it may use no more than `cpus`, also on an idle node."""
    memory: int | None = None
    gpus: int = 0
    gpu_type: str = ""
    gpu_resource: str = GPU_RESOURCE
    """Kubernetes' name of what is counted."""
    tmp: int | None = None
    """Bytes of the node's own disk."""
    node_labels: dict[str, str] = {}
    """Labels that the node must have: from `-C`, the GPU type and the profile."""
    tolerations: tuple[dict[str, str | int], ...] = ()
    profile: str = ""
    """The site's profile that `partition` meant; empty when it is a Kueue queue or not given."""
    time_limit: int | None = None
    signal: SignalSpec | None = None
    array: ArraySpec | None = None
    lines: tuple[str, ...] = ()
    """Of `--map-file`: for each task of `array` the argument that comes last."""
    partition: str = ""
    account: str = ""
    comment: str = ""
    image: str = ""
    env: dict[str, str] = {}
    """Set in the job, from `--env` and `--export NAME=value`."""
    export: tuple[str, ...] = ()
    """Names taken along even if they look secret."""
    export_all: bool = True
    """Whether all else that is not secret goes along; False for `--export=NONE` and for a list without ALL."""
    parameters: dict[str, str] = {}
    """Of a notebook, from `-P NAME=value`, as text."""
    home: bool = True
    requeue: bool = True
    give_up_after: int | None = None
    hold: bool = False
    submit_id: str = ""
    """Makes a submit repeatable: the same one twice gives one job. Empty = made by the client."""
