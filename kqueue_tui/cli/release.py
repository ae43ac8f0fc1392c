"""kqueue release."""

from __future__ import annotations

from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.model import labels
from kbatch_core.model.objects import Job
from kbatch_core.status import JobRow
from kqueue_tui.cli.acting import WHICH, act, target_options
from kqueue_tui.cli.targets import Target


@click.command("release", epilog=WHICH)
@target_options
def command(**options: Any) -> int:
    """Let held jobs run."""
    return act(options, release, verb="release", suits=is_held)


def is_held(job: Job, row: JobRow) -> bool:
    """Not one in a Kueue queue, which waits for its turn in the same way."""
    return not row.finished and job.spec.suspend and labels.QUEUE not in job.metadata.labels


def release(client: Client, target: Target) -> str:
    if client.release(target.job) is target.job:
        return f"{target.name} is not held"
    return f"Released {target.name}"
