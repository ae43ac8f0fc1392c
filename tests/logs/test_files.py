"""The output file in home: read as it grows, is cut, is replaced or comes late; and when it is read at all."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kbatch_core.errors import BadOption, NotFound
from kbatch_core.history import History, Past
from kbatch_core.logs import Batch, End, Gap, Line, LogEvent, LogReader, LogRequest, Partial, Reading
from kbatch_core.logs.homefile import Changes, HomeFile, tail_start
from kbatch_core.logs.podlog import Stopper
from kbatch_core.model.objects import Job
from kbatch_core.runner.words import file_word
from tests.logs.kubelet import REFUSED, Node
from tests.logs.reading import gaps, job_of, output

RECORD = {"id": "abcdefgh", "exit": 0, "start": 1, "end": 2, "restart": 0}


def flat(batches: Iterable[Batch]) -> list[LogEvent]:
    return [event for batch in batches for event in batch]


# The file itself


def test_a_file_is_read_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "x.out"
    with HomeFile(path) as file:
        assert flat(file.read()) == []
        path.write_bytes(b"one\ntw")
        assert flat(file.read()) == [Line(b"one"), Partial(b"tw")]
        assert flat(file.read()) == []
        with path.open("ab") as grown:
            grown.write(b"o\n\nthree")
        assert flat(file.read()) == [Line(b"two"), Line(b""), Partial(b"three")]
        assert flat(file.rest()) == [Line(b"three", None, False)]


def test_a_file_that_was_cut_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.out"
    path.write_bytes(b"one\ntwo\nunfini")
    with HomeFile(path) as file:
        flat(file.read())
        path.write_bytes(b"new\n")
        assert flat(file.read()) == [
            Line(b"unfini", None, False), Gap(None, None, "the file was cut"), Line(b"new"),
        ]  # fmt: skip


def test_a_file_that_was_replaced_is_first_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x.out"
    path.write_bytes(b"one\n")
    with HomeFile(path) as file:
        flat(file.read())
        with path.open("ab") as old:
            old.write(b"two\n")
        path.rename(tmp_path / "x.out.1")
        path.write_bytes(b"three\n")
        assert flat(file.read()) == [Line(b"two"), Gap(None, None, "the file was replaced"), Line(b"three")]


def test_a_file_that_was_removed_can_be_read_on(tmp_path: Path) -> None:
    path = tmp_path / "x.out"
    path.write_bytes(b"one\n")
    with HomeFile(path) as file, path.open("ab") as writer:
        flat(file.read())
        path.unlink()
        writer.write(b"two\n")
        writer.flush()
        assert flat(file.read()) == [Line(b"two")]


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    path = tmp_path / "x.out"
    before = len([*Path("/proc/self/fd").iterdir()])
    for number in range(20):
        with HomeFile(path) as file:
            for step in range(3):
                path.write_bytes(b"x\n" * (3 - step + number))
                flat(file.read())
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_a_line_without_end_comes_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "x.out"
    path.write_bytes(b"x" * 3_000_000 + b"\nshort\n")
    with HomeFile(path) as file:
        events = flat(file.read())
    assert output(events) == path.read_bytes()
    assert max(len(event.text) for event in events if isinstance(event, Line)) <= 1 << 21


def test_any_writes_come_out_byte_by_byte(tmp_path: Path) -> None:
    for seed in range(100):
        rng = random.Random(seed)
        path = tmp_path / f"{seed}.out"
        events: list[LogEvent] = []
        with HomeFile(path) as file, path.open("ab", buffering=0) as writer:
            for _ in range(rng.randrange(20)):
                writer.write(bytes(rng.choice(b"ab\n\r\x00\xff") for _ in range(rng.randrange(40))))
                if rng.random() < 0.7:
                    events += flat(file.read())
            events += flat(file.read())
            events += flat(file.rest())
        assert output(events) == path.read_bytes(), seed


@pytest.mark.parametrize("block", [1, 3, 1 << 20])
def test_the_last_lines(tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kbatch_core.logs.homefile.BLOCK", block)
    path = tmp_path / "x"
    for text in (b"", b"\n", b"a", b"a\n", b"a\nb", b"a\nb\n", b"\n\n\n", b"a\n\nb\n\nc", b"ab\ncd\nef\n"):
        path.write_bytes(text)
        fd = os.open(path, os.O_RDONLY)
        for count in range(6):
            wanted = b"".join(text.splitlines(keepends=True)[-count:]) if count else b""
            assert text[tail_start(fd, len(text), count) :] == wanted, (text, count)
        os.close(fd)


def test_a_change_is_noticed_at_once_and_stop_too(tmp_path: Path) -> None:
    path = tmp_path / "x.out"
    path.write_bytes(b"")
    stopper = Stopper()
    changes = Changes(path, stopper, stopper.wait)
    changes.wait()  # the watch begins
    threading.Timer(0.05, lambda: path.write_bytes(b"x")).start()
    changes.wait()
    threading.Timer(0.05, stopper.stop).start()
    began = time.monotonic()
    while not stopper.stopped:
        changes.wait()
    assert time.monotonic() - began < 5


def test_without_watches_it_looks_from_time_to_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*args: object, **options: object) -> Iterator[object]:
        yield from ()
        raise OSError("inotify: the limit of instances is reached")

    monkeypatch.setattr("watchfiles.watch", none_left)
    waits: list[float] = []
    changes = Changes(tmp_path / "x.out", Stopper(), waits.append)
    changes.wait()
    changes.wait()
    assert len(waits) == 2


# What is read


def supervisor_words(output: str, *options: str) -> list[str]:
    home = ("-d", "/home/jovyan/.kbatch/abcdefgh")
    return ["/bin/sh", "/kbatch/bin/supervisor", "-o", file_word(output), *home, *options, "--", "sh"]


def home_job(node: Node, home: Path, *options: str) -> Job:
    """The node's job, with the supervisor's options, as the session of `home` sees it."""
    output = "/home/jovyan/work/x-%a.out" if "-i" in options else "/home/jovyan/work/x.out"
    words = supervisor_words(output, *options)
    whole = node.job()
    whole["spec"]["template"]["spec"]["containers"][0]["args"] = words
    if "-i" in options:
        whole["spec"] |= {"completionMode": "Indexed", "completions": 3}
        whole["metadata"]["annotations"] = {"kbatch/array": "3-5"}
    (home / ".kbatch" / "abcdefgh").mkdir(parents=True, exist_ok=True)
    (home / "work").mkdir(exist_ok=True)
    return msgspec.convert(whole, Job)


def home_reader(node: Node, home: Path, job: Job, past: Past | None = None, **request: object) -> LogReader:
    return LogReader(
        node,
        job,
        LogRequest(**request),  # type: ignore[arg-type]
        home=str(home),
        past=past,
        now=lambda: node.now,
        clock=node.clock,
        wait=node.wait,
        random=node.rng.random,
    )


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node()
    made.container.write(made.ns(), b"from the container")
    made.container.exit_code = 0
    made.finished = "Complete"
    yield made


def test_the_file_is_read_where_home_is(node: Node, tmp_path: Path) -> None:
    job = home_job(node, tmp_path)
    (tmp_path / "work" / "x.out").write_bytes(b"from the file\nwithout newline")
    log = home_reader(node, tmp_path, job)
    assert output(log) == b"from the file\nwithout newline"
    assert log.source == f"the file {tmp_path}/work/x.out"
    # Not even the API server is needed for that.
    assert node.requests == []
    assert output(home_reader(node, tmp_path, job, tail=1)) == b"without newline"


@pytest.mark.parametrize("wanted", [{"times": True}, {"since": 1.0}])
def test_times_are_only_in_the_containers_log(node: Node, tmp_path: Path, wanted: dict[str, Any]) -> None:
    job = home_job(node, tmp_path)
    (tmp_path / "work" / "x.out").write_bytes(b"from the file\n")
    assert output(home_reader(node, tmp_path, job, **wanted)) == b"from the container\n"


def test_another_home_is_not_believed(node: Node, tmp_path: Path) -> None:
    job = home_job(node, tmp_path)
    (tmp_path / "work" / "x.out").write_bytes(b"another job's\n")
    (tmp_path / ".kbatch" / "abcdefgh").rmdir()
    assert output(home_reader(node, tmp_path, job)) == b"from the container\n"


def test_a_file_that_is_not_there_or_not_whole_is_not_read(node: Node, tmp_path: Path) -> None:
    job = home_job(node, tmp_path)
    assert output(home_reader(node, tmp_path, job)) == b"from the container\n"
    (tmp_path / "work" / "x.out").write_bytes(b"from the fi")
    record = {**RECORD, "output_error": "No space left on device"}
    (tmp_path / ".kbatch" / "abcdefgh" / "record.json").write_bytes(msgspec.json.encode(record))
    assert output(home_reader(node, tmp_path, job)) == b"from the container\n"


def test_a_file_is_followed_to_the_end_of_the_job(node: Node, tmp_path: Path) -> None:
    job = home_job(node, tmp_path)
    node.finished = ""
    node.container.exit_code = None
    path = tmp_path / "work" / "x.out"
    steps = iter([b"one\n", b"tw", b"o\n", b"no newline"])

    def write(_: float) -> None:
        text = next(steps, None)
        if text is None:
            node.finished = "Complete"
            node.container.exit_code = 0
        else:
            with path.open("ab") as file:
                file.write(text)

    node.on_wait = write
    events = []
    with no_watches():
        for event in home_reader(node, tmp_path, job, follow=True):
            events.append(event)
            node.now += 0.1
    assert output(events) == b"one\ntwo\nno newline"
    assert events[-1] == End("CD", "exit 0", "", 0)
    assert isinstance(next(event for event in events if isinstance(event, Reading)), Reading)


class no_watches:
    """The kernel tells of no changes: time passes by the node's clock."""

    def __enter__(self) -> None:
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(Changes, "_watch", lambda self, path: None)

    def __exit__(self, *exc: object) -> None:
        self._patch.undo()


