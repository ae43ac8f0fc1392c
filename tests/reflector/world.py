"""A small API server in memory: objects that change, a history that is compacted, caches that lag, and faults.

It follows the rules of the real one: a list or a watch never shows a state that never was, a watch gives the
events after its version in their order, and a version that is compacted is Gone. Everything else may go wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from kbatch_core.cluster.connections import AnswerLost, StopHandle
from kbatch_core.cluster.transport import Query
from kbatch_core.errors import AuthExpired, ConnectionFailed, Gone, KbatchError, PermissionDenied, ServerBusy
from tests.reflector.fake import Clock, bookmark, line, listing, status, thing

TOO_LARGE = ServerBusy("Ahead.", status=504, cause="ResourceVersionTooLarge")
FAULTS: tuple[Callable[[], KbatchError], ...] = (
    lambda: AnswerLost("Lost."),
    lambda: ConnectionFailed("Refused."),
    lambda: ServerBusy("Busy.", status=429, retry_after=2),
    lambda: ServerBusy("Failing.", status=500),
    lambda: PermissionDenied("No.", status=403),
    lambda: AuthExpired("Who?"),
)


class World:
    """The server. `quiet` ends all changes and faults; a watch that then has told everything calls `done`."""

    def __init__(self, rng: random.Random, clock: Clock) -> None:
        self.rng = rng
        self.clock = clock
        self.version = 100
        self.objects: dict[str, dict[str, Any]] = {}
        self.history: list[tuple[int, str, dict[str, Any]]] = []
        self.compacted = 100
        self.pages: dict[str, tuple[int, list[dict[str, Any]]]] = {}
        self.quiet = False
        self.done: Callable[[], object] = lambda: None
        self.written: Callable[[dict[str, Any]], object] = lambda one: None
        self.steps = 0
        for _ in range(rng.randrange(6)):
            self.change()

    def change(self) -> None:
        """One write by somebody: create, change, delete, or delete and create again under the same name."""
        self.version += self.rng.randrange(1, 4)
        name = self.rng.choice("abcdef")
        old = self.objects.get(name)
        if old is None:
            self._record("ADDED", thing(name, self.version, uid=f"{name}{self.version}"))
        elif self.rng.random() < 0.6:
            uid = old["metadata"]["uid"]
            self._record("MODIFIED", thing(name, self.version, uid=uid, value=self.rng.randrange(5)))
        else:
            last = thing(name, self.version, uid=old["metadata"]["uid"])
            self._record("DELETED", last)
        if self.rng.random() < 0.15 and name in self.objects:
            self.written(self.objects[name])

    def _record(self, kind: str, one: dict[str, Any]) -> None:
        name = one["metadata"]["name"]
        if kind == "DELETED":
            del self.objects[name]
        else:
            self.objects[name] = one
        self.history.append((self.version, kind, one))

    def at(self, version: int) -> list[dict[str, Any]]:
        """The objects as they were at a version."""
        found = dict(self.objects)
        for when, _, one in reversed(self.history):
            if when <= version:
                break
            found.pop(one["metadata"]["name"], None)
        for when, kind, one in self.history:
            if when <= version:
                if kind == "DELETED":
                    found.pop(one["metadata"]["name"], None)
                else:
                    found[one["metadata"]["name"]] = one
        return list(found.values())

    def stir(self) -> None:
        """What happens between two looks: changes, time, compaction."""
        self.steps += 1
        if self.quiet:
            return
        for _ in range(self.rng.choice((0, 0, 1, 1, 2, 5))):
            self.change()
        self.clock.now += self.rng.random() * 5
        if self.rng.random() < 0.1:
            self.compacted = self.rng.randrange(self.compacted, self.version + 1)

    def cached(self) -> int:
        """The version of a server's watch cache: at or behind the newest."""
        behind = [when for when, _, _ in self.history if when >= self.compacted] or [self.version]
        return self.rng.choice(behind[-3:]) if not self.quiet else self.version

    # The calls of a transport

    def request(
        self, method: str, path: str, *, query: Query | None, read_seconds: float, handle: StopHandle | None
    ) -> bytes:
        asked = dict(query or {})
        self.stir()
        self._fault()
        wanted, token = str(asked.get("resourceVersion") or ""), str(asked.get("continue") or "")
        if token:
            version, rest = self.pages.pop(token)
            if version < self.compacted:
                raise Gone("Too old.", status=410)
        elif wanted == "":
            version, rest = self.version, self.at(self.version)
        else:
            version = self.cached()
            if int(wanted) > version:
                raise TOO_LARGE
            rest = self.at(version)
        if "limit" not in asked:
            return listing(*rest, version=version)
        more = ""
        if len(rest) > 2:
            more = f"t{self.steps}"
            self.pages[more] = (version, rest[2:])
        return listing(*rest[:2], version=version, token=more)

    def open_stream(
        self, path: str, *, query: Query | None, read_seconds: float, handle: StopHandle | None
    ) -> WorldStream:
        self.stir()
        self._fault()
        version = int(str((query or {})["resourceVersion"]))
        if version < self.compacted:
            raise Gone("Too old.", status=410, reason="Expired")
        return WorldStream(self, version)

    def _fault(self) -> None:
        if not self.quiet and self.rng.random() < 0.25:
            raise self.rng.choice(FAULTS)()


class WorldStream:
    """A watch: events after a version, in chunks cut anywhere, until something ends it."""

    def __init__(self, world: World, version: int) -> None:
        self._world = world
        # After a resume a server may give again what was given before.
        again = 0 if world.quiet else world.rng.choice((0, 0, 0, 2))
        self._sent = max(version - again, world.compacted)
        self._open = True

    def close(self) -> None:
        self._open = False

    def chunks(self) -> Iterator[bytes]:
        world, rng = self._world, self._world.rng
        while self._open:
            world.stir()
            data = self._next_lines()
            if not data and world.quiet:
                world.done()
                return
            while data:
                size = rng.randrange(1, len(data) + 1)
                yield data[:size]
                data = data[size:]
                if not world.quiet and rng.random() < 0.1:
                    raise AnswerLost("Cut.")
            end = 1.0 if world.quiet else rng.random()
            if end < 0.05:
                return
            if end < 0.1:
                raise AnswerLost("Dead.")
            if end < 0.15:
                code, reason = rng.choice(
                    ((410, "Expired"), (500, "InternalError"), (429, "TooManyRequests"))
                )
                yield line("ERROR", status(code, reason))
                return

    def _next_lines(self) -> bytes:
        news = [(when, kind, one) for when, kind, one in self._world.history if when > self._sent]
        if news:
            self._sent = news[-1][0]
        lines = b"".join(line(kind, one) for _, kind, one in news)
        if self._world.rng.random() < 0.2:
            self._sent = self._world.version
            lines += bookmark(self._sent)
        return lines
