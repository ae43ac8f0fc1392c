"""One line of the queue table as a strip (pure, but for the styles that a Painter gives)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    pieces = [(sign, painter.style(name, row) if name else None) for sign, name in _gutter(line, look)]
    x = 0
    for place in places:
        if place.x > x:
            pieces.append((" " * (place.x - x), None))
        text = _id_of(line) if place.column.id == "id" else cell_text(place, line.row, now)
        pieces.append((fit(text, place.width, place.column.right), painter.style(_shade(line, place), row)))
        x = place.x + place.width
    pieces.append((" " * max(width - x - GUTTER, 0), None))
    blank = painter.style("blank", row)
    return Strip(list(_joined(pieces, blank)), max(x + GUTTER, width)).adjust_cell_length(width, blank)


def _joined(pieces: Iterable[tuple[str, Style | None]], blank: Style) -> Iterator[Segment]:
    """Segments of the pieces: spaces (no style) go with their neighbour, since each change of style is 40 bytes."""
    text, style = "", None
    for piece, own in pieces:
        if own is None or own == style or (style is None and not text.strip()):
            text, style = text + piece, style or own
        else:
            yield Segment(text, style or blank)
            text, style = piece, own
    if text:
        yield Segment(text, style or blank)


def fit(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells; cut with an ellipsis when it is longer."""
    size = cells(text)
    if size == width:
        return text
    if size < width:
        return " " * (width - size) + text if right else text + " " * (width - size)
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)


def _gutter(line: Line, look: LineLook) -> list[tuple[str, str | None]]:
    """The signs left of the first column, each with its component; None for a space."""
    mark = ("+", "mark") if look.marked else ("♪", "bell") if look.watched else (" ", None)
    fold = (("▾" if look.unfolded else "▸"), "tree") if line.is_array else (" ", None)
    return [("▌", "gutter") if look.cursor else (" ", None), mark, fold, (" ", None)]


def _id_of(line: Line) -> str:
    if not line.is_task:
        return line.row.id
    return f"{'└' if line.is_last_task else '├'} {line.row.task}"


def _shade(line: Line, place: Place) -> str:
    """The component that a cell's text is painted with."""
    column, look = place.column.id, look_of(line.row)
    quiet = line.row.finished and look.group != "failed"
    if column == "state":
        return look.group
    if column == "id":
        return "tree" if line.is_task else "id"
    if column == "name":
        return "ended" if quiet or line.is_task else "name"
    if column == "reason" and look.group in ("waiting", "failed"):
        return "trouble" if look.group == "failed" else "reason"
    return "ended" if quiet else "fact"
