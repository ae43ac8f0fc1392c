"""The supervisor as it travels in each Job, of which thousands are listed at once: as short as it can be (pure).

Only what is the same for every shell is taken away: comments, indentation, blank and continued lines, blanks around
operators, and the ends of lines, which in JSON are two characters where `;` is one. The variables and functions of
the source keep their order of appearance as short names. This is no shell parser: it knows the source that it packs,
which says how it may be written, and the tests run what comes out.
"""

from __future__ import annotations

import re
import string

_CONTINUED = re.compile(r"(\\|\|\||&&)\n *")
_OPERATOR = re.compile(r" ?(?:\|\||&&|;;|\|) ?|; ")
_CASE = re.compile(r"(^|\bin |;;)([^\s();]+\)) ", re.MULTILINE)
# Where a line ends without a command's end: nothing is needed after the first, a blank after the second.
_OPEN, _WORD = re.compile(r"(\(|&|;;)$"), re.compile(r"(\bdo|\bin|\{)$")
_ARITHMETIC = re.compile(r"\$\(\((.*?)\)\)")
_FUNCTION = re.compile(r"\b(_[a-z]+)\(\)")
# A name of the supervisor's own: not a part of KBATCH_x or of memory/max_usage.
_NAME = re.compile(r"(?<![A-Za-z0-9_])_[a-z]+\b")


def pack(source: str) -> str:
    """The packed form of `source`. Text in quotes must not hold operators with blanks, or a name of the source."""
    joined = _CONTINUED.sub(lambda found: "" if found[1] == "\\" else found[1], source)
    lines = (line.strip() for line in joined.splitlines())
    program = "\n".join(line for line in lines if line and not line.startswith("#")) + "\n"
    program = _OPERATOR.sub(lambda found: found[0].strip(), program)
    program = _CASE.sub(r"\1\2", program)
    program = _ARITHMETIC.sub(lambda found: found[0].replace(" ", ""), program)
    program = "".join(line + _separator(line) for line in program.splitlines()) + "\n"
    names = short_names(program)
    return _NAME.sub(lambda found: names[found[0]], program)


def _separator(line: str) -> str:
    return "" if _OPEN.search(line) else " " if _WORD.search(line) else ";"


def short_names(program: str) -> dict[str, str]:
    """Each name of the program's own to its short one: a function to a letter, a variable to `_` and a character.

    A variable that has one letter in the source keeps it: the option of that letter sets it.
    """
    functions = list(dict.fromkeys(_FUNCTION.findall(program)))
    variables = [name for name in dict.fromkeys(_NAME.findall(program)) if name not in functions]
    kept = {name for name in variables if len(name) == 2}
    free = (f"_{char}" for char in string.ascii_letters + string.digits if f"_{char}" not in kept)
    names = dict(zip(functions, string.ascii_lowercase, strict=False)) | {name: name for name in kept}
    return names | dict(zip((name for name in variables if name not in kept), free, strict=False))
