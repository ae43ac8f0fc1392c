"""The fault table: what breaks, what is asked next, how long it waits, and that the copy is right afterwards."""

from __future__ import annotations

import pytest

from kbatch_core.cluster.connections import AnswerLost
from kbatch_core.errors import (
    AuthExpired,
    ConnectionFailed,
    Gone,
    KbatchError,
    PermissionDenied,
    ServerBusy,
)
from kbatch_core.model.objects import Metadata
from tests.reflector.fake import FakeStream, Run, Thing, Watch, bookmark, line, listing, status, thing

GONE = Gone("Too old.", status=410, reason="Expired")
TOO_LARGE = ServerBusy("Ahead.", status=504, cause="ResourceVersionTooLarge", retry_after=1)
BROKEN = AnswerLost("The connection broke.")
FORBIDDEN = PermissionDenied("You may not watch.", status=403)


def test_410_as_http_status_makes_one_new_list_of_this_moment() -> None:
    run = Run(
        listing(thing("a", 1), thing("b", 2), version=5),
        GONE,
        listing(thing("b", 2), thing("c", 9), version=9),
        Watch(),
    ).go()
    assert run.versions[:4] == ["0", "w5", "", "w9"]
    assert run.told[2:] == [("DELETED", "a", 1), ("ADDED", "c", 9)], (
        "b did not change, so nothing is said of it"
    )


@pytest.mark.parametrize("reason", ["Expired", "Gone"])
@pytest.mark.parametrize("code", [410, 0])
def test_410_in_the_stream_does_the_same(reason: str, code: int) -> None:
    run = Run(
        listing(thing("a", 1), version=5),
        Watch(line("MODIFIED", thing("a", 6)) + line("ERROR", status(code, reason))),
        listing(version=9),
        Watch(),
    ).go()
    assert run.versions[:4] == ["0", "w5", "", "w9"]
    assert run.told == [("ADDED", "a", 1), ("MODIFIED", "a", 6), ("DELETED", "a", 6)]


def test_410_on_page_2_makes_one_list_without_pages() -> None:
    run = Run(
        listing(thing("a", 1), version=5, token="t"),
        GONE,
        listing(thing("b", 7), version=8),
        Watch(),
        consistent=True,
    ).go()
    assert run.transport.asked[2] == {"labelSelector": "a=b"}
    assert run.told == [("ADDED", "a", 1), ("DELETED", "a", 1), ("ADDED", "b", 7)]
    assert run.clock.waits == []


def test_410_again_and_again_backs_off() -> None:
    run = Run(*(answer for _ in range(6) for answer in (listing(version=5), GONE))).go()
    assert run.clock.waits == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6]


def test_delete_and_recreate_under_one_name_during_an_outage_is_an_end_and_a_beginning() -> None:
    run = Run(
        listing(thing("a", 1, uid="first"), version=5),
        GONE,
        listing(thing("a", 7, uid="second"), version=9),
        Watch(),
    ).go()
    assert run.told == [("ADDED", "a", 1), ("DELETED", "a", 1), ("ADDED", "a", 7)]


def test_who_made_it_again_under_one_name_knows_it_before_its_end_is_told() -> None:
    """The answer to a write of ours may come before the events of the watch."""
    run = Run(
        listing(thing("a", 1, uid="first"), version=5),
        Watch(line("DELETED", thing("a", 6, uid="first")), line("ADDED", thing("a", 7, uid="second"))),
    )
    second = Thing(Metadata(name="a", uid="second", resource_version="7"))
    request = run.transport.open_stream

    def spy(*args: object, **more: object) -> FakeStream:
        run.mirror.put(second)
        return request(*args, **more)  # type: ignore[arg-type]

    run.transport.open_stream = spy  # type: ignore[method-assign]
    run.go()
    assert run.told == [("ADDED", "a", 1), ("DELETED", "a", 1), ("ADDED", "a", 7)]


