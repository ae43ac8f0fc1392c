"""Virtual environments of what tests run beside us, made once of a file of versions and hashes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.cluster.build import Missing, made_once, say


def python_environment(name: str, pins: Path, what: str) -> Path:
    """The Python of a virtual environment with what `pins` names. Raises Missing."""
    version = "{}.{}".format(*sys.version_info)
    with made_once(f"{name}-{version}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:16]}") as (
        final,
        building,
    ):
        if building is not None:
            say(f"installing {what}")
            run(what, sys.executable, "-m", "venv", str(building / "venv"))
            run(what, str(building / "venv/bin/python"), "-m", "pip", "install", "--quiet", "--no-deps",
                "--disable-pip-version-check", "--require-hashes", "-r", str(pins))  # fmt: skip
    return final / "venv/bin/python"


def run(what: str, *command: str) -> str:
    """Its output. Raises Missing with the end of its words: what is not here yet comes from a registry."""
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if result.returncode:
        words = " ".join((result.stdout + result.stderr).split())
        raise Missing(f"{what} cannot be installed here: {Path(command[0]).name}: {words[-400:]}")
    return result.stdout
