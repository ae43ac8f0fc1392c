"""The control groups of a node: the one thing of it that no namespace hides. Version 1, hybrid and version 2."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PREFIX = "kbatch-test-"


def hierarchies(root: Path = ROOT) -> list[Path]:
    """The folder of each hierarchy: one on version 2, one per controller on version 1."""
    if (root / "cgroup.controllers").exists():
        return [root]
    return [
        path for path in root.iterdir() if path.is_dir() and not path.is_symlink() and path.name != "unified"
    ]


def create(name: str, root: Path = ROOT) -> None:
    """Make the group `name` in each hierarchy, able to hold processes."""
    for hierarchy in hierarchies(root):
        folder = hierarchy / name
        folder.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (hierarchy / "cgroup.procs").exists() and (folder / setting).exists():
                with contextlib.suppress(OSError):
                    (folder / setting).write_text((hierarchy / setting).read_text())
        if (root / "cgroup.controllers").exists():
            available = (folder / "cgroup.controllers").read_text().split()
            with contextlib.suppress(OSError):
                (folder / "cgroup.subtree_control").write_text(" ".join(f"+{item}" for item in available))


def remove(name: str, root: Path = ROOT) -> None:
    """Remove the group and all below it, deepest first; its processes have ended."""
    for hierarchy in hierarchies(root):
        folder = hierarchy / name
        if folder.exists():
            for path, _, _ in os.walk(folder, topdown=False):
                with contextlib.suppress(OSError):
                    Path(path).rmdir()


def leftovers(root: Path = ROOT) -> set[str]:
    """Groups of test nodes whose owner is gone; the owner's pid is in the name."""
    found = {path.name for hierarchy in hierarchies(root) for path in hierarchy.glob(f"{PREFIX}*")}
    return {name for name in found if not Path(f"/proc/{name.removeprefix(PREFIX).split('-')[0]}").exists()}
