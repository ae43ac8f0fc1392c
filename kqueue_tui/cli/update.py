"""kqueue update."""

from __future__ import annotations

from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.errors import BadOption
from kbatch_core.model.timelimit import format_time, parse_time_limit
from kqueue_tui.cli.acting import WHICH, act, target_options
from kqueue_tui.cli.targets import Target


@click.command("update", epilog=WHICH)
@target_options
@click.option(
    "--throttle", type=click.IntRange(0), metavar="N", help="At most N tasks of an array at a time; 0 = all."
)
@click.option(
    "--time", metavar="TIME", help="A lower time limit for a job that runs, counted from its start."
)
def command(throttle: int | None, time: str | None, **options: Any) -> int:  # fmt: skip
    """Change jobs: what Kubernetes has not frozen. For all else, `kqueue rerun` starts them anew."""
    seconds = None
    if time is not None:
        seconds = parse_time_limit(time)
        if seconds is None:
            raise BadOption("--time: a limit cannot be taken away from a job.", "It can be lowered only.")
    if throttle is None and seconds is None:
        raise BadOption("There is nothing to change.", "Give --throttle or --time.")

    def update(client: Client, target: Target) -> str:
        client.update(target.job, throttle=throttle, time_limit=seconds)
        words = [f"{throttle or 'all'} tasks at a time"] if throttle is not None else []
        words += [f"time limit {format_time(seconds)}"] if seconds is not None else []
        return f"Updated {target.name}: {', '.join(words)}"

    return act(options, update, verb="update", suits=lambda job, row: not row.finished)
