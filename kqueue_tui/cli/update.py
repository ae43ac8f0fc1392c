"""kqueue update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.manifest.update import read_update
from kqueue_tui.cli.acting import PROG, WHICH, act, target_options
from kqueue_tui.cli.run import complain
from kqueue_tui.cli.targets import Target


@click.command("update", epilog=WHICH)
@target_options
@click.option("--throttle", metavar="N", help="At most N tasks of an array at a time; 0 = all.")
@click.option(
    "--time", metavar="TIME", help="A lower time limit for a job that runs, counted from its start."
)
def command(throttle: str | None, time: str | None, **options: Any) -> int:
    """Change jobs: what Kubernetes has not frozen. For all else, `kqueue rerun` starts them anew."""
    wanted = read_update(throttle=throttle, time=time)

    def warn(client: Client, targets: Sequence[Target]) -> bool:
        for target in targets:
            stopped = wanted.stops(target.job)
            if stopped:
                complain(
                    PROG,
                    f"{stopped} of the tasks of {target.name} that run are stopped, and start anew later.",
                )
        return True

    def update(client: Client, target: Target) -> str:
        client.update(target.job, throttle=wanted.throttle, time_limit=wanted.time_limit)
        return f"Updated {target.name}: {wanted.words}"

    return act(options, update, verb="update", suits=lambda job, row: not row.finished, ask=warn)
