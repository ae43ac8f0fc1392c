"""kqueue rerun."""

from __future__ import annotations

from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.errors import BadOption
from kbatch_core.model.objects import Job
from kbatch_core.model.quantity import parse_memory
from kbatch_core.model.timelimit import parse_time_limit
from kbatch_core.status import JobRow
from kbatch_core.status.reading import id_of
from kqueue_tui.cli.acting import WHICH, act, target_options
from kqueue_tui.cli.targets import Target


@click.command("rerun", epilog=WHICH)
@target_options
@click.option(
    "--failed", is_flag=True, help="Of an array only the tasks that did not succeed; no job that did."
)
@click.option("--time", metavar="TIME", help="With this time limit.")
@click.option("--mem", metavar="SIZE", help="With this much memory.")
def command(failed: bool, time: str | None, mem: str | None, **options: Any) -> int:
    """Submit jobs that have ended once more: the same script, options and environment under a new id.

    One that the cluster has forgotten is taken from the history in home.

    ID_3 or ID_[1-4,7] takes these tasks of an array alone.
    """
    seconds = parse_time_limit(time) if time is not None else None
    if time is not None and seconds is None:
        raise BadOption("--time: write how long it may run.", "Or submit it with kbatch, without a limit.")
    memory = parse_memory(mem) if mem is not None else None

    def rerun(client: Client, target: Target) -> str:
        again = client.rerun(
            target.job,
            failed_only=failed,
            tasks=target.tasks.numbers() if target.tasks is not None else (),
            time_limit=seconds,
            memory=memory,
        )
        return f"Submitted batch job {id_of(again)}"

    def suits(job: Job, row: JobRow) -> bool:
        return row.finished and (not failed or row.state != "CD")

    return act(options, rerun, verb="rerun", suits=suits, tasks=True, active=False, past=True)
