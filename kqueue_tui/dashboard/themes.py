"""Which of Textual's themes (pure)."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from kbatch_core.errors import BadConfig

DARK, LIGHT = "textual-dark", "textual-light"


def pick_theme(wanted: str, known: Collection[str], environ: Mapping[str, str]) -> str:
    """The wanted theme, or one for the terminal's background where it tells it (COLORFGBG). Raises BadConfig.

    With NO_COLOR a theme of the terminal's own colours would be black on black: a normal one then.
    """
    if wanted and wanted not in known:
        near = difflib.get_close_matches(wanted, known, 1)
        hint = f'Is "{near[0]}" meant?' if near else f"There are {', '.join(sorted(known))}."
        raise BadConfig(f'There is no theme "{wanted}".', hint)
    theme = wanted or (LIGHT if _is_light(environ.get("COLORFGBG", "")) else DARK)
    if environ.get("NO_COLOR") and "ansi" in theme:
        return LIGHT if "light" in theme else DARK
    return theme


def _is_light(colorfgbg: str) -> bool:
    """COLORFGBG is `foreground;background` as numbers of the 16 colours; 7 and from 9 on are light."""
    background = colorfgbg.rpartition(";")[2]
    return background.isdigit() and (background == "7" or 9 <= int(background) <= 15)
