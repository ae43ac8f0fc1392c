"""How a state looks: a group that gives the colour, a glyph and a word, so that none of them is needed (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow

# In the order of the digits that filter by them, and of the counts in the header.
GROUPS = ("running", "waiting", "done", "failed", "cancelled")


class Look(NamedTuple):
    """`group` is one of GROUPS; every glyph is one cell wide."""

    group: str
    glyph: str
    word: str


GROUP_LOOKS = {
    "running": Look("running", "●", "running"),
    "waiting": Look("waiting", "○", "waiting"),
    "done": Look("done", "✓", "completed"),
    "failed": Look("failed", "✗", "failed"),
    "cancelled": Look("cancelled", "■", "cancelled"),
}

GROUP_COLOURS = {
    "running": "$text-success",
    "waiting": "$text-warning",
    "done": "$foreground 60%",
    "failed": "$text-error",
    "cancelled": "$foreground 60%",
}
"""As variables of the theme."""

_LOOKS = {
    "R": GROUP_LOOKS["running"],
    "CG": Look("running", "◑", "completing"),
    "CF": Look("waiting", "◔", "starting"),
    "PD": Look("waiting", "○", "pending"),
    "CD": GROUP_LOOKS["done"],
    "F": GROUP_LOOKS["failed"],
    "TO": Look("failed", "✗", "timeout"),
    "OOM": Look("failed", "✗", "out of memory"),
    "NF": Look("failed", "✗", "node failed"),
    "BF": Look("failed", "✗", "boot failed"),
    "PR": Look("failed", "✗", "preempted"),
    "DL": Look("failed", "✗", "deadline"),
    "CA": GROUP_LOOKS["cancelled"],
    "?": Look("failed", "?", "unknown"),
}
_HELD = Look("waiting", "‖", "held")


def look_of(row: JobRow) -> Look:
    """The look of a row. What was taken away and comes again is waiting, whatever its code."""
    look = _LOOKS.get(row.state)
    if look is None:
        return _LOOKS["?"] if row.finished else GROUP_LOOKS["waiting"]
    if look.group == "failed" and not row.finished:
        return Look("waiting", "↻", look.word)
    return _HELD if row.state == "PD" and row.code == "JobHeldUser" else look


def rank_of(row: JobRow) -> int:
    """Where its group stands when sorted by state: what runs, what waits, what has ended."""
    group = look_of(row).group
    return 2 if row.finished else GROUPS.index(group)
