"""Scripts and YAML in colour (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbatch_core.model.safetext import safe_text

if TYPE_CHECKING:
    from textual.content import Content


def coloured(text: str, name: str) -> Content:
    """A file called `name`, a line of the screen for each of its lines."""
    from textual.highlight import highlight

    code = "\n".join(safe_text(line.expandtabs(8)) for line in text.splitlines())
    return highlight(code, language=language_of(name, code))


def language_of(name: str, code: str) -> str:
    """What a file is written in, by its first line or else its name."""
    if name.endswith(".yaml"):
        return "yaml"
    first = code.partition("\n")[0] if code.startswith("#!") else name
    for word, language in (("python", "python"), (".py", "python"), (".R", "r"), ("Rscript", "r"), (".jl", "julia"),
                           ("julia", "julia"), ("perl", "perl"), (".ipynb", "json")):  # fmt: skip
        if word in first:
            return language
    return "bash"
