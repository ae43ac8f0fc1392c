"""What every command shares: options that name the cluster, and one clear sentence for what went wrong.

Exit codes: 0 done; 1 refused; 2 wrong usage; 3 the cluster cannot be reached, nothing was done; 4 a write
was sent and its outcome is unknown; 130 interrupted; 141 the reader of a pipe has gone. Of several jobs the highest
counts. `kqueue wait` and `kbatch --wait` give the job's own code (1 when a signal or the cluster ended it), `kqueue
shell` that of the program in the container (126 it cannot be run, 127 it is not there), and `kqueue list
--stats-only` 1 when nothing is active.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kbatch_core.cluster.settings import CLUSTER_VARIABLE
from kbatch_core.errors import KbatchError
from kbatch_core.model.safetext import safe_text

if TYPE_CHECKING:
    from kbatch_core.client import Client
    from kbatch_core.status import JobRow

# Python looks for garbage after 700 new objects; imports alone make some ten thousand, none of which is any.
_GARBAGE_AFTER = 20_000
# What a full disk or a broken one says where stdout leads.
_CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

Function = TypeVar("Function", bound=Callable[..., Any])


def cluster_options(function: Function) -> Function:
    """Add --namespace, --context and --kubeconfig, as kubectl has them, and --cluster for the local one."""
    function = click.option(
        "--cluster",
        metavar="local[:NAME]",
        expose_value=False,
        callback=lambda ctx, parameter, value: choose_cluster(value),
        help="Use the cluster on this machine; it is started when it does not run.",
    )(function)
    function = click.option("--kubeconfig", metavar="FILE", help="Use this kubeconfig.")(function)
    function = click.option("--context", metavar="NAME", help="Use this context of the kubeconfig.")(function)
    return click.option("--namespace", metavar="NAME", help="Work in this namespace.")(function)


def choose_cluster(text: str | None) -> None:
    """Work on this cluster from now on: by the variable that says so, which programs that we start see as well."""
    if text:
        os.environ[CLUSTER_VARIABLE] = text


def connect(options: Mapping[str, Any], *, history: bool = False) -> Client:
    """The Client of a command's cluster options. Raises NoCluster, BadConfig.

    When the command is over it is said which rights it missed, each once.
    """
    from kbatch_core.client import Client  # half a second that the dashboard's first paint does not wait for

    client = Client.connect(
        namespace=options["namespace"],
        context=options["context"],
        kubeconfig=options["kubeconfig"],
        history=history,
    )
    context = click.get_current_context()

    def say_missing() -> None:
        for sentence in client.missing.sentences():
            complain(context.find_root().info_name or "", sentence)

    context.call_on_close(say_missing)
    return client


def paint_state(text: str, row: JobRow) -> str:
    """A state in the colour of what it means, for a terminal."""
    if row.state == "R":
        return click.style(text, fg="green")
    if row.state in ("PD", "CF", "CG", "PR"):
        return click.style(text, fg="yellow")
    return text if row.state in ("CD", "CA", "?") else click.style(text, fg="red", bold=True)


def in_colour() -> bool:
    """Whether stdout is a terminal whose reader wants colours (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def main(command: click.Command, prog: str, argv: list[str] | None = None) -> int:
    """Run a click command and return its exit code; errors become one sentence on stderr."""
    gc.set_threshold(_GARBAGE_AFTER)
    _ask_the_kernel_for_the_size()
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        # Closed by who started us: `>&-`.
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - for the life of the process
    if f"_{prog.upper()}_COMPLETE" in os.environ:
        # A shell asks what to offer: a word on stderr would land in the line that is being typed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    stdout = sys.stdout
    try:
        result = command.main(args=argv, prog_name=prog, standalone_mode=False)
    except click.ClickException as error:
        # Click lists choices on lines of their own.
        sentence = " ".join(error.format_message().split())
        complain(prog, sentence if sentence.endswith((".", "?")) else f"{sentence}.", _usage_hint(error))
        return error.exit_code
    except KbatchError as error:
        complain(prog, error.sentence, error.hint)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("", err=True)
        return 130
    except BrokenPipeError:
        # The reader of a pipe has gone (`kqueue list | head`): leave without a word, as other tools do.
        silence()
        return 141
    except OSError as error:
        if error.filename is not None:
            # A folder of ours that cannot be made or read, in a home that is full, read-only or not there.
            complain(prog, f"{os.fsdecode(error.filename)}: {error.strerror}.")
            return 1
        if error.errno not in _CANNOT_WRITE:
            raise
        complain(prog, f"The output cannot be written: {error.strerror}.")
        silence()
        return 1
    except SystemExit:
        # The same, seen by click, which tells no more than that it has put something in the place of stdout.
        if sys.stdout is stdout:
            raise
        silence()
        return 141
    return result if isinstance(result, int) else 0


def _ask_the_kernel_for_the_size() -> None:
    """A terminal of JupyterLab exports the size that it has at first, which Python believes before the kernel.

    The dashboard and `kqueue shell` would stay at it, whatever becomes of the browser's window.
    """
    if "PYXTERM_DIMENSIONS" in os.environ:
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)


def silence() -> None:
    """Nothing more on stdout: Python flushes it once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(prog: str, sentence: str, hint: str = "") -> None:
    """Say what went wrong, on stderr. What was typed or came from the cluster cannot act on the terminal."""
    click.echo(safe_text(f"{prog}: {sentence}" + (f" {hint}" if hint else "")), err=True)


def _usage_hint(error: click.ClickException) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"See `{error.ctx.command_path} --help`."
    return ""
