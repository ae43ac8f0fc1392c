"""kqueue wait."""

from __future__ import annotations

from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.errors import KbatchError, NotFound
from kbatch_core.history import Found
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.objects import Job
from kqueue_tui.cli.acting import PROG, WHICH, confirm, target_options
from kqueue_tui.cli.follow import exit_code, exit_status, said, watch_until
from kqueue_tui.cli.run import complain, connect
from kqueue_tui.cli.targets import Missed, Target, choose


@click.command("wait", epilog=WHICH)
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
    if not targets and not missed:
        complain(PROG, "No job is there to wait for.")
    for one in missed:
        code = max(code, forgotten(client, one, quiet))
    # All questions before the first wait, which may take days.
    if options["interactive"]:
        targets = [target for target in targets if confirm(f"Wait for {target.title}?")]
    for target in targets:
        try:
            code = max(code, wait(client, target, quiet))
        except NotFound as error:
            complain(PROG, error.sentence, error.hint)
            code = max(code, error.exit_code)
    return code


def wait(client: Client, target: Target, quiet: bool) -> int:
    """Until the job, or each task that is meant, has ended; the exit code. Raises NotFound."""
    if target.tasks is None:
        return tell(client, watch_until(client, target.job, "ended"), None, quiet)
    return tell(client, client.wait(target.job, tasks=target.tasks.numbers()), target.tasks, quiet)


def forgotten(client: Client, missed: Missed, quiet: bool) -> int:
    """The exit code of a job that the cluster has no more, as home has it; that of the miss where it has nothing."""
    try:
        found, tasks = client.look_up_task(missed.name)
    except KbatchError:
        complain(PROG, missed.error.sentence, missed.error.hint)
        return missed.error.exit_code
    return tell(client, found, tasks, quiet)


def tell(client: Client, job: Job | Found, tasks: ArraySpec | None, quiet: bool) -> int:
    """Say how a job, or tasks of it, ended; the exit code."""
    if tasks is None:
        rows = [client.row(job)]
        code = exit_code(client, job, rows[0])
    else:
        numbers = tasks.numbers()
        rows = [row for row in client.task_rows(job) if row.task in numbers]
        code = max([exit_status(row) for row in rows], default=1)
    for row in rows if not quiet else ():
        complain(PROG, said(row), row.hint)
    return code
