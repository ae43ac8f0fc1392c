"""kqueue logs."""

from __future__ import annotations

import sys

import click

from kbatch_core.client import Client
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
    """Print the output of JOB as its container's log has it."""
    client = Client.connect(namespace=namespace, kubeconfig=kubeconfig, context=context)
    options = {
        "follow": "true" if follow else None,
        "tailLines": tail,
        "timestamps": "true" if timestamps else None,
    }
    # Bytes, not text: a job may print anything.
    for chunk in client.logs(client.find(job), options):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
