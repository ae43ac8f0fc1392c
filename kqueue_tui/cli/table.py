"""The queue as plain text, with squeue's look (pure). Nothing is cut unless a terminal's width is given."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from kbatch_core.status.row import JobRow
from kqueue_tui.cli.format import NAMED, Column, Format, table_of

GAP = "  "
NARROWEST = 8
"""What a column that may be cut keeps at least."""

Paint = Callable[[str, JobRow], str]
"""A state's text in the colour of its row."""

DEFAULT = table_of(NAMED["default"])


def unpainted(text: str, row: JobRow) -> str:
    return text


def format_table(
    rows: Sequence[JobRow],
    format: Format = DEFAULT,
    *,
    now: float,
    header: bool = True,
    width: int | None = None,
    paint: Paint = unpainted,
) -> list[str]:
    """Lines of text. `width` is the terminal's, None for a pipe; `paint` is given the cells of states."""
    # A column at a time: of ten thousand rows that is much faster.
    cells = [_cells_of(column, rows, now, header) for column in format.columns]
    widths = [column.width for column in format.columns]
    if format.table:
        widths = list(_widths(cells, format.columns, width))
    gap, cut = (GAP, "…") if format.table else ("", "")
    padded = [
        _pad(texts, wide, column, cut)
        for texts, wide, column in zip(cells, widths, format.columns, strict=True)
    ]
    about: list[JobRow | None] = [*([None] if header else []), *rows]
    made = []
    for row, *parts in zip(about, *padded, strict=True):
        text = gap.join(parts).rstrip()
        if width is not None and cell_width(text) > width:
            text = fit(text, width)
        if row is not None and paint is not unpainted:
            text = _painted(text, parts, gap, format, row, paint)
        made.append(text)
    return made


def _cells_of(column: Column, rows: Sequence[JobRow], now: float, header: bool) -> list[str]:
    """The texts of a column, its heading first."""
    field = column.field
    if field is None:
        return [""] * (len(rows) + header)
    cell = field.cell
    return [*([field.header] if header else []), *(cell(row, now) for row in rows)]


def _pad(texts: Sequence[str], width: int | None, column: Column, cut: str) -> list[str]:
    """Each as wide as the column, with what stands behind it."""
    after, right = column.after, column.right
    if width is not None and _widest(texts) <= width and "".join(texts).isascii():
        return [(text.rjust(width) if right else text.ljust(width)) + after for text in texts]
    return [fit(text, width, right=right, cut=cut) + after for text in texts]


def _widest(texts: Sequence[str]) -> int:
    return max(map(len if "".join(texts).isascii() else cell_width, texts), default=0)


def _painted(text: str, parts: Sequence[str], gap: str, format: Format, row: JobRow, paint: Paint) -> str:
    """The line with its states painted; from the right, so that what was painted moves nothing."""
    for at in reversed(range(len(parts))):
        field = format.columns[at].field
        if field is None or not field.name.startswith("state"):
            continue
        state = parts[at].strip()
        start = len(gap.join([*parts[:at], ""])) + len(parts[at]) - len(parts[at].lstrip())
        if state and text[start : start + len(state)] == state:
            text = text[:start] + paint(state, row) + text[start + len(state) :]
    return text


def _widths(cells: Sequence[Sequence[str]], columns: Sequence[Column], limit: int | None) -> list[int]:
    """As wide as the widest cell; to keep to `limit`, the widest of those that may be cut give way."""
    widths = [_widest(texts) for texts in cells]
    cuttable = [at for at, column in enumerate(columns) if column.field is not None and column.field.narrow]
    excess = sum(widths) + len(GAP) * (len(columns) - 1) - limit if limit is not None else 0
    while excess > 0 and cuttable:
        widest = max(cuttable, key=lambda at: widths[at])
        if widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
        excess -= 1
    return widths


def cell_width(text: str) -> int:
    """How many cells of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fit(text: str, width: int | None, *, right: bool = False, cut: str = "") -> str:
    """The text in exactly `width` cells; what is cut off ends in `cut`. None = as it is."""
    if width is None:
        return text
    if text.isascii() and len(text) <= width:
        return text.rjust(width) if right else text.ljust(width)
    size = cell_width(text)
    if size > width:
        kept, size = "", 0
        for char in text:
            if size + _cells(char) > width - len(cut):
                break
            kept += char
            size += _cells(char)
        text, size = (kept + cut, size + len(cut)) if width >= len(cut) else (kept, size)
    blanks = " " * (width - size)
    return blanks + text if right else text + blanks
