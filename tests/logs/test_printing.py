"""What a pipe and a terminal get of a log, and several logs at once."""

from __future__ import annotations

import fcntl
import io
import os
import random
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption, KbatchError, NotFound
from kbatch_core.logs import (
    Batch,
    End,
    Gap,
    Line,
    LogEvent,
    LogReader,
    LogRequest,
    Partial,
    Reading,
    Restart,
    Waiting,
)
from kbatch_core.model.moments import parse_moment
from kbatch_core.model.safetext import last_state, safe_line
from kqueue_tui.cli.logprint import LogPrinter
from kqueue_tui.cli.logs import MOST, print_logs
from kqueue_tui.cli.merge import merged
from kqueue_tui.cli.table import cell_width
from tests.logs.kubelet import Node
from tests.logs.reading import reader

# A line for a terminal

COLOURS = re.compile(r"\x1b\[[0-9;:]*m")


@given(st.text(alphabet=st.sampled_from("a\x1b[]0;m31HJ\x07\r\n\t\x08\x00\x9b\x9d\u202e中\ud800 \\P")))
def test_whatever_comes_only_colours_and_text_are_left(text: str) -> None:
    for colours in (True, False):
        left = safe_line(text, colours=colours)
        bare = COLOURS.sub("", left) if colours else left
        assert all(char.isprintable() or char in "\t\u200c\u200d" for char in bare), left
        assert safe_line(bare, colours=False) == last_state(bare)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_text_without_controls_stays(text: str) -> None:
    if text.isprintable():
        assert safe_line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[1;38;5;208mbold", "\x1b[1;38;5;208mbold\x1b[0m"),
        ("\x1b[38:2::1:2:3mx", "\x1b[38:2::1:2:3mx\x1b[0m"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b\x1b]0;x\x07[2J", "\ufffd[2J"),
        ("10%\r 50%\r100%", "100%"),
        ("100%\r", "100%"),
        ("a\tb", "a\tb"),
        ("a\bb", "a\ufffdb"),
        ("\u202eabc", "\ufffdabc"),
    ],
)
def test_lines_for_a_terminal(text: str, shown: str) -> None:
    assert safe_line(text) == shown


# Printing


class Out(io.BytesIO):
    def __init__(self, tty: bool) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


class Err(io.StringIO):
    def __init__(self, tty: bool) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


EVENTS: Sequence[LogEvent] = [
    Reading("the file /home/ann/x.out"),
    Waiting("Job x PD: waits"),
    Waiting(""),
    Line(b"\x1b[31mone\x1b[0m\x1b[2J\xff", 1_790_000_000_123_456_789),
    Gap(1_790_000_000.0, 1_790_000_001.0, "the node rotated the log"),
    Partial(b"half"),
    Restart(1, "pod-2"),
    Line(b"no newline", None, False),
    End("F", "exit 3", "Look."),
]


def printed(tty: bool, label: str = "", **options: Any) -> tuple[bytes, str]:
    out, err = Out(tty), Err(tty)
    printer = LogPrinter(out=out, err=err, **options)
    printer.batch(EVENTS, label, 0)
    printer.close()
    return out.getvalue(), err.getvalue()


def test_why_one_waits_is_one_line_of_the_terminal_however_long_it_is() -> None:
    reader, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with os.fdopen(reader, "rb"), open(terminal, "w") as err:
        LogPrinter(out=Out(True), err=err).batch([Waiting("Job x PD: " + "名前 " * 100)])
        shown = os.read(reader, 1000).decode()
    assert shown.startswith("Job x PD: 名前")
    assert shown.endswith("…")
    assert cell_width(shown) < 40


def test_a_pipe_gets_the_bytes_and_nothing_else() -> None:
    out, err = printed(False)
    assert out == b"\x1b[31mone\x1b[0m\x1b[2J\xff\nno newline"
    lines = err.splitlines()
    assert [line.partition(" between")[0] for line in lines] == [
        "kqueue: Job x PD: waits", "kqueue: lines may be missing", "kqueue: restart 1: pod pod-2",
        "kqueue: F: exit 3. Look.",
    ]  # fmt: skip


def test_a_pipe_can_have_times_and_the_source() -> None:
    out, err = printed(False, timestamps=True, verbose=True)
    assert out.startswith(b"2026-09-21T14:13:20.123456789Z \x1b[31mone")
    assert out.endswith(b"\nno newline")
    assert err.startswith("kqueue: reading the file /home/ann/x.out\n")


def test_a_terminal_gets_colours_and_text() -> None:
    out, err = printed(True)
    assert out == "\x1b[31mone\x1b[0m\ufffd\nno newline\n".encode()
    assert "kqueue: reading the file" in err
    # The reason why it waits is one line that is written over.
    assert "Job x PD: waits\r\x1b[K" in err
    assert b"\x1b" not in printed(True, colours=False)[0]


def test_several_logs_are_told_apart() -> None:
    out, err = printed(False, "a_1")
    assert out == b"a_1 \x1b[31mone\x1b[0m\x1b[2J\xff\na_1 no newline\n"
    assert all("a_1: " in line for line in err.splitlines())
    assert printed(True, "a_1")[0].startswith(b"\x1b[36ma_1\x1b[0m ")


# Several at once


class Scripted(LogReader):
    """A reader that gives batches, then an error or the end; it waits for `go` first."""

    def __init__(self, batches: Sequence[Batch], error: Exception | None = None) -> None:
        self._given = batches
        self._error = error
        self.go = threading.Event()
        self.stopped = threading.Event()

    def batches(self) -> Iterator[Batch]:
        self.go.wait(10)
        yield from self._given
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        self.stopped.set()
        self.go.set()


def lines(*texts: str) -> list[Batch]:
    return [[Line(text.encode())] for text in texts]


def test_logs_come_as_they_come_and_each_in_its_order() -> None:
    readers = {name: Scripted(lines(*(f"{name}{n}" for n in range(500)))) for name in "abc"}
    for one in readers.values():
        one.go.set()
    seen: dict[str, list[bytes]] = {name: [] for name in readers}
    for label, what in merged(readers):
        assert not isinstance(what, KbatchError)
        seen[label] += [event.text for event in what if isinstance(event, Line)]
    assert seen == {name: [f"{name}{n}".encode() for n in range(500)] for name in readers}


def test_giving_up_ends_all_readers() -> None:
    readers = {"a": Scripted(lines("x")), "b": Scripted([])}
    readers["a"].go.set()
    events = merged(readers)
    assert next(events)[0] == "a"
    events.close()  # type: ignore[attr-defined]
    assert all(one.stopped.is_set() for one in readers.values())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("log ")]


def test_one_that_fails_does_not_end_the_others(capfd: pytest.CaptureFixture[str]) -> None:
    readers: dict[str, LogReader] = {
        "a": Scripted([], NotFound("Job a has no log.")),
        "b": Scripted(lines("from b")),
        "c": Scripted([], ZeroDivisionError("x")),
    }
    for one in readers.values():
        assert isinstance(one, Scripted)
        one.go.set()
    out = Out(False)
    code = print_logs(readers, LogPrinter(out=out, err=Err(False)), follow=True)
    assert code == 1
    assert out.getvalue() == b"b from b\n"
    said = capfd.readouterr().err
    assert "Job a has no log." in said
    assert "ended by a fault of ours" in said


def test_without_follow_they_come_in_their_order() -> None:
    rng = random.Random(3)
    readers: dict[str, LogReader] = {f"t{n}": Scripted(lines(f"line {n}")) for n in range(20)}
    for one in rng.sample(list(readers.values()), 20):
        assert isinstance(one, Scripted)
        one.go.set()
    out = Out(False)
    assert print_logs(readers, LogPrinter(out=out, err=Err(False)), follow=False) == 0
    assert out.getvalue().decode().splitlines() == [f"t{n} line {n}" for n in range(20)]


def test_too_many_to_follow() -> None:
    readers: dict[str, LogReader] = {f"t{n}": Scripted([]) for n in range(MOST + 1)}
    with pytest.raises(BadOption, match="cannot be followed at once"):
        print_logs(readers, LogPrinter(out=Out(False), err=Err(False)), follow=True)


# Moments


@pytest.mark.parametrize(
    ("text", "ago"), [("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86400), ("1d12h", 129_600), ("0s", 0)]
)
def test_how_long_ago(text: str, ago: int) -> None:
    assert parse_moment(text, 1_790_000_000.0) == 1_790_000_000.0 - ago


def test_when(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_790_000_000.0
    assert parse_moment("2026-09-21T14:13:20Z", now) == now
    for text in ("00:00", "23:59:59"):
        moment = parse_moment(text, now)
        assert now - 86400 < moment <= now
    for text in ("", "x", "10", "m", "someday", "25:00", "2026-13-01"):
        with pytest.raises(BadOption, match="is no time"):
            parse_moment(text, now)


# The end by Ctrl-C

INTERRUPTED = """
import sys, threading
from kqueue_tui.cli.logs import print_logs, LogPrinter
from kqueue_tui.cli.run import main
import click
from tests.logs.kubelet import Node
from tests.logs.reading import reader
from kbatch_core.logs import LogRequest
import time
node = Node()
node.container.write(node.ns(), b"a line")
node.on_wait = lambda seconds: time.sleep(0.01)
readers = {name: reader(node, LogRequest(follow=True)) for name in sys.argv[1:]}
command = click.Command("x", callback=lambda: print_logs(readers, LogPrinter(), follow=True))
sys.exit(main(command, "kqueue", []))
"""


@pytest.mark.parametrize("names", [["a"], ["a", "b"]])
def test_ctrl_c_exits_130(names: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *names], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in names:
            assert b"a line" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in errors


def test_a_reader_of_the_node_prints_what_the_container_wrote() -> None:
    node = Node()
    for number in range(100):
        node.container.write(node.ns() + number, b"%08d \xff" % number)
    node.container.exit_code, node.finished = 0, "Complete"
    out = Out(False)
    assert (
        print_logs({"x": reader(node, LogRequest())}, LogPrinter(out=out, err=Err(False)), follow=False) == 0
    )
    assert out.getvalue() == node.container.output()
