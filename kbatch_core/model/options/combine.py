"""From the options that won to a JobSpec: the sums between options, and the names that the config gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.options.config import Labels, Profile
from kbatch_core.model.options.resolve import Resolved, Value
from kbatch_core.model.options.values import Export, Gpus, Gres


def to_jobspec(
    resolved: Resolved,
    *,
    script: str,
    script_name: str,
    interpreter: tuple[str, ...] = (),
    args: tuple[str, ...] = (),
) -> JobSpec:
    """The JobSpec that the options describe. Raises BadOption for what does not fit together."""
    fields: dict[str, Any] = {
        value.option.field: value.value
        for found in resolved.values.values()
        for value in found
        if value.option.field
    }
    gpus = _gpus(resolved)
    if gpus is not None:
        fields["gpus"], fields["gpu_type"] = gpus.count, gpus.type if gpus.count else ""
    fields["node_labels"] = _features(resolved) | _gpu_labels(resolved, gpus)
    fields |= _amounts(resolved, gpus)
    fields |= _variables(resolved)
    return JobSpec(script=script, script_name=script_name, interpreter=interpreter, args=args, **fields)


def with_profile(spec: JobSpec, profile: Profile) -> JobSpec:
    """`spec` as the site's profile of its partition wants it placed."""
    return msgspec.structs.replace(
        spec,
        profile=spec.partition,
        node_labels=profile.node_selector | spec.node_labels,
        tolerations=(*spec.tolerations, *profile.tolerations),
    )


def _gpus(resolved: Resolved) -> Gpus | None:
    """What the GPU options agree on."""
    asked = [(value, gpus) for value in _gpu_values(resolved) if (gpus := _gpus_of(value)) is not None]
    types = {gpus.type for _, gpus in asked if gpus.type}
    counts = {gpus.count for _, gpus in asked}
    if len(counts) > 1 or len(types) > 1:
        raise BadOption(
            f"{' and '.join(value.option.flag for value, _ in asked)} ask for different GPUs, and a job has one "
            "node and one task.",
            "Keep one of them.",
            _place(asked[-1][0]),
        )
    return Gpus(counts.pop(), types.pop() if types else "") if counts else None


def _gpu_values(resolved: Resolved) -> list[Value]:
    names = ("gpus", "gpus-per-node", "gpus-per-task", "gres")
    return [value for name in names for value in resolved.values.get(name, ())]


def _gpus_of(value: Value) -> Gpus | None:
    gpus = value.value.gpus if isinstance(value.value, Gres) else value.value
    return gpus if isinstance(gpus, Gpus) else None


def _place(value: Value) -> str:
    """Where an error points: nowhere for the command line."""
    return value.source if value.rank else ""


def _amounts(resolved: Resolved, gpus: Gpus | None) -> dict[str, int]:
    """CPUs and memory that are given for each GPU or CPU."""
    count = gpus.count if gpus else 0
    amounts: dict[str, int] = {}
    for name, field in (("cpus-per-gpu", "cpus"), ("mem-per-gpu", "memory")):
        each = resolved.get(name)
        if isinstance(each, int):
            if not count:
                raise BadOption(f"--{name} needs GPUs, and none are asked for.", "Add --gpus=1.")
            amounts[field] = each * count
    each = resolved.get("mem-per-cpu")
    if isinstance(each, int):
        cpus = resolved.get("cpus-per-task")
        millicores = amounts.get("cpus", cpus if isinstance(cpus, int) else 1000)
        amounts["memory"] = max(each * millicores // 1000, 1)
    return amounts


def _variables(resolved: Resolved) -> dict[str, Any]:
    export = resolved.get("export")
    fields: dict[str, Any] = {}
    env: dict[str, str] = {}
    if isinstance(export, Export):
        fields = {"export": export.names, "export_all": export.everything}
        env = dict(export.values)
    for pair in resolved.all("env"):
        if isinstance(pair, tuple):
            env[pair[0]] = pair[1]
    parameters = tuple(pair for pair in resolved.all("parameter") if isinstance(pair, tuple))
    return fields | {"env": env, "parameters": dict(parameters)}


def _features(resolved: Resolved) -> Labels:
    labels: Labels = {}
    for found in resolved.values.get("constraint", ()):
        if any(char in found.text for char in "|[]*()"):
            raise BadOption(
                f"--constraint {found.text!r}: only features that must all be there are possible.",
                "Write a&b, or leave it out.",
                _place(found),
            )
        for name in found.text.replace(",", "&").split("&"):
            labels |= _named("feature", name.strip(), resolved.config.features, found)
    return labels


def _gpu_labels(resolved: Resolved, gpus: Gpus | None) -> Labels:
    if gpus is None or not gpus.type or not gpus.count:
        return {}
    found = next(value for value in _gpu_values(resolved) if getattr(_gpus_of(value), "type", ""))
    return _named("GPU type", gpus.type, resolved.config.gpu_types, found)


def _named(what: str, name: str, known: Mapping[str, Labels], found: Value) -> Labels:
    """The labels that the config has for a name, in any case of letters."""
    for key, labels in known.items():
        if key.lower() == name.lower():
            return labels
    there = f"It knows {', '.join(sorted(known))}" if known else "It knows none"
    raise BadOption(
        f"{found.option.flag}: the config of this site has no {what} {name!r}.",
        f"{there}; leave it out, or ask for it to be added.",
        _place(found),
    )
