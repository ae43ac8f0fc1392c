"""One line of the queue table as a strip (pure, but for the styles that a Painter gives)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from kqueue_tui.dashboard.view.columns import Place, cell_text, cells
from kqueue_tui.dashboard.view.lines import Line
from kqueue_tui.dashboard.view.looks import look_of

if TYPE_CHECKING:
    from rich.style import Style

    from kqueue_tui.dashboard.widgets.paint import Painter

GUTTER = 4
"""Cells left of the first column: the cursor's bar, a mark or bell, the sign of an array, a space."""


class LineLook(NamedTuple):
    """What a line's looks depend on besides its row. `cursor` is "cursor", "blurred-cursor" or ""."""

    cursor: str
    marked: bool
    watched: bool
    unfolded: bool
    elapsed: str


def paint_line(
    line: Line, look: LineLook, places: Sequence[Place], width: int, now: float, painter: Painter
) -> Strip:
    """The strip of a line, exactly `width` cells."""
    row = look.cursor or ("marked" if look.marked else "")
    blank = painter.style("blank", row)
    segments = [
        Segment("▌" if look.cursor else " ", painter.style("gutter", row)),
        _mark(look, row, painter),
        Segment(_fold_sign(line, look), painter.style("tree", row)),
        Segment(" ", blank),
    ]
    x = 0
    for place in places:
        if place.x > x:
            segments.append(Segment(" " * (place.x - x), blank))
        text = _id_of(line) if place.column.id == "id" else cell_text(place, line.row, now)
        segments.append(
            Segment(fit(text, place.width, place.column.right), _style(line, place, row, painter))
        )
        x = place.x + place.width
    if width > x + GUTTER:
        segments.append(Segment(" " * (width - x - GUTTER), blank))
    return Strip(segments, max(x + GUTTER, width)).adjust_cell_length(width, blank)


def fit(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells; cut with an ellipsis when it is longer."""
    size = cells(text)
    if size == width:
        return text
    if size < width:
        return " " * (width - size) + text if right else text + " " * (width - size)
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)


def _mark(look: LineLook, row: str, painter: Painter) -> Segment:
    if look.marked:
        return Segment("+", painter.style("mark", row))
    if look.watched:
        return Segment("♪", painter.style("bell", row))
    return Segment(" ", painter.style("blank", row))


def _fold_sign(line: Line, look: LineLook) -> str:
    if not line.is_array:
        return " "
    return "▾" if look.unfolded else "▸"


def _id_of(line: Line) -> str:
    if not line.is_task:
        return line.row.id
    return f"{'└' if line.is_last_task else '├'} {line.row.task}"


def _style(line: Line, place: Place, row: str, painter: Painter) -> Style:
    column, look = place.column.id, look_of(line.row)
    if column == "state":
        return painter.style(look.group, row)
    quiet = line.row.finished and look.group != "failed"
    if column == "id":
        return painter.style("tree" if line.is_task else "id", row)
    if column == "name":
        return painter.style("ended" if quiet or line.is_task else "name", row)
    if column == "reason":
        if look.group in ("waiting", "failed"):
            return painter.style("trouble" if look.group == "failed" else "reason", row)
        return painter.style("fact", row)
    return painter.style("ended" if quiet else "fact", row)
