"""kqueue list."""

from __future__ import annotations

import click

from kbatch_core.client import Client
from kbatch_core.errors import Unreachable
from kqueue_tui.cli.run import cluster_options, complain
from kqueue_tui.cli.table import format_table


@click.command("list")
@click.option(
    "--all", "-a", "history", is_flag=True, help="Also the jobs that are only in your home's history."
)
@click.option("--all-users", is_flag=True, help="Jobs of everybody in the namespace.")
@click.option("--no-header", "-h", is_flag=True, help="Leave the header line away.")
@click.option("--json", "as_json", is_flag=True, help="JSON, one object with the list `jobs`.")
@cluster_options
def command(
    history: bool,
    all_users: bool,
    no_header: bool,
    as_json: bool,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
) -> int:
    """List your jobs, oldest first."""
    client = Client.connect(namespace=namespace, kubeconfig=kubeconfig, context=context, history=history)
    user = "" if all_users else None
    code = 0
    try:
        rows = client.list(user=user, history=history)
    except Unreachable as error:
        if not history:
            raise
        complain("kqueue", f"{error.sentence} This is your home's history alone.", error.hint)
        rows, code = client.past(user=user), error.exit_code
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode({"jobs": rows}), indent=2).decode())
        return code
    for line in format_table(rows, now=client.now(), header=not no_header):
        click.echo(line)
    return code
