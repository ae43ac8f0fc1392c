"""kqueue hold."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.model.objects import Job
from kbatch_core.status import JobRow
from kqueue_tui.cli.acting import PROG, WHICH, act, confirm, target_options
from kqueue_tui.cli.run import complain
from kqueue_tui.cli.targets import Target


@click.command("hold", epilog=WHICH)
@target_options
@click.option("--yes", "-y", is_flag=True, help="Do not ask about jobs that run.")
def command(yes: bool, **options: Any) -> int:
    """Keep jobs from running until they are released. One that runs is stopped, and will start from its beginning."""

    def ask(client: Client, targets: Sequence[Target]) -> bool:
        running = [target.name for target in targets if target.job.status.ready]
        if not running or yes:
            return True
        complain(
            PROG,
            f"{', '.join(running)} {'runs' if len(running) == 1 else 'run'}: held, it is stopped, and starts "
            "from its beginning when it is released.",
        )
        return not sys.stdin.isatty() or confirm("Hold all the same?")

    return act(options, hold, verb="hold", suits=may_be_held, ask=ask)


def may_be_held(job: Job, row: JobRow) -> bool:
    return not row.finished and not job.spec.suspend


def hold(client: Client, target: Target) -> str:
    if client.hold(target.job) is target.job:
        return f"{target.name} is held already"
    return f"Held {target.name}"
