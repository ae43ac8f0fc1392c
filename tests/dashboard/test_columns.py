"""Which columns fit, how wide they are, what stands in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kqueue_tui.dashboard.view.columns import (
    COLUMNS,
    DEFAULT_COLUMNS,
    GAP,
    age_text,
    cell_text,
    cells,
    lay_out,
    reason_text,
)
from kqueue_tui.dashboard.widgets.table_line import fit
from tests.dashboard.rows import NOW, counts, row

NATURAL = {"id": 8, "name": 24, "state": 13, "limit": 10, "cpu": 2, "mem": 4, "gpu": 1}


def shown(width: int) -> list[str]:
    return [place.column.id for place in lay_out(DEFAULT_COLUMNS, NATURAL, width)]


def test_all_fit_on_a_wide_terminal() -> None:
    assert shown(155) == list(DEFAULT_COLUMNS)


def test_eighty_columns_keep_what_matters_most() -> None:
    assert shown(75) == ["id", "name", "state", "time", "mem", "reason"]


def test_a_tiny_terminal_still_says_which_job_and_how_it_is() -> None:
    assert shown(30) == ["id", "name", "state"]


def test_the_reason_takes_what_is_left_over() -> None:
    places = lay_out(DEFAULT_COLUMNS, NATURAL, 155)
    assert places[-1].x + places[-1].width == 155


@given(
    st.permutations(list(COLUMNS)),
    st.integers(1, 17),
    st.dictionaries(st.sampled_from(list(COLUMNS)), st.integers(0, 60)),
    st.integers(1, 250),
)
def test_no_layout_overlaps_or_grows_out_of_the_line(
    order: list[str], number: int, natural: dict[str, int], width: int
) -> None:
    places = lay_out(order[:number], natural, width)
    x = 0
    for place in places:
        assert place.x == x
        assert place.width >= 1
        x += place.width + GAP
    least = sum(c.least + GAP for c in COLUMNS.values() if not c.rank)
    assert x - GAP <= max(width, least)


@given(st.text(), st.integers(1, 40), st.booleans())
def test_a_cell_is_exactly_as_wide_as_its_column(text: str, width: int, right: bool) -> None:
    printable = "".join(char for char in text if char.isprintable())
    assert cells(fit(printable, width, right)) == width


def test_a_cut_cell_says_so() -> None:
    assert fit("abcdef", 4) == "abc…"
    assert fit("数据处理", 5) == "数据…"
    assert fit("7", 3, right=True) == "  7"


def test_narrow_states_are_codes() -> None:
    wide, narrow = lay_out(["state"], {"state": 13}, 120)[0], lay_out(["id", "state", "reason"], {}, 60)[1]
    held = row(state="PD", code="JobHeldUser")
    assert cell_text(wide, held, NOW) == "‖ held"
    assert cell_text(narrow, held, NOW) == "‖ PD"


def test_reason() -> None:
    assert reason_text(row(node="gpu-1")) == "gpu-1"
    assert (
        reason_text(row(state="PD", code="Resources", sentence="No node is free", node=""))
        == "No node is free"
    )
    assert (
        reason_text(row(state="R", tasks=counts(running=2), sentence="2 running", node="a,b")) == "2 running"
    )
    assert reason_text(row(state="PD", code="None", node="")) == "None"


def test_ages_in_one_unit() -> None:
    assert [age_text(s) for s in (-3, 0, 59, 60, 3599, 3600, 86400 * 2)] == [
        "0s", "0s", "59s", "1m", "59m", "1h", "2d",
    ]  # fmt: skip


def test_numbers_sort_the_largest_first_and_names_from_a() -> None:
    small, large = row("a", cpus=1000, name="b"), row("b", cpus=4000, name="A")
    assert sorted([small, large], key=lambda r: COLUMNS["cpu"].key(r, NOW)) == [large, small]
    assert sorted([small, large], key=lambda r: COLUMNS["name"].key(r, NOW)) == [large, small]
