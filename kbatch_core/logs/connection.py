"""One connection to a container's log: it goes on where the last one stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from email.utils import parsedate_to_datetime

from kbatch_core.cluster.transport import STREAM_READ_SECONDS, Query
from kbatch_core.errors import AuthExpired, KbatchError, PermissionDenied, Refused, ServerBusy, Unreachable
from kbatch_core.logs.anchor import SLACK_SECONDS, Anchor, Replay
from kbatch_core.logs.events import NS, Batch, Gap, Line, Waiting
from kbatch_core.logs.podlog import LogApi, LogStream
from kbatch_core.logs.rotation import ROTATION_SECONDS, Beginning, Rotation, first_time
from kbatch_core.logs.stamped import Piece, StampedLines, format_stamp

# Often enough that there is no time for two rotations between two looks at the head of a log that grows fast.
HEAD_SECONDS = ROTATION_SECONDS - 0.5
# After so long nothing more of a replay comes, which is sent as fast as it can be.
SILENT_SECONDS = 5.0
MUCH = 64 * 1024
# A kubelet that was not at the end of a file when the node rotated it goes on waiting at its end. So after much
# output a silence is not believed for long.
QUIET_SECONDS = 10.0


class Position:
    """How far one instance's log has been read, over all connections."""

    def __init__(
        self,
        *,
        container: str,
        previous: bool,
        tail: int | None,
        since: int | None,
        started: float | None = None,
        clock: Callable[[], float],
    ) -> None:
        """`since` and `started`, the container's start, in seconds of the epoch."""
        self.anchor = Anchor()
        self.rotation = Rotation(self.anchor, clock, whole=tail is None and since is None)
        self.beginning = Beginning(started if tail is None and since is None else None)
        self.container = container
        self.previous = previous
        self._tail = tail
        self._since = since

    def second(self) -> int | None:
        """The `sinceTime` to ask for; None = none."""
        seconds = [second for second in (self.anchor.since(), self._since) if second is not None]
        return max(seconds, default=None)

    def query(self, second: int | None, *, follow: bool) -> Query:
        """What to ask for, to go on from `second`."""
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
        first = first_time(pieces) if self.anchor.max_ns is None else None
        if first is not None:
            self.rotation.see_first(first)
            if self._tail is not None:
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
    been read before. `undecided`: it ended by itself or in silence while it was not clear what is new; the next one
    is told to `decide`. `opened`: the API server began to answer. `looked`: so it did to the last look at the head.
    `error`: what went wrong, None for an end that looks well. `seconds`, `size`: how long it lasted, and how many
    bytes came.
    """

    def __init__(
        self,
        api: LogApi,
        pod: str,
        position: Position,
        *,
        follow: bool,
        decide: bool,
        clock: Callable[[], float],
    ) -> None:
        self.fresh = False
        self.opened = False
        self.undecided = False
        self.looked = True
        self.rest: Piece | None = None
        self.size = 0
        self.error: KbatchError | None = None
        self.seconds = 0.0
        self._api = api
        self._pod = pod
        self._position = position
        self._follow = follow
        self._decide = decide
        self._heard = 0.0
        self._clock = clock
        self._second = position.second()
        self._replay = Replay(position.anchor, self._second)
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
            first = self._position.anchor.max_ns is None
            if self._follow and first:
                yield from self._look_at_head()
            query = self._position.query(self._second, follow=self._follow)
            with self._api.open(self._pod, query, quiet_seconds) as stream:
                self.opened = True
                yield [Waiting("")]
                yield from self._read(stream, look=not first)
        except (PermissionDenied, AuthExpired):
            raise
        except (Unreachable, Refused) as error:
            self.error = error
        if not self._api.stopper.stopped:
            silent = self._clock() - self._heard >= SILENT_SECONDS
            self.undecided = self._replay.undecided and (self.error is None or silent)
            if self.undecided and self._decide:
                yield from self._give(self._replay.decide())
            begins = self._position.beginning.judge((), end=True)
            if begins is not None:
                yield [begins]
            if self._message and self.error is None:
                text = self._message.decode(errors="replace")
                self.error = ServerBusy(f"The kubelet cannot read the log: {text}.")
        self.seconds = self._clock() - began

    def _read(self, stream: LogStream, *, look: bool) -> Iterator[Batch]:
        """`look`: look at the head as soon as something has come."""
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
                self._heard = self._clock()
                much = self.size - looked_size >= MUCH and self._clock() - looked >= HEAD_SECONDS
                if look or (self._follow and much):
                    yield from self._look_at_head()
                    look, looked, looked_size = False, self._clock(), self.size
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
                begins = position.beginning.judge(part)
                if begins is not None:
                    yield [begins]

    def _look_at_head(self) -> Iterator[Batch]:
        """Ask which line the kubelet's file begins with. No answer is no verdict."""
        try:
            head = self._api.head(self._pod, self._position.instance())
        except (Unreachable, Refused):
            self.looked = False
            self._position.rotation.see_nothing()
            return
        self.looked = True
        found = self._position.rotation.see_head(head)
        if found is not None:
            yield [found]
