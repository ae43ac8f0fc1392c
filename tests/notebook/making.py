"""Notebooks for tests, and the runner as it travels: one zip file, run by a Python that has nbclient."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import nbformat

from kbatch_core.runner import notebook_program

Cell = dict[str, Any]


def code(source: str, *tags: str) -> Cell:
    """A code cell that has run before."""
    output = {"output_type": "stream", "name": "stdout", "text": ["of an earlier run\n"]}
    metadata: dict[str, Any] = {"tags": list(tags)} if tags else {}
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": [output],
        "execution_count": 7,
    }


def text(source: str) -> Cell:
    """A markdown cell."""
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def notebook(*cells: Cell | str, kernel: str = "python3", minor: int = 4, **metadata: Any) -> bytes:
    """A notebook file; a string is the source of a code cell."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    if minor >= 5:
        made = [{"id": f"cell-{number}", **cell} for number, cell in enumerate(made)]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel}, **metadata}
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}).encode()


def validate(loaded: dict[str, Any]) -> None:
    """What JupyterLab would refuse to open, nbformat calls invalid."""
    nbformat.validate(nbformat.from_dict(loaded))  # type: ignore[no-untyped-call]


class Ran(msgspec.Struct):
    """What came of a run. `saved` is the output notebook, None when there is none."""

    code: int
    out: str
    err: str
    saved: dict[str, Any] | None
    progress: str

    def text(self, cell: int, name: str = "stdout") -> str:
        """The stream output of a cell of the saved notebook."""
        assert self.saved is not None
        outputs = self.saved["cells"][cell]["outputs"]
        return "".join("".join(output["text"]) for output in outputs if output.get("name") == name)


class Running:
    """The runner at work on a notebook in `folder`, a process of its own."""

    def __init__(
        self,
        folder: Path,
        data: bytes | str,
        *,
        name: str = "work.ipynb",
        output: str = "out.ipynb",
        python: Sequence[str] = (sys.executable,),
        **environ: str,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.output = folder / output
        self._progress = folder / "progress"
        (folder / "notebook.pyz").write_bytes(notebook_program())
        (folder / "script").write_bytes(data.encode() if isinstance(data, str) else data)
        self.process = subprocess.Popen(
            [*python, str(folder / "notebook.pyz"), name, str(folder / "script"), str(self.output)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "LC_ALL": "C.UTF-8",
                "IPYTHONDIR": str(folder / "ipython"),
                "KBATCH_PROGRESS": str(self._progress),
                **environ,
            },
        )

    def progress(self) -> str:
        """What it has told so far."""
        return self._progress.read_text().rstrip("\n") if self._progress.exists() else ""

    def wait(self) -> Ran:
        """Until it has ended."""
        out, err = (stream.decode(errors="replace") for stream in self.process.communicate(timeout=120))
        saved = json.loads(self.output.read_text()) if self.output.exists() else None
        return Ran(self.process.returncode, out, err, saved, self.progress())


def run(folder: Path, *cells: Cell | str, **options: str) -> Ran:
    """Run a notebook of these cells to its end."""
    return Running(folder, notebook(*cells), **options).wait()
