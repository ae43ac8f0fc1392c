"""Columns, widths, order, filters and moments, without a cluster."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from kbatch_core.errors import BadOption
from kbatch_core.model.reference import parse_reference, split_references
from kbatch_core.model.states import STATES, parse_states, state_name
from kbatch_core.status import JobRow, make_row
from kqueue_tui.cli.fields import BY_LETTER, FIELDS
from kqueue_tui.cli.filters import make_filter
from kqueue_tui.cli.format import NAMED, parse_format, parse_long_format, parse_sort, sort_rows, table_of
from kqueue_tui.cli.table import DEFAULT, cell_width, fit, format_table
from tests.status import objects as make

OPTIONS: dict[str, Any] = {
    "name": "", "states": "", "user": "", "me": False, "account": "", "partition": "", "label": "",
}  # fmt: skip


def row(**fields: Any) -> JobRow:
    return replace(make_row(make.job(), [], [], make.NOW), **fields)


def test_every_field_of_every_row_is_text() -> None:
    rows = [row(), row(started=1.0, ended=5.0, time_limit=3, exit_code=1, gpus=4, node="n", partition="p")]
    for field in (*FIELDS, *BY_LETTER.values()):
        for one in rows:
            assert isinstance(field.cell(one, make.NOW), str)
    sort_rows(rows, [(field, True) for field in FIELDS], make.NOW)


def test_the_named_formats_are_formats() -> None:
    for name in NAMED:
        assert parse_format(name).columns


@pytest.mark.parametrize(
    ("text", "width", "right", "expected"),
    [
        ("abc", 5, False, "abc  "),
        ("abc", 5, True, "  abc"),
        ("abcdef", 4, False, "abc…"),
        ("日本語", 6, False, "日本語"),
        ("日本語", 5, False, "日本…"),
        ("日本語", 4, False, "日… "),
        ("é" * 5, 3, False, "éé…"),
        ("abc", None, False, "abc"),
        ("abc", 0, False, ""),
    ],
)
def test_a_cell_takes_its_width_exactly(text: str, width: int | None, right: bool, expected: str) -> None:
    assert fit(text, width, right=right, cut="…") == expected
    if width is not None:
        assert cell_width(expected) == width


def test_a_table_keeps_to_a_terminal_and_to_nothing_else() -> None:
    rows = [row(name="x" * 100, state="R", node="y" * 100), row(name="日本" * 30)]
    for width in (1, 20, 60, 80, 100, 200):
        lines = format_table(rows, now=make.NOW, width=width)
        assert max(cell_width(line) for line in lines) <= width
    whole = format_table(rows, now=make.NOW)
    assert "x" * 100 in whole[1]
    assert "y" * 100 in whole[1]
    starts = {
        cell_width(line[: line.index(mark)]) for line, mark in zip(whole, ("ST ", "R ", "PD "), strict=True)
    }
    assert len(starts) == 1, "a column begins in the same cell in each line"
    assert format_table([], DEFAULT, now=0.0, header=False) == []


def test_only_states_are_painted() -> None:
    painted = format_table(
        [row(name="R", state="R", node="R")], table_of("name,statecompact,place"), now=0.0, header=False,
        paint=lambda text, one: f"<{text}>",
    )  # fmt: skip
    assert painted == ["R  <R>  R"]
    cut = format_table(
        [row(name="日", state="PD")], parse_format("%j %.4t|%T"), now=0.0, header=False, width=8,
        paint=lambda text, one: f"<{text}>",
    )  # fmt: skip
    assert cut == ["日   <PD>|"], "what does not fit is not painted either"


def test_order() -> None:
    rows = [
        row(id="a", cpus=2000),
        row(id="b", cpus=1000, time_limit=60),
        row(id="c", cpus=2000, time_limit=30),
    ]

    def order(text: str) -> str:
        return "".join(one.id for one in sort_rows(rows, parse_sort(text), make.NOW))

    assert order("") == "abc"
    assert order("-i") == "cba"
    assert order("C,-i") == "bca"
    assert order("-numcpus,l") == "cab"


@pytest.mark.parametrize("text", ["%", "%1", "%.8", "%é", "x", "%12345j"])
def test_what_is_no_format(text: str) -> None:
    with pytest.raises(BadOption):
        parse_format(text)


def test_what_is_no_long_format() -> None:
    for text in ("", "jobid:", "nothing", "jobid:.x"):
        with pytest.raises(BadOption):
            parse_long_format(text)


def test_states_are_known_by_both_names() -> None:
    assert parse_states("pd, Running,OOM") == {"PD", "R", "OOM"}
    assert parse_states("all") == set(STATES)
    assert [parse_states(state_name(code)) for code in STATES] == [{code} for code in STATES]
    for text in (",", "x"):
        with pytest.raises(BadOption):
            parse_states(text)


def test_references() -> None:
    assert split_references(" a_[1,2], b ,,c_[3%1]") == ["a_[1,2]", "b", "c_[3%1]"]
    assert parse_reference("abcd2345").tasks is None
    one = parse_reference("abcd2345_3")
    assert (one.job, one.tasks and one.tasks.numbers()) == ("abcd2345", [3])
    several = parse_reference("abcd2345_[1-3,7%2]")
    assert (several.job, several.tasks and several.tasks.format()) == ("abcd2345", "1-3,7")
    for name in ("my_job", "x_[1", "a_[b]", "_3", "a_[]"):
        assert parse_reference(name) == parse_reference(name).__class__(name, name)
    with pytest.raises(BadOption):
        parse_reference(" ")


def test_a_filter_of_what_home_alone_knows() -> None:
    past = row(past=True, finished=True, ended=None, state="?", user="ann")
    assert make_filter(OPTIONS).matches(past)
    assert not make_filter({**OPTIONS, "label": "a=b"}).matches(past)
    assert not make_filter({**OPTIONS, "user": "bob"}).matches(past)
    assert not make_filter(OPTIONS, since=5.0).matches(past)
    assert make_filter({**OPTIONS, "user": "ann,bob"}).selector() == "kbatch/user in (ann,bob)"
    with pytest.raises(BadOption):
        make_filter({**OPTIONS, "user": "bob", "me": True})
