"""What stands where the table would when there is nothing to list: one sentence, and what to press (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kqueue_tui.dashboard.backend import Scope, Sync

if TYPE_CHECKING:
    from kqueue_tui.dashboard.view.lines import QueueView

Key = tuple[str, str]


class Situation(Protocol):
    """What the app knows: `fault` is why there is no connection, "" while it is being made."""

    @property
    def fault(self) -> str: ...
    @property
    def sync(self) -> Sync | None: ...
    @property
    def scope(self) -> Scope: ...
    @property
    def user(self) -> str: ...
    @property
    def namespace(self) -> str: ...


def what_to_say(at: Situation, view: QueueView) -> tuple[str, *tuple[Key, ...]]:
    """The sentence and the keys."""
    again, leave = ("U", "tries again"), ("q", "quits")
    if at.fault:
        return at.fault, again, leave
    sync = at.sync
    if sync is None:
        return "Connecting to the cluster…", leave
    if sync.state == "FORBIDDEN":
        return str(sync.error or "The jobs may not be read."), again, ("A", "looks elsewhere"), leave
    if view.total:
        return f"None of {view.total} jobs is shown by the filter.", ("Esc", "clears it"), ("/", "changes it")
    if sync.state == "LOADING":
        return f"Reading the jobs of {_whose(at)}…", leave
    if sync.state in ("STALE", "RETRYING"):
        return str(sync.error or "No word from the cluster."), again, leave
    return (
        f"No jobs of {_whose(at)}.",
        ("n", "submits one"),
        ("A", "looks at more"),
        ("H", "at past ones"),
        leave,
    )


def _whose(at: Situation) -> str:
    who = "everybody" if at.scope.user == "" else at.user or "you"
    where = at.scope.where(at.namespace) if at.scope.is_several else f'namespace "{at.namespace}"'
    return f"{who} in {where}"
