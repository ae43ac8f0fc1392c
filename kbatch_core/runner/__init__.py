"""What runs in the pod, shipped as data: the supervisor, and the program that runs notebooks."""

from __future__ import annotations

from functools import cache
from importlib import resources


def supervisor_source() -> str:
    """The supervisor with its comments, for people."""
    return resources.files(__name__).joinpath("supervisor.sh").read_text()


@cache
def supervisor_program() -> str:
    """The supervisor as it travels in each Job."""
    from kbatch_core.runner.packing import pack  # `kqueue list` starts sooner without

    return pack(supervisor_source())


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


def readable(program: str) -> str:
    """What a Job carries, for people: the source if it is the one of this version, else as it travelled."""
    return supervisor_source() if program == supervisor_program() else program
