"""Field: one line of the form, and what stands in it (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kbatch_core.model.options.option import Kind, Option
from kqueue_tui.dashboard.form.model import ARGUMENTS, SCRIPT, fields


@dataclass(frozen=True)
class Field:
    """`label` is what stands before the value, `help` what stands in its place while there is none.

    `about` is more about it, for who stands on the field. `common` ones are always shown.
    """

    name: str
    label: str
    help: str
    about: str = ""
    kind: Kind = "value"
    metavar: str = ""
    common: bool = True

    @property
    def toggles(self) -> bool:
        """Whether it is switched on and off instead of typed."""
        return self.kind == "flag"

    def matches(self, words: str) -> bool:
        """Whether every word is somewhere in its name or help."""
        text = f"{self.label} {self.help} {self.about} {self.metavar}".lower()
        return all(word in text for word in words.lower().split())


def every_field() -> tuple[Field, ...]:
    """Script and arguments, the common options, all others."""
    return tuple(_every())


def _every() -> Iterator[Field]:
    yield Field(SCRIPT, "Script", "A script or notebook: o chooses it, Enter types its path.")
    yield Field(ARGUMENTS, "Arguments", "What the script is given, as words of a shell.")
    for common, options in zip((True, False), fields(), strict=True):
        for option in options:
            yield Field(
                option.name,
                _label(option),
                option.help.replace("`", ""),
                option.here.replace("`", ""),
                option.kind,
                option.metavar,
                common,
            )


def _label(option: Option) -> str:
    short = f"-{option.short} " if option.short else "   "
    return f"{short}{option.flag}"


@dataclass(frozen=True)
class Held:
    """What a field holds: `text` as filled in, else `inherited` with its `source`; `problem` is about either."""

    text: str = ""
    inherited: str = ""
    source: str = ""
    problem: str = ""
