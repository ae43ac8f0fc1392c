"""What comes in place of a log, of a kubelet or of a gateway between, is no output."""

from __future__ import annotations

import random
from typing import Any

from kbatch_core.errors import KbatchError
from tests.logs.kubelet import LOST, REFUSED, FakeStream, Node
from tests.logs.reading import at, finish, gaps, output, read, write


def test_a_message_in_place_of_a_log_is_no_output() -> None:
    node = Node()
    write(node, "one")
    node.cut = lambda size: (
        "unable to retrieve container logs for containerd://1" if node.clock() < 5 else None
    )
    at(node, (20, lambda: finish(node)))
    events = read(node, follow=True)
    assert output(events) == b"one\n"


def test_a_page_of_a_gateway_in_place_of_a_log_is_no_output() -> None:
    class Whole(random.Random):
        """Nothing of the log comes before it."""

        def randrange(self, *args: int) -> int:  # type: ignore[override]
            return 0

    page = "<html>\n<h1>Bad gateway</h1>\n</html>\n"
    for seconds in (0, 4):
        node = Node(Whole(1))
        write(node, "one")
        node.cut = lambda size, node=node, seconds=seconds: (  # type: ignore[misc]
            page if seconds <= node.clock() < seconds + 5 else None
        )
        at(node, (6, lambda node=node: write(node, "two")), (20, lambda node=node: finish(node)))  # type: ignore[misc]
        events = read(node, follow=True)
        assert output(events) == b"one\ntwo\n"
        assert gaps(events) == []


def test_lines_that_the_node_rotated_away_during_a_cut_leave_a_gap_also_when_its_head_may_not_be_asked_for() -> (
    None
):
    node = Node()
    write(node, "one")
    cut: list[KbatchError] = [LOST]
    node.cut = lambda size: cut.pop() if node.clock() >= 10 and cut else None
    open_stream = node.open_stream

    def without_heads(path: str, **more: Any) -> FakeStream:
        if more["query"].get("limitBytes"):
            raise REFUSED
        if cut or node.clock() >= 20:
            return open_stream(path, **more)
        raise REFUSED

    def rotate() -> None:
        write(node, "never read")
        node.container.rotate(node.ns())
        write(node, "two", "three")

    node.open_stream = without_heads  # type: ignore[method-assign]
    at(node, (10, lambda: write(node, "cut here")), (15, rotate), (40, lambda: finish(node)))
    events = read(node, follow=True)
    assert output(events).endswith(b"two\nthree\n")
    assert b"never read" not in output(events)
    (missing,) = gaps(events)
    assert missing.why == "the node rotated the log"
