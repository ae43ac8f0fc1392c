"""What a new connection gives again is left out, line by line in its order (pure: anchors and pieces alone)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kbatch_core.logs import anchor as anchors
from kbatch_core.logs.anchor import Anchor, Replay
from kbatch_core.logs.events import NS
from kbatch_core.logs.stamped import Piece, StampedLines, format_stamp

START = 1_790_000_000


def ns(seconds: float) -> int:
    return START * NS + round(seconds * 1000) * (NS // 1000)


def log(*lines: tuple[float, str]) -> list[Piece]:
    """Lines as (seconds, text); a line without a time is the rest of a longer one."""
    data = b"".join(
        (format_stamp(ns(seconds)) + b" " if seconds >= 0 else b"") + text.encode() + b"\n"
        for seconds, text in lines
    )
    return StampedLines().feed(data)


def at(second: float, words: str) -> list[tuple[float, str]]:
    """A line per letter, all of the same nanosecond."""
    return [(second, word) for word in words]


def texts(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text.decode() for piece in pieces)


def seen(*lines: tuple[float, str]) -> Anchor:
    anchor = Anchor()
    anchor.add(log(*lines))
    return anchor


def replay(anchor: Anchor, *lines: tuple[float, str], decide: bool = False) -> tuple[str, Replay]:
    """What is new of a connection, each line of which comes on its own; the anchor has it afterwards."""
    made = Replay(anchor, anchor.since())
    new = [piece for one in log(*lines) for piece in made.feed([one])]
    if decide and made.undecided:
        new += made.decide()
    anchor.add(new)
    return texts(new), made


A, B, C, D = (0.1, "a"), (0.5, "b"), (1.2, "c"), (1.3, "d")


def test_what_was_read_is_left_out_and_what_follows_is_new() -> None:
    for lines, new in (((A, B, C), ""), ((A, B, C, D), "d")):
        found, made = replay(seen(A, B, C), *lines)
        assert (found, made.done, made.lost, made.boundary) == (new, True, False, None)
        whole = Replay(seen(A, B, C), START).feed(log(*lines))
        assert texts(whole) == new, "also when all comes at once"


def test_as_many_equal_lines_as_were_read_are_left_out() -> None:
    for times in range(1, 4):
        found, made = replay(seen(*at(1, "x" * times)), *at(1, "xxxxx"))
        assert found == "x" * (5 - times)
        assert made.boundary is None


@pytest.mark.parametrize(
    ("known", "left", "new"),
    [("xxx", "x", ""), ("xxx", "xx", ""), ("xyxy", "xy", ""), ("xyxy", "y", ""), ("xyxyx", "xyx", ""),
     ("xxx", "xz", "z"), ("xxx", "xxz", "z"), ("xyxy", "xyz", "z"), ("xyxy", "xyxz", "xz"), ("xyxy", "xyxy", ""),
     ("xxyxx", "xxz", "z"), ("abc", "cz", "z")],
)  # fmt: skip
def test_a_log_that_begins_in_the_middle_of_what_was_read_was_rotated_there(
    known: str, left: str, new: str
) -> None:
    """Of several places where it may begin it is the last one that leaves nothing read out."""
    found, made = replay(seen((0.2, "-"), *at(1, known)), *at(1, left), decide=True)
    assert found == new
    if new:
        assert made.boundary is not None
        assert made.boundary[1] == ns(1)


def test_the_boundary_lies_between_the_last_line_of_the_old_file_and_the_first_of_the_new() -> None:
    anchor = seen(A, B, C)
    found, made = replay(anchor, C, D)
    assert (found, made.boundary) == ("d", (ns(0.5), ns(1.2)))
    found, made = replay(anchor, C, D, (1.4, "e"))
    assert (found, made.boundary) == ("e", None), "what is gone from the log is not looked for any more"


def test_the_rest_of_a_line_that_was_broken_in_two_is_no_new_line() -> None:
    found, made = replay(seen(A, B, C), (0.05, "rest"), A, B, C, D)
    assert (found, made.lost) == ("d", False)
    assert made.boundary == (None, ns(0.1)), "a line is broken only by a rotation"
    found, made = replay(seen(A, B, C), (-1, "rest without a time"), A, B, C, D)
    assert (found, made.boundary) == ("d", None)
    found, made = replay(seen(A, B, C), A, (-1, "rest"), B, C, D)
    assert found == "d"


def test_nothing_of_what_was_read_is_left() -> None:
    anchor = seen(A, B, C)
    found, made = replay(anchor, (-1, "-"), (1.5, "x"), (1.6, "y"), (1.7, "z"))
    assert (found, made.lost) == ("-xyz", True)
    found, made = replay(anchor, (1.5, "x"), (1.6, "y"), (1.7, "z"), (1.8, "!"))
    assert (found, made.lost, made.boundary) == ("!", False, None), "a loss is told once"


def test_one_strange_line_alone_is_held_back_until_nothing_more_comes() -> None:
    anchor = seen(A, B, C)
    made = Replay(anchor, anchor.since())
    assert not made.undecided
    assert (made.feed(log((1.5, "x"))), made.undecided, made.lost) == ([], True, False)
    assert texts(made.decide()) == "x"
    assert (made.done, made.lost, made.undecided) == (True, True, False)


def test_a_likely_beginning_that_is_not_ruled_out_holds_back_what_follows() -> None:
    anchor = seen(*at(1, "xyxy"))
    made = Replay(anchor, anchor.since())
    assert (made.feed(log(*at(1, "xy"))), made.undecided) == ([], False)
    assert (made.feed(log((1, "x"))), made.undecided) == ([], True)
    assert texts(made.decide()) == "x"
    assert not made.lost


def test_an_order_that_was_never_seen_gives_all_that_follows_and_says_so() -> None:
    found, made = replay(seen(A, B, C), A, B, D)
    assert (found, made.lost) == ("d", True)
    anchor = seen(A, B, C)
    found, made = replay(anchor, A, C, D)
    assert (found, made.lost) == ("cd", True)
    found, made = replay(anchor, A, C, D, (1.4, "e"))
    assert (found, made.lost, made.boundary) == ("e", False, None), "what was left of it is the new order"


# Where not all before the last lines was read: after `--tail`, or when the node's clock was set back


def tail(*lines: tuple[float, str]) -> Anchor:
    anchor = seen(*lines)
    anchor.complete_from = ns(lines[0][0]) + NS
    return anchor


def test_lines_before_the_tail_are_not_new() -> None:
    found, made = replay(tail(C, D), A, B, (1.2, "-"), C, D, (1.4, "e"))
    assert (found, made.lost, made.boundary) == ("e", False, None)


def test_a_line_like_the_first_of_the_tail_may_stand_before_it() -> None:
    for before in ("x", "xx", "xyx", "xy", "xyxx"):
        found, made = replay(tail(*at(1, "xyz")), *at(1, before), *at(1, "xyz"), (1.5, "!"))
        assert (found, made.lost, made.boundary) == ("!", False, None), before
    found, made = replay(tail(*at(1, "xyx")), (0.9, "-"), *at(1, "xyx"), (1.5, "!"))
    assert (found, made.lost) == ("!", False)
    found, made = replay(tail(*at(1, "xxy")), *at(1, "xxx"), *at(1, "xxy"), (1.5, "!"))
    assert (found, made.lost) == ("!", False)


def test_a_tail_that_is_gone_is_a_loss_as_soon_as_that_is_sure() -> None:
    anchor = tail(C, D)
    made = Replay(anchor, anchor.since())
    assert (made.feed(log(A, B)), made.undecided) == ([], False)
    assert (made.feed(log((1.5, "x"))), made.undecided) == ([], True)
    assert texts(made.feed(log((9.0, "y")))) == "xy", "what is older than the tail is not new"
    assert made.lost
    assert anchor.complete_from is None, "from here on all is read"


def test_when_too_much_would_have_to_be_held_it_is_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "HELD_LIMIT", 3)
    found, made = replay(tail(C, D), *at(1.5, "wxyz"))
    assert (found, made.lost) == ("wxyz", True)


def test_after_the_tail_s_own_time_the_replay_is_whole_again() -> None:
    anchor = tail(C, D)
    anchor.add(log((5.0, "e"), (5.5, "f")))
    found, made = replay(anchor, (5.5, "f"), (5.6, "g"))
    assert (found, made.boundary) == ("g", (ns(5.0), ns(5.5)))


def test_a_clock_that_was_set_back_is_followed() -> None:
    anchor = seen((59.0, "a"), (60.5, "b"), (9.2, "c"))
    assert anchor.since() == START + 8
    found, made = replay(anchor, (40.0, "-"), (59.0, "a"), (60.5, "b"), (9.2, "c"), (9.3, "d"))
    assert (found, made.lost, made.boundary) == ("d", False, None), (
        "of the time that comes again not all is known"
    )
    anchor = seen((60.5, "b"), (58.9, "c"))
    assert anchor.since() == START + 59, "two streams of a container may differ by a second"


# What is remembered


def test_the_next_connection_begins_a_second_before_the_last_line() -> None:
    anchor = Anchor()
    assert anchor.since() is None
    for seconds in (3.5, 7.9, 7.2):
        anchor.add(log((seconds, "x")))
    assert anchor.since() == START + 6


def test_of_a_fast_writer_it_begins_a_tenth_of_a_second_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "FAST_LINES", 5)
    anchor = seen(*at(7.2, "xxxx"))
    assert anchor.since() == START + 6
    anchor.add(log((7.2, "x")))
    assert anchor.since() == START + 7
    anchor.add(log((8.05, "x")))
    assert anchor.since() == START + 7


def test_only_what_a_replay_can_give_is_kept_and_what_a_gap_may_need() -> None:
    def kept(keep_from: int | None) -> list[int]:
        anchor = Anchor()
        anchor.keep_from = keep_from
        for second in range(100):
            anchor.add(log((second, "x"), (second + 0.5, "y")))
        times, keys = anchor.keys_since(START)
        assert len(times) == len(keys)
        return [(time - START * NS) * 2 // NS for time in times]

    assert kept(None) == [196, 197, 198, 199]
    assert kept(ns(90)) == list(range(180, 200))
    assert kept(0) == list(range(200))


def test_what_a_gap_may_need_is_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "KEPT_LIMIT", 50)
    anchor = Anchor()
    for second in range(100):
        anchor.add(log((second, "x"), (second + 0.5, "y")))
    assert len(anchor.keys_since(START)[0]) <= 50


def test_what_stands_around_a_moment() -> None:
    anchor = seen(A, B, C)
    assert anchor.around(ns(0.5)) == (ns(0.1), ns(0.5))
    assert anchor.around(ns(0.6)) == (ns(0.5), ns(1.2))
    assert anchor.around(ns(0.1)) == (None, ns(0.1)), "what was before it is not known"
    assert anchor.around(ns(9)) == (ns(1.2), ns(9)), "nothing was read after it"
