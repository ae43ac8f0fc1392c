"""A Job back to what it was made of (pure): the other direction of `job.py`, for `--like` and for running it again.

What was asked for and what was copied cannot be told apart where they ended in the same field; then it counts as
copied, and the same Job comes of it. A hold is not part of what a job is, so it does not come back.
"""

from __future__ import annotations

import itertools
import posixpath
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from kbatch_core.environment import Environment
from kbatch_core.environment.copy import pod_fields
from kbatch_core.environment.volumes import mounts_of
from kbatch_core.errors import BadOption
from kbatch_core.manifest.carry import LINES, SCRIPT
from kbatch_core.manifest.exports import HUB_SIZES, is_ours, set_threads
from kbatch_core.manifest.pod import OUR_VOLUMES, REQUIRED, home_term
from kbatch_core.manifest.program import Program, is_carried, read_program
from kbatch_core.model import labels
from kbatch_core.model.arrays import ArraySpec, parse_array
from kbatch_core.model.jobspec import KILL_WAIT_SECONDS, JobSpec
from kbatch_core.model.quantity import parse_quantity, to_quantity_cpus, to_quantity_memory
from kbatch_core.model.signals import parse_signal
from kbatch_core.status.words import is_gpu

_CHANGED = "Was it changed with another tool? Submit its script again."

ReadFile = Callable[[str], str]
"""The text of a file in home, by its path. Raises BadScript."""


