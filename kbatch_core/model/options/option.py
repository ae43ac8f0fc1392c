"""Option: one row of the option table, and nothing that a row could compute for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

Category = Literal["same", "adapted", "own", "ignored", "refused"]
"""`same` as in sbatch; `adapted`: does what is meant in another way (`here` says how); `own`: kbatch's, not
sbatch's; `ignored`: read, named once, without effect; `refused`: an error with a hint."""

Kind = Literal["value", "flag", "optional"]
"""`flag` takes no value; `optional` takes one only after `=`, as getopt_long has it: `--nice=5`, never `--nice 5`."""


class Option(msgspec.Struct, frozen=True):
    """One option.

    `parse` makes a value of the text or raises BadOption. `field` is the JobSpec field that it sets; empty when
    it is for the command line alone, or joined with others. `here` says what differs from Slurm, for an ignored
    or refused one why; `hint` what to do instead.
    """

    name: str
    help: str
    parse: Callable[[str], object] = str
    short: str = ""
    metavar: str = ""
    kind: Kind = "value"
    field: str = ""
    category: Category = "same"
    here: str = ""
    hint: str = ""
    aliases: tuple[str, ...] = ()
    multiple: bool = False

    @property
    def flag(self) -> str:
        """As it is written: `--job-name`."""
        return f"--{self.name}"

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every way to write it, the long one first."""
        short = (f"-{self.short}",) if self.short else ()
        return (self.flag, *(f"--{alias}" for alias in self.aliases), *short)

    @property
    def settable(self) -> bool:
        """Whether it has an effect here, and so an environment variable and a key in the config files."""
        return self.category not in ("ignored", "refused")

    @property
    def variable(self) -> str:
        """Its environment variable; empty when it has none."""
        return "KBATCH_" + self.name.upper().replace("-", "_") if self.settable else ""

    @property
    def from_sbatch(self) -> bool:
        """Whether sbatch has it too, so that it may stand in a `#SBATCH` line."""
        return self.category != "own"


class Given(msgspec.Struct, frozen=True):
    """An option as somebody wrote it. `where` is `FILE:LINE`, a variable or a file; empty on the command line."""

    option: Option
    text: str
    where: str = ""
