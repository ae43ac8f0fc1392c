"""QueueView: what is computed step by step is what would be computed from scratch."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.status.row import JobRow
from kqueue_tui.dashboard.view.columns import COLUMNS, DEFAULT_COLUMNS
from kqueue_tui.dashboard.view.filter import Filter
from kqueue_tui.dashboard.view.lines import Order, QueueView
from kqueue_tui.dashboard.view.looks import GROUPS
from tests.dashboard.rows import NOW, counts, row


def make_view(tasks: dict[str, list[JobRow]] | None = None) -> QueueView:
    view = QueueView(lambda uid: (tasks or {}).get(uid, []))
    view.measure(DEFAULT_COLUMNS)
    return view


def keys(view: QueueView) -> list[str]:
    return [line.key for line in view.lines]


def test_what_runs_comes_first_then_what_waits_then_the_newest_of_what_ended() -> None:
    view = make_view()
    rows = [
        row("old", state="CD", submitted=NOW - 900),
        row("bad", state="F", submitted=NOW - 800),
        row("waits", state="PD", submitted=NOW - 950),
        row("runs", submitted=NOW - 990),
        row("runs2", submitted=NOW - 980),
    ]
    view.update(rows, NOW)
    assert keys(view) == ["runs2", "runs", "waits", "bad", "old"]


def test_nothing_new_is_nothing_to_do() -> None:
    view = make_view()
    rows = (row("a"), row("b"))
    assert len(view.update(rows, NOW)) == 2
    lines = list(view.lines)
    assert view.update(tuple(rows), NOW) == []
    assert all(a is b for a, b in zip(view.lines, lines, strict=True))


def test_a_changed_job_has_a_new_line_and_the_others_keep_theirs() -> None:
    view = make_view()
    first, second = row("a"), row("b")
    view.update((first, second), NOW)
    before = {line.key: line for line in view.lines}
    fresh = view.update((first, row("b", node="node-z")), NOW)
    assert [line.key for line in fresh] == ["b"]
    after = {line.key: line for line in view.lines}
    assert after["a"] is before["a"]
    assert after["b"] is not before["b"]


def test_an_array_unfolds_into_its_tasks() -> None:
    array = row("arr", tasks=counts(running=1, done=1), array="0-1")
    tasks = [row("arr", id=f"arr_{n}", task=n, state=s) for n, s in ((0, "CD"), (1, "R"))]
    view = make_view({"arr": tasks})
    view.update((array, row("b")), NOW)
    view.fold("arr")
    assert keys(view) == ["arr", "arr/0", "arr/1", "b"]
    assert [line.is_last_task for line in view.lines] == [False, False, True, False]
    view.change(NOW, order=Order(reverse=True))
    assert keys(view) == ["b", "arr", "arr/0", "arr/1"]
    view.change(NOW, order=Order(), filter=Filter(groups=frozenset({"done"})))
    assert keys(view) == ["arr", "arr/0"]
    view.fold("arr")
    assert keys(view) == ["arr"]


def test_a_task_that_did_not_change_keeps_its_line() -> None:
    tasks = {"arr": [row("arr", task=0, state="CD"), row("arr", task=1)]}
    view = make_view(tasks)
    view.update((row("arr", tasks=counts(running=1, done=1)),), NOW)
    view.fold("arr")
    before = view.lines[1:]
    tasks["arr"] = [row("arr", task=0, state="CD"), row("arr", task=1, state="F")]
    view.update((row("arr", tasks=counts(done=1, failed=1)),), NOW)
    assert view.lines[1] is before[0]
    assert view.lines[2] is not before[1]


def test_a_job_that_is_gone_is_folded_and_forgotten() -> None:
    view = make_view({"arr": [row("arr", task=0)]})
    view.update((row("arr", tasks=counts(running=1)), row("b")), NOW)
    view.fold("arr")
    view.update((row("b"),), NOW)
    assert keys(view) == ["b"]
    assert view.unfolded == set()
    assert view.row("arr") is None


def test_columns_grow_but_do_not_shrink_until_measured_again() -> None:
    view = make_view()
    view.update((row("a", name="x" * 20), row("b", name="y")), NOW)
    assert view.natural["name"] == 20
    view.update((row("b", name="y"),), NOW)
    assert view.natural["name"] == 20
    view.measure(DEFAULT_COLUMNS)
    assert view.natural["name"] == 1


def test_wide_characters_are_measured_in_cells() -> None:
    view = make_view()
    view.update((row("a", name="数据处理"),), NOW)
    assert view.natural["name"] == 8


STATES = st.sampled_from(["R", "PD", "CD", "F", "CA"])
JOBS = st.dictionaries(
    st.sampled_from("abcdefghij"),
    st.fixed_dictionaries(
        {
            "state": STATES,
            "cpus": st.sampled_from([1000, 2000]),
            "submitted": st.sampled_from([NOW - 10, NOW - 20, NOW - 30]),
            "started": st.sampled_from([NOW - 5, NOW - 9]),
            "name": st.sampled_from(["train", "eval"]),
        }
    ),
    max_size=8,
)


@given(
    st.lists(JOBS, min_size=1, max_size=5),
    st.sampled_from(sorted(COLUMNS)),
    st.booleans(),
    st.sampled_from(["", "train", "!train"]),
    st.frozensets(st.sampled_from(GROUPS), max_size=2),
    st.sampled_from([0, 3, 100]),
    st.booleans(),
)
def test_step_by_step_is_the_same_as_from_scratch(
    steps: list[dict[str, dict[str, Any]]],
    column: str,
    reverse: bool,
    text: str,
    groups: frozenset[str],
    few: int,
    unfold: bool,
) -> None:
    """`few`: up to so many changes are put in one by one."""
    with patch("kqueue_tui.dashboard.view.sorted_lines.FEW", few):
        _compare(steps, Order(column, reverse), Filter(text, groups), unfold)


def _compare(steps: list[dict[str, dict[str, Any]]], order: Order, wanted: Filter, unfold: bool) -> None:
    tasks = {"a": [row("a", task=0), row("a", task=1)], "b": [row("b", task=7)]} if unfold else {}
    view = make_view(tasks)
    known: dict[str, JobRow] = {}
    view.change(NOW, filter=wanted, order=order)
    for uid in tasks:
        view.fold(uid)
    for step, jobs in enumerate(steps):
        now = NOW + step
        made = {
            uid: row(uid, tasks=counts(running=2) if uid in tasks else None, **fields)
            for uid, fields in jobs.items()
        }
        known = {uid: known[uid] if known.get(uid) == new else new for uid, new in made.items()}
        view.update(tuple(known.values()), now)
        scratch = make_view(tasks)
        scratch.unfolded = set(view.unfolded)
        scratch.change(now, filter=wanted, order=order)
        scratch.update(tuple(known.values()), now)
        assert keys(view) == keys(scratch)
        assert view.counts == scratch.counts
        assert view.total == len(known)
        assert view.index == {line.key: place for place, line in enumerate(view.lines)}
