"""The log of one instance of a container, to its end, whatever breaks on the way.

An instance is (pod uid, container, restart count). A connection that ends means nothing by itself: the container may
have ended, or the kubelet, the API server or a proxy cut it. So the pod is asked, and reading goes on from there.
"""

from __future__ import annotations

import random as system_random
import time
from collections.abc import Callable, Iterator
from enum import Enum

from kbatch_core.cluster.backoff import Backoff
from kbatch_core.cluster.transport import STREAM_READ_SECONDS
from kbatch_core.errors import AuthExpired, ConnectionFailed, KbatchError, Refused, ServerBusy, Unreachable
from kbatch_core.logs.connection import MUCH, QUIET_SECONDS, Connection, Position
from kbatch_core.logs.events import Batch, Line, Waiting
from kbatch_core.logs.podlog import LogApi
from kbatch_core.logs.rotation import ROTATED, gap
from kbatch_core.logs.stamped import Piece
from kbatch_core.model.objects import ContainerStatus, Pod, parse_time

FIRST_WAIT = 0.2
# A connection that lasted so long was a good one, also when nothing new came.
GOOD_SECONDS = 10.0
# How often a log that should be there is asked for in vain.
TRIES = 6
CUT_SHORT = ConnectionFailed("The log ends before lines that were read already.", "Try again.")


class Outcome(Enum):
    """How far the log of an instance was read."""

    SO_FAR = "as far as it is now"
    ENDED = "to the end of the container"
    RESTARTED = "the container was started again in its pod"
    GONE = "the pod was deleted"


