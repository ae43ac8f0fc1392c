"""kqueue local: a cluster on this machine, with processes for pods."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from kbatch_core.cluster.settings import CLUSTER_VARIABLE
from kbatch_core.errors import BadOption, KbatchError
from kbatch_core.local.lifecycle import PREFIX, State, clean, parse_cluster, start, state, stop
from kbatch_core.local.place import DEFAULT, Place, all_places, find_place

Function = TypeVar("Function", bound=Callable[..., Any])


def name_option(function: Function) -> Function:
    """Add --name, which is the cluster that other commands would use unless it is given."""
    return click.option(
        "--name",
        metavar="NAME",
        default=lambda: parse_cluster(os.environ.get(CLUSTER_VARIABLE) or PREFIX),
        show_default=f"that of {CLUSTER_VARIABLE}, else {DEFAULT}",
        help="Which one, when there are several.",
    )(function)


@click.group("local")
def command() -> None:
    """A small Kubernetes on this machine: jobs are processes, run as you and with nothing between them and you.

    kbatch and kqueue use it with --cluster local, or everywhere with KBATCH_CLUSTER=local; then it starts by itself.
    """


@command.command("start")
@name_option
def start_command(name: str) -> None:
    """Start it, if it does not run."""
    place = find_place(name, os.environ)
    start(place)
    click.echo(f"The local cluster {name} runs. Submit to it: kbatch {_option(name)} SCRIPT", err=True)
    click.echo(f"export KUBECONFIG={place.kubeconfig}")


@command.command("stop")
@name_option
def stop_command(name: str) -> int:
    """Stop it. Its jobs run on, and their ends are seen when it starts again. Exit code 1: it did not run."""
    if not stop(find_place(name, os.environ)):
        click.echo(f"The local cluster {name} does not run.", err=True)
        return 1
    click.echo(f"Stopped the local cluster {name}.", err=True)
    return 0


@command.command("status")
@click.option("--name", metavar="NAME", help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="JSON.")
def status_command(name: str | None, as_json: bool) -> int:
    """Show the local clusters that there are. Exit code 1: none of them runs."""
    places = [find_place(name, os.environ)] if name else all_places(os.environ)
    states = [state(place) for place in places]
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(states), indent=2).decode())
    elif not states:
        click.echo("There is no local cluster. Start one: kqueue local start", err=True)
    else:
        for one in states:
            click.echo(line(one))
    return 0 if any(one.running for one in states) else 1


@command.command("clean")
@name_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def clean_command(name: str, yes: bool) -> int:
    """Stop it, end all its jobs, and remove all that it knows. What jobs wrote in your home stays."""
    place = find_place(name, os.environ)
    if not place.folder.exists():
        click.echo(f"There is no local cluster {name}.", err=True)
        return 1
    _ask(place, yes)
    try:
        clean(place)
    except OSError as error:
        raise KbatchError(
            f"{place.folder} cannot be removed: {error.strerror or 'it is a symbolic link'}."
        ) from error
    click.echo(f"Removed the local cluster {name}.", err=True)
    return 0


def line(one: State) -> str:
    """A cluster in one line."""
    where = f"{one.server}, process {one.pid}" if one.running else "stopped"
    return f"{one.name}: {where}; {one.kubeconfig}"


def _ask(place: Place, yes: bool) -> None:
    """Raises BadOption, click.Abort."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadOption("Nobody is there to ask.", "Give --yes to remove it without a question.")
    click.confirm(f"End all jobs of the local cluster {place.name} and remove them?", abort=True, err=True)


def _option(name: str) -> str:
    return "--cluster local" if name == DEFAULT else f"--cluster local:{name}"
