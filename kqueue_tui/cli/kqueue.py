"""kqueue: look at jobs and handle them. Each subcommand is a file beside this one, imported when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import click

import kbatch_core
from kqueue_tui.cli.dashboard import ONLY_HERE, dashboard_options, on_terminal, open_dashboard
from kqueue_tui.cli.run import cluster_options
from kqueue_tui.cli.run import main as run

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Subcommand -> (module, one line of help). The module has a click command of the same name.
COMMANDS = {
    "list": ("kqueue_tui.cli.list", "List the jobs."),
    "show": ("kqueue_tui.cli.show", "Show everything about a job, and why it is as it is."),
    "logs": ("kqueue_tui.cli.logs", "Print a job's output."),
    "shell": ("kqueue_tui.cli.shell", "Open a shell in a job that runs, or run a command there."),
    "eff": ("kqueue_tui.cli.eff", "Show what a job used, and what to ask for next time."),
    "history": ("kqueue_tui.cli.history", "Show the history in home, and remove old jobs from it."),
    "submit": ("kqueue_tui.cli.submit", "Fill in a form and submit a job."),
    "wait": ("kqueue_tui.cli.wait", "Wait until jobs have ended; their exit code."),
    "cancel": ("kqueue_tui.cli.cancel", "End jobs and keep their record."),
    "hold": ("kqueue_tui.cli.hold", "Keep jobs from running."),
    "release": ("kqueue_tui.cli.release", "Let held jobs run."),
    "update": ("kqueue_tui.cli.update", "Change an array's throttle, or lower a time limit."),
    "rerun": ("kqueue_tui.cli.rerun", "Submit ended jobs once more, or an array's failed tasks."),
    "local": ("kqueue_tui.cli.local", "Start, stop or remove a cluster on this machine."),
    "delete": ("kqueue_tui.cli.delete", "Remove jobs and their record from the cluster."),
    "demo": ("kqueue_tui.cli.demo", "Try it on this machine, with jobs in every state."),
    "doctor": ("kqueue_tui.cli.doctor", "Go through what is needed, and say what is wrong."),
    "docs": ("kqueue_tui.cli.docs", "Show a page of the documentation."),
    "completion": ("kqueue_tui.cli.completion", "Print what makes a shell complete kbatch and kqueue."),
}


class LazyGroup(click.Group):
    """Imports a subcommand's module only when it runs, so that none pays for another's imports.

    Options without a command are those of `list`: `kqueue -u ann` is what fingers know from squeue.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0].startswith("-") and args[0] not in own:
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # only after a slip

            close = get_close_matches(args[0].lower(), COMMANDS, n=1)
            raise click.UsageError(
                f"There is no command {args[0]}." + (f" Did you mean {close[0]}?" if close else ""), ctx
            )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands by the table alone, and the options of this one."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        from click.shell_completion import CompletionItem

        return [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, invoke_without_command=True)
@click.version_option(kbatch_core.__version__, prog_name="kqueue")
@dashboard_options
@cluster_options
@click.pass_context
def kqueue(ctx: click.Context, /, **options: Any) -> int:
    """Look at jobs on Kubernetes and handle them. Without a command: the dashboard, or in a pipe the list."""
    given = [name for name, value in options.items() if value]
    if ctx.invoked_subcommand is not None:
        if given:
            option, command_name = _option(given[0]), ctx.invoked_subcommand
            wrong = f"{option} before a command is for the dashboard: "
            if given[0] in ONLY_HERE:
                raise click.UsageError(f"{wrong}{command_name} has no such option.")
            raise click.UsageError(f"{wrong}give it after {command_name}.")
        return 0
    if on_terminal():
        return open_dashboard(options)
    only_there = [name for name in given if name in ONLY_HERE]
    if only_there:
        raise click.UsageError(f"{_option(only_there[0])} is for the dashboard, which needs a terminal.")
    command = LazyGroup.get_command(kqueue, ctx, "list")
    assert command is not None
    shared = {name: options[name] for name in given}
    code: int = ctx.invoke(command, **shared)
    return code


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def main() -> None:
    sys.exit(run(kqueue, "kqueue"))
