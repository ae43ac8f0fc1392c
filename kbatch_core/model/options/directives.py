"""`#SBATCH` and `#KBATCH` lines of a script, in any language whose comments begin with `#`, and of a notebook.

As in sbatch the line begins with the word, and the reading ends at the first line that is neither comment nor
blank. A `#KBATCH` line may hold every option and wins over `#SBATCH`, so that one script serves two clusters.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model.notebook import sections
from kbatch_core.model.options.foreign import foreign
from kbatch_core.model.options.option import Given
from kbatch_core.model.options.words import read_words, split_words

SBATCH = "#SBATCH"
KBATCH = "#KBATCH"

_OF_OTHERS = {"#PBS": "a #PBS line is not read", "#SLURM": "a #SLURM line is not read; write #SBATCH"}


class Directives(msgspec.Struct, frozen=True):
    """The options of a script's directives, in their order, and sentences about what is not read or not there."""

    kbatch: tuple[Given, ...] = ()
    sbatch: tuple[Given, ...] = ()
    notes: tuple[str, ...] = ()


def read_directives(text: str, file: str) -> Directives:
    """The directives of a script or notebook called `file`. Raises BadOption with FILE:LINE, BadScript."""
    lines = (line for part, source in sections(file, text) for line in _lines(source, part))
    kbatch: list[Given] = []
    sbatch: list[Given] = []
    notes: list[str] = []
    header = True
    late = False
    for where, line in lines:
        bare = line.lstrip()
        header = header and (not bare or bare.startswith("#"))
        found = next((word for word in (SBATCH, KBATCH) if line.startswith(word)), "")
        if not header:
            if found and not late:
                notes.append(f"{where}: a {found} line after the first command is not read")
                late = True
        elif found:
            into = kbatch if found == KBATCH else sbatch
            into += _line(line[len(found) :], where, own=found == KBATCH)
        elif line.startswith(tuple(_OF_OTHERS)):
            note = _OF_OTHERS.get(line.split(maxsplit=1)[0], "")
            if note and not any(note in other for other in notes):
                notes.append(f"{where}: {note}")
    notes += foreign(text, file)
    return Directives(tuple(kbatch), tuple(sbatch), tuple(notes))


def _line(words: str, where: str, *, own: bool) -> list[Given]:
    try:
        return read_words(split_words(words), where, own=own)
    except BadOption as error:
        raise BadOption(error.sentence, error.hint, where) from error


def _lines(text: str, file: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        yield f"{file}:{number}", line