def test_403_on_the_watch_alone_is_shown_and_a_list_now_and_then_is_what_one_has() -> None:
    lists = [listing(thing("a", version), version=version + 4) for version in (1, 8, 15, 22)]
    run = Run(*(answer for one in lists for answer in (one, FORBIDDEN))).go()
    assert run.versions == ["0", "w5", "5", "w12", "12", "w19", "19", "w26"]
    assert run.clock.waits == [0.8, 1.6, 30.0, 30.0], "believed when said again"
    assert run.reflector.health.error is FORBIDDEN
    assert run.state() == {"a": 22}


def test_403_on_the_list_is_shown_and_never_spun_on() -> None:
    run = Run(*[FORBIDDEN] * 5).go()
    assert run.clock.waits == [0.8, 1.6, 30.0, 30.0, 30.0]
    assert not run.reflector.health.synced


def test_a_server_that_has_just_started_refuses_everybody_for_a_moment() -> None:
    well = Watch(line("ADDED", thing("a", 6)))
    run = Run(
        listing(version=5), FORBIDDEN, listing(version=5), well, FORBIDDEN, listing(version=6), well
    ).go()
    assert run.clock.waits == [0.8, 0.8], "once is no missing right, also when it is not the first time"


def test_a_refusal_is_believed_at_once_by_who_was_never_served_and_by_others_when_it_lasts() -> None:
    assert Run(FORBIDDEN).go().reflector.health.forbidden
    assert Run(listing(version=5), FORBIDDEN).go().reflector.health.forbidden, "it may not watch"
    served = (listing(version=5), Watch(bookmark(6), error=BROKEN))
    for refusals, believed in ((1, False), (3, False), (4, True)):
        run = Run(*served, *[FORBIDDEN] * refusals).go()
        assert (run.reflector.health.error, run.reflector.health.forbidden) == (FORBIDDEN, believed)
    assert sum(run.clock.waits[1:4]) >= 30, "the first three take half a minute"
    again = Run(*served, *[FORBIDDEN] * 3, BROKEN, *[FORBIDDEN] * 3).go()
    assert not again.reflector.health.forbidden, "a server that is away meanwhile has started again"
    well = Run(FORBIDDEN, listing(version=5), Watch(bookmark(6), seconds=10)).go()
    assert not well.reflector.health.forbidden


def test_a_version_that_is_too_old_is_no_missing_right() -> None:
    for answers in ((GONE,), (listing(version=5), GONE)):
        health = Run(*answers).go().reflector.health
        assert (health.error, health.forbidden) == (GONE, False)


def test_401_is_shown_and_tried_again_with_what_the_credentials_are_then() -> None:
    expired = AuthExpired("Not accepted.")
    run = Run(listing(version=5), expired, Watch(line("ADDED", thing("a", 6)))).go()
    assert run.versions[:3] == ["0", "w5", "w5"]
    assert run.states[-1] is None
    assert expired in run.states


@pytest.mark.parametrize(("retry_after", "wait"), [(0.0, 0.8), (7.0, 7.0)])
def test_429_tries_the_watch_again_and_waits_at_least_as_long_as_it_was_told(
    retry_after: float, wait: float
) -> None:
    busy = ServerBusy("Busy.", status=429, retry_after=retry_after)
    run = Run(listing(version=5), busy, Watch(bookmark(6))).go()
    assert run.versions[:3] == ["0", "w5", "w5"]
    assert run.clock.waits == [wait]


def test_a_refused_connection_tries_the_watch_again() -> None:
    run = Run(listing(version=5), *[ConnectionFailed("Refused.")] * 8, Watch(bookmark(6))).go()
    assert run.versions[:10] == ["0"] + ["w5"] * 9
    assert run.clock.waits == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]


def test_a_burst_of_500_is_waited_for_and_then_no_longer_trusted() -> None:
    failing = ServerBusy("Failing.", status=500)
    run = Run(listing(version=5), *[failing] * 8, listing(version=5), Watch(bookmark(6))).go()
    watches = run.versions.index("5")
    assert run.versions[1:watches] == ["w5"] * 8
    assert sum(run.clock.waits[:-1]) >= 60
    assert run.versions[watches : watches + 2] == ["5", "w5"], "the new list may be as old as the watch was"


