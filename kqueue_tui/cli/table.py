"""The queue as plain text, with squeue's look (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kbatch_core.model.quantity import format_cpus, format_memory
from kbatch_core.model.timelimit import format_time
from kbatch_core.status.row import JobRow

Cell = Callable[[JobRow, float], str]

COLUMNS: tuple[tuple[str, Cell, bool], ...] = (
    ("JOBID", lambda row, now: row.id, False),
    ("NAME", lambda row, now: row.name or "-", False),
    ("ST", lambda row, now: row.state, False),
    ("TIME", lambda row, now: format_time(row.elapsed(now)), True),
    ("LIMIT", lambda row, now: format_time(row.time_limit) if row.time_limit else "-", True),
    ("CPU", lambda row, now: format_cpus(row.cpus) if row.cpus else "-", True),
    ("MEM", lambda row, now: format_memory(row.memory) if row.memory else "-", True),
    ("GPU", lambda row, now: str(row.gpus) if row.gpus else "-", True),
    ("NODE(REASON)", lambda row, now: place(row), False),
)


def place(row: JobRow) -> str:
    """The node of a job that runs or ran well, else the reason in parentheses."""
    if row.code and row.state not in ("R", "CD"):
        return f"({row.code})"
    return row.node or "-"


def format_table(rows: Sequence[JobRow], *, now: float, header: bool = True) -> list[str]:
    """Lines of text, columns as wide as their widest cell, no line cut."""
    cells = [[cell(row, now) for _, cell, _ in COLUMNS] for row in rows]
    if header:
        cells.insert(0, [name for name, _, _ in COLUMNS])
    if not cells:
        return []
    widths = [max(len(line[index]) for line in cells) for index in range(len(COLUMNS))]
    return [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, (_, _, right) in zip(line, widths, COLUMNS, strict=True)
        ).rstrip()
        for line in cells
    ]
