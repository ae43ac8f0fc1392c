"""kqueue history."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.errors import BadOption, Unreachable
from kbatch_core.history.prune import Size, prunable, remove, sizes
from kbatch_core.model.quantity import format_memory
from kbatch_core.model.timelimit import parse_time_limit
from kbatch_core.status import JobRow
from kbatch_core.status.words import plural
from kqueue_tui.cli.acting import confirm
from kqueue_tui.cli.run import cluster_options, complain, connect
from kqueue_tui.cli.table import cell_width, fit


@click.group("history", invoke_without_command=True)
@cluster_options
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> int:
    """Show the jobs in ~/.kbatch, oldest first, and the room that they take."""
    if ctx.invoked_subcommand is not None:
        return 0
    client = connect(options, history=True)
    rows, code = known(client)
    folders = sizes(client.history)
    here = [row for row in rows if row.id in folders]
    for line in table(here, folders):
        click.echo(line)
    total = format_memory(sum(folders[row.id].bytes for row in here))
    click.echo(f"{plural(len(here), 'job')}, {total} in {client.history.path}", err=True)
    return code


@command.command("prune", short_help="Remove jobs that ended long ago.")
@click.option("--older-than", metavar="TIME", default="30d", show_default=True, help="Untouched for so long.")
@click.option("--unknown", is_flag=True, help="Also jobs of which nothing tells how they ended.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@cluster_options
def prune(older_than: str, unknown: bool, dry_run: bool, yes: bool, **options: Any) -> int:
    """Remove from ~/.kbatch what is there of jobs that have ended: record, usage, script. Output files stay."""
    client = connect(options, history=True)
    age = read_age(older_than)
    rows, code = known(client)
    folders = sizes(client.history)
    chosen = prunable(rows, folders, older_than=age, now=client.now(), unknown=unknown)
    for line in table(chosen, folders):
        click.echo(line)
    total = format_memory(sum(folders[row.id].bytes for row in chosen))
    said = f"{plural(len(chosen), 'job')}, {total}, in {client.history.path}"
    if dry_run or not chosen:
        click.echo(f"Would remove {said}." if chosen else f"Nothing to remove in {client.history.path}.")
        return code
    if not yes:
        if not sys.stdin.isatty():
            raise BadOption("Nobody is there to ask.", "Give --yes to remove without a question.")
        if not confirm(f"Remove {said}?"):
            complain("kqueue", "Nothing was removed.")
            return 1
    removed = 0
    for row in chosen:
        try:
            if remove(client.history, row.id, folders[row.id]):
                removed += 1
            else:
                complain("kqueue", f"Job {row.id} has changed meanwhile and stays.")
        except OSError as error:
            complain(
                "kqueue", f"Job {row.id} cannot be removed: {error.strerror or 'it is a symbolic link now'}."
            )
            code = 1
    click.echo(f"Removed {plural(removed, 'job')} from {client.history.path}.")
    return code


def known(client: Client) -> tuple[Sequence[JobRow], int]:
    """All jobs that the cluster and the history have, and the exit code: without a cluster the history alone."""
    try:
        return client.list(user=None, history=True), 0
    except Unreachable as error:
        complain("kqueue", f"{error.sentence} This is your home's history alone.", error.hint)
        return client.past(), error.exit_code


def read_age(text: str) -> int:
    """Seconds of `30d`, `12h`, `0`. Raises BadOption."""
    if text.strip().isdigit() and int(text) != 0:
        raise BadOption(
            f"--older-than {text}: of what?", f"Write a unit: {text}d for days, {text}h for hours."
        )
    return parse_time_limit(text) or 0


def table(rows: Sequence[JobRow], folders: Mapping[str, Size]) -> list[str]:
    """Lines of text, columns as wide as their widest cell."""
    cells = [
        (
            row.id, row.name or "-", row.state, _moment(row.submitted), _moment(row.ended),
            format_memory(folders[row.id].bytes),
        )
        for row in rows
    ]  # fmt: skip
    if not cells:
        return []
    cells.insert(0, ("JOBID", "NAME", "ST", "SUBMITTED", "ENDED", "SIZE"))
    widths = [max(cell_width(line[column]) for line in cells) for column in range(6)]
    return [
        "  ".join(fit(text, width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def _moment(seconds: float | None) -> str:
    return "-" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
