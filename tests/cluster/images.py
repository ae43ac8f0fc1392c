"""The images of the node: `pause`, and a notebook user's image with the project's wheel in it.

Nothing is pulled. The user image has four layers, each made once for what it is made of: a Debian root, the
runtime dependencies and what runs notebooks at the versions of this virtual environment, and the project itself.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.cluster.build import forget_older, made_once, say

PROJECT = "kqueue-tui"
DEBIAN = "bookworm"
PACKAGES = "python3,busybox-static,procps"
USER, UID, GID, HOME = "jovyan", 1000, 100, "/home/jovyan"
_PYTHON_PATH = "/opt/py"
_PATH = f"{_PYTHON_PATH}/bin:/usr/local/bin:/usr/bin:/bin"
_ROOT = Path(__file__).parents[2]
_PAUSE = """#include <signal.h>
#include <unistd.h>
static void stop(int s) { (void)s; _exit(0); }
int main(void) { signal(SIGTERM, stop); signal(SIGINT, stop); for (;;) pause(); }
"""


class Image(NamedTuple):
    """A docker-archive tar and the name that it is imported under."""

    name: str
    path: Path


def pause_image() -> Image:
    """The container that holds a pod's namespaces."""
    with made_once("image-pause-1") as (final, building):
        if building is not None:
            root = building / "root"
            root.mkdir()
            (building / "pause.c").write_text(_PAUSE)
            _run("gcc", "-Os", "-static", "-o", str(root / "pause"), str(building / "pause.c"))
            _pack([_layer(root, building / "layer.tar")], "kbatch.test/pause:1", building / "image.tar",
                  {"Entrypoint": ["/pause"]})  # fmt: skip
            shutil.rmtree(root)
    return Image("kbatch.test/pause:1", final / "image.tar")


def user_image(name: str = "user", more: Collection[str] = ()) -> Image:
    """The image of a notebook server: Python, the project, user jovyan (uid 1000, gid 100), and `more` pins."""
    dependencies = {pin for pin in runtime_pins(PROJECT) if not pin.startswith(f"{PROJECT}==")}
    notebooks = runtime_pins("nbclient", "ipykernel") - dependencies
    lower = [_base_layer(), _packages_layer(dependencies), _packages_layer(notebooks)]
    there = {_name(pin) for pin in dependencies | notebooks}
    rest = [pin for pin in more if _name(pin) not in there]
    if rest:
        lower.append(_packages_layer(rest))
    made_of = [*(layer.parent.name for layer in lower), _digest_of_sources()]
    key = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:16]
    with made_once(f"image-{name}-{key}") as (final, building):
        if building is not None:
            say(f"making the image {name}")
            layers = [*lower, _project_layer(building)]
            config = {
                "User": str(UID),
                "WorkingDir": HOME,
                "Cmd": ["/bin/sh"],
                "Env": [f"PATH={_PATH}", f"PYTHONPATH={_PYTHON_PATH}", f"HOME={HOME}", "LC_ALL=C.UTF-8",
                        "SHELL=/bin/bash", f"JUPYTER_CONFIG_PATH={_PYTHON_PATH}/etc/jupyter",
                        f"JUPYTER_PATH={_PYTHON_PATH}/share/jupyter"],
            }  # fmt: skip
            _pack(layers, f"kbatch.test/{name}:latest", building / "image.tar", config)
            forget_older(f"image-{name}-", keep=final.name)
    return Image(f"kbatch.test/{name}:latest", final / "image.tar")


def _name(pin: str) -> str:
    """The distribution of `name==version`, as PyPI compares names."""
    return re.sub(r"[-_.]+", "-", pin.partition("==")[0]).lower()


def _base_layer() -> Path:
    with made_once(f"image-debian-{DEBIAN}-2") as (final, building):
        if building is not None:
            say("making a Debian root: about a minute, once")
            root = building / "root"
            _run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", DEBIAN, str(root))
            for name in (
                "var/cache/apt",
                "var/lib/apt/lists",
                "usr/share/doc",
                "usr/share/locale",
                "usr/share/man",
            ):
                shutil.rmtree(root / name, ignore_errors=True)
            with (root / "etc/passwd").open("a") as passwd:
                passwd.write(f"{USER}:x:{UID}:{GID}::{HOME}:/bin/bash\n")
            home = root / HOME.lstrip("/")
            home.mkdir(parents=True)
            os.chown(home, UID, GID)
            _layer(root, building / "layer.tar")
            shutil.rmtree(root)
    return final / "layer.tar"


