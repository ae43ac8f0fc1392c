"""Which of Textual's themes, and the user's own (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

from kbatch_core.errors import BadConfig

DARK, LIGHT = "textual-dark", "textual-light"
ANSI_DARK, ANSI_LIGHT = "ansi-dark", "ansi-light"


def told_apart(theme: Theme) -> Theme:
    """The theme of the terminal's own colours, in which what waits is not another red than what failed.

    Where bold is bright, as on Linux' console, the two reds of Textual's light one are the same.
    """
    return replace(theme, warning="ansi_yellow")


COLOURS = (
    "primary", "secondary", "warning", "error", "success", "accent", "foreground", "background", "surface", "panel",
    "boost",
)  # fmt: skip


def make_theme(name: str, values: Mapping[str, Any]) -> Theme:
    """A theme of the config: colours by name, of which `primary` is needed, and `dark`. Raises BadConfig."""
    hint = f"A theme has {', '.join(COLOURS)} and dark."
    for key, value in values.items():
        if key == "dark":
            if not isinstance(value, bool):
                raise BadConfig(f'The theme "{name}": dark must be true or false.', hint)
        elif key not in COLOURS:
            raise BadConfig(f'The theme "{name}": there is no "{key}".', hint)
        elif not _is_colour(value):
            raise BadConfig(
                f'The theme "{name}": {key} "{value}" is no colour.', 'Such as "#4477aa" or "orange".'
            )
    if "primary" not in values:
        raise BadConfig(f'The theme "{name}" needs primary.', hint)
    return Theme(name=name, **values)


def _is_colour(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(Color.parse(value))
    except ColorParseError:
        return False


def pick_theme(
    wanted: str, known: Mapping[str, Theme], environ: Mapping[str, str], *, few_colours: bool = False
) -> str:
    """The wanted theme, or one for the terminal's background where it tells it (COLORFGBG). Raises BadConfig.

    With NO_COLOR a theme of the terminal's own colours would be black on black: a normal one then. With
    `few_colours`, 16 of them, most of a normal theme's become the same grey: the terminal's own then.
    """
    if wanted and wanted not in known:
        near = difflib.get_close_matches(wanted, known, 1)
        hint = f'Is "{near[0]}" meant?' if near else f"There are {', '.join(sorted(known))}."
        raise BadConfig(f'There is no theme "{wanted}".', hint)
    theme = known[wanted or (LIGHT if _is_light(environ.get("COLORFGBG", "")) else DARK)]
    if environ.get("NO_COLOR"):
        return (DARK if theme.dark else LIGHT) if theme.ansi else theme.name
    return (ANSI_DARK if theme.dark else ANSI_LIGHT) if few_colours and not theme.ansi else theme.name


def _is_light(colorfgbg: str) -> bool:
    """COLORFGBG is `foreground;background` as numbers of the 16 colours; 7 and from 9 on are light."""
    background = colorfgbg.rpartition(";")[2]
    return background.isdigit() and (background == "7" or 9 <= int(background) <= 15)
