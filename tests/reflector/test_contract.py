"""What the reflector asks for, and what it tells, when nothing is wrong."""

from __future__ import annotations

import random

import pytest

from kbatch_core.cluster.connections import AnswerLost
from kbatch_core.cluster.mirror import Mirror, newer
from kbatch_core.errors import ServerBusy
from kbatch_core.model.objects import Metadata
from tests.reflector.fake import Listener, Run, Thing, Watch, bookmark, line, listing, thing


def test_a_dashboards_first_list_is_from_the_cache_and_whole() -> None:
    run = Run(listing(thing("a", 3), version=5), Watch()).go()
    assert run.transport.asked[0] == {"labelSelector": "a=b", "resourceVersion": "0"}
    assert run.told == [("ADDED", "a", 3)]
    assert run.reflector.health.synced


def test_a_one_shot_list_is_of_this_moment_and_in_pages() -> None:
    run = Run(
        listing(thing("a", 3), version=5, token="t1"),
        listing(thing("b", 4), version=5, token="t2"),
        listing(thing("c", 2), version=5),
        Watch(),
        consistent=True,
    ).go()
    assert run.transport.asked[:3] == [
        {"labelSelector": "a=b", "limit": 500},
        {"labelSelector": "a=b", "limit": 500, "continue": "t1"},
        {"labelSelector": "a=b", "limit": 500, "continue": "t2"},
    ]
    assert run.versions[3] == "w5"
    assert run.state() == {"a": 3, "b": 4, "c": 2}


def test_the_first_page_is_shown_before_the_last_is_there() -> None:
    seen: list[int] = []
    run = Run(
        listing(thing("a", 3), version=5, token="t1"),
        listing(thing("b", 4), version=5),
        Watch(),
        consistent=True,
    )
    request = run.transport.request

    def spy(*args: object, **more: object) -> bytes:
        seen.append(len(run.told))
        return request(*args, **more)  # type: ignore[arg-type]

    run.transport.request = spy  # type: ignore[method-assign]
    run.go()
    assert seen == [0, 1]


def test_an_empty_list_is_a_list() -> None:
    run = Run(listing(version=7), Watch(line("ADDED", thing("a", 8)))).go()
    assert run.versions[:2] == ["0", "w7"]
    assert run.told == [("ADDED", "a", 8)]


def test_a_watch_asks_for_bookmarks_and_ends_at_a_random_time() -> None:
    limits = set()
    for seed in range(20):
        run = Run(listing(version=7), Watch(), rng=random.Random(seed)).go()
        query = run.transport.asked[1]
        assert query["allowWatchBookmarks"] == "true"
        assert query["labelSelector"] == "a=b"
        limits.add(query["timeoutSeconds"])
    assert all(300 <= limit < 600 for limit in limits)
    assert len(limits) > 10


def test_a_watch_goes_on_from_the_last_event_or_bookmark_without_a_list_and_without_a_wait() -> None:
    run = Run(
        listing(version=5),
        Watch(line("ADDED", thing("a", 8))),
        Watch(bookmark(20)),
        Watch(line("MODIFIED", thing("a", 21)) + bookmark(30)),
        Watch(),
    ).go()
    assert run.versions == ["0", "w5", "w8", "w20", "w30", "w30"][: len(run.versions)]
    assert run.clock.waits == []


def test_events_are_told_as_they_are() -> None:
    run = Run(
        listing(thing("a", 1), version=5),
        Watch(
            line("MODIFIED", thing("a", 6, value=1)),
            line("ADDED", thing("b", 7)) + line("DELETED", thing("a", 8)),
            line("ADDED", thing("a", 9, uid="second")),
        ),
    ).go()
    assert run.told == [
        ("ADDED", "a", 1),
        ("MODIFIED", "a", 6),
        ("ADDED", "b", 7),
        ("DELETED", "a", 8),
        ("ADDED", "a", 9),
    ]


def test_lines_may_be_cut_anywhere_between_chunks() -> None:
    data = (
        line("ADDED", thing("a", 6)) + line("ADDED", thing("b", 7)) + b"\n" + line("DELETED", thing("a", 8))
    )
    for size in (1, 2, 7, len(data)):
        chunks = [data[start : start + size] for start in range(0, len(data), size)]
        run = Run(listing(version=5), Watch(*chunks)).go()
        assert run.told == [("ADDED", "a", 6), ("ADDED", "b", 7), ("DELETED", "a", 8)]


