"""What `/` and the digits leave over."""

from __future__ import annotations

import pytest

from kqueue_tui.dashboard.view.filter import Filter, search_text
from kqueue_tui.dashboard.view.looks import GROUPS
from tests.dashboard.rows import counts, row


def finds(text: str, **fields: object) -> bool:
    return Filter(text).matches_text(search_text(row(**fields)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ("train", True),
        ("TRAIN", True),
        ("nothing", False),
        ("!train", False),
        ("!nothing", True),
        ("!", True),
        ("^train", True),
        ("^rain", False),
        ("resnet(18|50)", True),
        ("resnet(18|34)", False),
        ("gpu-1", True),
        ("running", True),
        ("resnet(", False),
        ("r.+5", True),
    ],
)
def test_text(text: str, found: bool) -> None:
    assert finds(text, name="Train-resnet50", node="gpu-1") is found


def test_a_broken_pattern_is_searched_for_as_it_stands() -> None:
    assert finds("a[b", name="x a[b y")
    assert Filter("a[b").broken
    assert not Filter("a.b").broken
    assert not Filter("ab").broken


@pytest.mark.parametrize(
    ("state", "group"),
    [
        ("R", "running"),
        ("PD", "waiting"),
        ("CD", "done"),
        ("OOM", "failed"),
        ("?", "failed"),
        ("CA", "cancelled"),
    ],
)
def test_groups(state: str, group: str) -> None:
    for other in GROUPS:
        assert Filter(groups=frozenset({other})).matches_state(row(state=state)) is (other == group)


def test_what_was_taken_away_and_comes_again_waits() -> None:
    assert Filter(groups=frozenset({"waiting"})).matches_state(row(state="PR", finished=False))


def test_an_array_is_found_by_any_of_its_tasks() -> None:
    array = row(state="R", tasks=counts(running=3, failed=1))
    assert Filter(groups=frozenset({"failed"})).matches_state(array)
    assert not Filter(groups=frozenset({"cancelled"})).matches_state(array)


def test_digits_add_up_and_all_is_none() -> None:
    chosen = Filter()
    for group in GROUPS[:-1]:
        chosen = chosen.toggle(group)
    assert chosen.groups == frozenset(GROUPS[:-1])
    assert chosen.toggle(GROUPS[-1]).groups == frozenset()
    assert chosen.toggle("running").groups == frozenset(GROUPS[1:-1])


def test_an_empty_filter_is_false() -> None:
    assert not Filter()
    assert not Filter("!")
    assert Filter("x")
    assert Filter(groups=frozenset({"done"}))
