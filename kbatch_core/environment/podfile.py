"""The notebook server's pod as its hub wrote it down, for accounts that may not read pods.

Where users share an account, the right to read pods is the right to every user's hub token. There the hub's admin
lets KubeSpawner put the pod, without its credentials, into an annotation of itself, and mounts that as a file.
docs/admin.md says how.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from kbatch_core.errors import BadConfig
from kbatch_core.model.decoding import decoder

POD_FILE = Path("/run/kbatch/pod.json")


class _Container(msgspec.Struct):
    name: str


class _Spec(msgspec.Struct):
    containers: list[_Container]


class _Metadata(msgspec.Struct):
    name: str


class _Pod(msgspec.Struct):
    """What is relied on before the rest is looked at."""

    metadata: _Metadata
    spec: _Spec


def read_pod_file(path: Path = POD_FILE) -> dict[str, Any] | None:
    """The pod in the file; None where there is no file, or an empty one. Raises BadConfig."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if not data.strip():
        return None
    try:
        decoder(_Pod).decode(data)
        pod: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadConfig(
            f"{path} does not hold this server's pod: {error}.",
            "Tell your hub's admin: `kqueue docs admin` says how that file is made.",
        ) from error
    return pod
