"""The supervisor's options as it reads them: shell words and sums, so that it needs no parser of its own (pure)."""

from __future__ import annotations

import re
import shlex

from kbatch_core.model.arrays import ArraySpec

_TASK, _NODE = "KBATCH_ARRAY_TASK_ID", "KBATCH_JOB_NODELIST"
_SYMBOL = re.compile(r"%(?:%|(\d*)a|\d*N)")
_WORD = re.compile(
    rf"""\$\{{{_TASK}\}} | \$\(printf\ %0(?P<width>\d+)d\ \${_TASK}\) | (?P<node>\$\{{{_NODE}%%\.\*\}})
    | '(?P<quoted>[^']*)' | "(?P<quote>')" | (?P<plain>[^$'"]+)""",
    re.VERBOSE,
)


def file_word(pattern: str) -> str:
    """A file name pattern, as `patterns.expand` leaves it, as a shell word that the pod's variables complete.

    The node's name is cut at its first dot, as `patterns.expand_final` does.
    """
    parts = []
    at = 0
    for symbol in _SYMBOL.finditer(pattern):
        parts.append(_quote(pattern[at : symbol.start()]))
        at = symbol.end()
        if symbol[0] == "%%":
            parts.append("%")
        elif symbol[0].endswith("N"):
            parts.append(f"${{{_NODE}%%.*}}")
        elif symbol[1]:
            parts.append(f"$(printf %0{symbol[1]}d ${_TASK})")
        else:
            parts.append(f"${{{_TASK}}}")
    return "".join([*parts, _quote(pattern[at:])])


def file_pattern(word: str) -> str:
    """The pattern that `file_word` made the word of."""
    return _WORD.sub(_symbol, word)


def task_parts(array: ArraySpec) -> str:
    """The task numbers: `COUNT:FIRST+STEP*` for each range, to which the supervisor adds the index within it."""
    return " ".join(
        f"{len(range(first, last + 1, step))}:{first}+{step}*" for first, last, step in array.ranges
    )


def _quote(text: str) -> str:
    return shlex.quote(text) if text else ""


def _symbol(found: re.Match[str]) -> str:
    if found["node"]:
        return "%N"
    if found["width"]:
        return f"%{found['width']}a"
    literal = found["quoted"] or found["quote"] or found["plain"]
    if literal is not None:
        return literal.replace("%", "%%")
    return "" if found[0] == "''" else "%a"
