"""From a line to options: sbatch's own quoting, and getopt_long's way of reading words.

Both follow sbatch (get_argument in its opt.c): quotes group, a backslash takes the next character as it is, and
a `#` outside of both begins a comment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kbatch_core.errors import BadOption
from kbatch_core.model.options.option import Given, Option
from kbatch_core.model.options.table import BY_NAME, find_long, find_short

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"


def split_words(line: str) -> list[str]:
    """The words of a directive. Raises BadOption for a quote that is not closed."""
    words: list[str] = []
    word = ""
    started = False
    quote = ""
    at = 0
    while at < len(line):
        char = line[at]
        at += 1
        if char == "\\":
            word += line[at : at + 1]
            started = True
            at += 1
        elif quote:
            if char == quote:
                quote = ""
            else:
                word += char
        elif char in "\"'":
            quote, started = char, True
        elif char == "#":
            break
        elif not char.isspace():
            word += char
            started = True
        elif started:
            words.append(word)
            word, started = "", False
    if quote:
        raise BadOption(f"The quote {quote} is not closed.", "Close it on the same line.")
    return [*words, word] if started else words


def read_words(words: list[str], where: str = "", *, own: bool = True) -> list[Given]:
    """The options in `words`, in their order. Without `own` only sbatch's. Raises BadOption."""
    given: list[Given] = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word.startswith("--") and len(word) > 2:
            name, equals, text = word[2:].partition("=")
            option = find_long(name, own=own)
            given.append(Given(option, _long_value(option, name, text if equals else None, rest), where))
        elif word.startswith("-") and len(word) > 1:
            given += _short(word, rest, where, own)
        else:
            raise _no_option(word)
    return given


def read_command_line(
    words: Sequence[str], others: Mapping[str, Option]
) -> tuple[list[Given], list[str], bool]:
    """(options, the words after them, whether `--` stood between). Raises BadOption.

    The options end at the first word that is none, as in sbatch: what follows belongs to the script. `others` are
    options that are not in the table, by their spelling without dashes.
    """
    given: list[Given] = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word == "--":
            return given, rest[::-1], True
        if not word.startswith("-") or word == "-":
            rest.append(word)
            break
        name, equals, text = word.lstrip("-").partition("=")
        if name in others:
            value = _long_value(others[name], name, text if equals else None, rest)
            given.append(Given(others[name], value))
        elif word.startswith("--"):
            option = find_long(name)
            given.append(Given(option, _long_value(option, name, text if equals else None, rest)))
        else:
            given += _short(word, rest, "", True)
    return given, rest[::-1], False


def _long_value(option: Option, name: str, text: str | None, rest: list[str]) -> str:
    if option.kind == "flag":
        if text is not None:
            raise BadOption(f"--{name} takes no value.", f"Write --{name} alone.")
        return ""
    if text is None and option.kind == "value":
        return _next(f"--{name}", option, rest)
    return text or ""


def _short(word: str, rest: list[str], where: str, own: bool) -> list[Given]:
    """`-c4`, `-c 4`, and flags together as in `-HQ`."""
    name = word[1:].partition("=")[0]
    if len(name) > 2 and name in BY_NAME:
        raise BadOption(f"{word!r} has one dash.", f"Write -{word}.")
    given: list[Given] = []
    letters = word[1:]
    while letters:
        option = find_short(letters[0], own=own)
        letters = letters[1:]
        if option.kind == "flag":
            given.append(Given(option, "", where))
            continue
        if letters.startswith("="):
            raise BadOption(
                f"{word!r} gives -{option.short} the value {letters!r}.",
                f"Write -{option.short} {letters[1:]} or {option.flag}={letters[1:]}.",
            )
        text = letters or (_next(f"-{option.short}", option, rest) if option.kind == "value" else "")
        return [*given, Given(option, text, where)]
    return given


def _next(spelling: str, option: Option, rest: list[str]) -> str:
    if not rest:
        raise BadOption(f"{spelling} needs a value.", f"Write {spelling} {option.metavar or 'VALUE'}.")
    return rest.pop()


def _no_option(word: str) -> BadOption:
    if word[0:1] and word[0] in _DASHES:
        name = word.lstrip(_DASHES + "-")
        return BadOption(f"{word!r} begins with a long dash.", f"Type it anew with hyphens: --{name}.")
    if word.lower() in ("hetjob", "packjob", ":"):
        return BadOption("A job of several parts is not possible here.", "Submit a job for each part.")
    hint = f"Write --{word}." if word.partition("=")[0] in BY_NAME else "Put a value with spaces into quotes."
    return BadOption(f"{word!r} is not an option.", hint)
