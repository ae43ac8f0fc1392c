"""File name patterns of `--output` and `--error`.

Slurm (sbatch manual, FILENAME PATTERN): `%` and a letter, between them a width of at most 10 to fill with zeros;
a backslash anywhere switches the symbols off and is itself left out. Unlike Slurm an unknown letter is an error,
not a file named `%q`.

The client fills in what it knows (`expand`). What only the pod knows stays as `%a`, `%N` and `%%` for the
supervisor, whose rule `expand_final` is.
"""

from __future__ import annotations

from collections.abc import Mapping

from kbatch_core.errors import BadOption

DEFAULT_OUTPUT = "kbatch-%j.out"
DEFAULT_ARRAY_OUTPUT = "kbatch-%A_%a.out"

MAX_WIDTH = 10

# What Slurm prints for %a in a job that is not an array: its NO_VAL.
_NO_TASK = "4294967294"

_LATER = frozenset("aN")
_TEXT = frozenset("Nux")
"""Symbols whose width is ignored, because they are no numbers."""

_KNOWN = "Use %j, %A, %a, %x, %u, %N or %%."


def expand(pattern: str, *, job_id: str, job_name: str, user: str, array: bool) -> str:
    """Fill in what is known at submit; `%a` (of an array), `%N` and `%%` stay for the supervisor.

    Job and array id are the same here. One script is one task on one node, so %n and %t are 0, and %s is
    "batch" as in Slurm. %r is 0: a restart goes on in the same file. Raises BadOption.
    """
    if "\\" in pattern:
        return pattern.replace("\\", "").replace("%", "%%")
    values = {
        "j": job_id, "J": job_id, "A": job_id, "x": job_name, "u": user,
        "n": "0", "t": "0", "r": "0", "s": "batch",
    }  # fmt: skip
    if not array:
        values.update(a=_NO_TASK, b=_NO_TASK[-1])
    return _replace(pattern, {letter: value.replace("%", "%%") for letter, value in values.items()}, "%%")


def expand_final(pattern: str, task: int | None, node: str) -> str:
    """Fill in `%a`, `%N` and `%%` of what `expand` gave: the file's name. `node` is cut at its first dot."""
    return _replace(pattern, {"a": _NO_TASK if task is None else str(task), "N": node.partition(".")[0]}, "%")


def check(pattern: str) -> str:
    """The pattern itself when `expand` will take it. Raises BadOption."""
    if not pattern.strip():
        raise BadOption("The name of the output file is empty.", "Leave the option out for the default.")
    if any(ord(char) < 32 for char in pattern):
        raise BadOption(f"The file name {pattern!r} holds a control character.", "Leave it out.")
    expand(pattern, job_id="", job_name="", user="", array=True)
    return pattern


def _replace(pattern: str, values: Mapping[str, str], percent: str) -> str:
    """One pass over the pattern; symbols of `_LATER` without a value stay as they are."""
    parts = []
    at = 0
    while (mark := pattern.find("%", at)) >= 0:
        parts.append(pattern[at:mark])
        end = mark + 1
        while end < len(pattern) and pattern[end] in "0123456789":
            end += 1
        letter = pattern[end : end + 1]
        width = pattern[mark + 1 : end]
        if letter == "%" and not width:
            parts.append(percent)
        elif letter in values:
            parts.append(values[letter].rjust(_zeros(letter, width), "0"))
        elif letter in _LATER:
            parts.append(f"%{_zeros(letter, width) or ''}{letter}")
        else:
            raise _unknown(pattern, pattern[mark : end + 1], letter)
        at = end + 1
    return "".join(parts) + pattern[at:]


def _zeros(letter: str, width: str) -> int:
    """The width that counts: 0 for text, at most MAX_WIDTH, however many digits it is written with."""
    digits = width.lstrip("0")
    if letter in _TEXT or not digits:
        return 0
    return MAX_WIDTH if len(digits) > 2 else min(int(digits), MAX_WIDTH)


def _unknown(pattern: str, symbol: str, letter: str) -> BadOption:
    if letter == "b":
        return BadOption(
            f"{symbol} (task number modulo 10) in {pattern!r} is not there.", "Use %a, the task number."
        )
    return BadOption(f"{pattern!r} has {symbol!r}, which is no symbol for a file name.", _KNOWN)
