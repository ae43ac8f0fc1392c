"""kqueue wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.errors import KbatchError, NotFound
from kbatch_core.status import JobRow
from kqueue_tui.cli.acting import PROG, target_options
from kqueue_tui.cli.follow import exit_status
from kqueue_tui.cli.run import complain, connect
from kqueue_tui.cli.targets import Missed, Target, choose


@click.command("wait")
@target_options
@click.option("--quiet", "-q", is_flag=True, help="Do not say how they ended.")
def command(quiet: bool, **options: Any) -> int:
    """Wait until jobs have ended. Exit code: the job's own, of several the highest; 1 when a signal ended it.

    ID_3 waits for a task of an array. Ctrl-C leaves the jobs alone.
    """
    client = connect(options, history=True)
    targets, missed = choose(
        client, options["jobs"], options, lambda job, row: not row.finished, anybodys=True
    )
    code = 0
    for one in missed:
        code = max(code, told(forgotten(client, one), quiet))
    for target in targets:
        try:
            rows = ended(client, target)
        except NotFound as error:
            complain(PROG, error.sentence, error.hint)
            code = max(code, error.exit_code)
            continue
        code = max(code, told(rows, quiet))
    return code


def told(rows: Sequence[JobRow | Missed], quiet: bool) -> int:
    """Say how they ended, or why it is not known; the highest exit code."""
    code = 0
    for row in rows:
        if isinstance(row, Missed):
            complain(PROG, row.error.sentence, row.error.hint)
            code = max(code, row.error.exit_code)
            continue
        if not quiet:
            complain(PROG, f"Job {row.id} {row.state}: {row.sentence}", row.hint)
        code = max(code, exit_status(row))
    return code


def forgotten(client: Client, missed: Missed) -> Sequence[JobRow | Missed]:
    """What home knows of a job that the cluster has no more; the miss itself when that is nothing."""
    try:
        found, tasks = client.look_up_task(missed.name)
    except KbatchError:
        return [missed]
    if tasks is None:
        return [client.row(found)]
    numbers = tasks.numbers()
    return [row for row in client.task_rows(found) if row.task in numbers] or [missed]


def ended(client: Client, target: Target) -> list[JobRow]:
    """The row of the job, or of each task that is meant, once all have ended. Raises NotFound."""
    if target.tasks is None:
        return [client.row(client.wait(target.job))]
    numbers = target.tasks.numbers()
    job = client.wait(target.job, tasks=numbers)
    return [row for row in client.task_rows(job) if row.task in numbers]