def test_a_job_that_runs_without_its_file_is_read_from_its_container(node: Node, tmp_path: Path) -> None:
    job = home_job(node, tmp_path)
    node.finished = ""
    node.container.exit_code = None

    def end(_: float) -> None:
        if node.clock() > 60:
            node.container.exit_code, node.finished = 0, "Complete"

    node.on_wait = end
    events = list(home_reader(node, tmp_path, job, follow=True))
    assert output(events) == b"from the container\n"


def test_an_unreachable_api_server_does_not_stop_a_file(node: Node, tmp_path: Path) -> None:
    job = home_job(node, tmp_path)
    (tmp_path / "work" / "x.out").write_bytes(b"one\n")
    node.fail = lambda path: REFUSED if node.clock() < 100 else None
    with no_watches():
        events = list(home_reader(node, tmp_path, job, follow=True))
    assert output(events) == b"one\n"
    assert isinstance(events[-1], End)


def test_a_home_that_ran_full_leaves_a_gap_at_the_end(node: Node, tmp_path: Path) -> None:
    job = home_job(node, tmp_path)
    (tmp_path / "work" / "x.out").write_bytes(b"one\n")
    record = {**RECORD, "output_error": "No space left on device"}
    (tmp_path / ".kbatch" / "abcdefgh" / "record.json").write_bytes(msgspec.json.encode(record))
    with no_watches():
        events = list(home_reader(node, tmp_path, job, follow=True))
    assert [gap.why for gap in gaps(events)] == [
        "the output file could not be written: No space left on device"
    ]


