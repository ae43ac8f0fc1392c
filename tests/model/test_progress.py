"""What a script reports: `k/n text` and nothing else, safe to print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.model.progress import LONGEST, parse_progress


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("7/30 fitting", "7/30 fitting"),
        ("7/30", "7/30"),
        (" 07 / 30   fitting  \nsecond line", "7/30 fitting"),
        (b"7/30 gr\xc3\xb6\xc3\x9fe\r\n", "7/30 größe"),
        ("7/30 \x1b[31mred\x1b[0m", "7/30 red"),
        ("3/2 more than all", "3/2 more than all"),
        ("7/30 " + "x" * 200, "7/30 " + "x" * (LONGEST - 6) + "…"),
        *((text, "") for text in ("", "\n", "half", "7", "/30", "7/", "-1/3", "7/30fitting", "x 7/30", "1e3/4")),
    ],
)  # fmt: skip
def test_what_is_shown(text: str | bytes, shown: str) -> None:
    assert parse_progress(text) == shown


@given(st.binary(max_size=5000) | st.binary().map(lambda data: b"1/2 " + data))
def test_any_bytes_are_safe(data: bytes) -> None:
    shown = parse_progress(data)
    assert shown.isprintable()
    assert len(shown) <= LONGEST
