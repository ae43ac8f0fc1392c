"""The option table, and finding a row in it."""

from __future__ import annotations

from kbatch_core.errors import BadOption
from kbatch_core.model.options.option import Option
from kbatch_core.model.options.supported import OWN, SBATCH
from kbatch_core.model.options.unsupported import IGNORED, REFUSED

TABLE: tuple[Option, ...] = (*SBATCH, *OWN, *IGNORED, *REFUSED)

BY_NAME = {name: option for option in TABLE for name in (option.name, *option.aliases)}
BY_SHORT = {option.short: option for option in TABLE if option.short}


def find_long(name: str, *, own: bool = True) -> Option:
    """The option called `--name`; a beginning is enough where it is sbatch's and only one has it, as in sbatch.

    Without `own` only sbatch's are found. Raises BadOption, which names the nearest spelling.
    """
    option = BY_NAME.get(name)
    if option is not None:
        if option.from_sbatch or own:
            return option
        raise BadOption(
            f"--{name} is not an option of sbatch.", f"Write it in a line of its own: #KBATCH --{name}."
        )
    matches = {
        found.name: found for key, found in BY_NAME.items() if found.from_sbatch and key.startswith(name)
    }
    if name and len(matches) == 1:
        return next(iter(matches.values()))
    if name and len(matches) > 1:
        raise BadOption(
            f"--{name} may mean {' or '.join(f'--{key}' for key in sorted(matches))}.", "Write it out."
        )
    raise BadOption(f"{_printable(f'--{name}')} is not an option.", nearest(name, own=own))


def find_short(letter: str, *, own: bool = True) -> Option:
    """The option called `-letter`. Raises BadOption."""
    option = BY_SHORT.get(letter)
    if option is None or not (option.from_sbatch or own):
        raise BadOption(f"{_printable(f'-{letter}')} is not an option.", "See kbatch --help.")
    return option


def _printable(word: str) -> str:
    return word if word.isprintable() else repr(word)


def nearest(name: str, *, own: bool = True) -> str:
    """A hint with the option that `name` is likely meant to be."""
    from difflib import get_close_matches  # only after a slip

    names = [key for key, option in BY_NAME.items() if option.from_sbatch or own]
    close = get_close_matches(name.replace("_", "-").lower(), names, n=1)
    return f"Did you mean --{close[0]}?" if close else "See kbatch --help."
