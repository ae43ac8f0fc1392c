"""A container's log: how its keeper writes it, and all the ways to read it, also while it is written."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbatch_core.local.kubelet.keeper import LONGEST, Log
from kbatch_core.local.kubelet.logs import LogFiles, LogOptions, parts, read_log
from kbatch_core.local.state.statuses import BadRequest
from kbatch_core.logs.stamped import StampedLines
from tests.local.running import here


async def read(path: Path, **options: object) -> bytes:
    found = read_log(path, LogOptions(**options), lambda: True)  # type: ignore[arg-type]
    return b"".join([piece async for piece in found])


def write(path: Path, *pieces: bytes, size: int = 1 << 20, files: int = 5, end: bool = True) -> Log:
    log = Log(str(path), size, files)
    for piece in pieces:
        log.write("stdout", piece)
    if end:
        log.end()
    return log


async def test_the_form_is_the_one_of_the_container_runtime(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    log = Log(str(path), 1 << 20, 5)
    log.write("stdout", b"one\ntw")
    log.write("stderr", b"wrong\n")
    log.write("stdout", b"o\nrest")
    log.end()
    lines = [line.split(b" ", 3)[1:] for line in path.read_bytes().splitlines()]
    assert lines == [
        [b"stdout", b"F", b"one"],
        [b"stderr", b"F", b"wrong"],
        [b"stdout", b"F", b"two"],
        [b"stdout", b"P", b"rest"],
    ]
    assert await read(path) == b"one\nwrong\ntwo\nrest"
    times = [line.split(b" ", 1)[0] for line in path.read_bytes().splitlines()]
    assert times == sorted(set(times)), "no two lines have the same time"


async def test_a_long_line_goes_in_parts_and_comes_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    long = b"x" * (2 * LONGEST + 10)
    write(path, long[:100], long[100:] + b"\nnext\n")
    assert await read(path) == long + b"\nnext\n"
    stamped = await read(path, timestamps=True)
    lines = StampedLines()
    pieces = [*lines.feed(stamped)]
    assert [piece.text for piece in pieces] == [long, b"next"], "the time stands once, where the line begins"
    assert await read(path, tail=1) == b"next\n"
    assert await read(path, tail=2) == long + b"\nnext\n", "a line is one, in however many parts"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400), max_size=6), size=st.integers(60, 400)
)
def test_no_byte_is_lost_however_it_comes(tmp_path: Path, data: bytes, cuts: list[int], size: int) -> None:
    for path in parts(tmp_path / "0.log"):
        path.unlink()
    marks = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[first:last] for first, last in itertools.pairwise(marks)]
    write(tmp_path / "0.log", *pieces, size=size, files=10_000)
    assert asyncio.run(read(tmp_path / "0.log")) == data


async def test_parts_are_renamed_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    write(path, *(b"line %d\n" % number for number in range(100)), size=500, files=3)
    assert len(parts(path)) == 3
    lines = (await read(path)).splitlines()
    assert lines == [b"line %d" % number for number in range(100 - len(lines), 100)]
    assert len(lines) > 20
    assert await read(path, tail=30) == b"".join(line + b"\n" for line in lines[-30:]), "over the parts"


async def test_following_over_the_change_of_parts(tmp_path: Path) -> None:
    """A reader that looks seldom misses nothing, even when several parts came between."""
    path = tmp_path / "0.log"
    log = write(path, b"0\n", size=200, files=1000, end=False)
    files = LogFiles(path)
    seen = [entry.text for entry in files.read()]
    for number in range(1, 200):
        log.write("stdout", b"%d\n" % number)
        if number % 37 == 0:
            seen += [entry.text for entry in files.read()]
    log.end()
    seen += [entry.text for entry in files.read()]
    files.close()
    assert seen == [b"%d" % number for number in range(200)]
    assert len(parts(path)) > 5


async def test_what_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    old = b"2026-01-01T00:00:0%d.000000000Z %s F line %d\n"
    path.write_bytes(b"".join(old % (n, b"stderr" if n % 2 else b"stdout", n) for n in range(6)))
    assert await read(path, tail=0) == b""
    assert await read(path, tail=2) == b"line 4\nline 5\n"
    assert await read(path, since=1767225603.0) == b"line 3\nline 4\nline 5\n"
    assert await read(path, stream="stderr", tail=2) == b"line 3\nline 5\n"
    assert await read(path, limit_bytes=10) == b"line 0\nlin"
    assert await read(path, tail=1, timestamps=True) == b"2026-01-01T00:00:05.000000000Z line 5\n"
    assert await read(tmp_path / "none.log") == b""


async def test_what_is_written_while_it_is_followed(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        go = [tmp_path / name for name in "ab"]
        wait = "while [ ! -e {} ]; do sleep 0.05; done; "
        name = cluster.job("talks", f"echo 1; {wait.format(go[0])} echo 2; {wait.format(go[1])} printf 3")
        pod = await cluster.running(name)
        pieces = await cluster.runner.logs(
            "default", pod["metadata"]["name"], options=LogOptions(follow=True, tail=5)
        )
        seen = b""
        async with asyncio.timeout(60):
            async for piece in pieces:
                seen += piece
                if seen.endswith(b"1\n"):
                    go[0].touch()
                elif seen.endswith(b"2\n"):
                    go[1].touch()
        assert seen == b"1\n2\n3"
        assert await cluster.ended(name) == "Complete"
        assert await cluster.log(pod, follow=True) == seen, "following what has ended ends"


async def test_what_has_no_log(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        two = [{"name": name, "image": "none", "command": ["true"]} for name in "ab"]
        name = cluster.job("two", "", pod={"containers": two})
        large = {"name": "main", "command": ["true"], "resources": {"requests": {"cpu": "1000"}}}
        waits = cluster.job("waits", "", pod={"containers": [large]})
        await cluster.ended(name)
        await cluster.until(lambda: cluster.pods(waits))
        (pod,) = cluster.pods(name)
        for options, words in (
            ({}, r"a container name must be specified for pod \S+, choose one of: \[a b\]"),
            ({"container": "c"}, "container c is not valid for pod"),
            ({"container": "a", "previous": True}, 'previous terminated container "a" in pod .* not found'),
        ):
            with pytest.raises(BadRequest, match=words):
                await cluster.log(pod, **options)
        with pytest.raises(BadRequest, match="does not have a host assigned"):
            await cluster.output(waits)
