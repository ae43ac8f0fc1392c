"""docs/slurm.md is what the option table says."""

from __future__ import annotations

from pathlib import Path

from kbatch_core.model.options.table import TABLE
from tests.options.page import page

PAGE = Path(__file__).parents[2] / "docs" / "slurm.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.options.page > docs/slurm.md"


def test_every_option_stands_on_it_once() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `-")]
    cells = [row.split(" | ")[0] for row in rows]
    assert all(sum(f"`{option.flag}`" in cell for cell in cells) == 1 for option in TABLE)


def test_every_row_has_the_cells_of_its_table() -> None:
    tables = [block.splitlines() for block in page().split("\n\n") if block.startswith("|")]
    for head, *rows in tables:
        columns = head.replace("\\|", "").count("|")
        assert all(row.replace("\\|", "").count("|") == columns for row in rows)
