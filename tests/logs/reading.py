"""Reading the log of a Node, and what must be true of what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from kbatch_core.logs import Gap, Line, LogEvent, LogReader, LogRequest
from kbatch_core.logs.events import NS
from kbatch_core.model.objects import Job
from tests.logs.kubelet import Container, Node


def job_of(node: Node) -> Job:
    return msgspec.convert(node.job(), Job)


def reader(node: Node, request: LogRequest) -> LogReader:
    """A LogReader for whom time is the node's."""
    return LogReader(
        node,
        job_of(node),
        request,
        now=lambda: node.now,
        clock=node.clock,
        wait=node.wait,
        random=node.rng.random,
    )


def read(node: Node, **request: object) -> list[LogEvent]:
    """All events of one reader."""
    return list(reader(node, LogRequest(**request)))  # type: ignore[arg-type]


def at(node: Node, *acts: tuple[float, Callable[[], None]]) -> None:
    """Do things when so many seconds have passed."""
    left = sorted(acts, key=lambda act: act[0])

    def pass_time(_: float) -> None:
        while left and node.clock() >= left[0][0]:
            left.pop(0)[1]()

    node.on_wait = pass_time


def write(node: Node, *lines: str) -> None:
    for line in lines:
        node.container.write(node.ns(), line.encode())


def finish(node: Node, condition: str = "Complete", code: int = 0) -> None:
    node.container.exit_code = code
    node.finished = condition


def output(events: Iterable[LogEvent]) -> bytes:
    """The bytes that a pipe gets."""
    return b"".join(
        line.text + (b"\n" if line.ends_with_newline else b"") for line in events if isinstance(line, Line)
    )


def gaps(events: Iterable[LogEvent]) -> list[Gap]:
    return [event for event in events if isinstance(event, Gap)]


def check_covered(events: Sequence[LogEvent], container: Container) -> None:
    """Every numbered line is there once and in order, or its time lies in a declared gap."""
    wanted = {int(entry.text.split()[0]): entry.ns for entry in container.written if entry.text[:1].isdigit()}
    seen = [int(event.text.split()[0]) for event in events if isinstance(event, Line) and is_numbered(event)]
    assert len(seen) == len(set(seen)), f"twice: {[n for n in set(seen) if seen.count(n) > 1]}"
    assert seen == sorted(seen)
    declared = gaps(events)
    for number in sorted(wanted.keys() - set(seen)):
        assert any(covers(gap, wanted[number]) for gap in declared), (
            f"line {number} of {wanted[number]} is missing, and no gap says so: {declared}"
        )


def is_numbered(line: Line) -> bool:
    return line.text[:8].isdigit()


def covers(gap: Gap, ns: int) -> bool:
    # The two streams of the writer step back against each other by so much.
    slack = 6e-5
    after = gap.since is None or gap.since - slack <= ns / NS
    return after and (gap.until is None or ns / NS <= gap.until + slack)
