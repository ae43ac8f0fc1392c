"""kqueue delete."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.errors import BadOption
from kqueue_tui.cli.acting import WHICH, act, confirm, target_options
from kqueue_tui.cli.targets import Target


@click.command("delete", epilog=WHICH)
@target_options
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def command(yes: bool, **options: Any) -> int:
    """Remove jobs from the cluster with their record and their containers' logs; what is in home stays.

    A filter alone takes jobs that have ended, unless --state says otherwise. To stop a job, cancel it instead.
    """

    def ask(client: Client, targets: Sequence[Target]) -> bool:
        if yes or options["interactive"]:
            return True
        if not sys.stdin.isatty():
            raise BadOption("Nobody is there to ask.", "Give --yes to delete without a question.")
        return confirm(f"Delete {', '.join(target.title for target in targets)}?")

    states = bool(options["states"])
    return act(
        options, delete, verb="delete", suits=lambda job, row: row.finished or states, active=False, ask=ask
    )


def delete(client: Client, target: Target) -> str:
    client.delete(target.job)
    return f"Deleted {target.name}"
