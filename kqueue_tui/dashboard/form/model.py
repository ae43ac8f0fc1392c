"""Form: what is filled in, as the words of a `kbatch` command line (pure, but for `~`).

The form makes nothing of its own: its words are read by the command line's own code, so that both make the same job
and say the same about a mistake.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kbatch_core.errors import BadOption, BadScript, KbatchError
from kbatch_core.model.options.option import Option
from kbatch_core.model.options.table import BY_NAME, TABLE
from kbatch_core.model.safetext import safe_text

SCRIPT = "script"
ARGUMENTS = "arguments"
_TITLES = {SCRIPT: "The script", ARGUMENTS: "The arguments"}

# What the form itself does, or what only a terminal can.
NOT_HERE = frozenset(
    ("wait", "follow", "parsable", "quiet", "json", "dry-run", "test-only", "show-options")
)  # fmt: skip
COMMON = ("job-name", "time", "cpus-per-task", "mem", "gpus", "partition", "array", "output", "error", "chdir",
          "image", "env", "comment", "hold")  # fmt: skip
# A shell replaces `~` in these before kbatch sees it.
_FILES = frozenset((SCRIPT, "output", "error", "chdir", "map-file"))


def fields() -> tuple[list[Option], list[Option]]:
    """(the options that nearly every job has, all others), in the order in which the form shows them."""
    every = [option for option in TABLE if option.settable and option.name not in NOT_HERE]
    common = [BY_NAME[name] for name in COMMON]
    return common, [option for option in every if option.name not in COMMON]


class Form(msgspec.Struct, frozen=True):
    """`script` is a path as typed, `arguments` are shell words; `options` are texts by option name: of an option that
    may be repeated shell words, one a value, of a flag "yes"."""

    script: str = ""
    arguments: str = ""
    options: Mapping[str, str] = {}

    def text(self, name: str) -> str:
        """What is filled in for SCRIPT, ARGUMENTS or an option."""
        if name == SCRIPT:
            return self.script
        return self.arguments if name == ARGUMENTS else self.options.get(name, "")

    def having(self, name: str, text: str) -> Form:
        """The form with one text changed; an empty one takes an option away."""
        if name == SCRIPT:
            return msgspec.structs.replace(self, script=text)
        if name == ARGUMENTS:
            return msgspec.structs.replace(self, arguments=text)
        options = {key: value for key, value in self.options.items() if key != name}
        return msgspec.structs.replace(self, options={**options, name: text} if text else options)


def words(form: Form, where: Sequence[str] = ()) -> list[str]:
    """The words after `kbatch`; `where` are those that name the cluster. Raises BadOption."""
    found = list(where)
    for option in (*fields()[0], *fields()[1]):
        text = form.options.get(option.name, "")
        if text:
            found += _words_of(option, text)
    script = _argument(SCRIPT, form.script.strip())
    arguments = _shell_words(ARGUMENTS, form.arguments)
    if not script:
        return found
    if script.startswith("-"):
        script = f"./{script}"
    return [*found, script, *arguments]


def command(form: Form, where: Sequence[str] = ()) -> str:
    """The command line as a shell would take it; without the texts that cannot be one."""
    try:
        return shlex.join(["kbatch", *words(form, where)])
    except BadOption as error:
        return command(form.having(field_of(error), ""), where)


def _words_of(option: Option, text: str) -> list[str]:
    if option.kind == "flag":
        return [option.flag]
    if option.kind == "optional":
        return [option.flag if text == "yes" else f"{option.flag}={_argument(option.name, text)}"]
    found: list[str] = []
    for one in _shell_words(option.name, text) if option.multiple else [text]:
        value = _argument(option.name, one)
        if value.startswith("-"):
            found.append(f"{option.flag}={value}")
        else:
            found += [f"-{option.short}" if option.short else option.flag, value]
    return found


def _argument(name: str, text: str) -> str:
    """A text as a program gets it from a shell. Raises BadOption."""
    if "\0" in text:
        raise BadOption(f"{_title(name)}: there is a NUL byte in it.", "Type it anew.")
    return os.path.expanduser(text) if name in _FILES else text  # noqa: PTH111


def _shell_words(name: str, text: str) -> list[str]:
    try:
        return shlex.split(_argument(name, text))
    except ValueError as error:
        raise BadOption(
            f"{_title(name)}: in {text!r} a quote is not closed, or a backslash is the last character.",
            "Close it.",
        ) from error


def _title(name: str) -> str:
    return BY_NAME[name].flag if name in BY_NAME else _TITLES[name]


def problem_of(option: Option, text: str) -> str:
    """What is wrong with the text of one field, in the option's own words; "" when nothing is."""
    if not text or option.kind == "flag" or (option.kind == "optional" and text == "yes"):
        return ""
    try:
        for one in _shell_words(option.name, text) if option.multiple else [text]:
            option.parse(_argument(option.name, one))
    except BadOption as error:
        sentence = error.sentence
        return str(
            BadOption(f"{option.flag} {sentence}" if sentence.startswith("is ") else sentence, error.hint)
        )
    return ""


def field_of(error: KbatchError) -> str:
    """What an error is about: SCRIPT, ARGUMENTS or the name of an option; "" when it does not say."""
    for name, title in _TITLES.items():
        if error.sentence.startswith(title):
            return name
    flags = {spelling: option.name for option in TABLE for spelling in option.spellings}
    for word in error.sentence.replace("=", " ").replace(":", " ").replace(",", " ").split():
        if word in flags:
            return flags[word]
    return SCRIPT if isinstance(error, BadScript) else ""


def to_json(form: Form) -> dict[str, Any]:
    """As a template is kept."""
    found: dict[str, Any] = msgspec.to_builtins(form)
    return found


def from_json(data: object) -> Form | None:
    """A form that was kept; None for anything else. Options that are no longer known are left out.

    Its texts are such as could have been typed: nothing in them acts on the terminal.
    """
    try:
        form = msgspec.convert(data, Form)
    except msgspec.ValidationError:
        return None
    known = {option.name for part in fields() for option in part}
    options = {name: safe_text(text) for name, text in form.options.items() if name in known}
    return Form(safe_text(form.script), safe_text(form.arguments), options)
