"""kqueue cancel."""

from __future__ import annotations

from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.model import labels
from kbatch_core.model.objects import Job
from kbatch_core.status import JobRow
from kqueue_tui.cli.acting import WHICH, act, target_options
from kqueue_tui.cli.targets import Target


@click.command("cancel", epilog=WHICH)
@target_options
def command(**options: Any) -> int:
    """End jobs and keep their record and output, as scancel does. Exit code 1 when one could not be ended."""
    return act(options, cancel, verb="cancel", suits=may_be_cancelled)


def may_be_cancelled(job: Job, row: JobRow) -> bool:
    return not row.finished and labels.CANCELLED_AT not in job.metadata.annotations


def cancel(client: Client, target: Target) -> str:
    client.cancel(target.job)
    return f"Cancelled {target.name}"
