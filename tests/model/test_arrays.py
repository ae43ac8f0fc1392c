"""--array: Slurm's index lists, and the map between task numbers and Kubernetes indexes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption
from kbatch_core.model.arrays import MAX_NUMBER, MAX_TASKS, ArraySpec, from_numbers, parse_array
from tests.model.fuzz import fuzz, near, value_or_bad_option


@pytest.mark.parametrize(
    ("text", "numbers", "throttle"),
    [
        # The sbatch manual's.
        ("0-15", list(range(16)), None),
        ("0,6,16-32", [0, 6, *range(16, 33)], None),
        ("0-15:4", [0, 4, 8, 12], None),
        ("0-15%4", list(range(16)), 4),
        # What scripts have.
        ("1-10", list(range(1, 11)), None),
        ("7", [7], None),
        ("1-100:10%2", list(range(1, 100, 10)), 2),
        ("[0-3]", [0, 1, 2, 3], None),
        ("1, 3, 5", [1, 3, 5], None),
        ("3,1,2", [1, 2, 3], None),
        ("1,1,1-2", [1, 2], None),
        ("0-3%0", [0, 1, 2, 3], None),
        ("1,,2", [1, 2], None),
        ("5-5", [5], None),
        ("0-1:7", [0], None),
        ("4000000", [4_000_000], None),
        ("1-10000", list(range(1, 10_001)), None),
        (" 0 - 3 % 2 ", [0, 1, 2, 3], 2),
    ],
)
def test_accepted(text: str, numbers: list[int], throttle: int | None) -> None:
    spec = parse_array(text)
    assert spec.numbers() == numbers
    assert spec.throttle == throttle
    assert (spec.count, spec.first, spec.last) == (len(numbers), numbers[0], numbers[-1])


@pytest.mark.parametrize(
    "text",
    ["", ",", "%4", "a", "1-", "-1", "1-b", "5-1", "0-15:0", "0-15:", "3:2", "0-15%", "0-15%x", "0-15%-1", "1.5",
     "0-15%4%4", "4000001", "0-4000000", "0-10000", "1;2", "1--2", "٣"],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse_array(text)
    assert repr(text) in caught.value.sentence


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0-15", "0-15"),
        ("0,4,8,12", "0-12:4"),
        ("0-15:4", "0-12:4"),
        ("0,6,16-32", "0,6,16-32"),
        ("3,2,1%2", "1-3%2"),
        ("1,2", "1-2"),
        ("0,2,4", "0-4:2"),
        ("0,2,4-6", "0-4:2,5-6"),
        ("1,3", "1,3"),
    ],
)
def test_one_text_for_the_same_tasks(text: str, canonical: str) -> None:
    assert parse_array(text).format() == canonical


def test_ten_thousand_scattered_tasks() -> None:
    numbers = [n * n // 7 + n for n in range(MAX_TASKS)]
    spec = ArraySpec(from_numbers(numbers))
    assert spec.count == MAX_TASKS
    assert parse_array(",".join(map(str, range(MAX_TASKS)))).format() == "0-9999"
    assert spec.task(MAX_TASKS - 1) == numbers[-1]
    assert spec.index(numbers[-1]) == MAX_TASKS - 1


def test_a_spec_is_a_value() -> None:
    assert {parse_array("0-3"), parse_array("3,2,1,0")} == {parse_array("0-3")}


def test_outside_the_array() -> None:
    spec = parse_array("0,6,16-32")
    for index in (-1, spec.count):
        with pytest.raises(IndexError):
            spec.task(index)
    with pytest.raises(ValueError, match="7"):
        spec.index(7)


task_sets = st.sets(st.integers(0, 300) | st.integers(0, MAX_NUMBER), min_size=1, max_size=80)


@fuzz
@given(task_sets, st.none() | st.integers(1, 99))
def test_what_is_printed_is_read_back(numbers: set[int], throttle: int | None) -> None:
    spec = ArraySpec(from_numbers(sorted(numbers)), throttle)
    assert spec.numbers() == sorted(numbers)
    assert parse_array(spec.format()) == spec


@fuzz
@given(task_sets)
def test_index_and_task_are_each_other_s_inverse(numbers: set[int]) -> None:
    spec = ArraySpec(from_numbers(sorted(numbers)))
    assert [spec.task(index) for index in range(spec.count)] == sorted(numbers)
    assert [spec.index(number) for number in sorted(numbers)] == list(range(spec.count))


@fuzz
@given(near("0123456789-,:%[] "))
def test_any_text_is_an_array_or_refused(text: str) -> None:
    value = value_or_bad_option(parse_array, text)
    assert value is None or (isinstance(value, ArraySpec) and 0 < value.count <= MAX_TASKS)
