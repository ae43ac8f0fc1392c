"""The table of states and reasons, row by row: what the API shows, and what must be said about it."""

from __future__ import annotations

from tests.status.table.disrupted import disrupted_rows
from tests.status.table.ended import ended_rows
from tests.status.table.row import Row
from tests.status.table.scheduling import scheduling_rows
from tests.status.table.starting import starting_rows
from tests.status.table.unplaced import unplaced_rows

__all__ = ["ROWS", "Row"]

ROWS = [*ended_rows(), *disrupted_rows(), *starting_rows(), *scheduling_rows(), *unplaced_rows()]
