"""What runs in the pod, shipped as data: the supervisor, and the program that runs notebooks."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources


def supervisor_source() -> str:
    """The supervisor with its comments, for people."""
    return resources.files(__name__).joinpath("supervisor.sh").read_text()


@cache
def supervisor_program() -> str:
    """The supervisor as it travels in each Job, of which thousands are listed at once: as short as it can be.

    Without comments, indentation, blank and continued lines, and blanks around operators.
    """
    lines = (line.strip() for line in re.sub(r"\\\n *", "", supervisor_source()).splitlines())
    program = "\n".join(line for line in lines if line and not line.startswith("#")) + "\n"
    program = re.sub(r" ?(\|\||&&|;;) ?", r"\1", program)
    program = re.sub(r"(?<=[*\w])\) (?=_\w=)", ")", program)
    return re.sub(r"\$\(\([^\n(]*?\)\)", lambda found: found[0].replace(" ", ""), program)


def notebook_program() -> bytes:
    """The package `notebook` as a zip file that Python runs; the same bytes each time."""
    inside = "kbatch_core/runner/notebook"
    files = {"kbatch_core/__init__.py": "", "kbatch_core/runner/__init__.py": ""}
    for path in sorted(resources.files(__name__).joinpath("notebook").iterdir(), key=lambda path: path.name):
        if path.name.endswith(".py"):
            files[f"{inside}/{path.name}"] = path.read_text()
    files["__main__.py"] = (
        "import sys\nfrom kbatch_core.runner.notebook.__main__ import main\nsys.exit(main(sys.argv))\n"
    )
    import io
    import zipfile  # only for notebooks

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return data.getvalue()
