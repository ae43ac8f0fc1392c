"""--time: Slurm's six forms, our units, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption
from kbatch_core.model.timelimit import MAX_SECONDS, format_time, parse_time_limit
from tests.model.fuzz import fuzz, near, value_or_bad_option

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        # The forms of the sbatch manual.
        ("30", 30 * MINUTE),
        ("30:15", 30 * MINUTE + 15),
        ("2:30:15", 2 * HOUR + 30 * MINUTE + 15),
        ("3-4", 3 * DAY + 4 * HOUR),
        ("3-4:05", 3 * DAY + 4 * HOUR + 5 * MINUTE),
        ("3-4:05:06", 3 * DAY + 4 * HOUR + 5 * MINUTE + 6),
        ("0", None),
        ("00:00:00", None),
        ("UNLIMITED", None),
        ("infinite", None),
        ("-1", None),
        # What scripts have.
        ("01:00:00", HOUR),
        ("24:00:00", DAY),
        ("7-00:00:00", 7 * DAY),
        ("0-12:00:00", 12 * HOUR),
        ("0:00:30", 30),
        ("0:90", 90),
        ("1440", DAY),
        ("72:00:00", 3 * DAY),
        (" 10:00 ", 10 * MINUTE),
        # Ours.
        ("90m", 90 * MINUTE),
        ("2h", 2 * HOUR),
        ("1d", DAY),
        ("30s", 30),
        ("1d12h", 36 * HOUR),
        ("1h 30m", 90 * MINUTE),
        ("2H", 2 * HOUR),
    ],
)
def test_accepted(text: str, seconds: int | None) -> None:
    assert parse_time_limit(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", ":", "-", "1:", ":30", "1:2:3:4", "1-", "-5", "1-2-3", "1-2:3:4:5", "1.5", "1h1h", "30m2h", "h", "5x",
     "2 hours", "1:2h", "+5", "٣", "1d-2", "10001-0", "999999999999999999999", "12:34:56 PM", "=1:00:00"],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse_time_limit(text)
    assert repr(text) in caught.value.sentence


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (31, "0:31"),
        (65, "1:05"),
        (3600, "1:00:00"),
        (86399, "23:59:59"),
        (86400, "1-00:00:00"),
        (93784, "1-02:03:04"),
        (None, "UNLIMITED"),
        (-3, "0:00"),
    ],
)
def test_looks_as_in_squeue(seconds: int | None, text: str) -> None:
    assert format_time(seconds) == text


@fuzz
@given(st.none() | st.integers(1, MAX_SECONDS))
def test_what_is_printed_is_read_back(seconds: int | None) -> None:
    assert parse_time_limit(format_time(seconds)) == seconds


@fuzz
@given(near("0123456789:-dhms "))
def test_any_text_is_a_limit_or_refused(text: str) -> None:
    value = value_or_bad_option(parse_time_limit, text)
    assert value is None or isinstance(value, int)
    assert value is None or 0 < value <= MAX_SECONDS
