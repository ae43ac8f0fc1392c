"""The columns of the queue: what a cell says, how wide it may be, how it sorts; and which fit a width (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from rich.cells import cell_len

from kbatch_core.model.quantity import format_cpus, format_memory
from kbatch_core.model.timelimit import format_time
from kqueue_tui.dashboard.view.looks import look_of, rank_of

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow

GAP = 2
SHORT_NAME = 16
"""Names are cut to this before a column goes."""
NARROW = 100
"""Below this many cells the state is its code alone."""


class Column(Struct, frozen=True):
    """`cell` and `key` take a row and the time in seconds since the epoch.

    The smaller key comes first: of texts the lesser, of numbers the larger one. Widths are in cells. `rank`: the
    column with the highest one goes first when there is no room; 0 stays.
    """

    id: str
    title: str
    about: str
    cell: Callable[[JobRow, float], str]
    key: Callable[[JobRow, float], Any]
    rank: int
    least: int
    most: int
    right: bool = False


class Place(Struct, frozen=True):
    """A column at `x`, `width` cells wide, in a line of the table."""

    column: Column
    x: int
    width: int


def cells(text: str) -> int:
    """How many cells a text takes on a terminal."""
    return len(text) if text.isascii() else cell_len(text)


def elapsed_text(row: JobRow, now: float) -> str:
    return format_time(row.elapsed(now)) if row.started is not None else "-"


def age_text(seconds: float) -> str:
    """How long ago, in one unit: `12s`, `5m`, `3h`, `2d`."""
    whole = max(int(seconds), 0)
    for size, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{letter}"
    return f"{whole}s"


def reason_text(row: JobRow) -> str:
    """Where a job runs or ran well, else why it does not, in a sentence."""
    group = look_of(row).group
    if group in ("running", "done") and row.tasks is None:
        told = row.sentence if row.code and row.sentence else row.progress
        return f"{row.node}  {told}" if row.node and told else row.node or "-"
    return row.sentence or row.code or row.node or "-"


def state_text(row: JobRow) -> str:
    look = look_of(row)
    return f"{look.glyph} {look.word}"


def state_code(row: JobRow) -> str:
    return f"{look_of(row).glyph} {row.state}"


def _exit(row: JobRow) -> str:
    return f"{row.exit_code}:{row.signal}" if row.exit_code is not None else "-"


def _columns() -> tuple[Column, ...]:
    c = Column
    return (
        c("id", "JOBID", "The id that every command takes", lambda r, n: r.id, lambda r, n: r.id, 0, 8, 14),
        c("name", "NAME", "The job's name", lambda r, n: r.name, lambda r, n: r.name.lower(), 0, 10, 30),
        c("user", "USER", "Who submitted it", lambda r, n: r.user or "-", lambda r, n: r.user, 4, 4, 12),
        c(
            "namespace", "NAMESPACE", "Where the job's object is",
            lambda r, n: r.namespace, lambda r, n: r.namespace, 5, 9, 20,
        ),
        c("state", "STATE", "What it does: colour, glyph and word", lambda r, n: state_text(r),
          lambda r, n: rank_of(r), 0, 6, 15),
        c("time", "TIME", "How long it has run", elapsed_text, lambda r, n: -r.elapsed(n), 1, 8, 12, True),
        c(
            "limit", "LIMIT", "How long it may run",
            lambda r, n: format_time(r.time_limit) if r.time_limit else "-",
            lambda r, n: -(r.time_limit or float("inf")), 6, 7, 12, True,
        ),
        c(
            "cpu", "CPU", "CPUs that one task asks for",
            lambda r, n: format_cpus(r.cpus) if r.cpus else "-", lambda r, n: -r.cpus, 7, 3, 6, True,
        ),
        c(
            "mem", "MEM", "Memory that one task asks for",
            lambda r, n: format_memory(r.memory) if r.memory else "-", lambda r, n: -r.memory, 3, 4, 8, True,
        ),
        c(
            "gpu", "GPU", "GPUs that one task asks for",
            lambda r, n: str(r.gpus) if r.gpus else "-", lambda r, n: -r.gpus, 8, 3, 4, True,
        ),
        c(
            "age", "AGE", "How long ago it was submitted",
            lambda r, n: age_text(n - r.submitted) if r.submitted is not None else "-",
            lambda r, n: -(r.submitted or 0.0), 9, 3, 5, True,
        ),
        c("exit", "EXIT", "Exit code and signal", lambda r, n: _exit(r),
          lambda r, n: 1 if r.exit_code is None else -r.exit_code, 9, 4, 7, True),
        c(
            "restarts", "RESTARTS", "How often it began again",
            lambda r, n: str(r.restarts) if r.restarts else "-", lambda r, n: -r.restarts, 9, 8, 8, True,
        ),
        c("account", "ACCOUNT", "What it is charged to", lambda r, n: r.account or "-", lambda r, n: r.account,
          9, 7, 14),
        c("partition", "PARTITION", "The queue it was sent to", lambda r, n: r.partition or "-",
          lambda r, n: r.partition, 9, 9, 14),
        c("node", "NODE", "Where it runs", lambda r, n: r.node or "-", lambda r, n: r.node, 9, 8, 24),
        c(
            "reason", "NODE (REASON)", "Where it runs, or why it does not",
            lambda r, n: reason_text(r), lambda r, n: reason_text(r).lower(), 2, 20, 400,
        ),
    )  # fmt: skip


COLUMNS = {column.id: column for column in _columns()}
DEFAULT_COLUMNS = ("id", "name", "state", "time", "limit", "cpu", "mem", "gpu", "reason")


def lay_out(chosen: Sequence[str], natural: Mapping[str, int], width: int) -> tuple[Place, ...]:
    """The columns that fit into `width` cells, in their order.

    `natural` is how wide the widest cell of each column is. When not all fit, names are cut first, then columns
    go by rank; what is left over is the reason's.
    """
    columns = [COLUMNS[name] for name in chosen if name in COLUMNS]
    while True:
        widths = {c.id: _width(c, natural.get(c.id, 0), width) for c in columns}
        over = sum(widths.values()) + GAP * (len(columns) - 1) - width
        droppable = [c for c in columns if c.rank]
        if over > 0 and "name" in widths:
            least = SHORT_NAME if droppable else COLUMNS["name"].least
            cut = min(over, max(widths["name"] - least, 0))
            widths["name"] -= cut
            over -= cut
        if over <= 0 or not droppable:
            break
        columns.remove(max(reversed(droppable), key=lambda c: c.rank))
    return _placed(columns, widths, width)


def _width(column: Column, natural: int, width: int) -> int:
    if column.id == "reason":
        return column.least
    if column.id == "state" and width < NARROW:
        return column.least
    return max(min(natural, column.most), column.least, len(column.title))


def _placed(columns: Sequence[Column], widths: Mapping[str, int], width: int) -> tuple[Place, ...]:
    spare = width - sum(widths[c.id] for c in columns) - GAP * max(len(columns) - 1, 0)
    elastic = "reason" if "reason" in widths else columns[-1].id if columns else ""
    places, x = [], 0
    for column in columns:
        own = max(widths[column.id] + (spare if column.id == elastic else 0), 1)
        places.append(Place(column, x, own))
        x += own + GAP
    return tuple(places)


def cell_text(place: Place, row: JobRow, now: float) -> str:
    """What stands in a cell."""
    if place.column.id == "state" and place.width <= place.column.least:
        return state_code(row)
    return place.column.cell(row, now)
