"""kqueue eff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from kbatch_core.errors import BadOption
from kbatch_core.history import Efficiency, Spread
from kbatch_core.model.quantity import format_cpus, format_memory
from kbatch_core.model.safetext import safe_text
from kbatch_core.model.timelimit import format_time
from kqueue_tui.cli.looking import say_source
from kqueue_tui.cli.offers import complete_jobs
from kqueue_tui.cli.run import cluster_options, connect

Words = Callable[[float], str]


@click.command("eff")
@click.argument("job", shell_complete=complete_jobs)
@click.option(
    "--json", "as_json", is_flag=True, help="JSON; parts are of what was asked for, 1.0 = all of it."
)
@cluster_options
def command(job: str, as_json: bool, **options: Any) -> int:
    """Show what JOB used against what it asked for, and what to ask for next time. Exit code 1: nothing tells.

    Of an array that is what its tasks used; ID_3 is one of them.
    """
    client = connect(options, history=True)
    found, tasks = client.look_up_task(job)
    numbers = tasks.numbers() if tasks is not None else []
    if len(numbers) > 1:
        raise BadOption(f"{safe_text(job)} means {len(numbers)} tasks.", "Name one, or the whole array.")
    say_source(found)
    account = client.efficiency(found, numbers[0] if numbers else None)
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(account), indent=2).decode())
    else:
        for name, value in lines(account):
            click.echo(f"{name:>12}  {value}")
    return 0 if account.uses else 1


def lines(account: Efficiency) -> list[tuple[str, str]]:
    """The account for people, as (name, value) in reading order; nothing that is empty."""
    row = account.row
    found = [
        ("Job", f"{row.id}  {row.name}".rstrip()),
        ("State", f"{row.state}  {row.sentence}".rstrip()),
        ("Tasks", f"{len(account.uses)} of {row.tasks.total} told what they used" if row.tasks else ""),
        ("CPU", _cpu(account)),
        ("Memory", _memory(account)),
        ("Time", _time(account)),
        ("GPU", _spread(account.gpu, lambda percent: f"{percent:.0f} %") if account.gpu else ""),
        ("Next time", _next(account)),
        *(("Note", sentence) for sentence in account.missing),
    ]
    return [(name, value) for name, value in found if value]


def _cpu(account: Efficiency) -> str:
    if account.cores is None:
        return ""
    asked = format_cpus(account.row.cpus) if account.row.cpus else ""
    used = _spread(account.cores, lambda cores: f"{cores:.2f}")
    of = f" of {asked} cores, {_percent(account.cpu)}" if asked else " cores, none was asked for"
    return f"{used}{of}"


def _memory(account: Efficiency) -> str:
    if account.peak is None:
        return ""
    peak = _spread(account.peak, lambda amount: format_memory(int(amount)))
    asked = account.row.memory
    return f"peak {peak} of {format_memory(asked)}, {_percent(account.memory)}" if asked else f"peak {peak}"


def _time(account: Efficiency) -> str:
    if account.wall is None:
        return ""
    wall = _spread(account.wall, lambda seconds: format_time(int(seconds)))
    limit = account.row.time_limit
    return (
        f"{wall} of {format_time(limit)}, {_percent(account.time)}" if limit else f"{wall}, without a limit"
    )


def _next(account: Efficiency) -> str:
    if account.proposal.options:
        return account.proposal.options
    ended_well = any(use.succeeded for use in account.uses)
    return "as it was" if ended_well and account.row.finished else ""


def _spread(spread: Spread, words: Words) -> str:
    """One value of a job; of an array the smallest, the median and the largest, with the tasks that had them."""
    if spread.low_task is None:
        return words(spread.high)
    low, high = (
        f"{words(spread.low)} (task {spread.low_task})",
        f"{words(spread.high)} (task {spread.high_task})",
    )
    return f"{low}, median {words(spread.median)}, {high}"


def _percent(part: float | None) -> str:
    return "?" if part is None else f"{part * 100:.0f} %"
