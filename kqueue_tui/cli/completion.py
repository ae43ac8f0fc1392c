"""kqueue completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
PROGRAMS = ("kbatch", "kqueue")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print what makes SHELL complete kbatch and kqueue: options, ids of jobs, states, queues.

    \b
    bash   source <(kqueue completion bash)         also in ~/.bashrc
    zsh    source <(kqueue completion zsh)          also in ~/.zshrc, after compinit
    fish   kqueue completion fish | source          also in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    for prog in PROGRAMS:
        # The template alone: click's own way also looks for a bash that is new enough, which may be another one.
        made = kind(command, {}, prog, f"_{prog.upper()}_COMPLETE")
        click.echo(made.source_template % made.source_vars())
