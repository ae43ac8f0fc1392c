"""kqueue submit: the dashboard's form, which makes the same job as `kbatch` and shows its command."""

from __future__ import annotations

from typing import Any

import click

from kqueue_tui.cli.dashboard import dashboard_options, on_terminal, open_dashboard
from kqueue_tui.cli.run import cluster_options


@click.command("submit")
@click.argument("script", required=False, type=click.Path())
@dashboard_options
@cluster_options
def command(**options: Any) -> int:
    """Fill in a form, see what comes of it, and submit it. It begins with SCRIPT, if one is given."""
    if not on_terminal():
        raise click.UsageError(
            "The form needs a terminal. Without one, kbatch submits: kbatch SCRIPT [ARG...]."
        )
    return open_dashboard(options, screen="form", script=options["script"] or "")