class ContainerLog:
    """Reads one instance. Iterate over `events`; afterwards `outcome` says how far, `pod` is as it was seen last.

    `tail`: only the last lines; `since`: only from that second of the epoch on; `previous`: the instance before
    the one that the pod has now. Raises PermissionDenied and AuthExpired; without `follow` also what else keeps it
    from being read.
    """

    def __init__(
        self,
        api: LogApi,
        pod: Pod,
        *,
        container: str,
        follow: bool = False,
        previous: bool = False,
        tail: int | None = None,
        since: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
        random: Callable[[], float] = system_random.random,
    ) -> None:
        self.outcome = Outcome.SO_FAR
        self.pod = pod
        self._api = api
        self._container = container
        self._follow = follow
        self._clock = clock
        self._wait = wait or api.stopper.wait
        self._random = random
        self._restarts = restarts_of(pod, container)
        self._position = Position(
            container=container,
            previous=previous,
            tail=tail,
            since=since,
            started=started_at(pod, container, previous=previous),
            clock=clock,
        )
        self._backoff = self._new_backoff()
        self._waiting = False
        self._last: Connection | None = None

    def events(self) -> Iterator[Batch]:
        """The lines, and where some may be missing."""
        if self._position.previous or is_over(self.pod, self._container):
            self.outcome = Outcome.ENDED
            yield from self._to_the_end()
        elif self._follow:
            yield from self._stay()
        else:
            yield from self._once()

    def _once(self) -> Iterator[Batch]:
        """What there is now; the last line as far as it is."""
        for tries in range(1, TRIES + 1):
            connection = self._connection(follow=False)
            yield from self._watched(connection.events())
            if connection.error is None:
                yield from self._unfinished(connection.rest)
                return
            if isinstance(connection.error, Refused) or tries == TRIES:
                raise connection.error
            yield from self._pause(connection.error)

    def _stay(self) -> Iterator[Batch]:
        """Until the container has ended."""
        quiet = QUIET_SECONDS
        while not self._api.stopper.stopped:
            connection = self._connection(follow=True)
            yield from self._watched(connection.events(quiet))
            if connection.fresh and connection.error is not None and not self._api.stopper.stopped:
                # It was cut while lines came. Go on at once: what the node rotates away meanwhile is lost.
                connection = self._connection(follow=True)
                yield from self._watched(connection.events(quiet))
            # A connection that breaks or falls silent is nothing to speak of; one that does not begin is.
            error = None if connection.opened else connection.error
            quiet = QUIET_SECONDS if connection.size >= MUCH else STREAM_READ_SECONDS
            if connection.fresh or connection.seconds >= GOOD_SECONDS:
                self._backoff = self._new_backoff()
            try:
                pod = self._api.pod(self.pod.metadata.name, self.pod.metadata.uid)
            except AuthExpired:
                raise
            except Unreachable as problem:
                error = problem
            else:
                if pod is None:
                    self.outcome = Outcome.GONE
                    if connection.error is not None or not connection.matched:
                        yield [gap(self._position.anchor.last_ns, None, "the pod was deleted")]
                    return
                self.pod = pod
                restarts = restarts_of(pod, self._container) - self._restarts
                if restarts or is_over(pod, self._container):
                    self.outcome = Outcome.RESTARTED if restarts else Outcome.ENDED
                    self._position.previous = bool(restarts)
                    if restarts > 1:
                        why = "the container was started again more than once"
                        yield [gap(self._position.anchor.last_ns, None, why)]
                    else:
                        yield from self._to_the_end()
                    return
            yield from self._pause(error)

    def _to_the_end(self) -> Iterator[Batch]:
        """The log of an instance that has ended.

        The end that the API server reports may be that of its own connection to the kubelet. So it is asked for
        again until nothing new comes.
        """
        rest: Piece | None = None
        broken = short = blind = 0
        while not self._api.stopper.stopped:
            connection = self._connection(follow=False)
            yield from self._watched(connection.events())
            error = connection.error
            if error is None and connection.matched:
                # What was lost before the last lines only a look at the head can tell.
                blind += not connection.looked
                if not connection.fresh and connection.rest == rest and (connection.looked or blind == TRIES):
                    yield from self._unfinished(rest)
                    return
                rest = connection.rest
                continue
            if isinstance(error, Refused):
                yield from self._unreadable(error)
                return
            if connection.fresh:
                broken = short = blind = 0
            elif error is None and not connection.size:
                short += 1
                if short == TRIES:
                    # What was read last does not come again.
                    yield [gap(self._position.anchor.last_ns, None, ROTATED)]
                    return
            elif not self._follow:
                broken += 1
                if broken == TRIES:
                    raise error or CUT_SHORT
            yield from self._pause(error)

    def _unreadable(self, error: KbatchError) -> Iterator[Batch]:
        """The pod or its log is gone. A container that never ran had none."""
        last = self._position.anchor.last_ns
        if last is not None or status_of(self.pod, self._container) is not None:
            yield [gap(last, None, f"the log cannot be read to its end: {error.sentence}")]

    def _unfinished(self, rest: Piece | None) -> Iterator[Batch]:
        """The last line of a program that does not end it."""
        if rest is not None:
            self._position.read([rest])
            yield [Line(rest.text, rest.ns, False)]

    def _connection(self, *, follow: bool) -> Connection:
        last = self._last
        self._last = Connection(
            self._api,
            self.pod.metadata.name,
            self._position,
            follow=follow,
            decide=last is not None and last.undecided,
            clock=self._clock,
        )
        return self._last

    def _watched(self, events: Iterator[Batch]) -> Iterator[Batch]:
        """The events of a connection; that waiting is over is said only when it was said that there was need to."""
        for batch in events:
            if isinstance(batch[0], Waiting):
                if not self._waiting:
                    continue
                self._waiting = False
            yield batch

    def _pause(self, error: KbatchError | None) -> Iterator[Batch]:
        """Wait before the next connection, and say so when something is wrong."""
        floor = error.retry_after if isinstance(error, ServerBusy) else 0.0
        seconds = self._backoff.wait(floor)
        if error is not None and not self._api.stopper.stopped:
            self._waiting = True
            yield [Waiting(f"{error.sentence.rstrip('.')}; trying again in {seconds:.0f} s.")]
        self._wait(seconds)

    def _new_backoff(self) -> Backoff:
        return Backoff(FIRST_WAIT, clock=self._clock, random=self._random)


def status_of(pod: Pod, container: str) -> ContainerStatus | None:
    """The container's status in the pod; None before it has one."""
    return next((one for one in pod.status.container_statuses if one.name == container), None)


def restarts_of(pod: Pod, container: str) -> int:
    """How often the container was started again in this pod."""
    status = status_of(pod, container)
    return status.restart_count if status is not None else 0


def started_at(pod: Pod, container: str, *, previous: bool = False) -> float | None:
    """When the instance was started, in seconds since the epoch; None where that is not known."""
    status = status_of(pod, container)
    if status is None:
        return None
    state = status.last_state if previous else status.state
    instance = state.running or state.terminated
    return parse_time(instance.started_at) if instance is not None else None


def is_over(pod: Pod, container: str) -> bool:
    """Whether the container will write nothing more."""
    status = status_of(pod, container)
    return pod.status.phase in ("Succeeded", "Failed") or (
        status is not None and status.state.terminated is not None
    )


def has_started(pod: Pod, container: str) -> bool:
    """Whether there is a log to read, or was."""
    status = status_of(pod, container)
    if status is None:
        return False
    return (
        status.state.running is not None
        or status.state.terminated is not None
        or status.last_state.terminated is not None
    )
