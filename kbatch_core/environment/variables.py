"""Which environment variables of a notebook server go along (pure).

Four rules, in this order:
1. What names the server itself, or was made for this pod, never goes: JUPYTERHUB_*, KUBERNETES_*, ...
2. A few of those are needed by libraries and say nothing secret: ALLOWED_BACK.
3. What looks like a credential by its name or its value does not go, unless the user names it with --export.
4. What contains a dropped secret's value, or refers to a dropped variable as $(NAME), is tainted and goes with it.
The order of what stays is kept, because Kubernetes expands $(NAME) from what stands above.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from kbatch_core.model.secrets import find_secrets

ALLOWED_BACK = frozenset(
    {
        "JUPYTERHUB_API_URL",
        "JUPYTERHUB_SERVICE_PREFIX",
        "JUPYTERHUB_USER",
        "JUPYTER_IMAGE",
        "JUPYTER_IMAGE_SPEC",
    }
)
_OF_THE_SERVER = re.compile(
    r"""JUPYTERHUB_.* | JPY_.* | JUPYTER_TOKEN | JUPYTER_RUNTIME_DIR | JUPYTER_IMAGE.*
      | (MEM|CPU)_(LIMIT|GUARANTEE) | .*_SERVICE_(HOST|PORT)(_.*)? | .*_PORT_\d+_(TCP|UDP)(_.*)?
      | KUBERNETES_.* | POD_.* | HOSTNAME | AWS_WEB_IDENTITY_.* | AWS_ROLE_ARN | KBATCH_.* | SLURM_.*""",
    re.VERBOSE,
)
SECRET_NAME = re.compile(
    r".*(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE|CONNECTION_STRING).*|.*_(KEY|PAT|PWD)|.*APIKEY",
    re.IGNORECASE,
)
"""docs/admin.md has it for hubs."""
REFERENCE = re.compile(r"(?<!\$)\$\(([^)]+)\)")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")
# Shorter values are found inside others by chance ("1", "lab").
_TAINT_LENGTH = 6


class Kept(NamedTuple):
    """The variables that go along, in order, and (name, why) of those that do not and might be missed."""

    env: list[dict[str, Any]]
    dropped: list[tuple[str, str]]


def is_of_the_server(name: str) -> bool:
    """Whether the variable belongs to the notebook server's own pod."""
    return name not in ALLOWED_BACK and _OF_THE_SERVER.fullmatch(name) is not None


def is_secret_name(name: str) -> bool:
    """Whether the name is that of a credential."""
    return SECRET_NAME.fullmatch(name) is not None


def _is_secret(name: str, value: str) -> bool:
    """By its name, or as a token by its maker's form, a private key, an address with a password."""
    return is_secret_name(name) or (len(value) >= _TAINT_LENGTH and bool(find_secrets(value)))


def secret_values(env: Mapping[str, str], export: Collection[str] = ()) -> set[str]:
    """The values that must not go along inside others: of what is secret and was not asked for."""
    return {
        value
        for name, value in env.items()
        if len(value) >= _TAINT_LENGTH
        and _is_secret(name, value)
        and (name not in export or is_of_the_server(name))
    }


def filter_env(
    env: Sequence[dict[str, Any]], export: Collection[str] = (), also_secret: Collection[str] = ()
) -> Kept:
    """The variables of a container's `env` that a job may have; `export` names those the user asks for.

    `also_secret`: values from elsewhere that must not go along inside others.
    """
    verdicts = [(entry, _why_dropped(entry, export)) for entry in env]
    plain = {entry["name"]: str(entry.get("value") or "") for entry in env}
    secrets = secret_values(plain, export) | {value for value in also_secret if len(value) >= _TAINT_LENGTH}
    gone = {entry["name"] for entry, why in verdicts if why}
    kept: list[dict[str, Any]] = []
    dropped: list[tuple[str, str]] = []
    for entry, why in verdicts:
        name = entry["name"]
        value = str(entry.get("value") or "")
        references = {match for match in REFERENCE.findall(value) if match in gone}
        if not why and references:
            why = f"it refers to {', '.join(sorted(references))}"
        if not why and any(secret in value for secret in secrets):
            why = "it contains a credential"
        if not why:
            kept.append(entry)
            continue
        gone.add(name)
        if not is_of_the_server(name) or name in export:
            dropped.append((name, why))
    return Kept(kept, dropped)


def _why_dropped(entry: dict[str, Any], export: Collection[str]) -> str:
    name = entry["name"]
    if is_of_the_server(name):
        return "it belongs to the notebook server"
    source = entry.get("valueFrom") or {}
    if source and not any(kind in source for kind in _SOURCES):
        return f"what it is made from ({', '.join(source)}) is not copied"
    if (source.get("resourceFieldRef") or {}).get("containerName"):
        return "it tells the size of another container"
    if "fieldRef" in source or "resourceFieldRef" in source:
        return ""
    if name in export or name in ALLOWED_BACK:
        return ""
    if _is_secret(name, str(entry.get("value") or "")):
        return f"it looks like a credential (--export {name} takes it along)"
    return ""
