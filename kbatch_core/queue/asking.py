"""What the queue asks beyond jobs and pods: events of what waits, and whether more may be read at all.

One request at a time. What is refused again and again is not asked for ten minutes, because a thousand readers
without a right must not cost the server a thousand refusals a second. An API server that has just started refuses
everybody for a moment, so a first refusal is not believed yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from kbatch_core.cluster.answers import decode_answer
from kbatch_core.cluster.api import core_path
from kbatch_core.cluster.backoff import Backoff
from kbatch_core.cluster.connections import StopHandle
from kbatch_core.cluster.transport import Query, Transport
from kbatch_core.errors import KbatchError, NotFound, Refused
from kbatch_core.model.objects import EventList, Node, ResourceQuota, Workload
from kbatch_core.queue.joined import Joined
from kbatch_core.queue.reads import Need
from kbatch_core.queue.records import Key
from kbatch_core.status.verdict import Records, Reported

SOON_SECONDS = (1.0, 2.0)
REFUSED_SECONDS = 600.0
RECORDS_AT_ONCE = 50
PROGRESS_AT_ONCE = 200
PROGRESS_SECONDS = 5.0
READ_SECONDS = 20.0
EVENTS_LIMIT = 500
KUEUE = "kueue.x-k8s.io"
WORKLOADS = ("v1beta2", "v1beta1")

Decoded = TypeVar("Decoded")


class Kind(NamedTuple):
    """An optional kind to watch: its struct, and its path in a namespace."""

    struct: type[Any]
    path: str


class Asker:
    """Asks while `run` runs, in a thread of its owner's; `stop` ends that within milliseconds.

    `questions` guards `joined` and is notified when there may be something to ask; `changed` is called, with it held,
    after changes to `joined`. `begin` is called with the name and the kind of what turned out to be readable. What
    one namespace refuses is asked in the others all the same.
    """

    def __init__(
        self,
        transport: Transport,
        joined: Joined,
        questions: threading.Condition,
        changed: Callable[[], None],
        *,
        begin: Callable[[str, Kind], None],
        history: Records,
        progress: Reported | None,
        clock: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._joined = joined
        self._questions = questions
        self._changed = changed
        self._begin = begin
        self._history = history
        self._progress = progress
        self._progress_at = 0.0
        self._clock = clock
        self._handle = StopHandle()
        self._stopping = False
        self._backoff = Backoff(clock=clock)
        self._quiet_until = 0.0
        # By right and namespace.
        self._not_before: dict[tuple[str, str], float] = {}
        self._refusals: dict[tuple[str, str], int] = {}

    def stop(self) -> None:
        """End `run`. Call it with `questions` held."""
        self._stopping = True
        self._handle.stop()

    def run(self) -> None:
        """Ask whatever is wanted until stopped."""
        while True:
            with self._questions:
                question = self._next()
                while question is None and not self._stopping:
                    self._questions.wait(self._seconds_to_next())
                    question = self._next()
                if self._stopping or question is None:
                    return
                self._handle = StopHandle()
            try:
                question()
            except KbatchError:
                with self._questions:
                    self._quiet_until = self._clock() + self._backoff.wait()

    def _next(self) -> Callable[[], None] | None:
        now = self._clock()
        if now < self._quiet_until:
            return None
        for name, namespace in sorted(self._joined.wanted):
            if now >= self._not_before.get((name, namespace), 0.0):
                return lambda: self._find_out(name, namespace)
        keys = self._joined.records.wanted(RECORDS_AT_ONCE)
        if keys:
            return lambda: self._read_records(keys)
        running = (
            self._joined.running(PROGRESS_AT_ONCE) if self._progress and now >= self._progress_at else ()
        )
        if running:
            return lambda: self._read_progress(running)
        need = self._joined.plan.take(now)
        return None if need is None else lambda: self._read_events(need)

    def _seconds_to_next(self) -> float | None:
        now = self._clock()
        times = [self._not_before.get(wanted, 0.0) for wanted in self._joined.wanted]
        when = self._joined.plan.next_at(now)
        times += [when] if when is not None else []
        times += [self._progress_at] if self._progress and self._joined.running(1) else []
        return max(0.0, min(times) - now, self._quiet_until - now) if times else None

    # Events

    def _read_events(self, need: Need) -> None:
        """The events of one object, never of a whole namespace."""
        query: Query = {"fieldSelector": f"involvedObject.uid={need.object}", "limit": EVENTS_LIMIT}
        try:
            events = self._get(core_path(need.namespace, "events"), EventList, query).items
        except NotFound:
            return
        except Refused:
            with self._questions:
                self._joined.plan.pause(need.namespace, self._refused("events", need.namespace))
            return
        with self._questions:
            self._have("events", need.namespace)
            self._joined.add_events(need.job, events)
            self._changed()

    # More

    def _find_out(self, name: str, namespace: str) -> None:
        """Start to watch an optional kind, if it is there and may be read."""
        try:
            kind = self._kind(name, namespace)
        except NotFound:
            with self._questions:
                self._not_before[name, namespace] = self._clock() + REFUSED_SECONDS
            return
        except Refused:
            with self._questions:
                self._not_before[name, namespace] = self._refused(name, namespace)
            return
        with self._questions:
            self._have(name, namespace)
        self._begin(name, kind)

    def _refused(self, right: str, namespace: str) -> float:
        """When to ask again for what was refused now; said as missing once that is believed."""
        times = self._refusals[right, namespace] = self._refusals.get((right, namespace), 0) + 1
        if times <= len(SOON_SECONDS):
            return self._clock() + SOON_SECONDS[times - 1]
        self._joined.miss(right, namespace)
        self._changed()
        return self._clock() + REFUSED_SECONDS

    def _have(self, right: str, namespace: str) -> None:
        self._refusals.pop((right, namespace), None)
        self._joined.have(right, namespace)

    def _kind(self, name: str, namespace: str) -> Kind:
        """Raises Refused when it is not there or may not be listed."""
        if name == "nodes":
            kind = Kind(Node, core_path("", "nodes"))
        elif name == "quotas":
            kind = Kind(ResourceQuota, core_path(namespace, "resourcequotas"))
        else:
            scope = f"/namespaces/{namespace}" if namespace else ""
            kind = Kind(Workload, f"/apis/{KUEUE}/{self._kueue_version()}{scope}/workloads")
        self._get(kind.path, dict[str, Any], {"limit": 1})
        return kind

    def _kueue_version(self) -> str:
        """The newest version of Kueue's API that we know and the server has."""
        groups = self._get("/apis", _Groups).groups
        served = {one.version for group in groups if group.name == KUEUE for one in group.versions}
        for version in WORKLOADS:
            if version in served:
                return version
        raise NotFound("Kueue is not installed.")

    def _read_records(self, keys: Sequence[Key]) -> None:
        read = [(key, self._history.get(key)) for key in keys]
        with self._questions:
            self._joined.add_records(read)
            self._changed()

    def _read_progress(self, keys: Sequence[Key]) -> None:
        assert self._progress is not None
        self._progress_at = self._clock() + PROGRESS_SECONDS
        read = [(key, self._progress.get(key) or "") for key in keys]
        with self._questions:
            self._joined.add_progress(read)
            self._changed()

    def _get(self, path: str, kind: type[Decoded], query: Query | None = None) -> Decoded:
        body = self._transport.request(
            "GET", path, query=query, read_seconds=READ_SECONDS, handle=self._handle
        )
        return decode_answer(kind, body)


class _Version(msgspec.Struct):
    version: str = ""


class _Group(msgspec.Struct):
    name: str = ""
    versions: list[_Version] = []


class _Groups(msgspec.Struct):
    groups: list[_Group] = []
