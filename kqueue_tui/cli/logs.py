"""kqueue logs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click
from msgspec.structs import replace

from kbatch_core.client import Client
from kbatch_core.errors import BadOption, KbatchError
from kbatch_core.history import Found
from kbatch_core.logs import LogReader, LogRequest
from kbatch_core.model.arrays import ArraySpec, parse_array
from kbatch_core.model.moments import parse_moment
from kbatch_core.status.reading import array_of, id_of, is_array
from kqueue_tui.cli.logprint import LogPrinter
from kqueue_tui.cli.looking import each_reference, look_up_each
from kqueue_tui.cli.merge import merged
from kqueue_tui.cli.offers import complete_jobs
from kqueue_tui.cli.run import cluster_options, complain, connect

# Logs that are followed at once: each is a thread and, where the file is not in home, a connection.
MOST = 50


@click.command("logs")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...", shell_complete=complete_jobs)
@click.option("--follow", "-f", is_flag=True, help="Go on until the job ends; wait for one that is pending.")
@click.option("--tail", "-n", metavar="N", type=click.IntRange(0), help="Only the last N lines.")
@click.option("--since", metavar="WHEN", help="Only lines since then: 10m, 2h, 14:00, 2026-11-25T14:00.")
@click.option("--timestamps", "-t", is_flag=True, help="Put the time before each line.")
@click.option("--task", metavar="LIST", help="Only these tasks of an array: 3, 1-5, 2,7.")
@click.option("--previous", "-p", is_flag=True, help="The attempt before the newest one.")
@click.option("--stderr", is_flag=True, help="The file of --error in place of that of --output.")
@click.option("--verbose", "-v", is_flag=True, help="Say what is read, also when not on a terminal.")
@cluster_options
def command(
    jobs: tuple[str, ...],
    follow: bool,
    tail: int | None,
    since: str | None,
    timestamps: bool,
    task: str | None,
    previous: bool,
    stderr: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Print the output of jobs: from the file in home where it can be read here, else as their containers' logs.

    Several jobs, or all tasks of an array, are told apart by what is put before each line. In a pipe the bytes of a
    single job's output come out unchanged. Where lines may be missing, standard error says so. ID_3 or ID_[1-4,7]
    takes these tasks of an array alone.
    """
    client = connect(options, history=True)
    request = LogRequest(
        follow=follow,
        tail=tail,
        since=parse_moment(since, client.now()) if since is not None else None,
        times=timestamps,
        previous=previous,
        stderr=stderr,
    )
    chosen = parse_array(task) if task is not None else None
    references = each_reference(jobs)
    made, code = look_up_each(
        client, references, lambda found, tasks: log_readers(client, found, request, tasks or chosen)
    )
    readers = {label: reader for some in made for label, reader in some.items()}
    printer = LogPrinter(timestamps=timestamps, verbose=verbose, colours=not os.environ.get("NO_COLOR"))
    several = len(references) > 1
    return max(code, print_logs(readers, printer, follow=follow, labelled=several))


def log_readers(
    client: Client, found: Found, request: LogRequest, tasks: ArraySpec | None = None
) -> dict[str, LogReader]:
    """The readers of a job: one, or one per task of an array; `tasks` names some of them. Raises BadOption."""
    job_id = id_of(found.job)
    return {
        job_id if number is None else f"{job_id}_{number}": client.log_reader(
            found, replace(request, task=number)
        )
        for number in tasks_of(found, tasks)
    }


def tasks_of(found: Found, wanted: ArraySpec | None) -> Sequence[int | None]:
    """The numbers of the tasks to read; (None,) for a job that is no array."""
    if wanted is not None:
        return tuple(wanted.numbers())
    job = found.job
    if not is_array(job):
        return (None,)
    array = array_of(job)
    return tuple(array.numbers()) if array is not None else tuple(range(job.spec.completions or 0))


def print_logs(
    readers: dict[str, LogReader], printer: LogPrinter, *, follow: bool, labelled: bool = False
) -> int:
    """Print them all; the exit code. One reader's error is raised, of several each is said.

    `labelled`: say also of a single one whose lines they are.
    """
    if len(readers) == 1 and not labelled:
        try:
            for batch in next(iter(readers.values())).batches():
                printer.batch(batch)
        finally:
            printer.close()
        return 0
    if follow and len(readers) > MOST:
        raise BadOption(
            f"{len(readers)} logs cannot be followed at once; {MOST} can.", "Name fewer, with --task."
        )
    colours = {label: at for at, label in enumerate(readers)}
    # Without -f one after the other, in their order.
    groups = [readers] if follow else [{label: reader} for label, reader in readers.items()]
    worst = 0
    try:
        for group in groups:
            try:
                for label, what in merged(group):
                    if isinstance(what, KbatchError):
                        worst = max(worst, failed(printer, what))
                    else:
                        printer.batch(what, label, colours[label])
            except KbatchError as error:
                worst = max(worst, failed(printer, error))
    finally:
        printer.close()
    return worst


def failed(printer: LogPrinter, error: KbatchError) -> int:
    printer.close()
    complain("kqueue", error.sentence, error.hint)
    sys.stderr.flush()
    return error.exit_code
