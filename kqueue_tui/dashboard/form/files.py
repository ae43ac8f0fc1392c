"""Tree: the folders and files of home as lines, a folder's contents read when it is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kbatch_core.model.safetext import safe_text

SCRIPTS = (".sh", ".bash", ".py", ".r", ".jl", ".pl", ".ipynb", ".sbatch", ".slurm", ".job", ".zsh", ".m")


@dataclass(frozen=True)
class Entry:
    """One file or folder. `name` is safe to show, `path` is what it is really called."""

    path: Path
    name: str
    is_folder: bool
    depth: int = 0

    @property
    def is_script(self) -> bool:
        """Whether it looks like something to submit."""
        return not self.is_folder and self.path.suffix.lower() in SCRIPTS

    @property
    def hidden(self) -> bool:
        return self.path.name.startswith(".")


def read_folder(folder: Path, depth: int) -> tuple[Sequence[Entry], str]:
    """(its entries, folders first, by name; why it cannot be read). Blocks."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                kind = _kind(entry)
                if kind:
                    found.append(Entry(Path(entry.path), safe_text(entry.name, 200), kind == "folder", depth))
    except OSError as error:
        return (), f"{error.strerror}."
    return sorted(found, key=lambda one: (not one.is_folder, one.name.lower(), one.path.name)), ""


def _kind(entry: os.DirEntry[str]) -> str:
    """ "folder", "file" or "" for what is neither, such as a pipe or a link to nothing."""
    try:
        if entry.is_dir():
            return "folder"
        return "file" if entry.is_file() or stat.S_ISREG(entry.stat().st_mode) else ""
    except OSError:
        return ""


class Tree:
    """What is open, and the lines that come of it. Not for several threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hidden = False
        self._contents: dict[Path, Sequence[Entry]] = {}
        self._problems: dict[Path, str] = {}
        self._being_read: set[Path] = set()
        self._open: set[Path] = {root}
        self.lines: list[Entry] = []

    def begin(self, folder: Path) -> bool:
        """Whether it is to be read now: not twice at once, and what was read without a problem not again."""
        if folder in self._being_read or (folder in self._contents and not self._problems[folder]):
            return False
        self._being_read.add(folder)
        return True

    def put(self, folder: Path, entries: Sequence[Entry], problem: str) -> None:
        """What a folder was found to hold."""
        self._contents[folder], self._problems[folder] = entries, problem
        self._being_read.discard(folder)
        self._renew()

    def problem(self, folder: Path) -> str:
        """Why it could not be read, "" when it could or is being read."""
        return "" if self.is_being_read(folder) else self._problems.get(folder, "")

    def is_open(self, folder: Path) -> bool:
        return folder in self._open

    def is_being_read(self, folder: Path) -> bool:
        return folder in self._being_read

    def note(self, folder: Path) -> str:
        """What is said of an open folder beside its name: that it is being read, cannot be and why, or is empty."""
        if not self.is_open(folder):
            return ""
        if self.is_being_read(folder):
            return "reading…"
        shown = any(self.hidden or not entry.hidden for entry in self._contents.get(folder, ()))
        return self.problem(folder) or ("" if shown else "nothing to see")

    def open(self, folder: Path) -> None:
        self._open.add(folder)
        self._renew()

    def close(self, folder: Path) -> None:
        self._open.discard(folder)
        self._renew()

    def toggle_hidden(self) -> None:
        self.hidden = not self.hidden
        self._renew()

    def place(self, path: Path) -> int | None:
        """The number of its line; None when it has none."""
        return next((at for at, entry in enumerate(self.lines) if entry.path == path), None)

    def find(self, text: str, start: int) -> int | None:
        """The next line from `start` on, round the end, whose name has a text in any case of letters."""
        count, wanted = len(self.lines), text.lower()
        around = (at % count for at in range(start, start + count)) if count else iter(())
        return next((at for at in around if wanted in self.lines[at].name.lower()), None)

    def _renew(self) -> None:
        self.lines = list(self._walk(self.root))

    def _walk(self, folder: Path) -> Iterator[Entry]:
        for entry in self._contents.get(folder, ()):
            if entry.hidden and not self.hidden:
                continue
            yield entry
            if entry.is_folder and entry.path in self._open:
                yield from self._walk(entry.path)
