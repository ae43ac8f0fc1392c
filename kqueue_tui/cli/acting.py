"""What the commands that act on jobs have in common: one after the other, each asked for if wanted, all told.

A refusal does not stop the others. What was not done is said and makes the exit code: that of the worst problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from kbatch_core.client import Client
from kbatch_core.errors import BadOption, KbatchError, Unreachable
from kqueue_tui.cli.filters import filter_options
from kqueue_tui.cli.offers import complete_jobs
from kqueue_tui.cli.run import cluster_options, complain, connect
from kqueue_tui.cli.targets import Suits, Target, choose

Function = TypeVar("Function", bound=Callable[..., Any])
Do = Callable[[Client, Target], str]
"""Does it to one job; what to print on stdout, "" = nothing. Raises KbatchError."""

PROG = "kqueue"
WHICH = (
    "JOB is an id, the beginning of one, or a name; several may be joined by commas. Filters alone take all jobs of "
    "yours that match and that it can be done to; of jobs that are named, those that match."
)


def target_options(function: Function) -> Function:
    """Add JOB..., the filters and -i."""
    function = cluster_options(function)
    function = click.option("--interactive", "-i", is_flag=True, help="Ask for each job.")(function)
    function = filter_options(function)
    return click.argument("jobs", nargs=-1, metavar="[JOB]...", shell_complete=complete_jobs)(function)


def act(
    options: Mapping[str, Any],
    do: Do,
    *,
    verb: str,
    suits: Suits,
    tasks: bool = False,
    active: bool = True,
    past: bool = False,
    ask: Callable[[Client, Sequence[Target]], bool] = lambda client, targets: True,
) -> int:
    """Act on the jobs of `options`; the exit code. `verb` is for questions: "cancel".

    `tasks`: whether it can be done to single tasks; `active`: whether a name that several jobs have means the only
    one of them that has not ended; `past`: whether one that only the history has will do. `ask` is called once
    before anything is done.
    """
    client = connect(options)
    targets, missed = choose(client, options["jobs"], options, suits, active=active, past=past)
    code = 0
    undone = [one.name for one in missed]
    for one in missed:
        complain(PROG, one.error.sentence, one.error.hint)
        code = max(code, one.error.exit_code)
    if not targets and not missed:
        complain(PROG, f"No job is there to {verb}.")
        return 0
    if targets and not ask(client, targets):
        complain(PROG, f"Nothing was done to {', '.join(target.name for target in targets)}.")
        return 1
    for at, target in enumerate(targets):
        if options["interactive"] and not confirm(f"{verb.capitalize()} {target.title}?"):
            complain(PROG, f"Left alone: {target.name}.")
            continue
        try:
            if target.tasks is not None and not tasks:
                raise no_tasks(verb, target)
            said = do(client, target)
        except KbatchError as error:
            complain(PROG, error.sentence, error.hint)
            code = max(code, error.exit_code)
            if isinstance(error, Unreachable):
                # Nor will the cluster answer to the next one.
                undone += [other.name for other in targets[at:]]
                break
            undone.append(target.name)
        else:
            if said:
                click.echo(said)
    if undone and len(targets) + len(missed) > 1:
        complain(PROG, f"Not done to {len(undone)} of {len(targets) + len(missed)}: {', '.join(undone)}.")
    return code


def confirm(question: str) -> bool:
    """Ask on stderr, so that a pipe gets no question. No answer is a no."""
    try:
        return click.confirm(question, default=False, err=True)
    except click.Abort:
        click.echo("", err=True)
        return False


def no_tasks(verb: str, target: Target) -> BadOption:
    """Kubernetes runs an array as one Job, whose tasks cannot be handled alone."""
    array = target.name.partition("_")[0]
    return BadOption(
        f"{target.name}: a task of an array cannot be treated alone here.",
        f"`kqueue {verb} {array}` is for all of it.",
    )
