"""The values of an earlier job, as texts of the options that would ask for them (pure)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kbatch_core.model.quantity import format_cpus, format_memory
from kbatch_core.model.timelimit import format_time
from kbatch_core.status.words import amount_of
from kqueue_tui.dashboard.form.model import ARGUMENTS, SCRIPT

if TYPE_CHECKING:
    from kbatch_core.environment import Environment
    from kbatch_core.model.jobspec import JobSpec


def values_of(spec: JobSpec, environment: Environment) -> Mapping[str, str]:
    """By SCRIPT, ARGUMENTS and the names of options; what a job has not is left out."""
    copied = {**environment.limits, **environment.requests}
    cpus = spec.cpus if spec.cpus is not None else round(amount_of(copied.get("cpu", "0")) * 1000)
    memory = spec.memory if spec.memory is not None else int(amount_of(copied.get("memory", "0")))
    found = {
        SCRIPT: spec.script_name,
        ARGUMENTS: shlex.join(spec.args),
        "job-name": spec.name or spec.script_name,
        "time": format_time(spec.time_limit) if spec.time_limit else "",
        "cpus-per-task": format_cpus(cpus) if cpus else "",
        "mem": format_memory(memory) if memory else "",
        "gpus": f"{spec.gpu_type}:{spec.gpus}".lstrip(":") if spec.gpus else "",
        "partition": spec.partition,
        "array": spec.array.format() if spec.array is not None and not spec.lines else "",
        "output": spec.output or "",
        "error": spec.error or "",
        "chdir": spec.workdir or "",
        "image": spec.image or environment.image,
        "comment": spec.comment,
        "account": spec.account,
        "signal": spec.signal.format() if spec.signal is not None else "",
        "open-mode": spec.open_mode if spec.open_mode != "append" else "",
        "no-requeue": "" if spec.requeue else "yes",
        "tmp": format_memory(spec.tmp) if spec.tmp else "",
        "cpu-limit": "yes" if spec.cpu_limit else "",
        "give-up-after": format_time(spec.give_up_after) if spec.give_up_after else "",
        "parameter": shlex.join(f"{name}={value}" for name, value in spec.parameters.items()),
    }
    return {name: text for name, text in found.items() if text}
