"""Moments as people type them."""

from __future__ import annotations

from datetime import datetime

import pytest

from kbatch_core.errors import BadOption
from kbatch_core.model.moments import parse_moment

AT = datetime(2026, 3, 8, 14, 30).timestamp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-6h", AT - 6 * 3600),
        ("90m", AT - 90 * 60),
        ("1d12h", AT - 36 * 3600),
        ("today", datetime(2026, 3, 8).timestamp()),
        ("Yesterday", datetime(2026, 3, 7).timestamp()),
        ("13:05", datetime(2026, 3, 8, 13, 5).timestamp()),
        ("15:00", datetime(2026, 3, 7, 15).timestamp()),
        ("2026-03-01", datetime(2026, 3, 1).timestamp()),
        ("2026-03-01T14:30", datetime(2026, 3, 1, 14, 30).timestamp()),
        ("2026-03-01T14:30:00Z", 1772375400.0),
    ],
)
def test_moments(text: str, expected: float) -> None:
    assert parse_moment(text, AT) == expected


@pytest.mark.parametrize("text", ["", "soon", "25:00", "-h", "5", "2026-13-01", "--5h5", "12:5:x"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(BadOption, match="is no time"):
        parse_moment(text, AT)
