"""Staying with a job: `--wait` and `--follow`."""

from __future__ import annotations

from kbatch_core.client import Client
from kbatch_core.errors import BadOption
from kbatch_core.history import Found
from kbatch_core.model import labels
from kbatch_core.model.objects import Job
from kbatch_core.status.row import JobRow
from kqueue_tui.cli.run import complain


def wait(client: Client, job: Job) -> int:
    """Until the job has ended; its exit code. Ctrl-C leaves the job alone."""
    job_id = job.metadata.labels[labels.ID]
    try:
        row = client.row(client.wait(job))
    except KeyboardInterrupt:
        complain("kbatch", f"Job {job_id} goes on.", f"Look at it with `kqueue show {job_id}`.")
        return 130
    complain("kbatch", f"Job {job_id} {row.state}: {row.sentence}", row.hint)
    return exit_status(row)


def exit_status(row: JobRow) -> int:
    """The exit code of `sbatch --wait`: the job's own; 1 when a signal or the cluster ended it."""
    if row.state == "CD":
        return 0
    return row.exit_code if row.exit_code and not row.signal else 1


def follow(client: Client, job: Job) -> int:
    """The job's output here until it has ended, of an array that of all tasks; its exit code."""
    from kbatch_core.logs import LogRequest
    from kqueue_tui.cli.logprint import LogPrinter
    from kqueue_tui.cli.logs import log_readers, print_logs

    job_id = job.metadata.labels[labels.ID]
    try:
        readers = log_readers(client, Found(job=job), LogRequest(follow=True))
        print_logs(readers, LogPrinter("kbatch", ends=len(readers) > 1), follow=True)
    except KeyboardInterrupt:
        complain("kbatch", f"Job {job_id} goes on.", f"Look at it with `kqueue logs -f {job_id}`.")
        return 130
    except BadOption as error:
        complain("kbatch", error.sentence, "Waiting for the end without the output.")
    return wait(client, job)
