"""From the options that won to a JobSpec: the sums between options, and the names that the config gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.options.config import Labels, Profile, find_name
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
    base = JobSpec(script=script, script_name=script_name, interpreter=interpreter, args=args)
    return with_options(base, resolved)


def with_options(base: JobSpec, resolved: Resolved) -> JobSpec:
    """`base` with what the options say; what they do not say stays. Raises BadOption as `to_jobspec`."""
    fields: dict[str, Any] = {
        value.option.field: value.value
        for found in resolved.values.values()
        for value in found
        if value.option.field
    }
    gpus = _gpus(resolved)
    if gpus is not None:
        fields["gpus"], fields["gpu_type"] = gpus.count, gpus.type if gpus.count else ""
    features = _features(resolved)
    if features:
        fields["node_labels"] = features
    fields |= _amounts(resolved, gpus, base)
    fields |= _variables(resolved)
    if "parameters" in fields:
        fields["parameters"] = base.parameters | fields["parameters"]
    if fields.get("array") is not None:
        fields["lines"] = ()
    return msgspec.structs.replace(base, **fields)


def with_profile(spec: JobSpec, profile: Profile) -> JobSpec:
    """`spec` as the site's profile of its partition wants it placed."""
    return msgspec.structs.replace(
        spec,
        profile=spec.partition,
        node_labels=profile.node_selector | spec.node_labels,
        tolerations=(*spec.tolerations, *profile.tolerations),
    )


def without_profile(pod: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """The fields of a pod spec without what `with_profile` put there."""
    selector = pod.get("nodeSelector", {})
    parts = {
        "nodeSelector": {
            key: value for key, value in selector.items() if profile.node_selector.get(key) != value
        },
        "tolerations": [one for one in pod.get("tolerations", []) if one not in profile.tolerations],
    }
    rest = {name: value for name, value in pod.items() if name not in parts}
    return rest | {name: value for name, value in parts.items() if value}


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


def _amounts(resolved: Resolved, gpus: Gpus | None, base: JobSpec) -> dict[str, int]:
    """CPUs and memory that are given for each GPU or CPU."""
    count = gpus.count if gpus else base.gpus
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
        millicores = amounts.get("cpus", cpus if isinstance(cpus, int) else base.cpus or 1000)
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
    if env:
        fields["env"] = env
    if parameters:
        fields["parameters"] = dict(parameters)
    return fields


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


def _named(what: str, name: str, known: Mapping[str, Labels], found: Value) -> Labels:
    """The labels that the config has for a name."""
    labels = find_name(name, known)
    if labels is not None:
        return labels
    there = f"It knows {', '.join(sorted(known))}" if known else "It knows none"
    raise BadOption(
        f"{found.option.flag}: the config of this site has no {what} {name!r}.",
        f"{there}; leave it out, or ask for it to be added.",
        _place(found),
    )


def asks_gpus(resolved: Resolved) -> bool:
    """Whether an option says anything about GPUs."""
    return any(_gpus_of(value) is not None for value in _gpu_values(resolved))


def gpu_option(resolved: Resolved) -> tuple[str, str]:
    """(flag, where it stands) of the option that asks for GPUs, for errors; the one with a type goes first."""
    asked = [value for value in _gpu_values(resolved) if _gpus_of(value) is not None]
    found = next(
        (value for value in asked if getattr(_gpus_of(value), "type", "")), asked[0] if asked else None
    )
    return (found.option.flag, _place(found)) if found is not None else ("--gpus", "")
