"""kqueue list."""

from __future__ import annotations

import click

from kbatch_core.client import Client
from kqueue_tui.cli.run import cluster_options
from kqueue_tui.cli.table import format_table


@click.command("list")
@click.option("--all-users", "-a", is_flag=True, help="Jobs of everybody in the namespace.")
@click.option("--no-header", "-h", is_flag=True, help="Leave the header line away.")
@click.option("--json", "as_json", is_flag=True, help="JSON, one object with the list `jobs`.")
@cluster_options
def command(
    all_users: bool,
    no_header: bool,
    as_json: bool,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
) -> None:
    """List your jobs, oldest first."""
    client = Client.connect(namespace=namespace, kubeconfig=kubeconfig, context=context)
    rows = client.list(user="" if all_users else None)
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode({"jobs": rows}), indent=2).decode())
        return
    for line in format_table(rows, now=client.now(), header=not no_header):
        click.echo(line)
