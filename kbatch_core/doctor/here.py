"""What this machine is asked for the checks: files, versions, programs. Nothing is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from kbatch_core.cluster.settings import CLUSTER_VARIABLE
from kbatch_core.doctor.local_checks import Folder
from kbatch_core.errors import KbatchError
from kbatch_core.history.folder import FOLDER, History
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.options.combine import to_jobspec
from kbatch_core.model.options.config import Config, load_config, site_config_path, user_config_path
from kbatch_core.model.options.resolve import Resolved, resolve
from kbatch_core.model.options.table import TABLE

PACKAGES = ("click", "kubernetes", "msgspec", "textual", "urllib3")
NOTEBOOKS = ("nbclient", "ipykernel")
PYTHON_SECONDS = 10.0

Read = TypeVar("Read")


class Settings:
    """Config files and variables as a submit reads them. `problems` is what would end it, `spec` what a script is
    submitted with that has no options of its own."""

    def __init__(self, environ: Mapping[str, str], others: Sequence[Callable[[], Path | None]]) -> None:
        """`others` read more files: each gives the path of one that is there, or raises what is wrong with it."""
        paths = user_config_path(environ), site_config_path(environ)
        self.problems: list[KbatchError] = []
        self.files = [path for path in paths if _is_there(path)]
        known = {CLUSTER_VARIABLE, *(one.variable for one in TABLE)}
        self.variables = [name for name in sorted(known) if environ.get(name)]
        user, site = (self._ask(partial(load_config, path)) or Config() for path in paths)
        self.config = user.over(site)
        resolved = self._ask(lambda: resolve({}, environ=environ, user=user, site=site))
        self.spec = self._ask(
            lambda: to_jobspec(resolved or Resolved({}), script="", script_name="")
        ) or JobSpec(script="", script_name="")
        self.files += filter(None, map(self._ask, others))

    def _ask(self, read: Callable[[], Read]) -> Read | None:
        try:
            return read()
        except KbatchError as error:
            self.problems.append(error)
            return None


def look_at_history(home: str) -> Folder:
    """The folder of the history, or the home that it would be made in."""
    if not Path(home).is_absolute():
        return Folder(Path(home), problem="HOME names no directory")
    history = History(home)
    path = history.path if _is_there(history.path) else Path(home)
    if not path.is_dir():
        return Folder(path, problem=f"{path} is {'no directory' if _is_there(path) else 'not there'}")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return Folder(path, problem=f"{path} cannot be written")
    try:
        disk = os.statvfs(path)
    except OSError:
        return Folder(Path(home) / FOLDER, jobs=len(history.ids()))
    return Folder(Path(home) / FOLDER, jobs=len(history.ids()), free=disk.f_bavail * disk.f_frsize)


def versions(names: Sequence[str] = PACKAGES) -> dict[str, str | None]:
    """By package, its version; None for one that is not installed."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def python_for_notebooks(environ: Mapping[str, str]) -> str:
    """A Python of those that a job would try that runs notebooks; "" for none."""
    if all(map(find_spec, NOTEBOOKS)):
        return sys.executable
    for folder in environ.get("PATH", "").split(os.pathsep):
        python = shutil.which("python3", path=folder)
        if python and _imports(python, NOTEBOOKS):
            return python
    return ""


def _imports(python: str, names: Sequence[str]) -> bool:
    """Whether another Python has these modules."""
    try:
        done = subprocess.run(
            [python, "-c", f"import {', '.join(names)}"], capture_output=True, timeout=PYTHON_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _is_there(path: Path) -> bool:
    """Whether something is there; what may not be looked at is."""
    try:
        return path.exists()
    except OSError:
        return True