def read_back(job: Mapping[str, Any], read_file: ReadFile) -> tuple[JobSpec, Environment]:
    """(what was asked for, what was copied) of a Job as the API has it.

    `read_file` is called when the script was staged in home. Raises BadOption for a Job that kbatch did not make,
    or that somebody has changed since.
    """
    try:
        return _read_back(job, read_file)
    except (LookupError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise BadOption(
            f"What this job was asked for cannot be read from it any more ({type(error).__name__}).",
            _CHANGED,
        ) from error


def _read_back(job: Mapping[str, Any], read_file: ReadFile) -> tuple[JobSpec, Environment]:
    metadata, spec = job["metadata"], job["spec"]
    pod = spec["template"]["spec"]
    container = pod["containers"][0]
    program = read_program(container.get("command") or container.get("args") or ())
    if not program.script or labels.ID not in metadata.get("labels", {}):
        raise BadOption(f'Job "{metadata["name"]}" was not made by kbatch.', "Name a job of `kqueue list`.")
    environment = _environment(job, program)
    raw = {**metadata.get("labels", {}), **metadata.get("annotations", {})}
    name = raw.get(labels.NAME, "")
    script_name, *words = shlex.split(raw.get(labels.COMMAND) or "") or [name]
    limit = program.options.get("-t", "")
    signal = program.options.get("-s", "")
    workdir = container.get("workingDir")
    carried = spec["template"]["metadata"].get("annotations", {})

    def text(path: str, annotation: str, name: str) -> str:
        if is_carried(path):
            return str(carried.get(annotation, ""))
        # Of a Job that another user made to look like ours, no other file of our home may get into a new Job.
        folder = f"/.kbatch/{metadata['labels'][labels.ID]}"
        if not program.record_dir.endswith(folder) or path != f"{program.record_dir}/{name}":
            raise BadOption(f"The script of this job is said to be {path}, where kbatch puts none.", _CHANGED)
        return read_file(path)

    lines = text(program.lines, labels.LINES, LINES) if program.lines else ""
    return JobSpec(
        script=text(program.script, labels.SCRIPT, SCRIPT),
        script_name=script_name,
        interpreter=() if program.notebook else program.interpreter,
        args=() if program.notebook else program.args,
        parameters=_parameters(words) if program.notebook else {},
        lines=tuple(lines.split("\n")[:-1]),
        name="" if name == script_name else name,
        workdir=workdir if workdir and _is_place(environment, workdir) else None,
        output=raw.get(labels.OUTPUT),
        error=raw.get(labels.ERROR),
        open_mode=program.options.get("-m", "append"),
        time_limit=int(limit) if limit else None,
        signal=parse_signal(signal) if signal else None,
        array=_array(spec, raw),
        partition=raw.get(labels.QUEUE) or raw.get(labels.PARTITION, ""),
        profile="" if labels.QUEUE in raw else raw.get(labels.PARTITION, ""),
        account=raw.get(labels.ACCOUNT, ""),
        comment=raw.get(labels.COMMENT, ""),
        requeue=spec.get("backoffLimitPerIndex" if labels.ARRAY in raw else "backoffLimit", 0) > 0,
        give_up_after=_give_up_after(spec, raw, limit),
        **_amounts(container),
    ), environment


def submitted_from(job: Mapping[str, Any]) -> tuple[str, str]:
    """(directory, host) that a Job was submitted from."""
    container = job["spec"]["template"]["spec"]["containers"][0]
    exports = read_program(container.get("command") or container.get("args") or ()).exports
    return exports.get("SUBMIT_DIR", ""), exports.get("SUBMIT_HOST", "")


def _parameters(words: Sequence[str]) -> dict[str, str]:
    """Of a notebook's command: -P NAME=VALUE again and again."""
    pairs = (word.partition("=") for word in words if word != "-P")
    return {name: value for name, _, value in pairs}


def _environment(job: Mapping[str, Any], program: Program) -> Environment:
    template = job["spec"]["template"]
    pod = template["spec"]
    container = pod["containers"][0]
    raw = {**job["metadata"].get("labels", {}), **job["metadata"].get("annotations", {})}
    volumes = tuple(volume for volume in pod.get("volumes", ()) if volume["name"] not in OUR_VOLUMES)
    mounts = tuple(mount for mount in container.get("volumeMounts", ()) if mount["name"] not in OUR_VOLUMES)
    entries = container.get("env", ())
    copied = tuple(itertools.takewhile(lambda entry: not is_ours(entry["name"]), entries))
    ours = {entry["name"] for entry in entries[len(copied) :]}
    home = posixpath.dirname(posixpath.dirname(program.record_dir))
    own_labels = template["metadata"].get("labels", {})
    owner = own_labels.get(labels.HUB_USERNAME, "")
    fields = pod_fields(pod)
    if owner and home:
        fields = _without_home_term(fields, owner)
    resources = container.get("resources", {})
    environment = Environment(
        image=container["image"],
        server=job["metadata"]["name"] if ours & set(HUB_SIZES) else "",
        user=raw.get(labels.USER, ""),
        home=home,
        image_pull_policy=container.get("imagePullPolicy", ""),
        keep_entrypoint=not container.get("command"),
        env=copied,
        env_from=tuple(container.get("envFrom", ())),
        volumes=volumes,
        volume_mounts=mounts,
        mounts=mounts_of(mounts, volumes),
        requests=_without_gpus(resources.get("requests", {})),
        limits=_without_gpus(resources.get("limits", {})),
        container_security=container.get("securityContext", {}),
        pod=fields,
        labels={key: value for key, value in own_labels.items() if key.startswith(labels.HUB_NETWORK_ACCESS)},
        owner_label=owner,
        home_access=("ReadWriteOnce" if owner else "ReadWriteMany") if home else "",
    )
    workdir = container.get("workingDir", "")
    if workdir and not _is_place(environment, workdir):
        return msgspec.structs.replace(environment, workdir=workdir)
    return environment


def _is_place(environment: Environment, workdir: str) -> bool:
    """Whether `--chdir` would take it; else it is the image's own."""
    return not environment.mounts or environment.mount_of(workdir) is not None


def _array(spec: Mapping[str, Any], raw: Mapping[str, str]) -> ArraySpec | None:
    if labels.ARRAY not in raw:
        return None
    array = parse_array(raw[labels.ARRAY])
    parallelism = spec.get("parallelism", 0)
    if parallelism in (0, min(array.throttle or array.count, array.count)):
        return array
    # It was changed since: the throttle of a running array can be.
    return msgspec.structs.replace(array, throttle=parallelism if parallelism < array.count else None)


def _give_up_after(spec: Mapping[str, Any], raw: Mapping[str, str], limit: str) -> int | None:
    # A cancel and a lowered time limit are deadlines too; what there was before is kept beside them.
    changed = labels.CANCELLED_AT in raw or labels.LIMIT_DEADLINE in raw
    deadline = raw.get(labels.DEADLINE) if changed else spec.get("activeDeadlineSeconds")
    if deadline is None:
        return None
    return int(deadline) - int(limit or 0) - KILL_WAIT_SECONDS


def _amounts(container: Mapping[str, Any]) -> dict[str, Any]:
    """What the options would have said; an amount that they would write in another way counts as copied."""
    resources = container.get("resources", {})
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    amounts: dict[str, Any] = {}
    cpu, memory = requests.get("cpu", ""), requests.get("memory", "")
    millicores = int(parse_quantity(cpu) * 1000) if cpu else 0
    if set_threads(container.get("env", ())) and to_quantity_cpus(millicores) == cpu:
        amounts["cpus"] = millicores
    size = int(parse_quantity(memory)) if memory and memory == limits.get("memory") else 0
    if size and to_quantity_memory(size) == memory:
        amounts["memory"] = size
    gpus = next((name for name in limits if is_gpu(name)), "")
    if gpus:
        amounts |= {"gpus": int(limits[gpus]), "gpu_resource": gpus}
    return amounts


def _without_gpus(resources: Mapping[str, str]) -> dict[str, str]:
    return {name: amount for name, amount in resources.items() if not is_gpu(name)}


def _without_home_term(fields: dict[str, Any], owner: str) -> dict[str, Any]:
    """The pod's fields without the affinity that `pod.py` adds for a home on one node."""
    affinity = fields.get("affinity", {})
    pods = affinity.get("podAffinity", {})
    terms = [term for term in pods.get(REQUIRED, ()) if term != home_term(owner)]
    pods = _set_or_drop(pods, REQUIRED, terms)
    return _set_or_drop(fields, "affinity", _set_or_drop(affinity, "podAffinity", pods))


def _set_or_drop(mapping: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """`mapping` with the value, or without the key when the value is empty."""
    rest = {name: other for name, other in mapping.items() if name != key}
    return {**rest, key: value} if value else rest
