"""`-o`, `-O` and `--sort`: squeue's grammars for columns and order, and formats with a name (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.status.row import JobRow
from kqueue_tui.cli.fields import BY_LETTER, BY_NAME, Field

LONG_WIDTH = 20
"""The width that `-O` gives a field when it names none."""

# `%18i`, `%.18i`, and text between.
_SYMBOL = r"%(\.?)(\d{0,4})([A-Za-z%])"
_LONG = r"([a-z-]+)(?::(\.?)(\d{1,4}))?"

NAMED = {
    "default": "jobid,name,statecompact,timeused,limit,cpus,memory,gpus,place",
    "long": "jobid,partition,name,username,state,timeused,limit,cpus,memory,gpus,restarts,place",
    "why": "jobid,name,statecompact,reason,sentence",
    "times": "jobid,name,statecompact,submittime,starttime,endtime,timeused,limit",
    "slurm": "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R",
}


class Column(msgspec.Struct, frozen=True):
    """A field in a column, or with `field` None only the text `after`. `width` None = as wide as its text."""

    field: Field | None
    width: int | None = None
    right: bool = False
    after: str = ""


class Format(msgspec.Struct, frozen=True):
    """`table`: columns are as wide as their widest cell and two blanks apart; else each line is made alone."""

    columns: tuple[Column, ...]
    table: bool


def table_of(names: str) -> Format:
    """A table of the fields with these long names."""
    fields = [BY_NAME[name] for name in names.split(",")]
    return Format(tuple(Column(field, None, field.right) for field in fields), True)


def parse_format(text: str) -> Format:
    """An `-o` value: a format's name, or squeue's symbols. Raises BadOption."""
    if text in NAMED and "%" not in NAMED[text]:
        return table_of(NAMED[text])
    text = NAMED.get(text, text)
    if "%" not in text:
        raise BadOption(
            f"-o {text}: there is no format of that name.",
            f"There are {', '.join(NAMED)}; or write squeue's symbols, as in '%.18i %j %T'.",
        )
    columns: list[Column] = []
    at = 0
    while at < len(text):
        found = re.compile(_SYMBOL).match(text, at)
        if found is None:
            if text[at] == "%":
                raise BadOption(f"-o: {text[at : at + 3]!r} is no symbol.", "Write %j, %8j or %.8j.")
            columns.append(Column(None, after=text[at]))
            at += 1
            continue
        at = found.end()
        right, width, letter = found.groups()
        if letter == "%":
            columns.append(Column(None, after="%"))
            continue
        if letter not in BY_LETTER:
            raise BadOption(f"-o: %{letter} is not known.", f"There are %{', %'.join(sorted(BY_LETTER))}.")
        columns.append(Column(BY_LETTER[letter], int(width) if width else None, bool(right)))
    return Format(tuple(columns), False)


def parse_long_format(text: str) -> Format:
    """An `-O` value: `jobid:18,name,state:.10`. Raises BadOption."""
    columns = []
    for part in filter(None, (part.strip().lower() for part in text.split(","))):
        found = re.fullmatch(_LONG, part)
        if found is None or found[1] not in BY_NAME:
            raise BadOption(f"-O: {part} is no field.", f"There are {', '.join(BY_NAME)}.")
        width = int(found[3]) if found[3] else LONG_WIDTH
        columns.append(Column(BY_NAME[found[1]], width, bool(found[2])))
    if not columns:
        raise BadOption("-O names no field.", "Write -O jobid,name,state.")
    return Format(tuple(columns), False)


def parse_sort(text: str) -> list[tuple[Field, bool]]:
    """A `--sort` value: letters or long names, `-` before one for falling order. (field, falling) each.

    Raises BadOption.
    """
    keys = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name = part.lstrip("+-")
        field = BY_LETTER.get(name) if len(name) == 1 else BY_NAME.get(name.lower())
        if field is None:
            raise BadOption(
                f"--sort: {name or part} is no field.", "Write the letters of -o, as in -M,i, or -O's names."
            )
        keys.append((field, part.startswith("-")))
    return keys


def sort_rows(rows: Sequence[JobRow], keys: Sequence[tuple[Field, bool]], now: float) -> list[JobRow]:
    """The rows in that order; those that are equal in it keep theirs."""
    ordered = list(rows)
    for field, falling in reversed(keys):
        ordered.sort(key=lambda row: _comparable(field.sort_key(row, now)), reverse=falling)
    return ordered


def _comparable(value: str | float) -> tuple[int, float, str]:
    """Numbers before text, so that any two can be compared."""
    return (1, 0.0, value) if isinstance(value, str) else (0, value, "")
