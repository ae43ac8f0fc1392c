"""python3 notebook.pyz NAME INPUT OUTPUT

Run the notebook INPUT, which the user calls NAME, and save it as OUTPUT.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kbatch_core.runner.notebook.log import one_line, say

NOTHING_TO_RUN_IT = 127


def find_nbclient(argv: list[str]) -> bool:
    """Go on with a Python that has nbclient, the first on PATH; False when there is none.

    An environment that was activated on top of the image's own often lacks it.
    """
    if all(importlib.util.find_spec(name) for name in ("nbclient", "nbformat")):
        return True
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        python = shutil.which("python3", path=folder)
        if python and not Path(python).samefile(sys.executable):
            found = subprocess.run([python, "-c", "import nbclient, nbformat"], capture_output=True)
            if found.returncode == 0:
                os.execv(python, [python, *argv])
    return False


def final_name(pattern: str) -> Path:
    """The output's name: `%a`, `%4a`, `%N` and `%%`, which only the pod knows, filled in."""
    values = {
        "a": os.environ.get("KBATCH_ARRAY_TASK_ID", ""),
        "N": os.environ.get("KBATCH_JOB_NODELIST", "").partition(".")[0],
        "%": "%",
    }
    return Path(
        re.sub(r"%(\d*)([aN%])", lambda found: values[found[2]].rjust(int(found[1] or 0), "0"), pattern)
    )


def main(argv: list[str]) -> int:
    """Run a notebook; the exit code."""
    name, path, output = argv[1], Path(argv[2]), final_name(argv[3])
    if not find_nbclient(argv):
        say(
            f"this image has no nbclient, which runs {name}: pip install nbclient ipykernel, there or in your home"
        )
        return NOTHING_TO_RUN_IT
    import nbformat

    from kbatch_core.runner.notebook.run import Run

    logging.getLogger("traitlets").disabled = True
    # Home may be full, or on a disk that knows no sockets.
    os.environ["JUPYTER_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="kbatch-")
    try:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except OSError as error:
        say(f"the copy of {name} that was made at the submit cannot be read: {path}: {error.strerror}")
        return 1
    except (ValueError, AttributeError, nbformat.ValidationError) as error:
        say(f"{path} is not a notebook: {one_line(error)[:300]}")
        return 1
    return asyncio.run(Run(name, notebook, output).run())


if __name__ == "__main__":
    sys.exit(main(sys.argv))