def test_another_server_that_is_behind_is_given_a_second_and_asked_for_this_moment() -> None:
    run = Run(listing(version=5), GONE, listing(version=90), TOO_LARGE, listing(version=91), Watch()).go()
    assert run.versions[:6] == ["0", "w5", "", "w90", "", "w91"]
    assert min(run.clock.waits) >= 0.8
    assert run.clock.waits[1] >= 1.0


def test_a_server_that_is_behind_is_given_a_second_also_at_first() -> None:
    behind = ServerBusy("Ahead.", status=504, cause="ResourceVersionTooLarge")
    run = Run(listing(version=5), behind, listing(version=5), Watch()).go()
    assert run.clock.waits == [1.0]


def test_a_list_that_is_ahead_of_the_server_falls_back_to_this_moment() -> None:
    failing = ServerBusy("Failing.", status=503, retry_after=61)
    run = Run(listing(version=50), failing, failing, TOO_LARGE, listing(version=40), Watch()).go()
    assert run.versions[:5] == ["0", "w50", "w50", "50", ""]


def test_too_large_inside_the_stream() -> None:
    error = line("ERROR", status(504, "Timeout", cause="ResourceVersionTooLarge"))
    run = Run(listing(version=50), Watch(error), listing(version=51), Watch()).go()
    assert run.versions[:4] == ["0", "w50", "", "w51"]


def test_a_dead_or_cut_connection_goes_on_from_the_last_version() -> None:
    run = Run(
        listing(version=5),
        Watch(line("ADDED", thing("a", 6)), error=BROKEN),
        Watch(line("MODIFIED", thing("a", 7)), error=BROKEN),
        Watch(),
    ).go()
    assert run.versions[:4] == ["0", "w5", "w6", "w7"]
    assert run.told == [("ADDED", "a", 6), ("MODIFIED", "a", 7)]


def test_a_line_that_is_cut_short_does_not_count() -> None:
    half = line("MODIFIED", thing("a", 7))[:-5]
    for error in (None, BROKEN):
        run = Run(
            listing(version=5),
            Watch(line("ADDED", thing("a", 6)) + half, error=error),
            Watch(line("MODIFIED", thing("a", 7))),
        ).go()
        assert run.versions[:3] == ["0", "w5", "w6"]
        assert run.told == [("ADDED", "a", 6), ("MODIFIED", "a", 7)]


def test_events_that_come_twice_after_a_resume_are_told_once() -> None:
    stays = line("ADDED", thing("a", 6)) + line("MODIFIED", thing("a", 7))
    told = [("ADDED", "a", 6), ("MODIFIED", "a", 7)]
    goes = stays + line("DELETED", thing("a", 8))
    for again, expected in ((stays, told), (goes, [*told, ("DELETED", "a", 8)])):
        run = Run(listing(version=5), Watch(again, error=BROKEN), Watch(again, again)).go()
        assert run.told == expected


def test_a_watch_that_ends_at_once_with_nothing_backs_off() -> None:
    run = Run(listing(version=5), *[Watch(seconds=0.1)] * 4).go()
    assert run.clock.waits == [0.8, 1.6, 3.2, 6.4]
    only_bookmarks = Run(listing(version=5), *[Watch(bookmark(6), seconds=0.1)] * 3).go()
    assert only_bookmarks.clock.waits == [0.8, 1.6, 3.2]


def test_the_back_off_begins_anew_after_two_healthy_minutes() -> None:
    run = Run(
        listing(version=5),
        *[BROKEN] * 4,
        Watch(bookmark(6), error=BROKEN, seconds=100),
        Watch(bookmark(7), error=BROKEN, seconds=121),
        Watch(bookmark(8), error=BROKEN, seconds=1),
    ).go()
    assert run.clock.waits == [0.8, 1.6, 3.2, 6.4, 12.8, 0.8, 1.6]


