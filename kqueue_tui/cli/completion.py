"""Shell completion of what kqueue's commands take: ids and names of jobs, states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kbatch_core.errors import KbatchError
from kbatch_core.model.states import STATES

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

# A key press waits for it.
PATIENCE_SECONDS = 3.0


def complete_jobs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of the user's jobs that begin so, with name and state; names where a name was begun.

    Says nothing when the cluster does not answer: an error would land in the command line.
    """
    from click.shell_completion import CompletionItem

    from kbatch_core.client import Client
    from kbatch_core.cluster.retry import Retry

    options: dict[str, Any] = {key: ctx.params.get(key) for key in ("namespace", "context", "kubeconfig")}
    try:
        client = Client.connect(**options)
        client.api.retry = Retry(limit_seconds=PATIENCE_SECONDS)
        rows = client.list(user=None)
    except KbatchError:
        return []
    items = [
        CompletionItem(row.id, help=f"{row.name} {row.state}")
        for row in rows
        if row.id.startswith(incomplete)
    ]
    return items or [
        CompletionItem(row.name, help=f"{row.id} {row.state}")
        for row in rows
        if row.name.startswith(incomplete)
    ]


def complete_states(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The last of a comma list of states, by code or name."""
    from click.shell_completion import CompletionItem

    before, comma, word = incomplete.rpartition(",")
    words = [*STATES, *(name.lower() for name in STATES.values())]
    return [
        CompletionItem(f"{before}{comma}{one}", help=STATES.get(one, ""))
        for one in words
        if one.lower().startswith(word.lower()) and one not in ("?", "unknown")
    ]
