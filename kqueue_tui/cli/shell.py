"""kqueue shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.cluster.execute import CANNOT_RUN, NOT_FOUND, exit_code, open_exec
from kbatch_core.cluster.problems import one_line
from kbatch_core.errors import BadOption, Refused
from kbatch_core.manifest.pod import CONTAINER
from kbatch_core.manifest.program import program_of
from kbatch_core.model.objects import Job, Pod, Status
from kbatch_core.model.safetext import safe_text
from kbatch_core.status.reading import index_of, is_running, pod_index, task_of
from kqueue_tui.cli.offers import complete_jobs
from kqueue_tui.cli.run import cluster_options, complain, connect
from kqueue_tui.cli.targets import Target, named

# Not a login shell: /etc/profile would take back the PATH that the image set.
_SHELL = "command -v bash >/dev/null 2>&1 && exec bash; exec sh"


@click.command("shell")
@click.option("--stdin", "-i", is_flag=True, help="Give a command the standard input.")
@click.option("--tty", "-t", is_flag=True, help="Give a command this terminal.")
@cluster_options
@click.argument("job", shell_complete=complete_jobs)
@click.argument("command_words", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND [ARG]...]")
def command(job: str, command_words: tuple[str, ...], stdin: bool, tty: bool, **options: Any) -> int:
    """Open a shell in the container of a job that runs, where its script works; or run a command there.

    Of an array, ID_3 names the task. Exit code: that of the shell or the command.
    """
    tty = tty or not command_words
    if tty and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadOption(
            "A shell needs a terminal.", f"Run one command: kqueue shell {safe_text(job)} -- COMMAND."
        )
    client = connect(options)
    targets, missed = named(client, [job], anybodys=True)
    for one in missed:
        raise one.error
    target = targets[0]
    pod = running_pod(client, target)
    if tty and target.tasks is None and pod_index(pod) is not None:
        complain("kqueue", f"This is task {task_of(target.job, pod_index(pod) or 0)} of {target.name}.")
    words = [*environment(target.job, tty=tty), *(command_words or ("/bin/sh", "-c", _SHELL))]
    return run(client, pod, words, tty=tty, stdin=stdin or tty)


def environment(job: Job, *, tty: bool) -> list[str]:
    """The start of a command line: what the supervisor exports to the script, and our terminal's kind."""
    exports = program_of(job).exports
    values = {f"{prefix}_{name}": value for prefix in ("KBATCH", "SLURM") for name, value in exports.items()}
    if tty:
        values["TERM"] = os.environ.get("TERM") or "xterm"
    return ["env", *(f"{name}={value}" for name, value in values.items())]


def run(client: Client, pod: Pod, words: Sequence[str], *, tty: bool, stdin: bool) -> int:
    """The exit code of the program, joined to this process."""
    from kqueue_tui.cli.attach import join_streams, join_terminal

    with open_exec(
        client.api.transport.settings,
        namespace=pod.metadata.namespace,
        pod=pod.metadata.name,
        container=CONTAINER,
        command=words,
        tty=tty,
        stdin=stdin,
    ) as running:
        if tty:
            join_terminal(running)
        else:
            join_streams(running, stdin=stdin)
        status = running.status or Status()
    code = exit_code(status)
    if code is not None:
        return code
    message = one_line(safe_text(status.message))
    complain("kqueue", f"The container could not run it: {message}.")
    return NOT_FOUND if "not found" in message or "no such file" in message else CANNOT_RUN


def running_pod(client: Client, target: Target) -> Pod:
    """The pod that runs the job, or the task that is meant. Raises Refused, BadOption."""
    pods = [pod for pod in client.pods(target.job) if is_running(pod) and not pod.metadata.deletion_timestamp]
    if target.tasks is not None:
        numbers = target.tasks.numbers()
        if len(numbers) != 1:
            raise BadOption(f"{target.name} means {len(numbers)} tasks.", "A shell is in one of them.")
        index = index_of(target.job, numbers[0])
        pods = [pod for pod in pods if pod_index(pod) == index]
    if not pods:
        row = client.row(target.job)
        why = f": {row.state}, {row.sentence}" if target.tasks is None else ""
        raise Refused(f"{target.name} does not run{why}.", f"`kqueue show {row.id}` says more.")
    return min(pods, key=lambda pod: pod_index(pod) or 0)
