"""What `/` and the digits leave over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert Filter("a[b").problem == "no regular expression"
    assert not Filter("a.b").problem
    assert not Filter("ab").problem


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


LABELS = {"team": "ocean", "kbatch/id": "k3", "gpu": ""}


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("team=ocean", True),
        ("team==ocean", True),
        ("team = ocean", True),
        ("team=land", False),
        ("team!=land", True),
        ("team!=ocean", False),
        ("other!=x", True),
        ("team in (ice, ocean)", True),
        ("team in (ice)", False),
        ("team notin (ice,land)", True),
        ("other notin (x)", True),
        ("team", True),
        ("other", False),
        ("!other", True),
        ("!team", False),
        ("gpu=", True),
        ("kbatch/id=k3,team=ocean", True),
        ("kbatch/id=k3,team=land", False),
        ("team in (ice,ocean),!other", True),
        ("", True),
        (",", True),
    ],
)
def test_labels_as_kubectl_selects_them(selector: str, found: bool) -> None:
    chosen = Filter.parse(f"-l {selector}")
    assert chosen.matches_labels(LABELS) is found
    assert not chosen.problem
    assert chosen.matches_text("anything")
    assert bool(chosen) == (selector not in ("", ","))


def test_text_and_labels() -> None:
    both = Filter.parse("!train -l team=ocean")
    assert both.matches_text("test") and not both.matches_text("train")
    assert both.matches_labels(LABELS) and not both.matches_labels({})
    assert not both.matches_labels(None)
    assert Filter("train").matches_labels(None)
    assert not Filter.parse("x-label").asks_labels
    assert both.typed == "!train -l team=ocean"
    assert [Filter.parse(text).typed for text in ("-l a", "a -l ", "a ", " -l  b")] == [
        "-l a",
        "a",
        "a ",
        "-l b",
    ]
    assert Filter("grep -l x").matches_text("grep -l x") and not Filter("grep -l x").matches_text("x")


@pytest.mark.parametrize("text", ["-l a=b=c", "-l (", "-l a in b", "-l a in (b", "-l =x", "-l a b"])
def test_what_is_no_selector_says_so_and_hides_nothing(text: str) -> None:
    assert Filter.parse(text).problem == "no label selector"
    assert Filter.parse(text).matches_labels({})


@given(st.text())
def test_any_text_is_a_filter(text: str) -> None:
    chosen = Filter.parse(f"-l {text}")
    chosen.matches_labels(LABELS)
    chosen.matches_text("x")
    assert isinstance(chosen.problem, str)
