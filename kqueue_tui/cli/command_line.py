"""kbatch's command line: read by the option table's own grammar, shown and completed by click.

Click alone cannot read it as sbatch does: the beginning of a long name is enough, an option may have a value only
after `=`, and everything after the script belongs to the script.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from kbatch_core.model.options.option import Option
from kbatch_core.model.options.resolve import Typed
from kbatch_core.model.options.table import TABLE
from kbatch_core.model.options.words import read_command_line
from kqueue_tui.cli.offers import (
    complete_features,
    complete_gpus,
    complete_jobs,
    complete_partitions,
    complete_words,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

CLUSTER_OPTIONS = {
    option.name: option
    for option in (
        Option("namespace", "Work in this namespace.", metavar="NAME", category="own"),
        Option("context", "Use this context of the kubeconfig.", metavar="NAME", category="own"),
        Option(
            "cluster",
            "Use the cluster on this machine; it is started when it does not run.",
            metavar="local[:NAME]",
            category="own",
        ),
        Option("kubeconfig", "Use this kubeconfig.", metavar="FILE", category="own"),
    )
}
_PLAIN = {
    **dict.fromkeys(
        ("help", "h", "usage"), Option("help", "Show this and leave.", kind="flag", category="own")
    ),
    "version": Option("version", "Show the version and leave.", kind="flag", category="own"),
    "V": Option("version", "Show the version and leave.", kind="flag", category="own"),
}


_VALUES = {
    "partition": complete_partitions,
    "constraint": complete_features,
    "gpus": complete_gpus,
    "gpus-per-node": complete_gpus,
    "gpus-per-task": complete_gpus,
    "gres": complete_gpus,
    "like": complete_jobs,
    "home": complete_words("none", "server"),
    "open-mode": complete_words("append", "truncate"),
    "export": complete_words("ALL", "NONE"),
}
"""What a shell offers as the value of an option."""
_PATHS = {
    **dict.fromkeys(("output", "error", "map-file", "kubeconfig"), click.Path()),
    "chdir": click.Path(file_okay=False),
}


class CommandLine(msgspec.Struct, frozen=True):
    """What was typed. `words` follow the options; `command`: they follow `--`, so the first is a program."""

    typed: dict[str, str | bool | list[str]]
    words: tuple[str, ...]
    command: bool
    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None
    cluster: str | None = None

    def options(self) -> Typed:
        """The options of the table, as `resolve` takes them."""
        return self.typed

    def flag(self, name: str) -> bool:
        """Whether a flag was typed."""
        return self.typed.get(name) is True


def read(argv: Sequence[str]) -> CommandLine:
    """Read the arguments of kbatch. Raises BadOption."""
    given, words, command = read_command_line(argv, CLUSTER_OPTIONS | _PLAIN)
    typed: dict[str, str | bool | list[str]] = {}
    cluster: dict[str, str] = {}
    for one in given:
        name = one.option.name
        if name in CLUSTER_OPTIONS:
            cluster[name] = one.text
        elif one.option.multiple:
            earlier = typed.get(name)
            typed[name] = [*(earlier if isinstance(earlier, list) else []), one.text]
        else:
            typed[name] = True if one.option.kind == "flag" else one.text
    if typed.get("dry-run") == "" and typed.get("output") in ("yaml", "json"):
        # As kubectl has it; nothing runs, so that no output file is meant.
        typed["dry-run"] = typed.pop("output")
    return CommandLine(typed, tuple(words), command, **cluster)


class TableCommand(click.Command):
    """A click command whose parameters are the option table's; its callback gets one CommandLine."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["params"] = [
            *(_parameter(option) for option in TABLE if option.settable),
            *(_parameter(option) for option in CLUSTER_OPTIONS.values()),
            click.Option(["--version", "-V"], is_flag=True, help="Show the version and leave."),
            click.Argument(["words"], nargs=-1, metavar="[SCRIPT [ARG]...]", type=click.Path()),
        ]
        # For completion, which click reads: what follows the script is the script's.
        kwargs["context_settings"] = {
            "allow_interspersed_args": False,
            "ignore_unknown_options": True,
            "help_option_names": ["-h", "--help"],
        }
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        line = read(args)
        if line.flag("help"):
            click.echo(ctx.get_help())
            ctx.exit()
        ctx.params = {"line": line}
        return []

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Options, until the script stands there."""
        from click.shell_completion import CompletionItem

        if ctx.params.get("words"):
            return [CompletionItem(incomplete, type="file")]
        return super().shell_complete(ctx, incomplete)


def _parameter(option: Option) -> click.Option:
    """For --help and completion."""
    names = [*(name for name in option.spellings if len(name) == 2), option.flag]
    if option.kind == "flag":
        return click.Option(names, is_flag=True, help=option.help)
    if option.kind == "optional":
        return click.Option(
            names, metavar=f"[={option.metavar or 'yes'}]", is_flag=False, flag_value="", help=option.help
        )
    return click.Option(
        names,
        metavar=option.metavar,
        help=option.help,
        multiple=option.multiple,
        shell_complete=_VALUES.get(option.name),
        type=_PATHS.get(option.name),
    )
