"""Staying with a job: `--wait` and `--follow`."""

from __future__ import annotations

import contextlib
from typing import Literal

from kbatch_core.client import Client
from kbatch_core.errors import BadOption
from kbatch_core.history import Found
from kbatch_core.model import labels
from kbatch_core.model.objects import Job
from kbatch_core.status.row import JobRow
from kqueue_tui.cli.run import complain
from kqueue_tui.cli.status_line import StatusLine

Until = Literal["started", "ended"]


def wait(client: Client, job: Job) -> int:
    """Until the job has ended; its exit code. Ctrl-C leaves the job alone."""
    job_id = job.metadata.labels[labels.ID]
    try:
        ended = watch_until(client, job, "ended")
    except KeyboardInterrupt:
        complain("kbatch", f"Job {job_id} goes on.", f"Look at it with `kqueue show {job_id}`.")
        return 130
    row = client.row(ended)
    complain("kbatch", said(row), row.hint)
    return exit_code(client, ended, row)


def said(row: JobRow) -> str:
    """How a job ended, as a sentence."""
    return f"Job {row.id} {row.state}: {row.sentence}."


def follow(client: Client, job: Job) -> int:
    """The job's output here until it has ended, of an array that of all tasks; its exit code."""
    from kbatch_core.logs import LogRequest
    from kqueue_tui.cli.logprint import LogPrinter
    from kqueue_tui.cli.logs import log_readers, print_logs

    job_id = job.metadata.labels[labels.ID]
    try:
        watch_until(client, job, "started")
        readers = log_readers(client, Found(job=job), LogRequest(follow=True))
        print_logs(readers, LogPrinter("kbatch", ends=len(readers) > 1), follow=True)
    except KeyboardInterrupt:
        complain("kbatch", f"Job {job_id} goes on.", f"Look at it with `kqueue logs -f {job_id}`.")
        return 130
    except BadOption as error:
        complain("kbatch", error.sentence, "Waiting for the end without the output.")
    return wait(client, job)


def watch_until(client: Client, job: Job, until: Until) -> Job:
    """The job once it has started or ended; on a terminal a line says meanwhile how it stands."""
    line = StatusLine.on_terminal(job.metadata.uid)
    with line or contextlib.nullcontext():
        return client.wait(job, until=until, look=line.look if line is not None else None)


def exit_code(client: Client, job: Job | Found, row: JobRow) -> int:
    """The exit code of `sbatch --wait`: the job's own; of an array the highest of its tasks."""
    if row.tasks is None or row.state == "CD":
        return exit_status(row)
    return max([exit_status(task) for task in client.task_rows(job)], default=exit_status(row))


def exit_status(row: JobRow) -> int:
    """The exit code of one job or task: its own; 1 when a signal or the cluster ended it."""
    if row.state == "CD":
        return 0
    return row.exit_code if row.exit_code and not row.signal else 1
