"""Reading goes on where it stopped, wherever that was: against a kubelet in memory, with random faults."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from kbatch_core.errors import KbatchError
from kbatch_core.logs import End, connection
from kbatch_core.logs.events import NS
from tests.logs.kubelet import LOST, REFUSED, Entry, Node
from tests.logs.reading import check_covered, gaps, output, read

SEEDS = 60
# The size at which the node rotates, and after which a reader looks for that: both small, so that little is written.
SMALL = 1000


class Writer:
    """Writes numbered lines while time passes, rotates the log, and ends. Everything by a seed."""

    def __init__(self, node: Node, rng: random.Random, *, rotate: bool) -> None:
        self.node = node
        self.rng = rng
        self.rotate = rotate
        self.number = 0
        self.rate = rng.choice((1, 10, 60))
        self.lines = min(500, int(self.rate * rng.uniform(1, 30)))
        self.rotated_at = node.now
        self.tick = node.ns()
        self.ended_at: float | None = None

    def __call__(self, seconds: float) -> None:
        node, container = self.node, self.node.container
        if container.exit_code is None:
            count = min(
                int(self.rng.random() * (2 * self.rate * min(seconds, 2.0) + 1)), self.lines - self.number
            )
            for at in range(count):
                if at == count // 2 and self.rotate:
                    self._rotate()
                self._line()
            if self.number >= self.lines:
                if self.rng.random() < 0.5:
                    container.write(node.ns(), b"%08d and no newline" % self.number, newline=False)
                container.exit_code = 0
                self.ended_at = node.now
        elif self.ended_at is not None and node.now > self.ended_at + 2:
            node.finished = "Complete"

    def _line(self) -> None:
        ns = max(self.node.ns(), self.tick)
        # Many lines have the same time; two streams step back against each other.
        self.tick = ns + self.rng.choice((0, 0, 1, 1000))
        ns -= self.rng.choice((0, 0, 0, 50_000))
        filler = b"x" * self.rng.choice((*[10] * 20, *[100] * 20, 20_000))
        self.node.container.write(ns, b"%08d %s" % (self.number, filler))
        if self.rng.random() < 0.2:
            for _ in range(self.rng.randrange(3)):
                self.node.container.write(ns, b"the same")
        self.number += 1

    def _rotate(self) -> None:
        if self.node.now - self.rotated_at >= 3 and self.node.container.file.size() >= SMALL:
            self.rotated_at = self.node.now
            container = self.node.container
            # The runtime may break a line in two when it goes over to the new file.
            broken = self.rng.random() < 0.5
            if broken:
                self.tick = max(self.node.ns(), self.tick) + 1
                container.write(self.tick, b"%08d begins here" % self.number, newline=False)
                self.number += 1
            container.rotate(self.node.ns())
            if broken:
                self.tick += 1
                container.write(self.tick, b"and ends here")


def world(seed: int, *, rotate: bool) -> Node:
    """A node where anything may go wrong."""
    rng = random.Random(seed)
    node = Node(rng)
    node.chunk = rng.choice((100, 4096, 1 << 20))
    mean = rng.choice((1e12, 4e6, 4e5))
    outages = 0.1 if mean < 1e12 else 0.0
    node.drains = rng.random() < 0.5
    node.deaf = rng.random() < 0.1

    def cut(size: int) -> KbatchError | str | None:
        if rng.random() >= size / mean:
            return None
        faults: list[KbatchError | str] = [*[LOST] * 10, "", "failed to read log file: context canceled"]
        return rng.choice(faults)

    def fail(path: str) -> KbatchError | None:
        return REFUSED if rng.random() < outages else None

    node.cut, node.fail = cut, fail
    node.on_wait = Writer(node, rng, rotate=rotate)
    return node


@pytest.mark.parametrize("block", range(4))
def test_without_rotation_every_byte_comes_once(block: int) -> None:
    for seed in range(block * SEEDS, block * SEEDS + SEEDS):
        node = world(seed, rotate=False)
        events = read(node, follow=True)
        assert output(events) == node.container.output(), seed
        assert gaps(events) == [], seed
        assert isinstance(events[-1], End), seed


@pytest.mark.parametrize("block", range(4))
def test_with_rotation_what_is_missing_is_declared(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MUCH", SMALL)
    rotations = 0
    for seed in range(block * SEEDS, block * SEEDS + SEEDS):
        node = world(seed, rotate=True)
        events = read(node, follow=True)
        try:
            check_covered(events, node.container)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        rotations += len(node.container.rotations)
        assert len(gaps(events)) <= 2 * len(node.container.rotations) + 1, seed
    assert rotations > SEEDS / 2


@pytest.mark.parametrize("tail", [0, 1, 10, 100])
def test_a_tail_goes_on_without_a_loss(tail: int) -> None:
    for seed in range(tail, tail + SEEDS):
        node = world(seed, rotate=False)
        node.on_wait(3.0)  # something is there already
        before = len(node.container.written)
        events = read(node, follow=True, tail=tail)
        came = output(events)
        assert gaps(events) == [], seed
        assert node.container.output().endswith(came), seed
        # Nothing that was written since is left out; of what was there before, no more than asked for.
        since = b"".join(entry.shown() for entry in node.container.written[max(before - tail, 0) :])
        if tail:
            assert len(came) >= min(len(since), len(came)), seed


@pytest.mark.parametrize("seconds", [1, 5])
def test_since_begins_at_the_second_and_goes_on_without_a_loss(seconds: int) -> None:
    for seed in range(SEEDS):
        node = world(seed, rotate=False)
        node.on_wait(seconds * 2.0)
        node.now += 2 * seconds
        start = int(node.now) - seconds
        events = read(node, follow=True, since=float(start))
        wanted = b"".join(e.shown() for e in whole_lines(node.container.written) if e.ns >= start * NS)
        assert output(events) == wanted, seed


def whole_lines(entries: Sequence[Entry]) -> list[Entry]:
    """The entries with the parts of a line put together, at the time of its first."""
    lines: list[Entry] = []
    open_line = False
    for entry in entries:
        if open_line:
            lines[-1] = Entry(lines[-1].ns, lines[-1].text + entry.text, entry.whole)
        else:
            lines.append(entry)
        open_line = not entry.whole
    return lines