def test_a_line_of_2_mb_arrives_whole() -> None:
    big = thing("a", 6)
    big["metadata"]["annotations"] = {"x": "y" * 2_000_000}
    data = line("ADDED", big)
    chunks = [data[start : start + 8192] for start in range(0, len(data), 8192)]
    run = Run(listing(version=5), Watch(*chunks)).go()
    assert len(run.mirror.objects()[0].metadata.annotations["x"]) == 2_000_000


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    odd = thing("a", 6)
    odd["metadata"]["annotations"] = {"x": "BYTES"}
    bad = line("ADDED", odd).replace(b"BYTES", b"\xff\xfe ok")
    run = Run(listing(version=5), Watch(bad)).go()
    assert run.mirror.objects()[0].metadata.annotations["x"] == "�� ok"
    run = Run(listing(odd, version=6).replace(b"BYTES", b"\xff"), Watch()).go()
    assert run.mirror.objects()[0].metadata.annotations["x"] == "�"


@pytest.mark.parametrize(
    "junk", [b"<html>gateway</html>\n", b'{"type": "ADDED", "object": {"metadata": 3}}\n', b"[]\n"]
)
def test_what_is_no_event_breaks_the_stream_and_is_shown(junk: bytes) -> None:
    run = Run(listing(version=5), Watch(line("ADDED", thing("a", 6)) + junk), Watch(bookmark(9))).go()
    assert run.versions[:3] == ["0", "w5", "w6"]
    assert run.state() == {"a": 6}
    shown = [error for error in run.states if error is not None]
    assert "not what the Kubernetes API sends" in shown[0].sentence


def test_a_list_that_is_none_is_shown() -> None:
    run = Run(b"<html>", b'{"items": 3}', listing(version=5), Watch()).go()
    assert run.versions[:3] == ["0", "0", "0"]
    assert run.reflector.health.synced


def test_a_clock_that_jumps_makes_no_long_and_no_negative_wait() -> None:
    for jump in (86_400.0, -86_400.0):
        run = Run(
            listing(version=5),
            Watch(bookmark(6), error=BROKEN, seconds=jump),
            BROKEN,
            Watch(bookmark(7), seconds=jump),
        ).go()
        assert all(0 < wait <= 60 for wait in run.clock.waits)


def test_a_server_restored_from_a_backup_is_believed() -> None:
    """Its versions begin before ours: what is not in its list is gone, although it seems newer."""
    run = Run(
        listing(thing("a", 80), thing("b", 90), version=95),
        GONE,
        listing(thing("a", 30), version=40),
        Watch(),
    )
    run.listener.time_goes_on = False
    run.go()
    assert run.state() == {"a": 30}


def test_health_says_what_is_wrong_since_when_and_until_when() -> None:
    errors: list[KbatchError] = [BROKEN, FORBIDDEN]
    for error in errors:
        run = Run(listing(version=5), error).go()
        health = run.reflector.health
        assert health.synced
        assert health.error is error
        assert health.heard == 1000.0
        assert health.retry_at == run.clock.now
    healthy = Run(listing(version=5), BROKEN, Watch(bookmark(6), seconds=10)).go().reflector.health
    assert (healthy.error, healthy.retry_at) == (None, None)


def test_a_failure_long_after_another_is_the_first_of_its_own() -> None:
    failing = ServerBusy("Failing.", status=503, retry_after=61)
    run = Run(listing(version=5), failing, Watch(bookmark(6)), failing, Watch(bookmark(7))).go()
    assert run.versions[:5] == ["0", "w5", "w5", "w6", "w6"], "no list: it worked in between"


def test_a_watch_that_opens_ends_what_was_wrong_before_anything_happens() -> None:
    lost = AnswerLost("Lost.")
    run = Run(listing(version=5), lost, Watch()).go()
    assert lost in run.states
    assert run.reflector.health.error is None
