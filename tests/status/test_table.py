"""Every row of the table of states and reasons, from objects as the API gives them."""

from __future__ import annotations

import pytest

from kbatch_core.status import explain, make_row
from tests.status.objects import NOW
from tests.status.table import ROWS, Row

# What is over in a moment, or says itself what to do.
NO_HINT = {
    ("CD", ""), ("R", ""), ("PD", "None"), ("PD", "JobHeldUser"), ("CF", "ContainerCreating"), ("CG", "Completing"),
    ("CG", "Cancelled"),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row: Row) -> None:
    found = explain(row.job, row.pods, row.events, NOW, row.facts)
    assert (found.state, found.code) == (row.state, row.code), found
    for words in row.says:
        assert words in found.sentence
    assert row.hint in found.hint
    assert row.evidence in found.evidence
    if (found.state, found.code) not in NO_HINT:
        assert found.hint, found
    assert found.evidence or not found.code or found.state in ("PD", "CF", "CG"), found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_row_of_the_queue_says_the_same(row: Row) -> None:
    found = explain(row.job, row.pods, row.events, NOW, row.facts)
    made = make_row(row.job, row.pods, row.events, NOW, row.facts)
    assert (made.state, made.code, made.sentence, made.hint) == (
        found.state,
        found.code,
        found.sentence,
        found.hint,
    )
    over = row.state in ("CA", "CD", "F", "TO", "OOM", "DL")
    assert made.finished == over or row.state in ("PR", "NF", "BF")
