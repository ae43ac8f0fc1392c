"""A pod's volumes as real folders, and the paths in its words made theirs.

A process has no mounts of its own here: what a pod calls /kbatch/bin is a folder of the cluster's, so that each word
that names a mount path names that folder instead.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from kbatch_core.local.kubelet.fields import Lookup, MissingConfig, contents, field, resource_field
from kbatch_core.local.state.podfacts import Object

_FILES = {"configMap": ("configmaps", "name", "configmap"), "secret": ("secrets", "secretName", "secret")}


def make_volumes(pod: Object, folder: Path, claims: Path, node: Object, lookup: Lookup) -> dict[str, Path]:
    """Make them, under `folder`, those of claims under `claims`; the folder of each by its name.

    Raises MissingConfig, OSError.
    """
    made: dict[str, Path] = {}
    for volume in pod["spec"].get("volumes") or ():
        name = volume["name"]
        if "hostPath" in volume:
            made[name] = _host_path(volume["hostPath"])
            continue
        if "persistentVolumeClaim" in volume:
            claim = volume["persistentVolumeClaim"]["claimName"]
            made[name] = claims / pod["metadata"]["namespace"] / claim
        else:
            made[name] = folder / name
        made[name].mkdir(parents=True, exist_ok=True)
        for path, (data, mode) in _files(volume, pod, node, lookup).items():
            _write(made[name] / path, data, mode)
    return made


def mounts(container: Object, volumes: Mapping[str, Path]) -> list[tuple[str, str]]:
    """(path in the pod, real path) of a container, the longest first; those that are the same are left out."""
    pairs = []
    for mount in container.get("volumeMounts") or ():
        where = volumes.get(mount["name"])
        if where is None:
            raise MissingConfig(f'volume "{mount["name"]}" not found')
        real = str(where / mount["subPath"]) if mount.get("subPath") else str(where)
        path = mount["mountPath"].rstrip("/") or "/"
        if path not in (real, "/"):
            pairs.append((path, real))
    return sorted(pairs, key=lambda pair: -len(pair[0]))


def real_paths(text: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The text with each path that stands in it on its own, or begins one, made real."""
    if not pairs or "/" not in text:
        return text
    real = dict(pairs)
    names = "|".join(re.escape(path) for path, _ in pairs)
    return re.sub(rf"(?<![\w./~-])({names})(?![\w.-])", lambda found: real[found[1]], text)


def without_blanks(folder: Path) -> Path:
    """The folder by a path that a shell does not take apart: itself, or a link to it."""
    folder = folder.resolve()
    if not re.search(r"[\s'\"\\$*?\[]", str(folder)):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    link = Path(tempfile.gettempdir()).resolve() / f"kbatch-{os.getuid()}-{name}"
    if not link.is_symlink():
        link.symlink_to(folder)
    if link.lstat().st_uid != os.getuid() or link.readlink() != folder:
        raise PermissionError(f"{link} is not a link of yours to {folder}")
    return link


def _host_path(source: Object) -> Path:
    path = Path(source["path"])
    kind = source.get("type", "")
    if kind == "DirectoryOrCreate":
        path.mkdir(parents=True, exist_ok=True)
    elif kind == "FileOrCreate":
        path.touch(exist_ok=True)
    elif kind and not path.exists():
        raise MissingConfig(f"hostPath type check failed: {path} is not a {kind.lower()}")
    return path


def _files(volume: Object, pod: Object, node: Object, lookup: Lookup) -> dict[str, tuple[bytes, int]]:
    """Path to (content, mode) of what a volume projects; none for an empty one."""
    if "emptyDir" in volume:
        return {}
    if "projected" in volume:
        files: dict[str, tuple[bytes, int]] = {}
        for source in volume["projected"].get("sources") or ():
            mode = volume["projected"].get("defaultMode", 0o644)
            for kind, content in source.items():
                files |= _projection(kind, content, mode, pod, node, lookup)
        return files
    kind = next((kind for kind in ("downwardAPI", *_FILES) if kind in volume), "")
    if not kind:
        raise MissingConfig(f'volume "{volume["name"]}" is of a kind that the local cluster does not have')
    return _projection(kind, volume[kind], volume[kind].get("defaultMode", 0o644), pod, node, lookup)


def _projection(
    kind: str, source: Object, mode: int, pod: Object, node: Object, lookup: Lookup
) -> dict[str, tuple[bytes, int]]:
    if kind == "downwardAPI":
        files = {}
        for item in source.get("items") or ():
            files[item["path"]] = (_fact(item, pod, node).encode(), item.get("mode", mode))
        return files
    if kind not in _FILES:
        # Tokens of a service account: nothing here could use one.
        return {}
    resource, key, word = _FILES[kind]
    name = source.get(key) or source.get("name", "")
    obj = lookup(resource, name)
    if obj is None:
        if source.get("optional", False):
            return {}
        raise MissingConfig(f'{word} "{name}" not found')
    data = contents(resource, obj)
    items = source.get("items")
    if items is None:
        return {path: (content, mode) for path, content in data.items()}
    for item in items:
        if item["key"] not in data:
            raise MissingConfig(f"references non-existent {word} key: {item['key']}")
    return {item["path"]: (data[item["key"]], item.get("mode", mode)) for item in items}


def _fact(item: Object, pod: Object, node: Object) -> str:
    if "fieldRef" in item:
        return field(pod, item["fieldRef"]["fieldPath"])
    reference = item["resourceFieldRef"]
    containers = {one["name"]: one for one in pod["spec"]["containers"]}
    return resource_field(containers[reference["containerName"]], reference, node)


def _write(path: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.unlink()
    path.write_bytes(data)
    path.chmod(mode)