def test_what_was_written_here_is_there_at_once_and_its_event_is_no_news() -> None:
    run = Run(listing(version=5), Watch(line("ADDED", thing("a", 6)), line("MODIFIED", thing("a", 7))))
    written = Thing(Metadata(name="a", uid="uid-a", resource_version="7"), value=1)
    run.mirror.put(written)
    run.go()
    assert run.told == [("ADDED", "a", 7)], "neither deleted by the older list nor undone by the older event"


def test_an_unchanged_object_is_not_told_again() -> None:
    run = Run(
        listing(thing("a", 3), version=5),
        Watch(line("MODIFIED", thing("a", 3)), line("ADDED", thing("a", 3)), line("MODIFIED", thing("a", 2))),
    ).go()
    assert run.told == [("ADDED", "a", 3)]


@pytest.mark.parametrize("kind", ["SOMETHING", ""])
def test_an_event_of_a_type_that_is_not_known_is_passed_over(kind: str) -> None:
    run = Run(listing(version=5), Watch(line(kind, {"x": 1}) + line("ADDED", thing("a", 6)))).go()
    assert run.told == [("ADDED", "a", 6)]


def test_a_watch_is_dead_after_90_seconds_of_silence_and_a_list_sooner() -> None:
    """The server sends a bookmark each minute."""
    run = Run(listing(version=5), Watch()).go()
    assert run.transport.patience[:2] == [60.0, 90.0]


def test_a_relist_from_a_version_is_not_in_pages() -> None:
    """With a limit the server would read etcd in place of its cache."""
    failing = ServerBusy("Failing.", status=503, retry_after=61)
    run = Run(listing(version=50), failing, failing, listing(version=60), Watch(), consistent=True).go()
    assert run.transport.asked[3] == {"labelSelector": "a=b", "resourceVersion": "50"}


def test_waits_are_spread_over_twice_their_length() -> None:
    """Or all who lost the same server would come back together."""
    for number, base in enumerate((0.8, 1.6, 3.2)):
        waits = set()
        for seed in range(30):
            lost = [AnswerLost("Lost.")] * 3
            run = Run(listing(version=5), *lost, Watch(bookmark(6)), rng=random.Random(seed)).go()
            waits.add(run.clock.waits[number])
        assert all(base <= wait < 2 * base for wait in waits)
        assert max(waits) - min(waits) > base / 2


def put(mirror: Mirror[Thing], version: int) -> None:
    mirror.put(Thing(Metadata(name="a", uid="uid-a", resource_version=str(version))))


def test_an_older_state_of_what_is_gone_brings_it_not_back() -> None:
    """Neither an event nor a bookmark was missed, so what is not here by then is gone."""
    other = Thing(Metadata(name="b", uid="uid-b", resource_version="20"))
    for events, version in (([], "20"), ([("ADDED", other)], "")):
        heard = Listener()
        mirror: Mirror[Thing] = Mirror(heard)
        mirror.apply(events, version)
        put(mirror, 15)
        assert "uid-a" not in heard.alive
        put(mirror, 21)
        assert "uid-a" in heard.alive


def test_who_has_stopped_is_told_nothing() -> None:
    heard = Listener()
    mirror: Mirror[Thing] = Mirror(heard)
    mirror.close()
    put(mirror, 21)
    assert heard.told == []


def test_a_version_that_is_no_number_is_taken_as_newer() -> None:
    for version, than, is_newer in (
        ("10", "9", True), ("9", "10", False), ("9", "9", False), ("x", "10", True), ("10", "x", True),
        ("x", "x", False), ("", "9", False), ("", "x", False), ("09", "9", True),
    ):  # fmt: skip
        assert newer(version, than) is is_newer


def test_its_owner_is_told_of_health_only_when_that_changes() -> None:
    events = [line("ADDED", thing(name, 6 + number)) for number, name in enumerate("abc")]
    run = Run(
        listing(version=5), Watch(*events), Watch(bookmark(9)), AnswerLost("Lost."), Watch(bookmark(10))
    ).go()
    assert len(run.states) == 3, "synced, lost, well again"
