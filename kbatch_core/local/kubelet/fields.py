"""What a pod tells its containers about itself: environment variables and the words in them (pure but for `lookup`).

Sources: the kubelet's makeEnvironmentVariables and third_party/forked/golang/expansion of Kubernetes.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from kbatch_core.local.state.podfacts import Object
from kbatch_core.local.state.quantities import amount_of

Lookup = Callable[[str, str], Object | None]
"""A resource and a name to the object in the pod's namespace, or None."""

_WORD = re.compile(r"\$\$|\$\(([^)$]*)\)")
_KEYED = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


class MissingConfig(Exception):
    """A ConfigMap, Secret or field that a container needs is not there; the message is the kubelet's."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` by its value, if there is one; `$$` is a `$` that begins nothing."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return variables.get(found[1], found[0])

    return _WORD.sub(value, text)


def environment(container: Object, pod: Object, node: Object, lookup: Lookup) -> dict[str, str]:
    """The variables of a container, in their order. Raises MissingConfig."""
    variables: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        variables |= _whole(source, lookup)
    for variable in container.get("env") or ():
        origin = variable.get("valueFrom")
        if origin is None:
            variables[variable["name"]] = expand(variable.get("value") or "", variables)
            continue
        value = _value(origin, container, pod, node, lookup)
        if value is not None:
            variables[variable["name"]] = value
    return variables


def field(pod: Object, path: str) -> str:
    """A field of the downward API; "" for one that is not set. Raises MissingConfig for one that does not exist."""
    metadata, spec = pod["metadata"], pod["spec"]
    keyed = _KEYED.fullmatch(path)
    if keyed:
        return str((metadata.get(keyed[1]) or {}).get(keyed[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        pairs = (metadata.get(path.partition(".")[2]) or {}).items()
        return "\n".join(f"{key}={_quoted(str(value))}" for key, value in sorted(pairs))
    simple = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.hostIP": "127.0.0.1",
        "status.hostIPs": "127.0.0.1",
        "status.podIP": "127.0.0.1",
        "status.podIPs": "127.0.0.1",
    }
    if path not in simple:
        raise MissingConfig(f"unsupported fieldPath: {path}")
    return str(simple[path])


def resource_field(container: Object, reference: Object, node: Object) -> str:
    """A request or limit in whole divisors, rounded up; what is not limited is limited by the node."""
    kind, _, name = reference["resource"].partition(".")
    resources = container.get("resources") or {}
    text = (resources.get(kind) or {}).get(name)
    if text is None and kind == "requests":
        text = (resources.get("limits") or {}).get(name)
    if text is None:
        text = "0" if kind == "requests" else node["status"]["allocatable"].get(name, "0")
    divisor = amount_of(reference.get("divisor") or "1") or 1.0
    return str(math.ceil(round(amount_of(text) / divisor, 6)))


def _value(origin: Object, container: Object, pod: Object, node: Object, lookup: Lookup) -> str | None:
    if "fieldRef" in origin:
        return field(pod, origin["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in origin:
        return resource_field(container, origin["resourceFieldRef"], node)
    for kind, resource, word in (
        ("configMapKeyRef", "configmaps", "configmap"),
        ("secretKeyRef", "secrets", "secret"),
    ):
        reference = origin.get(kind)
        if reference is not None:
            return _of_object(reference, resource, word, pod, lookup)
    return None


def _of_object(reference: Object, resource: str, word: str, pod: Object, lookup: Lookup) -> str | None:
    name, key = reference.get("name", ""), reference["key"]
    optional = reference.get("optional", False)
    obj = lookup(resource, name)
    if obj is None:
        if optional:
            return None
        raise MissingConfig(f'{word} "{name}" not found')
    data = contents(resource, obj)
    if key in data:
        return data[key].decode(errors="surrogateescape")
    if optional:
        return None
    title = {"configmap": "ConfigMap", "secret": "Secret"}[word]
    raise MissingConfig(f"couldn't find key {key} in {title} {pod['metadata']['namespace']}/{name}")


def _whole(source: Object, lookup: Lookup) -> dict[str, str]:
    for kind, resource, word in (
        ("configMapRef", "configmaps", "configmap"),
        ("secretRef", "secrets", "secret"),
    ):
        reference = source.get(kind)
        if reference is None:
            continue
        obj = lookup(resource, reference.get("name", ""))
        if obj is None:
            if reference.get("optional", False):
                return {}
            raise MissingConfig(f'{word} "{reference.get("name", "")}" not found')
        prefix = source.get("prefix", "")
        return {
            f"{prefix}{key}": value.decode(errors="surrogateescape")
            for key, value in contents(resource, obj).items()
        }
    return {}


def contents(resource: str, obj: Object) -> dict[str, bytes]:
    """The files of a ConfigMap or Secret."""
    data: Mapping[str, Any] = obj.get("data") or {}
    if resource == "secrets":
        return {key: base64.b64decode(value or "") for key, value in data.items()}
    binary = {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}
    return {**{key: str(value).encode() for key, value in data.items()}, **binary}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
