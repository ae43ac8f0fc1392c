"""One connection to a container's log: it goes on where the last one stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from email.utils import parsedate_to_datetime

from kbatch_core.cluster.transport import STREAM_READ_SECONDS, Query
from kbatch_core.errors import AuthExpired, KbatchError, PermissionDenied, Refused, ServerBusy, Unreachable
from kbatch_core.logs.anchor import SLACK_SECONDS, Anchor, Replay
from kbatch_core.logs.events import NS, Batch, Gap, Line, Waiting
from kbatch_core.logs.podlog import LogApi, LogStream
from kbatch_core.logs.rotation import Rotation, first_time
from kbatch_core.logs.stamped import Piece, StampedLines, format_stamp

# The kubelet looks at the size of a log every 3 s at most: between two looks at its head is at most one rotation.
HEAD_SECONDS = 2.5
MUCH = 64 * 1024
# A kubelet that was not at the end of a file when the node rotated it goes on waiting at its end. So after much
# output a silence is not believed for long.
QUIET_SECONDS = 10.0


class Position:
    """How far one instance's log has been read, over all connections."""

    def __init__(self, *, container: str, previous: bool, tail: int | None, since: int | None) -> None:
        """`since` in seconds of the epoch."""
        self.anchor = Anchor()
        self.rotation = Rotation(self.anchor)
        self.container = container
        self.previous = previous
        self._tail = tail
        self._since = since

    def second(self) -> int | None:
        """The `sinceTime` to ask for; None = none."""
        seconds = [second for second in (self.anchor.since(), self._since) if second is not None]
        return max(seconds, default=None)

    def query(self, *, follow: bool) -> Query:
        """What to ask for, to go on."""
        second = self.second()
        return {
            **self.instance(),
            "timestamps": "true",
            "follow": "true" if follow else None,
            "sinceTime": format_stamp(second * NS)[:19].decode() + "Z" if second is not None else None,
            "tailLines": self._tail if self.anchor.max_ns is None else None,
        }

    def instance(self) -> dict[str, str | int | None]:
        return {"container": self.container or None, "previous": "true" if self.previous else None}

    def read(self, pieces: Sequence[Piece]) -> None:
        """These have been given out."""
        if self._tail is not None and self.anchor.max_ns is None:
            first = first_time(pieces)
            if first is not None:
                self.anchor.complete_from = first + SLACK_SECONDS * NS
        self.anchor.add(pieces)

    def nothing_until(self, date: str) -> None:
        """At the time of this HTTP date there was no line yet, so that `tail` has nothing more to leave out."""
        if self.anchor.max_ns is None and self._tail is not None and date:
            self._since = int(parsedate_to_datetime(date).timestamp()) - SLACK_SECONDS
            self._tail = None


class Connection:
    """Iterate over `events`; afterwards the attributes say how it went.

    `fresh`: it gave something new. `rest`: what came after the last newline. `matched`: it gave again all that had
    been read before. `opened`: the API server began to answer. `error`: what went wrong, None for an end that looks
    well. `seconds`, `size`: how long it lasted, and how many bytes came.
    """

    def __init__(
        self, api: LogApi, pod: str, position: Position, *, follow: bool, clock: Callable[[], float]
    ) -> None:
        self.fresh = False
        self.opened = False
        self.rest: Piece | None = None
        self.size = 0
        self.error: KbatchError | None = None
        self.seconds = 0.0
        self._api = api
        self._pod = pod
        self._position = position
        self._follow = follow
        self._clock = clock
        self._replay = Replay(position.anchor, position.second())
        self._lines = StampedLines()
        self._message = b""

    @property
    def matched(self) -> bool:
        return self._replay.done

    def events(self, quiet_seconds: float = STREAM_READ_SECONDS) -> Iterator[Batch]:
        """What is new; first that waiting is over. Raises PermissionDenied and AuthExpired: waiting is no cure.

        A connection on which nothing comes for `quiet_seconds` is over.
        """
        began = self._clock()
        try:
            if self._follow or self._position.anchor.max_ns is not None:
                yield from self._look_at_head()
            query = self._position.query(follow=self._follow)
            with self._api.open(self._pod, query, quiet_seconds) as stream:
                self.opened = True
                yield [Waiting("")]
                yield from self._read(stream)
        except (PermissionDenied, AuthExpired):
            raise
        except (Unreachable, Refused) as error:
            self.error = error
        if not self._api.stopper.stopped:
            yield from self._give(self._replay.finish())
            if self._message and self.error is None:
                text = self._message.decode(errors="replace")
                self.error = ServerBusy(f"The kubelet cannot read the log: {text}.")
        self.seconds = self._clock() - began

    def _read(self, stream: LogStream) -> Iterator[Batch]:
        looked = began = self._clock()
        looked_size = 0
        try:
            for chunk in stream.chunks():
                if self._api.stopper.stopped:
                    return
                pieces = self._lines.feed(chunk)
                if pieces:
                    yield from self._give(self._replay.feed(pieces))
                self.size += len(chunk)
                much = self.size - looked_size >= MUCH
                if self._follow and much and self._clock() - looked >= HEAD_SECONDS:
                    yield from self._look_at_head()
                    looked, looked_size = self._clock(), self.size
        finally:
            if self._clock() - began > SLACK_SECONDS:
                self._position.nothing_until(stream.headers.get("Date", ""))
        rest = self._lines.rest()
        if rest is not None and rest.ns is None:
            self._message = rest.text
        else:
            self.rest = rest

    def _give(self, pieces: list[Piece]) -> Iterator[Batch]:
        """New pieces as lines, and the gaps before and between them."""
        position, replay = self._position, self._replay
        if replay.boundary is not None:
            found = position.rotation.see_boundary(*replay.boundary)
            replay.boundary = None
            if found is not None:
                yield [found]
        if replay.lost:
            replay.lost = False
            yield [position.rotation.see_loss(pieces)]
        elif any(piece.ns is None for piece in pieces):
            # The rest of a line from before the time that was asked for, or a message.
            self._message = next(piece.text for piece in pieces if piece.ns is None)
            pieces = [piece for piece in pieces if piece.ns is not None]
        for part in position.rotation.split(pieces):
            if isinstance(part, Gap):
                yield [part]
            elif part:
                self.fresh = True
                position.read(part)
                yield [Line(text, ns, whole) for ns, text, whole, _ in part]

    def _look_at_head(self) -> Iterator[Batch]:
        """Ask which line the kubelet's file begins with. No answer is no verdict."""
        try:
            head = self._api.head(self._pod, self._position.instance())
        except (Unreachable, Refused):
            return
        found = self._position.rotation.see_head(head)
        if found is not None:
            yield [found]
