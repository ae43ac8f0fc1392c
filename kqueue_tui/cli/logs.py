"""kqueue logs."""

from __future__ import annotations

import shutil
import sys
from collections import deque

import click

from kbatch_core.client import Client
from kbatch_core.errors import NotFound
from kbatch_core.history import Past, output_path
from kqueue_tui.cli.run import cluster_options


@click.command("logs")
@click.argument("job")
@click.option("--follow", "-f", is_flag=True, help="Go on until the job ends.")
@click.option("--tail", metavar="N", type=click.IntRange(0), help="Only the last N lines.")
@click.option("--timestamps", "-t", is_flag=True, help="Put the time before each line.")
@cluster_options
def command(
    job: str,
    follow: bool,
    tail: int | None,
    timestamps: bool,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
) -> None:
    """Print the output of JOB as its container's log has it, or as its file has it when the log is gone."""
    client = Client.connect(namespace=namespace, kubeconfig=kubeconfig, context=context, history=True)
    found = client.look_up(job)
    if found.past is not None:
        copy_file(found.past, tail)
        return
    options = {
        "follow": "true" if follow else None,
        "tailLines": tail,
        "timestamps": "true" if timestamps else None,
    }
    # Bytes, not text: a job may print anything.
    for chunk in client.logs(found.job, options):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()


def copy_file(past: Past, tail: int | None) -> None:
    """The output file of a job that the cluster has no more. Raises NotFound."""
    path = output_path(past)
    if not path:
        raise NotFound(
            f"The log of job {past.id} is gone with it, and it is not known to have an output file.",
            f"`kqueue show {past.id}` says what is known.",
        )
    try:
        with open(path, "rb") as file:
            if tail is not None:
                sys.stdout.buffer.writelines(deque(file, tail))
                return
            shutil.copyfileobj(file, sys.stdout.buffer)
    except OSError as error:
        raise NotFound(
            f"The log of job {past.id} is gone with it, and its output file {path} cannot be read here "
            f"({error.strerror}).",
            "Look where that home is mounted.",
        ) from error
