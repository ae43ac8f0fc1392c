"""What comes in place of a log, of a kubelet or of a gateway between, is no output."""

from __future__ import annotations

import random

from tests.logs.kubelet import Node
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
