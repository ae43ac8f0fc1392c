"""How amounts, moments and counts are said (pure)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kbatch_core.model.objects import Event
from kbatch_core.status.reading import event_time
from kbatch_core.status.words import LISTED_TASKS, clock, lasting, list_tasks, plural, resource_amount
from tests.status.objects import NOW, decode, stamp


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "a few seconds"), (9.9, "a few seconds"), (10, "10 s"), (19, "10 s"), (59, "50 s"), (60, "1 min"),
     (119, "1 min"), (7199, "119 min"), (7200, "2 h"), (10_799, "2 h")],
)  # fmt: skip
def test_how_long_something_lasts_is_said_coarsely(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


def test_a_moment_of_another_day_has_its_date() -> None:
    noon = datetime.fromtimestamp(NOW).replace(hour=12, minute=5, second=9)
    yesterday = noon - timedelta(days=1)
    assert clock(noon.timestamp(), noon.timestamp() + 60) == "12:05"
    assert clock(yesterday.timestamp(), noon.timestamp()) == f"{yesterday:%Y-%m-%d} 12:05"


def test_long_lists_of_tasks_are_cut() -> None:
    assert list_tasks([3, 1, 2, 9]) == "1-3,9"
    apart = [number * number for number in range(3, 3 + LISTED_TASKS)]
    assert list_tasks(apart) == ",".join(map(str, apart))
    assert list_tasks([*apart, 999]) == ",".join(map(str, apart)) + ",…"


def test_one_and_many() -> None:
    assert (plural(1, "node"), plural(2, "node"), plural("1", "pod")) == ("1 node", "2 nodes", "1 pod")
    assert (resource_amount("nvidia.com/gpu", 1.0), resource_amount("example.com/fpga", 2.0)) == (
        "1 GPU",
        "2 example.com/fpga",
    )


def test_an_event_of_a_series_is_as_old_as_the_last_of_them() -> None:
    data = {"metadata": {"creationTimestamp": stamp(90)}, "eventTime": stamp(80)}
    assert event_time(decode(Event, data)) == NOW - 80
    series = {"count": 3, "lastObservedTime": stamp(20)}
    assert event_time(decode(Event, {**data, "series": series})) == NOW - 20
    assert event_time(decode(Event, {**data, "series": series, "lastTimestamp": stamp(10)})) == NOW - 10
    assert event_time(decode(Event, {"metadata": {"creationTimestamp": stamp(90)}})) == NOW - 90
