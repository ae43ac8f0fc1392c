"""The picture of what a job used."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kqueue_tui.dashboard.view.plot import Curve, Part, columns, draw
from kqueue_tui.dashboard.view.sparkline import CELLS, SPAN_SECONDS, jobs_over_time, sparkline
from tests.dashboard.rows import NOW, row


def amount(value: float) -> str:
    return f"{value:.1f}"


def text(lines: list[list[Part]]) -> list[str]:
    return ["".join(part for part, _ in line) for line in lines]


def test_a_full_use_fills_up_to_the_line_of_what_was_asked() -> None:
    lines = text(draw(Curve([(60.0, 4.0)], 4.0, amount), 30, 5, seconds=60, time=amount))
    assert lines[0].startswith("   4.0 ┤")
    assert lines[3].startswith("   0.0 ┤" + "█" * 22)
    assert lines[4].strip().startswith("└0.0")
    assert lines[4].endswith("60.0")


def test_what_was_asked_is_a_line_where_it_was_not_used() -> None:
    lines = text(draw(Curve([(60.0, 1.0)], 4.0, amount), 30, 5, seconds=60, time=amount))
    assert lines[0] == "   4.0 ┤" + "╌" * 22


def test_what_is_above_the_line_has_another_role() -> None:
    lines = draw(Curve([(60.0, 8.0)], 4.0, amount), 30, 9, seconds=60, time=amount)
    roles = [line[2][1] for line in lines[:-1]]
    assert roles[0] == "over"
    assert roles[-1] == "curve"
    assert "over" not in roles[roles.index("curve") :]


def test_a_little_use_is_seen_and_a_peak_is_not_lost() -> None:
    assert "▁" in text(draw(Curve([(60.0, 0.001)], 4.0, amount), 30, 5, seconds=60, time=amount))[3]
    steps = [(float(second), 9.0 if second == 500 else 1.0) for second in range(1, 1001)]
    assert max(value or 0 for value in columns(steps, 40, 1000)) == 9.0


def test_after_the_end_there_is_nothing() -> None:
    assert columns([(30.0, 2.0)], 4, 60.0) == [2.0, 2.0, None, None]


def test_without_room_or_samples_there_is_no_picture() -> None:
    assert draw(Curve([], 1.0, amount), 40, 6, seconds=1, time=amount) == []
    assert draw(Curve([(1.0, 1.0)], 1.0, amount), 12, 6, seconds=1, time=amount) == []


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e15)), min_size=1, max_size=50),
    st.floats(0, 1e15),
    st.integers(16, 200),
    st.integers(3, 30),
)
def test_any_numbers_make_a_rectangle(
    steps: list[tuple[float, float]], asked: float, width: int, height: int
) -> None:
    steps.sort()
    lines = draw(
        Curve(steps, asked, lambda value: f"{value:.3g}"), width, height, seconds=steps[-1][0], time=amount
    )
    assert len(lines) == height
    for line in text(lines):
        assert len(line) == width
        assert all(unicodedata.east_asian_width(char) not in "WF" for char in line)


def test_how_many_ran_and_waited_during_the_last_hour() -> None:
    part = SPAN_SECONDS / CELLS
    rows = [
        row("1", submitted=NOW - 9000, started=NOW - 8000),
        row("2", submitted=NOW - 3.5 * part, started=NOW - 1.5 * part),
        row("3", submitted=NOW - 9000, started=NOW - 8500, ended=NOW - 2.5 * part, state="CD"),
        row("4", submitted=NOW - part, started=None, state="PD"),
        row("5", submitted=NOW - 9000, started=NOW - 8500, ended=NOW - SPAN_SECONDS, state="F"),
        row("6", submitted=NOW - 9000, started=NOW - 8500, ended=None, state="?"),
        row("7", submitted=NOW - 2.5 * part, started=None, ended=NOW - 0.5 * part, state="CA"),
    ]
    ran, waited = jobs_over_time(rows, NOW)
    assert ran == [2, 2, 2, 2, 2, 2, 2, 1, 2, 2]
    assert waited == [0, 0, 0, 0, 0, 0, 1, 2, 2, 1]
    assert sparkline(waited) == "▁▁▁▁▁▁▅██▅"
    assert sparkline([0, 1, 80]) == "▁▂█"
    assert sparkline([0, 0]) == sparkline([]) == ""
