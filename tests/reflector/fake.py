"""A transport that follows a script, a clock that only moves when told, and a listener that checks the order."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from kbatch_core.cluster.connections import StopHandle
from kbatch_core.cluster.mirror import Change, Mirror
from kbatch_core.cluster.reflector import Reflector
from kbatch_core.cluster.transport import Query
from kbatch_core.errors import KbatchError
from kbatch_core.model.objects import Metadata


class Thing(msgspec.Struct, frozen=True):
    """An object of any kind."""

    metadata: Metadata = Metadata()
    value: int = 0


def thing(name: str, version: int, *, uid: str = "", value: int = 0) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": uid or f"uid-{name}", "resourceVersion": str(version)},
        "value": value,
    }


def listing(*items: dict[str, Any], version: int, token: str = "") -> bytes:
    metadata = {"resourceVersion": str(version), **({"continue": token} if token else {})}
    return json.dumps({"kind": "ThingList", "metadata": metadata, "items": items}).encode()


def line(kind: str, one: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": one}).encode() + b"\n"


def bookmark(version: int) -> bytes:
    return line("BOOKMARK", {"kind": "Thing", "metadata": {"resourceVersion": str(version)}})


def status(code: int, reason: str, message: str = "because", cause: str = "") -> dict[str, Any]:
    details = {"causes": [{"reason": cause}], "retryAfterSeconds": 1} if cause else {}
    return {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}


class Clock:
    """Seconds that pass only in `wait` and where a script says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        assert seconds >= 0
        self.waits.append(seconds)
        self.now += seconds


class Watch:
    """An answer to a watch: chunks, then a clean end or an error; it lasts `seconds`."""

    def __init__(self, *chunks: bytes, error: KbatchError | None = None, seconds: float = 300.0) -> None:
        self.chunks = chunks
        self.error = error
        self.seconds = seconds


Answer = bytes | KbatchError | Watch


class FakeStream:
    def __init__(self, watch: Watch, clock: Clock) -> None:
        self._watch = watch
        self._clock = clock
        self.closed = False

    def chunks(self) -> Iterator[bytes]:
        yield from self._watch.chunks
        self._clock.now += self._watch.seconds
        if self._watch.error is not None:
            raise self._watch.error

    def close(self) -> None:
        self.closed = True


class ScriptedTransport:
    """Gives the answers in their order, one per request, and says when they are used up.

    Keeps the queries, and after how many seconds of silence each is given up.
    """

    def __init__(self, answers: Sequence[Answer], clock: Clock) -> None:
        self.asked: list[dict[str, Any]] = []
        self.patience: list[float] = []
        self.streams: list[FakeStream] = []
        self.at_end: Callable[[], object] = lambda: None
        self._answers = list(answers)
        self._clock = clock

    def _next(self, query: Query | None, read_seconds: float) -> Answer:
        self.patience.append(read_seconds)
        self.asked.append({key: value for key, value in (query or {}).items() if value is not None})
        answer = self._answers.pop(0)
        if not self._answers:
            self.at_end()
        if isinstance(answer, KbatchError):
            raise answer
        return answer

    def request(
        self, method: str, path: str, *, query: Query | None, read_seconds: float, handle: StopHandle | None
    ) -> bytes:
        answer = self._next(query, read_seconds)
        assert isinstance(answer, bytes), f"a list was asked where the script has a watch: {query}"
        return answer

    def open_stream(
        self, path: str, *, query: Query | None, read_seconds: float, handle: StopHandle | None
    ) -> FakeStream:
        answer = self._next(query, read_seconds)
        assert isinstance(answer, Watch), f"a watch was asked where the script has a list: {query}"
        self.streams.append(FakeStream(answer, self._clock))
        return self.streams[-1]


class Listener:
    """Keeps what it was told, and fails on an order that cannot be.

    `time_goes_on` False: the server's versions may go back, as after a restored backup.
    """

    def __init__(self) -> None:
        self.time_goes_on = True
        self.told: list[tuple[str, str, int]] = []
        self.alive: dict[str, Thing] = {}
        self._last: dict[str, int] = {}

    def __call__(self, changes: Sequence[Change[Thing]]) -> None:
        assert changes
        for change in changes:
            one = change.object
            uid, version = one.metadata.uid, int(one.metadata.resource_version)
            if change.type == "ADDED":
                assert uid not in self.alive, f"{uid} added twice"
                assert self._goes_on(uid, version - 1), f"{uid} came back from before its deletion"
                names = {other.metadata.name for other in self.alive.values()}
                assert one.metadata.name not in names, f"two objects are called {one.metadata.name}"
            else:
                assert uid in self.alive, f"{change.type} of {uid}, which is not there"
                assert self._goes_on(uid, version - (change.type != "DELETED")), f"{uid} went back in time"
            self._last[uid] = version
            if change.type == "DELETED":
                del self.alive[uid]
            else:
                self.alive[uid] = one
            self.told.append((change.type, one.metadata.name, version))

    def _goes_on(self, uid: str, version: int) -> bool:
        return version >= self._last.get(uid, 0) or not self.time_goes_on


class Run:
    """A reflector that follows a script to its end; what it asked, told and waited is kept."""

    def __init__(self, *answers: Answer, consistent: bool = False, rng: random.Random | None = None) -> None:
        self.clock = Clock()
        self.listener = Listener()
        self.mirror: Mirror[Thing] = Mirror(self.listener)
        self.transport = ScriptedTransport(answers, self.clock)
        self.states: list[KbatchError | None] = []
        self.reflector = Reflector(
            self.transport,
            "/apis/x/v1/things",
            Thing,
            self.mirror,
            query={"labelSelector": "a=b"},
            consistent=consistent,
            on_health=lambda: self.states.append(self.reflector.health.error),
            clock=self.clock,
            wait=self._wait,
            rng=rng or NoJitter(),
        )
        self._used_up = False
        self.transport.at_end = self._end

    def _end(self) -> None:
        self._used_up = True

    def _wait(self, seconds: float) -> None:
        self.clock.wait(seconds)
        if self._used_up:
            self.reflector.stop()

    def go(self) -> Run:
        """Run to the end of the script: to the wait or the request after its last answer."""
        try:
            self.reflector.run()
        except IndexError:
            assert self._used_up
        for stream in self.transport.streams:
            assert stream.closed
        assert {one.metadata.uid for one in self.mirror.objects()} == set(self.listener.alive)
        return self

    @property
    def told(self) -> list[tuple[str, str, int]]:
        return self.listener.told

    @property
    def versions(self) -> list[str | None]:
        """For each request: the resource version that was asked for, with a w before that of a watch."""
        return [
            ("w" if "watch" in query else "") + str(query.get("resourceVersion", ""))
            for query in self.transport.asked
        ]

    def state(self) -> dict[str, int]:
        return {one.metadata.name: int(one.metadata.resource_version) for one in self.mirror.objects()}


class NoJitter(random.Random):
    """A random source whose every draw is 0."""

    def random(self) -> float:
        return 0.0
