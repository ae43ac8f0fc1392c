"""kqueue list."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.errors import BadOption, NotFound, Refused, Unreachable
from kbatch_core.model.moments import parse_moment
from kbatch_core.model.names import is_id
from kbatch_core.model.reference import split_references
from kbatch_core.model.safetext import safe_text
from kbatch_core.status import JobRow
from kbatch_core.status.missing import MissingRights
from kqueue_tui.cli.filters import Filter, filter_options, is_meant, make_filter, words
from kqueue_tui.cli.format import (
    NAMED,
    Format,
    parse_format,
    parse_long_format,
    parse_sort,
    table_of,
)
from kqueue_tui.cli.listing import Listing, active
from kqueue_tui.cli.offers import complete_jobs
from kqueue_tui.cli.run import cluster_options, complain, connect

NOTHING_ACTIVE = 1


@click.command(
    "list",
    epilog="Every option that squeue has too means the same here. Exit code 1 of --stats-only: nothing is active.",
)
@click.argument("jobs", nargs=-1, metavar="[JOB]...", shell_complete=complete_jobs)
@click.option(
    "--jobs",
    "-j",
    "ids",
    metavar="LIST",
    default="",
    help="Only these: ids, beginnings of ids, names, tasks as ID_3.",
)
@filter_options
@click.option("--all-users", is_flag=True, help="Jobs of everybody.")
@click.option("--all-namespaces", is_flag=True, help="Of every namespace; --namespace A,B: of several.")
@click.option(
    "--since",
    metavar="WHEN",
    help="Active, or ended since WHEN: -6h, yesterday, 14:30, 2026-03-01. [default: -1h]",
)
@click.option(
    "--all",
    "-a",
    "history",
    is_flag=True,
    help="Whenever they ended, also those that only your home's history has.",
)
@click.option("--array", "-r", "tasks", is_flag=True, help="A line for each task of an array.")
@click.option(
    "--format",
    "-o",
    "format_",
    metavar="FORMAT",
    help=f"squeue's symbols, as in '%.18i %j %T', or one of {', '.join(NAMED)}.",
)
@click.option(
    "--Format", "-O", "long_format", metavar="FIELDS", help="squeue's long names, as in jobid:18,name,state."
)
@click.option("--long", "-l", is_flag=True, help="More columns: -o long.")
@click.option(
    "--sort",
    "-S",
    metavar="FIELDS",
    default="",
    help="By these fields of -o or -O, - before one for falling: -M,i.",
)
@click.option("--no-header", "--noheader", "-h", is_flag=True, help="Leave the header line away.")
@click.option("--json", "as_json", is_flag=True, help="JSON, as `kqueue docs json` describes it.")
@click.option(
    "--stats-only", is_flag=True, help="Only how many are in which state; fails when none is active."
)
@click.option(
    "--iterate",
    "-i",
    metavar="SECONDS",
    type=click.IntRange(1),
    help="Show it again when it changes, at most this often.",
)
@click.option("--watch", is_flag=True, help="Show it again whenever it changes: -i 1.")
@cluster_options
def command(history: bool, iterate: int | None, watch: bool, **options: Any) -> int:  # fmt: skip
    """List your jobs, oldest first: those that are active or ended within the hour."""
    listing = make_listing(options, history=history)
    seconds = 1 if watch else iterate
    if seconds is not None and (history or listing.as_json):
        raise BadOption(
            f"--watch and -i cannot be combined with {'--all' if history else '--json'}.",
            "Leave one of them out.",
        )
    first = listing.namespaces[0] if listing.namespaces else ""
    client = connect({**options, "namespace": first or options["namespace"]}, history=history)
    if seconds is not None:
        from kqueue_tui.cli.watch import watch_list

        return watch_list(client, listing, seconds)
    # All that is read is kept to the end: to look for garbage in it would take a tenth of the time.
    gc.disable()
    try:
        rows, code = read(client, listing, history=history)
    finally:
        gc.enable()
    code = max(code, say_missing(rows, listing, history=history))
    chosen = listing.choose(rows, client.now())
    lines = listing.lines(chosen, client.now())
    if lines:
        click.echo("\n".join(lines))
    return NOTHING_ACTIVE if listing.stats_only and not active(chosen) else code


def make_listing(options: Mapping[str, Any], *, history: bool) -> Listing:
    """What the options ask for. Raises BadOption."""
    ids = (*options["jobs"], *split_references(options["ids"]))
    since = None
    if options["since"]:
        since = parse_moment(options["since"], time.time())
    wanted = make_filter(options, ids=ids, since=since)
    namespaces = ("",) if options["all_namespaces"] else words(options["namespace"] or "")
    return Listing(
        wanted=wanted,
        namespaces=namespaces,
        format=choose_format(options, wanted, namespaces),
        sort=tuple(parse_sort(options["sort"])),
        header=not options["no_header"],
        recent=not (history or ids or options["states"] or options["since"]),
        tasks=options["tasks"] or any(one.tasks is not None and is_id(one.job) for one in wanted.ids),
        as_json=options["as_json"],
        stats_only=options["stats_only"],
    )


def choose_format(options: Mapping[str, Any], wanted: Filter, namespaces: Sequence[str]) -> Format:
    """The columns; by default with those that tell users and namespaces apart where there are several."""
    if options["long_format"]:
        return parse_long_format(options["long_format"])
    name = options["format_"] or ("long" if options["long"] else "default")
    if name != "default":
        return parse_format(name)
    names = NAMED["default"]
    if wanted.users is not None:
        names = names.replace("name,", "name,username,", 1)
    if namespaces == ("",) or len(namespaces) > 1:
        names = f"namespace,{names}"
    return table_of(names)


def say_missing(rows: Sequence[JobRow], listing: Listing, *, history: bool) -> int:
    """Say which jobs that are named are not there; the exit code. A label selector hides what has other labels."""
    named = listing.wanted.ids if not listing.wanted.label else ()
    missing = [one for one in named if not any(is_meant(row, one) for row in rows)]
    own = listing.wanted.users is None
    more = ["--all looks in the history in home too"] if not history else []
    more += ["--all-users shows the jobs of others"] if own else []
    for one in missing:
        sentence = f'{"You have" if own else "There is"} no job "{safe_text(one.text)}" here.'
        complain("kqueue", sentence, f"{', '.join(more)}." if more else "")
    return NotFound.exit_code if missing else 0


def read(client: Client, listing: Listing, *, history: bool) -> tuple[list[JobRow], int]:
    """(rows, exit code); with `history` that of home alone when no cluster answers. Says what may not be read."""
    user = listing.user()
    missing = MissingRights(listing.namespaces or (client.api.namespace,))
    try:
        rows = client.list(
            user=user,
            namespaces=listing.namespaces,
            selector=listing.wanted.selector(),
            history=history,
            tasks=listing.tasks,
            missing=missing,
        )
    except Unreachable as error:
        if not history:
            raise
        complain("kqueue", f"{error.sentence} This is your home's history alone.", error.hint)
        return client.past(tasks=listing.tasks), error.exit_code
    for sentence in missing.sentences():
        complain("kqueue", sentence)
    return rows, Refused.exit_code if missing.has("jobs") else 0
