"""Values of `-P NAME=VALUE` and how each language writes them (pure).

A value is what it looks like: a whole number, a number, true or false, null, a JSON list or object, else text;
in quotes it is always text. What only looks like a number to a person (007, 1_000, 2026-10) is text.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any

from kbatch_core.errors import BadOption

_WORDS: dict[str, object] = {
    "true": True, "True": True, "false": False, "False": False, "null": None, "None": None,
    "nan": float("nan"), "inf": float("inf"), "-inf": float("-inf"),
}  # fmt: skip
_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LONGEST_INTEGER = 4000
"""Digits; Python itself refuses to read more than 4300."""

LANGUAGES = ("python", "r", "julia")


def parse_value(name: str, text: str) -> object:
    """The value that `text` is for the parameter `name`. Raises BadOption for a broken list or quoted text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _LONGEST_INTEGER else text
    if _FLOAT.fullmatch(text):
        return float(text)
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1]
    if text[:1] in ("[", "{", '"'):
        return _json(name, text)
    return text


def _json(name: str, text: str) -> object:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadOption(
            f"--parameter {name}: {text} is not JSON.",
            'Write [1, 2] or ["a", "b"], or put text in quotes of its own: -P "name=\'[a]\'".',
        ) from error


def language_of(notebook: Mapping[str, Any]) -> str:
    """The language of a notebook's kernel, in lower case; `python` where it does not say."""
    metadata = notebook.get("metadata")
    for part, key in (("kernelspec", "language"), ("language_info", "name")):
        found = metadata.get(part) if isinstance(metadata, Mapping) else None
        if isinstance(found, Mapping) and isinstance(found.get(key), str) and found[key]:
            return str(found[key]).lower()
    return "python"


def assignment(name: str, value: object, language: str) -> str:
    """The line that gives `name` its value. Raises BadOption for a language or a name that cannot be written."""
    if language not in LANGUAGES:
        raise BadOption(
            f"--parameter: kbatch cannot write parameters in the notebook's language, {language}.",
            "Read them from variables instead: --env NAME=VALUE.",
        )
    taken = keyword.iskeyword(name) if language == "python" else language == "r" and name.startswith("_")
    if taken or not name.isidentifier():
        raise BadOption(f"--parameter {name}: this is no name for a variable.", "Choose another.")
    sign = "<-" if language == "r" else "="
    return f"{name} {sign} {_literal(value, language)}"


def _literal(value: object, language: str) -> str:
    place = LANGUAGES.index(language)
    if value is None:
        return ("None", "NULL", "nothing")[place]
    if isinstance(value, bool):
        return (("False", "FALSE", "false"), ("True", "TRUE", "true"))[value][place]
    if isinstance(value, float):
        return _float(value, place)
    if isinstance(value, str):
        return _text(value, language)
    if isinstance(value, list):
        items = ", ".join(_literal(item, language) for item in value)
        return f"list({items})" if language == "r" else f"[{items}]"
    if isinstance(value, dict):
        sign = (": ", " = ", " => ")[place]
        pairs = ", ".join(
            f"{_text(key, language)}{sign}{_literal(item, language)}" for key, item in value.items()
        )
        return (f"{{{pairs}}}", f"list({pairs})", f"Dict({pairs})")[place]
    return str(value)


def _float(value: float, place: int) -> str:
    if value != value:
        return ('float("nan")', "NaN", "NaN")[place]
    if value in (float("inf"), float("-inf")):
        word = ('float("inf")', "Inf", "Inf")[place]
        return word if value > 0 else f"-{word}"
    return repr(value)


def _text(value: str, language: str) -> str:
    """A string: in double quotes, with the escapes that all three languages share."""
    parts = []
    for char in value:
        if char in '"\\' or (char == "$" and language == "julia"):
            parts.append(f"\\{char}")
        elif char in "\n\r\t":
            parts.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}[char])
        elif ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) < 0xE000:
            parts.append(f"\\u{ord(char):04x}")
        else:
            parts.append(char)
    return f'"{"".join(parts)}"'
