"""What the dashboard needs of the cluster: the live queue, the acts, and where they are.

They are `kbatch_core.queue.Queue` and `kbatch_core.client.Client`; tests have scripted ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from kbatch_core.details import Details
    from kbatch_core.errors import KbatchError
    from kbatch_core.logs import Batch, LogRequest
    from kbatch_core.model.objects import Event, Job, Pod
    from kbatch_core.status.row import JobRow
    from kqueue_tui.dashboard.form.backend import FormBackend

SyncState = Literal["LOADING", "LIVE", "STALE", "RETRYING", "FORBIDDEN"]


class Sync(Protocol):
    """How fresh the queue is; see `kbatch_core.queue.Sync`."""

    @property
    def state(self) -> SyncState: ...
    @property
    def heard(self) -> float | None: ...
    @property
    def error(self) -> KbatchError | None: ...
    @property
    def retry_at(self) -> float | None: ...
    @property
    def missing(self) -> tuple[str, ...]: ...


class Queue(Protocol):
    """The live set of jobs; its threads are its own. Everything it gives is immutable."""

    @property
    def version(self) -> int: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def rows(self) -> tuple[JobRow, ...]: ...
    def task_rows(self, uid: str) -> tuple[JobRow, ...]: ...
    def job(self, uid: str) -> Job | None: ...
    def pods(self, uid: str) -> tuple[Pod, ...]: ...
    def events(self, uid: str) -> tuple[Event, ...]: ...
    def put(self, job: Job) -> None: ...
    def sync(self) -> Sync: ...


class Reader(Protocol):
    """What is asked of a `kbatch_core.logs.LogReader`."""

    def batches(self) -> Iterator[Batch]: ...
    def stop(self) -> None: ...


class Acts(Protocol):
    """The writes, each bound to the uid of the Job that is passed. They block: call them in a thread."""

    def may(self, verb: str, resource: str = "jobs", subresource: str = "") -> bool: ...
    def cancel(self, job: Job) -> Job: ...
    def hold(self, job: Job) -> Job: ...
    def release(self, job: Job) -> Job: ...
    def update(self, job: Job, *, throttle: int | None = None, time_limit: int | None = None) -> Job: ...
    def rerun(self, job: Job, *, failed_only: bool = False) -> Job: ...
    def delete(self, job: Job) -> None: ...


class Scope(Struct, frozen=True):
    """Whose jobs are looked at. `user`: None = one's own, "" = everybody's; no `namespaces` = the current one."""

    user: str | None = None
    namespaces: tuple[str, ...] = ()
    all_namespaces: bool = False

    @property
    def is_several(self) -> bool:
        """Whether jobs of more than one namespace are together."""
        return self.all_namespaces or len(self.namespaces) > 1

    def where(self, namespace: str) -> str:
        """The namespaces in words; `namespace` is the current one."""
        return "all namespaces" if self.all_namespaces else ", ".join(self.namespaces) or namespace

    def wider(self) -> Scope:
        """One's own, then everybody's, then in all namespaces, then one's own again."""
        if self.user is None:
            return Scope("", self.namespaces)
        return Scope(None, self.namespaces) if self.all_namespaces else Scope("", self.namespaces, True)


class Backend(Struct, frozen=True):
    """A connection, once it is there. `shell` gives the command that opens a shell in a job's pod,
    `attach` the one that shows what it prints.

    `details`, `logs`, `past` and what `form` does block: they are called in threads. `past` gives the rows that only
    the history has, when the cluster has shown the jobs of these ids; None = it is not known what it has. `past_job`
    is the Job of such a row.

    `now` is the clock that rows are made with, in seconds since the epoch.
    """

    context: str
    namespace: str
    user: str
    queue: Queue
    acts: Acts
    now: Callable[[], float]
    shell: Callable[[JobRow], Sequence[str]]
    attach: Callable[[JobRow], Sequence[str]]
    details: Callable[[JobRow], Details]
    logs: Callable[[JobRow, LogRequest], Reader]
    past: Callable[[Collection[str] | None], Sequence[JobRow]]
    past_job: Callable[[JobRow], Job]
    form: FormBackend


class Connect(Protocol):
    """Makes a Backend: blocks, raises KbatchError. `on_change` is called from a thread, whenever rows changed."""

    def __call__(self, scope: Scope, on_change: Callable[[], None]) -> Backend: ...
