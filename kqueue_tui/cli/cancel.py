"""kqueue cancel."""

from __future__ import annotations

import click

from kbatch_core.client import Client
from kbatch_core.errors import Refused, UsageError
from kqueue_tui.cli.run import cluster_options, complain


@click.command("cancel")
@click.argument("jobs", nargs=-1, required=True)
@cluster_options
def command(jobs: tuple[str, ...], namespace: str | None, context: str | None, kubeconfig: str | None) -> int:
    """End JOBS and keep their record and output. Exit code 1 when one of them could not be ended."""
    client = Client.connect(namespace=namespace, kubeconfig=kubeconfig, context=context)
    code = 0
    for reference in jobs:
        try:
            client.cancel(client.find(reference))
        except (Refused, UsageError) as error:
            complain("kqueue", error.sentence, error.hint)
            code = max(code, error.exit_code)
        else:
            click.echo(f"Cancelled {reference}")
    return code
