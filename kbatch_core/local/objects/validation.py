"""What the API server refuses in an object, field by field, in its words (pure).

Not all that Kubernetes checks: what a Job of ours could get wrong, and names and labels of anything. Source:
apimachinery's validation and pkg/apis/{batch,core}/validation of Kubernetes 1.36, checked against its answers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from kbatch_core.local.state.statuses import Cause, Invalid
from kbatch_core.model.quantity import parse_quantity

Object = dict[str, Any]

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_LABEL}(\\.{_LABEL})*')"
)
_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    f"with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_NAME_WORDS = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    f"'{_NAME}')"
)
_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
    f"validation is '({_NAME})?')"
)
ANNOTATIONS_LIMIT = 256 * 1024
_NOT_NEGATIVE = "must be greater than or equal to 0"
_NATIVE = ("cpu", "memory", "ephemeral-storage")


def invalid(field: str, value: Any, why: str) -> Cause:
    return Cause(field, f"Invalid value: {_go(value)}: {why}")


def required(field: str, why: str = "") -> Cause:
    return Cause(field, f"Required value: {why}" if why else "Required value", "FieldValueRequired")


def unsupported(field: str, value: Any, known: Collection[str]) -> Cause:
    names = ", ".join(f'"{one}"' for one in known)
    return Cause(
        field, f"Unsupported value: {_go(value)}: supported values: {names}", "FieldValueNotSupported"
    )


def _go(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def check(resource: str, obj: Object) -> None:
    """Raises Invalid for an object that is created."""
    causes = list(check_metadata(resource, obj["metadata"]))
    if resource == "jobs":
        causes += check_job(obj)
    elif resource == "pods":
        causes += check_pod_spec(obj["spec"], "spec")
        policy = obj["spec"].get("restartPolicy")
        if policy not in ("Always", "OnFailure", "Never"):
            causes.append(unsupported("spec.restartPolicy", policy, ("Always", "Never", "OnFailure")))
    raise_if(resource, obj, causes)


def raise_if(resource: str, obj: Object, causes: Collection[Cause]) -> None:
    """Raises Invalid when there are causes."""
    if causes:
        raise Invalid(resource, obj["metadata"].get("name", ""), list(causes))


def check_metadata(resource: str, metadata: Object) -> Iterator[Cause]:
    """Name, labels and annotations."""
    name = metadata.get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif len(name) > 253:
        yield invalid("metadata.name", name, "must be no more than 253 bytes")
    elif resource == "namespaces" and (len(name) > 63 or not re.fullmatch(_LABEL, name)):
        yield invalid("metadata.name", name, _LABEL_WORDS)
    elif not re.fullmatch(_SUBDOMAIN, name):
        yield invalid("metadata.name", name, _SUBDOMAIN_WORDS)
    for key, value in metadata.get("labels", {}).items():
        yield from _check_key("metadata.labels", key)
        yield from check_label_value("metadata.labels", value)
    annotations = metadata.get("annotations", {})
    for key in annotations:
        yield from _check_key("metadata.annotations", key.lower())
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > ANNOTATIONS_LIMIT:
        yield Cause(
            "metadata.annotations",
            f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes",
            "FieldValueTooLong",
        )
    for finalizer in metadata.get("finalizers", ()):
        yield from _check_key("metadata.finalizers", finalizer)


def check_label_value(field: str, value: str) -> Iterator[Cause]:
    if len(value) > 63:
        yield invalid(field, value, "must be no more than 63 bytes")
    if not re.fullmatch(f"({_NAME})?", value):
        yield invalid(field, value, _VALUE_WORDS)


def _check_key(field: str, key: str) -> Iterator[Cause]:
    prefix, slash, name = key.rpartition("/")
    if slash and not prefix:
        yield invalid(field, key, "prefix part must be non-empty")
    elif slash and not re.fullmatch(_SUBDOMAIN, prefix):
        yield invalid(field, key, f"prefix part {_SUBDOMAIN_WORDS}")
    if not name:
        yield invalid(field, key, "name part must be non-empty")
    elif len(name) > 63:
        yield invalid(field, key, "name part must be no more than 63 bytes")
    if not re.fullmatch(_NAME, name):
        yield invalid(field, key, _NAME_WORDS)


def check_job(job: Object) -> Iterator[Cause]:
    """The spec of a Job, with the template of its pods."""
    spec = job["spec"]
    for field in (
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ):
        if spec.get(field, 0) < 0:
            yield invalid(f"spec.{field}", spec[field], _NOT_NEGATIVE)
    yield from _check_modes(spec)
    yield from _check_failure_policy(spec)
    pod = spec["template"]["spec"]
    if len(job["metadata"].get("name", "")) > 63:
        yield invalid("spec.template.labels", job["metadata"]["name"], "must be no more than 63 bytes")
    yield from check_pod_spec(pod, "spec.template.spec")
    policy = pod.get("restartPolicy", "")
    if policy in ("", "Always"):
        yield required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield unsupported("spec.template.spec.restartPolicy", policy, ("OnFailure", "Never"))
    elif policy != "Never" and "podFailurePolicy" in spec:
        why = 'only "Never" is supported when podFailurePolicy is specified'
        yield invalid("spec.template.spec.restartPolicy", policy, why)


def _check_modes(spec: Object) -> Iterator[Cause]:
    mode = spec["completionMode"]
    if mode not in ("NonIndexed", "Indexed"):
        yield unsupported("spec.completionMode", mode, ("NonIndexed", "Indexed"))
    if mode == "Indexed":
        if "completions" not in spec:
            yield required("spec.completions", "when completion mode is Indexed")
        if spec["parallelism"] > 100_000:
            yield invalid(
                "spec.parallelism",
                spec["parallelism"],
                "must be less than or equal to 100000 when completion mode is Indexed",
            )
    elif "backoffLimitPerIndex" in spec:
        yield invalid(
            "spec.backoffLimitPerIndex", spec["backoffLimitPerIndex"], "requires indexed completion mode"
        )
    known = ("Failed",) if "podFailurePolicy" in spec else ("Failed", "TerminatingOrFailed")
    if spec["podReplacementPolicy"] not in known:
        yield unsupported("spec.podReplacementPolicy", spec["podReplacementPolicy"], known)


def _check_failure_policy(spec: Object) -> Iterator[Cause]:
    for number, rule in enumerate(spec.get("podFailurePolicy", {}).get("rules", ())):
        at = f"spec.podFailurePolicy.rules[{number}]"
        action = rule.get("action", "")
        actions = ("Count", "FailIndex", "FailJob", "Ignore")
        if not action:
            yield required(f"{at}.action", "valid values: " + ", ".join(f'"{one}"' for one in actions))
        elif action not in actions:
            yield unsupported(f"{at}.action", action, actions)
        elif action == "FailIndex" and "backoffLimitPerIndex" not in spec:
            yield invalid(f"{at}.action", action, "requires the backoffLimitPerIndex to be set")
        codes = rule.get("onExitCodes")
        if codes is not None:
            if codes.get("operator") not in ("In", "NotIn"):
                yield unsupported(f"{at}.onExitCodes.operator", codes.get("operator", ""), ("In", "NotIn"))
            values = codes.get("values", [])
            if not values:
                yield invalid(f"{at}.onExitCodes.values", values, "at least one value is required")
            if 0 in values and codes.get("operator") == "In":
                yield invalid(
                    f"{at}.onExitCodes.values[{values.index(0)}]", 0, "must not be 0 for the In operator"
                )
        if codes is None and "onPodConditions" not in rule:
            yield invalid(at, rule, "specifying one of OnExitCodes and OnPodConditions is required")


def check_pod_spec(spec: Object, at: str) -> Iterator[Cause]:
    """Containers with their names, images, variables, mounts and resources."""
    volumes = [volume.get("name", "") for volume in spec.get("volumes", ())]
    for number, name in enumerate(volumes):
        yield from _check_label(f"{at}.volumes[{number}].name", name)
        if name in volumes[:number]:
            yield Cause(f"{at}.volumes[{number}].name", f'Duplicate value: "{name}"', "FieldValueDuplicate")
    if not spec.get("containers"):
        yield required(f"{at}.containers")
    seen: list[str] = []
    for kind in ("containers", "initContainers"):
        for number, container in enumerate(spec.get(kind, ())):
            yield from _check_container(container, f"{at}.{kind}[{number}]", volumes, seen)
            seen.append(container.get("name", ""))
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        yield invalid(
            f"{at}.terminationGracePeriodSeconds", spec["terminationGracePeriodSeconds"], _NOT_NEGATIVE
        )


def _check_container(
    container: Object, at: str, volumes: Collection[str], seen: Collection[str]
) -> Iterator[Cause]:
    name = container.get("name", "")
    yield from _check_label(f"{at}.name", name)
    if name and name in seen:
        yield Cause(f"{at}.name", f'Duplicate value: "{name}"', "FieldValueDuplicate")
    if not container.get("image"):
        yield required(f"{at}.image")
    for number, entry in enumerate(container.get("env", ())):
        variable = entry.get("name", "")
        if not variable:
            yield required(f"{at}.env[{number}].name")
        elif "=" in variable or not (variable.isascii() and variable.isprintable()):
            why = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            yield invalid(f"{at}.env[{number}].name", variable, why)
    for number, mount in enumerate(container.get("volumeMounts", ())):
        if mount.get("name") not in volumes:
            yield Cause(
                f"{at}.volumeMounts[{number}].name",
                f"Not found: {_go(mount.get('name', ''))}",
                "FieldValueNotFound",
            )
        if not mount.get("mountPath"):
            yield required(f"{at}.volumeMounts[{number}].mountPath")
    yield from _check_resources(container.get("resources", {}), f"{at}.resources")


def _check_label(field: str, name: str) -> Iterator[Cause]:
    if not name:
        yield required(field)
    elif len(name) > 63:
        yield invalid(field, name, "must be no more than 63 bytes")
    elif not re.fullmatch(_LABEL, name):
        yield invalid(field, name, _LABEL_WORDS)


def _check_resources(resources: Object, at: str) -> Iterator[Cause]:
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    for part, given in (("limits", limits), ("requests", requests)):
        for name, text in given.items():
            amount = parse_quantity(text)
            if amount < 0:
                yield invalid(f"{at}.{part}[{name}]", text, _NOT_NEGATIVE)
            elif "/" in name and amount != int(amount) and (part == "limits" or name not in limits):
                yield invalid(f"{at}.{part}[{name}]", text, "must be an integer")
    for name, text in requests.items():
        if name in limits:
            more = parse_quantity(text) > parse_quantity(limits[name])
            if more:
                yield invalid(
                    f"{at}.requests", text, f"must be less than or equal to {name} limit of {limits[name]}"
                )
        elif "/" in name:
            yield required(f"{at}.limits", "Limit must be set for non overcommitable resources")