def test_a_task_has_its_own_file(node: Node, tmp_path: Path) -> None:
    job = home_job(node, tmp_path, "-i", "3-5")
    (tmp_path / "work" / "x-4.out").write_bytes(b"task 4\n")
    assert output(home_reader(node, tmp_path, job, task=4)) == b"task 4\n"
    with pytest.raises(BadOption, match="has no task 9"):
        home_reader(node, tmp_path, job, task=9)
    with pytest.raises(BadOption, match="is an array"):
        home_reader(node, tmp_path, job)
    with pytest.raises(BadOption, match="is no array"):
        home_reader(node, tmp_path, home_job(node, tmp_path), task=1)


def test_stderr_has_its_own_file_or_not(node: Node, tmp_path: Path) -> None:
    job = home_job(node, tmp_path, "-e", "/home/jovyan/work/x.err")
    (tmp_path / "work" / "x.err").write_bytes(b"an error\n")
    assert output(home_reader(node, tmp_path, job, stderr=True)) == b"an error\n"
    with pytest.raises(BadOption, match="no file of its own for stderr"):
        home_reader(node, tmp_path, home_job(node, tmp_path), stderr=True)
    (tmp_path / "work" / "x.err").unlink()
    with pytest.raises(NotFound, match="cannot be read here"):
        list(home_reader(node, tmp_path, job, stderr=True))


def test_a_name_with_the_node_waits_for_the_node(node: Node, tmp_path: Path) -> None:
    whole = node.job()
    words = supervisor_words("/home/jovyan/%N.out")
    whole["spec"]["template"]["spec"]["containers"][0]["args"] = words
    (tmp_path / ".kbatch" / "abcdefgh").mkdir(parents=True)
    (tmp_path / "node1.out").write_bytes(b"by node\n")
    job = msgspec.convert(whole, Job)
    with no_watches():
        assert output(home_reader(node, tmp_path, job, follow=True)) == b"by node\n"


def test_a_job_of_the_history_is_read_from_its_file(node: Node, tmp_path: Path) -> None:
    job = home_job(node, tmp_path)
    (tmp_path / ".kbatch" / "abcdefgh" / "starts").write_bytes(b"1\n")
    past = History(tmp_path).read("abcdefgh")
    assert past is not None
    past = msgspec.structs.replace(past, job=job)
    with pytest.raises(NotFound, match="cannot be read here"):
        list(home_reader(node, tmp_path, job, past=past))
    (tmp_path / "work" / "x.out").write_bytes(b"long ago\n")
    assert output(home_reader(node, tmp_path, job, past=past)) == b"long ago\n"
    assert output(home_reader(node, tmp_path, job, past=past, follow=True)) == b"long ago\n"
    with pytest.raises(NotFound, match="tells no times"):
        list(home_reader(node, tmp_path, job, past=past, times=True))
    bare = msgspec.structs.replace(past, job=job_of(node))
    with pytest.raises(NotFound, match="not known to have an output file"):
        list(home_reader(node, tmp_path, job_of(node), past=bare))