def _packages_layer(pins: Collection[str]) -> Path:
    """Distributions (`name==version`) where the image's Python finds them."""
    key = hashlib.sha256("\n".join(sorted(pins)).encode()).hexdigest()[:16]
    with made_once(f"image-packages-{key}") as (final, building):
        if building is not None:
            say(f"installing {len(pins)} packages for the user image")
            target = building / "root" / _PYTHON_PATH.lstrip("/")
            _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target",
                 str(target), *sorted(pins))  # fmt: skip
            _settle(building / "root")
            _layer(building / "root", building / "layer.tar")
            shutil.rmtree(building / "root")
    return final / "layer.tar"


def runtime_pins(*distributions: str) -> set[str]:
    """`name==version` of distributions and everything that they need at run time, as installed here."""
    found = {name: importlib.metadata.version(name) for name in distributions}
    waiting = list(distributions)
    while waiting:
        for line in importlib.metadata.requires(waiting.pop()) or []:
            requirement, _, marker = line.partition(";")
            name = re.match(r"[A-Za-z0-9._-]+", requirement.strip())
            if name is None or "extra ==" in marker or name[0] in found:
                continue
            try:
                found[name[0]] = importlib.metadata.version(name[0])
            except importlib.metadata.PackageNotFoundError:
                continue  # a marker excludes it here
            waiting.append(name[0])
    return {f"{name}=={version}" for name, version in found.items()}


def _project_layer(building: Path) -> Path:
    """The project's own wheel, installed as a user installs it."""
    wheels = building / "wheels"
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", str(wheels), str(_ROOT))  # fmt: skip
    target = building / "root" / _PYTHON_PATH.lstrip("/")
    wheel = next(wheels.glob("*.whl"))
    _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target",
         str(target), str(wheel))  # fmt: skip
    _settle(building / "root")
    # What a login shell of Debian, such as a terminal of JupyterLab, would set anew.
    profile = building / "root/etc/profile.d/path.sh"
    profile.parent.mkdir(parents=True)
    profile.write_text(f"PATH={_PATH}\n")
    layer = _layer(building / "root", building / "layer.tar")
    shutil.rmtree(building / "root")
    shutil.rmtree(wheels)
    return layer


def _settle(root: Path) -> None:
    """What was installed in `root` is at home there: compiled as an image's is, run by the image's Python."""
    target = root / _PYTHON_PATH.lstrip("/")
    for script in (target / "bin").glob("*"):
        text = script.read_bytes()
        if text.startswith(b"#!") and b"python" in text.split(b"\n", 1)[0]:
            # A crash of Python says where.
            script.write_bytes(b"#!/usr/bin/python3 -Xfaulthandler\n" + text.split(b"\n", 1)[1])
    # A package may hold files of another Python's syntax, which nobody imports.
    subprocess.run([sys.executable, "-m", "compileall", "-qq", "-s", str(root), "-p", "/", str(target)])


def _digest_of_sources() -> str:
    digest = hashlib.sha256()
    files = [
        _ROOT / "pyproject.toml",
        Path(__file__),
        *sorted((_ROOT / "kbatch_core").rglob("*")),
        *sorted((_ROOT / "kqueue_tui").rglob("*")),
    ]
    for path in files:
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(_ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _layer(root: Path, out: Path) -> Path:
    _run("tar", "-C", str(root), "--numeric-owner", "-cf", str(out), ".")
    return out


def _pack(layers: Sequence[Path], name: str, out: Path, config: Mapping[str, Any]) -> None:
    """Write a docker-archive of layer tars, as `ctr images import` reads it."""
    digests = []
    for layer in layers:
        with layer.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    body = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": config,
            "history": [{} for _ in layers],
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        }
    ).encode()
    config_name = f"{hashlib.sha256(body).hexdigest()}.json"
    names = [f"{digest}/layer.tar" for digest in digests]
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": names}]).encode()
    with tarfile.open(out, "w") as archive:
        for layer, member in zip(layers, names, strict=True):
            archive.add(layer, member)
        for member, data in ((config_name, body), ("manifest.json", manifest)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def _run(*command: str) -> None:
    with tempfile.TemporaryFile() as output:
        result = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if result.returncode:
            output.seek(0)
            raise RuntimeError(f"{command[0]} failed:\n{output.read()[-3000:].decode(errors='replace')}")
