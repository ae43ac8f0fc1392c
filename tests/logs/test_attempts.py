"""What a reader does when a container ends, begins again, or cannot be read."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from kbatch_core.cluster.settings import Settings
from kbatch_core.cluster.transport import Transport
from kbatch_core.errors import AuthExpired, ConnectionFailed, KbatchError, NotFound, PermissionDenied, Refused
from kbatch_core.logs import End, Gap, Line, LogEvent, LogReader, LogRequest, Reading, Restart, Waiting
from tests.logs.kubelet import LOST, REFUSED, START, Container, Node
from tests.logs.reading import at, finish, gaps, job_of, output, read, reader, write


def said(events: list[LogEvent]) -> list[str]:
    return [event.why for event in events if isinstance(event, Waiting)]


# Before it runs


def test_a_job_that_waits_is_waited_for_and_says_why() -> None:
    node = Node()
    node.started.clear()

    def start() -> None:
        node.started.add("pod-1")
        write(node, "hello")

    at(node, (30, start), (40, lambda: finish(node)))
    events = read(node, follow=True)
    assert output(events) == b"hello\n"
    assert said(events)[0].startswith("Job abcdefgh CF")
    assert said(events)[1] == ""
    assert events[-1] == End("CD", "exit 0", "", 0)


def test_without_follow_a_job_that_waits_is_an_error_that_says_what_to_do() -> None:
    node = Node()
    node.started.clear()
    with pytest.raises(NotFound, match=r"no output yet \(CF: .*kqueue logs -f abcdefgh"):
        read(node)


def test_events_that_may_not_be_read_cost_a_reason_and_no_more() -> None:
    node = Node()
    node.started.clear()
    denied = PermissionDenied("You may not list events.", status=403)
    node.fail = lambda path: denied if path.endswith("/events") else None
    at(node, (30, lambda: node.started.add("pod-1")), (40, lambda: finish(node)))
    assert isinstance(read(node, follow=True)[-1], End)


def test_a_job_that_ends_without_a_pod() -> None:
    node = Node()
    node.gone.add("pod-1")
    node.finished = "Failed"
    events = read(node, follow=True)
    assert isinstance(events[-1], End)
    assert events[-1].state == "F"
    with pytest.raises(NotFound, match="its pod was deleted"):
        read(node)


def test_a_job_that_was_deleted_meanwhile() -> None:
    node = Node()
    write(node, "one")

    def delete() -> None:
        node.gone.add("pod-1")
        node.finished = "Deleted"
        node.container.exit_code = 137

    at(node, (5, delete))
    events = read(node, follow=True)
    assert output(events) == b"one\n"
    assert events[-1] == End("", "The job was deleted.")
    with pytest.raises(NotFound, match="was deleted, and its log"):
        read(node)


# One after the other


def two_attempts() -> Node:
    node = Node()
    write(node, "first")
    node.container.exit_code = 143
    node.now += 10
    node.containers["pod-2"] = [Container()]
    node.started.add("pod-2")
    write(node, "second")
    return node


def test_attempts_follow_each_other() -> None:
    node = two_attempts()
    finish(node)
    wanted: list[object] = [b"first", Restart(1, "pod-2"), b"second"]
    events = read(node)
    assert [e.text if isinstance(e, Line) else e for e in events if isinstance(e, (Line, Restart))] == wanted
    assert read(node, follow=True)[-1] == End("CD", "exit 0", "", 0)
    assert output(read(node, tail=5)) == b"second\n"
    assert output(read(node, previous=True)) == b"first\n"


def test_a_pod_that_only_its_labels_join_to_the_job_is_no_attempt_of_it() -> None:
    node = two_attempts()
    node.strange.add("pod-2")
    finish(node)
    assert output(read(node)) == b"first\n"


def test_the_next_attempt_is_waited_for() -> None:
    node = Node()
    write(node, "first")

    def restart() -> None:
        node.containers["pod-2"] = [Container()]
        node.started.add("pod-2")
        write(node, "second")

    at(
        node,
        (5, lambda: setattr(node.container, "exit_code", 143)),
        (20, restart),
        (30, lambda: finish(node)),
    )
    events = read(node, follow=True)
    assert output(events) == b"first\nsecond\n"
    assert [event.number for event in events if isinstance(event, Restart)] == [1]
    assert gaps(events) == []


def test_there_may_be_no_attempt_before() -> None:
    node = Node()
    write(node, "only")
    with pytest.raises(NotFound, match="no earlier attempt"):
        read(node, previous=True)


def test_a_container_that_is_started_again_in_its_pod() -> None:
    node = Node()
    write(node, "first")

    def again() -> None:
        write(node, "last words")
        node.container.exit_code = 1
        node.containers["pod-1"].append(Container())
        write(node, "second")

    at(node, (5, again), (20, lambda: finish(node)))
    events = read(node, follow=True)
    assert output(events) == b"first\nlast words\nsecond\n"
    assert gaps(events) == []
    assert output(read(node, previous=True)) == b"first\nlast words\n"


def test_a_container_that_was_started_again_twice_leaves_a_gap() -> None:
    node = Node()
    write(node, "first")

    def twice() -> None:
        node.container.exit_code = 1
        node.containers["pod-1"] += [Container(), Container()]
        write(node, "third")

    at(node, (5, twice), (20, lambda: finish(node)))
    events = read(node, follow=True)
    assert output(events) == b"first\nthird\n"
    assert [gap.why for gap in gaps(events)] == ["the container was started again more than once"]


# What goes wrong


def test_silence_is_no_error_and_asks_seldom() -> None:
    node = Node()
    write(node, "one")
    at(node, (3600, lambda: (write(node, "two"), finish(node))[0]))  # type: ignore[func-returns-value]
    events = read(node, follow=True)
    assert output(events) == b"one\ntwo\n"
    assert (said(events), gaps(events)) == ([], [])
    # A quiet hour: a connection each 90 s, with the look at its head and at the pod.
    assert len(node.requests) < 3 * 3600 / 90 + 30


def test_a_kubelet_that_missed_a_rotation_is_noticed() -> None:
    node = Node()
    node.deaf = True
    for number in range(1000):
        node.container.write(node.ns() + number, b"x" * 100)

    def rotate() -> None:
        node.container.rotate(node.ns())
        write(node, "in the new file")

    at(node, (3, rotate), (60, lambda: finish(node)))
    events = read(node, follow=True)
    assert output(events).endswith(b"in the new file\n")
    assert len(gaps(events)) == 1


def test_after_much_output_a_silence_is_not_believed_for_long() -> None:
    """A kubelet that missed a rotation would else be listened to until the next one has taken the lines."""
    node = Node()
    node.deaf = True
    for number in range(1000):
        node.container.write(node.ns() + number, b"x" * 100)

    def rotate(text: str) -> None:
        node.container.rotate(node.ns())
        write(node, text)

    at(node, (15, lambda: rotate("two")), (45, lambda: rotate("three")), (70, lambda: finish(node)))
    events = read(node, follow=True)
    assert output(events).endswith(b"x\ntwo\nthree\n")


def test_errors_are_said_and_tried_again() -> None:
    node = Node()
    write(node, "one")
    node.fail = lambda path: REFUSED if node.clock() < 100 else None
    at(node, (150, lambda: finish(node)))
    events = read(node, follow=True)
    assert said(events)[0] == "The API server refuses connections. Trying again."
    assert output(events) == b"one\n"


def test_a_pod_that_is_gone_after_a_cut_leaves_a_gap() -> None:
    node = Node()
    write(node, "one")
    cuts = [LOST, LOST]
    node.cut = lambda size: cuts.pop() if node.clock() > 5 and cuts else None

    def lose() -> None:
        write(node, "never read")
        node.gone.add("pod-1")
        node.finished = "Failed"

    at(node, (6, lose))
    events = read(node, follow=True)
    assert [(gap.until, gap.why) for gap in gaps(events)] == [(None, "the pod was deleted")]


def test_a_log_that_cannot_be_read_to_its_end_says_so() -> None:
    node = Node()
    write(node, "one")
    finish(node)
    node.fail = lambda path: Refused("The log is gone.", status=400) if path.endswith("/log") else None
    events = read(node, follow=True)
    assert [gap.why for gap in gaps(events)] == ["the log cannot be read to its end: The log is gone."]


@pytest.mark.parametrize("error", [PermissionDenied("You may not.", status=403), AuthExpired("Who are you?")])
@pytest.mark.parametrize("part", ["/log", "/pods", "/jobs/"])
@pytest.mark.parametrize("follow", [True, False])
def test_what_waiting_does_not_cure_is_raised(error: KbatchError, part: str, follow: bool) -> None:
    node = Node()
    write(node, "one")
    node.fail = lambda path: error if part in path else None
    with pytest.raises(type(error)):
        read(node, follow=follow)


@pytest.mark.parametrize("error", [PermissionDenied, AuthExpired])
@pytest.mark.parametrize("part", ["/log", "/pods", "/jobs/", ""])
def test_what_was_allowed_before_is_forbidden_only_when_that_lasts(
    error: type[KbatchError], part: str
) -> None:
    """An API server that has just started refuses everybody."""

    def refuse(node: Node, until: float) -> None:
        node.cut = lambda size: LOST if 10 <= node.clock() < 12 else None
        node.fail = lambda path: error("No.") if part in path and 10 <= node.clock() < until else None

    node = Node()
    write(node, "one")
    refuse(node, 25.0)
    at(node, (10, lambda: write(node, "two")), (40, lambda: write(node, "three")), (50, lambda: finish(node)))
    events = read(node, follow=True)
    assert output(events) == b"one\ntwo\nthree\n"
    assert gaps(events) == []

    node = Node()
    write(node, "one")
    refuse(node, float("inf"))
    at(node, (10, lambda: write(node, "two")), (70, lambda: finish(node)))
    with pytest.raises(error):
        read(node, follow=True)
    assert node.clock() >= 40


def test_without_follow_it_gives_up_after_a_while() -> None:
    node = Node()
    write(node, "one")
    node.fail = lambda path: ConnectionFailed("Away.") if path.endswith("/log") else None
    with pytest.raises(ConnectionFailed):
        read(node)
    assert node.clock() < 120


def test_an_unfinished_line_is_given_as_far_as_it_is() -> None:
    node = Node()
    node.container.write(node.ns(), b"no newline", newline=False)
    events = read(node)
    assert next(event for event in events if isinstance(event, Line)).ends_with_newline is False
    assert output(events) == b"no newline"


def test_the_first_event_says_what_is_read() -> None:
    node = Node()
    write(node, "one")
    log = reader(node, LogRequest())
    events = list(log)
    assert isinstance(events[0], Reading)
    assert log.source.startswith("the container's log")


# The beginning


@pytest.mark.parametrize(("late", "lines", "missing"), [(600, 3000, True), (600, 3, False), (0, 3000, False)])
def test_a_log_that_begins_late_and_grows_fast_may_have_lost_its_beginning(
    late: int, lines: int, missing: bool
) -> None:
    node = Node()
    node.now += late
    for number in range(lines):
        node.container.write(node.ns() + number * 1000, b"x" * 100)
    finish(node)
    found = gaps(read(node))
    assert bool(found) == missing
    if missing:
        assert (found[0].since, found[0].until) == (float(START), float(START + late))


# Stop


class SilentServer:
    """Accepts connections and never answers, or answers a little and then no more."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked = threading.Event()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            client.recv(65536)
            client.sendall(self._answer)
            self.asked.set()

    def close(self) -> None:
        self._listener.close()
        for client in self._open:
            client.close()


@pytest.mark.parametrize(
    "answer", [b"", b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n']
)
def test_stop_ends_a_reader_that_waits_for_an_answer(answer: bytes) -> None:
    server = SilentServer(answer)
    transport = Transport(Settings(server=server.url, namespace="ns"))
    log = LogReader(transport, job_of(Node()), LogRequest(follow=True))
    events: list[LogEvent] = []
    thread = threading.Thread(target=lambda: events.extend(log), daemon=True)
    thread.start()
    assert server.asked.wait(10)
    began = time.monotonic()
    log.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - began < 5
    assert not any(isinstance(event, (Line, Gap)) for event in events)
    transport.close()
    server.close()


def test_stop_ends_a_reader_that_waits_for_its_turn() -> None:
    node = Node()
    node.started.clear()
    log = reader(node, LogRequest(follow=True))
    node.on_wait = lambda seconds: log.stop() if node.clock() > 60 else None
    assert not any(isinstance(event, End) for event in log)
