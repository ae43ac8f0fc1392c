"""Form: what is filled in, as the words of a `kbatch` command line (pure).

The form makes nothing of its own: its words are read by the command line's own code, so that both make the same job
and say the same about a mistake.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model.options.option import Option
from kbatch_core.model.options.table import BY_NAME, TABLE

# What the form itself does, or what only a terminal can.
_NOT_HERE = frozenset(
    ("wait", "follow", "parsable", "quiet", "json", "dry-run", "test-only", "show-options", "like", "submit-id",
     "help", "wrap")
)  # fmt: skip
COMMON = ("job-name", "time", "cpus-per-task", "mem", "gpus", "partition", "array", "output", "error", "chdir",
          "image", "env", "comment", "hold")  # fmt: skip


def fields() -> tuple[list[Option], list[Option]]:
    """(the options that nearly every job has, all others), in the order in which the form shows them."""
    every = [option for option in TABLE if option.settable and option.name not in _NOT_HERE]
    common = [BY_NAME[name] for name in COMMON]
    return common, [option for option in every if option.name not in COMMON]


class Form(msgspec.Struct, frozen=True):
    """`script` is a path as typed, `arguments` shell words; `options` are texts by option name, of an option that may
    be repeated a line each, of a flag "yes". `like` is the job that it was begun from: what is empty is as there."""

    script: str = ""
    arguments: str = ""
    options: Mapping[str, str] = {}
    like: str = ""

    def with_option(self, name: str, text: str) -> Form:
        """The form with one option changed; an empty text takes it away."""
        options = {key: value for key, value in self.options.items() if key != name}
        return msgspec.structs.replace(self, options={**options, name: text} if text else options)


def words(form: Form) -> list[str]:
    """The words after `kbatch`. Raises BadOption when the arguments are no shell words."""
    found = ["--like", form.like] if form.like else []
    for option in (*fields()[0], *fields()[1]):
        text = form.options.get(option.name, "")
        if text:
            found += _words_of(option, text)
    script = form.script.strip()
    if not script:
        return found
    if script.startswith("-"):
        script = f"./{script}"
    try:
        arguments = shlex.split(form.arguments)
    except ValueError as error:
        raise BadOption(
            f"The arguments {form.arguments!r} have a quote that is not closed.", "Close it."
        ) from error
    return [*found, script, *arguments]


def command(form: Form) -> str:
    """The command line as a shell would take it."""
    return shlex.join(["kbatch", *words(form)])


def _words_of(option: Option, text: str) -> list[str]:
    if option.kind == "flag":
        return [option.flag]
    if option.kind == "optional":
        return [option.flag if text == "yes" else f"{option.flag}={text}"]
    found: list[str] = []
    for one in text.splitlines() if option.multiple else [text]:
        if one.startswith("-"):
            found.append(f"{option.flag}={one}")
        elif one:
            found += [f"-{option.short}" if option.short else option.flag, one]
    return found


def problem_of(option: Option, text: str) -> str:
    """What is wrong with the text of one field, in the option's own words; "" when nothing is."""
    if not text or option.kind == "flag" or (option.kind == "optional" and text == "yes"):
        return ""
    try:
        for one in text.splitlines() if option.multiple else [text]:
            if one:
                option.parse(one)
    except BadOption as error:
        sentence = error.sentence
        return str(
            BadOption(f"{option.flag} {sentence}" if sentence.startswith("is ") else sentence, error.hint)
        )
    return ""


def option_in(sentence: str) -> str:
    """The name of the option that an error is about; "" when it names none."""
    flags = {spelling: option.name for option in TABLE for spelling in option.spellings}
    for word in sentence.replace("=", " ").replace(":", " ").replace(",", " ").split():
        if word in flags:
            return flags[word]
    return ""


def to_json(form: Form) -> dict[str, Any]:
    """As a template is kept."""
    found: dict[str, Any] = msgspec.to_builtins(form)
    return found


def from_json(data: object) -> Form | None:
    """A form that was kept; None for anything else. Options that are no longer known are left out."""
    try:
        form = msgspec.convert(data, Form)
    except msgspec.ValidationError:
        return None
    known = {option.name for part in fields() for option in part}
    return msgspec.structs.replace(form, options={k: v for k, v in form.options.items() if k in known})
