"""A program in a container's place, over the channels of exec; and the machine's sleep, which fails no job."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kbatch_core.local.kubelet.sleeps import Sleeps
from kbatch_core.local.state.statuses import BadRequest
from tests.local.running import Here, Object, here


class Client:
    """The other end: what it sends comes from `frames`, what it gets is sorted by channel."""

    def __init__(self, *frames: bytes) -> None:
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.got: dict[int, bytes] = {}
        for frame in frames:
            self._frames.put_nowait(frame)

    def send_later(self, frame: bytes | None) -> None:
        self._frames.put_nowait(frame)

    async def receive(self) -> bytes | None:
        return await self._frames.get()

    async def send(self, frame: bytes) -> None:
        self.got[frame[0]] = self.got.get(frame[0], b"") + frame[1:]

    @property
    def status(self) -> Object:
        found: Object = msgspec.json.decode(self.got[3])
        return found


async def run(
    cluster: Here, pod: Object, *command: str, client: Client | None = None, **flags: Any
) -> Client:
    client = client or Client()
    async with asyncio.timeout(60):
        await cluster.runner.exec(
            "default",
            pod["metadata"]["name"],
            command=command,
            receive=client.receive,
            send=client.send,
            **flags,
        )
    return client


async def test_programs_in_a_container(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        container = {
            "name": "main",
            "image": "none",
            "command": ["sleep", "1000"],
            "env": [{"name": "MINE", "value": "yes"}],
            "workingDir": "/",
        }
        name = cluster.job("open", "", pod={"containers": [container]})
        pod = await cluster.running(name)
        done = await run(cluster, pod, "sh", "-c", "echo $MINE; pwd; echo wrong >&2; exit 3")
        assert (done.got[1], done.got[2]) == (b"yes\n/\n", b"wrong\n")
        assert done.status["reason"] == "NonZeroExitCode"
        assert done.status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
        assert (await run(cluster, pod, "true")).status["status"] == "Success"
        killed = await run(cluster, pod, "sh", "-c", "kill -9 $$")
        assert killed.status["details"]["causes"][0]["message"] == "137"
        missing = await run(cluster, pod, "no-such-program")
        assert 'exec: "no-such-program": executable file not found in $PATH' in missing.status["message"]
        typed = Client(b"\x00one\n", b"\x00two", b"\xff\x00")
        assert (await run(cluster, pod, "cat", client=typed, stdin=True)).got[1] == b"one\ntwo"
        large = await run(cluster, pod, "sh", "-c", "head -c 1000000 /dev/zero")
        assert large.got[1] == bytes(1000000)


async def test_a_terminal(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        pod = await cluster.running(cluster.job("open", "sleep 1000"))
        size = b'\x04{"Width":132,"Height":43}'
        client = Client(size, b"\x00stty size; tty >/dev/null && echo a terminal; exit 5\n")
        await run(cluster, pod, "sh", client=client, stdin=True, tty=True)
        assert b"43 132\r\n" in client.got[1]
        assert b"a terminal\r\n" in client.got[1]
        assert 2 not in client.got
        assert client.status["details"]["causes"][0]["message"] == "5"


async def test_a_client_that_goes_away_takes_its_program_along(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        pod = await cluster.running(cluster.job("open", "sleep 1000"))
        mark = tmp_path / "mark"
        for tty in (False, True):
            client = Client()
            script = f"trap 'touch {mark}{tty}; exit' HUP TERM; echo begun; while :; do sleep 0.05; done"
            running = asyncio.create_task(run(cluster, pod, "sh", "-c", script, client=client, tty=tty))
            await cluster.until(lambda client=client: b"begun" in client.got.get(1, b""))  # type: ignore[misc]
            client.send_later(None)
            await running
            assert 3 not in client.got
        await cluster.until(Path(f"{mark}True").exists)


async def test_where_nothing_runs(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        name = cluster.job("over", "true")
        await cluster.ended(name)
        with pytest.raises(BadRequest, match="completed pod; current phase is Succeeded"):
            await run(cluster, cluster.pods(name)[0], "true")


def test_a_sleep_is_noted_and_remembered(tmp_path: Path) -> None:
    now, slept = 1000.0, 50.0

    def sleeps() -> Sleeps:
        return Sleeps(tmp_path / "sleeps.json", lambda: now, lambda: slept)

    first = sleeps()
    assert first.since(0.0) == 0.0, "what was slept before is no matter"
    now, slept = 5000.0, 3650.0
    assert first.since(900.0) == 3600.0
    assert first.since(5001.0) == 0.0, "it began after that"
    now, slept = 6000.0, 3650.2
    assert first.since(900.0) == 3600.0, "two clocks are never read at once"
    now, slept = 7000.0, 3750.0
    # A server that was not there finds it in the file.
    assert sleeps().since(900.0) == 3700.0
    now, slept = 8000.0, 10.0
    assert sleeps().since(900.0) == 3700.0, "a machine that was started anew counts from 0"
