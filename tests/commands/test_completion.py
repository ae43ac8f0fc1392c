"""Completion in real shells: TAB offers options, ids of jobs and files, soon, and never an error."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from kbatch_core.client import Client
from kbatch_core.cluster.transport import READ_SECONDS
from kbatch_core.model import labels
from kqueue_tui.cli import offers
from tests.cluster import Missing
from tests.commands.fleet import Fleet
from tests.commands.terminal import Terminal
from tests.conftest import unavailable

SHELLS = {
    "bash": ("--norc", "--noprofile", "-i"),
    "zsh": ("-f", "-i"),
    "fish": ("--no-config", "-i"),
}
SOURCE = {
    "bash": "source <(kqueue completion bash)",
    "zsh": "autoload -U compinit; compinit -u -D; source <(kqueue completion zsh)",
    "fish": "kqueue completion fish | source",
}
READY = "ready-to-type"


@contextmanager
def shell(name: str, home: Path, **environ: str) -> Iterator[Terminal]:
    """A shell on a terminal that has read the completion."""
    path = shutil.which(name)
    if path is None:
        unavailable(Missing(f"{name} is not installed; CI has it."))
    assert path is not None
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with Terminal(
        path, *SHELLS[name], environ={"HOME": str(home), "PATH": programs, **environ}, columns=160
    ) as terminal:
        terminal.type(f"cd {home}; {SOURCE[name]}; echo {READY[:5]}''{READY[5:]}\r")
        terminal.wait_for(lambda text: READY in text, f"{name} to have read the completion")
        terminal.type("\x0c")
        yield terminal


def is_offered(
    terminal: Terminal, line: str, check: Callable[[str], bool], what: str, *, from_cluster: bool = False
) -> None:
    """Type a line and TAB, and see what comes; the line is then cleared.

    What is `from_cluster` is not offered when it takes longer than PATIENCE_SECONDS, as it may on a busy machine: a
    user then presses TAB again.
    """
    terminal.type(line)
    for _ in range(5 if from_cluster else 0):
        terminal.type("\t")
        with contextlib.suppress(TimeoutError):
            terminal.wait_for(check, what, seconds=5 * offers.PATIENCE_SECONDS)
            break
    else:
        terminal.type("\t")
        terminal.wait_for(check, what)
    terminal.type("\x15")
    terminal.type("\x0c")
    assert "Traceback" not in terminal.text()


@pytest.mark.parametrize("name", SHELLS)
def test_commands_options_and_files_without_a_cluster(name: str, tmp_path: Path) -> None:
    (tmp_path / "simulate.sh").write_text("#!/bin/sh\n")
    (tmp_path / "outputs").mkdir()
    with shell(name, tmp_path) as terminal:
        is_offered(terminal, "kqueue relea", lambda text: "kqueue release" in text, "a command")
        is_offered(terminal, "kbatch --parti", lambda text: "kbatch --partition" in text, "an option")
        is_offered(terminal, "kbatch -c 4 simu", lambda text: "kbatch -c 4 simulate.sh" in text, "the script")
        is_offered(terminal, "kbatch --chdir outp", lambda text: "--chdir outputs" in text, "a directory")
        is_offered(terminal, "kbatch --open-mode tr", lambda text: "--open-mode truncate" in text, "a value")
        is_offered(
            terminal, "kbatch simulate.sh simu", lambda text: text.count("simulate.sh") == 2, "an argument"
        )
        # There is no cluster: nothing is offered, and nothing is said.
        terminal.type("kqueue show a\t")
        terminal.type("\x15echo still''here\r")
        terminal.wait_for(lambda text: "stillhere" in text, "the next prompt")
        assert "kqueue:" not in terminal.text()
        assert "cluster" not in terminal.text()


@pytest.mark.cluster
@pytest.mark.parametrize("name", SHELLS)
def test_ids_of_the_users_jobs(name: str, fleet: Fleet, tmp_path: Path) -> None:
    job_id = fleet.submit(name="train", hold=True).metadata.labels[labels.ID]
    environ = {"KUBECONFIG": str(fleet.kubeconfig()), "JUPYTERHUB_USER": "ann"}
    with shell(name, tmp_path, **environ) as terminal:
        for command in ("kqueue show", "kqueue cancel", "kbatch --like"):
            is_offered(
                terminal,
                f"{command} {job_id[:3]}",
                lambda text, command=command: f"{command} {job_id}" in text,  # type: ignore[misc]
                f"an id after {command}",
                from_cluster=True,
            )
        named = "kqueue show train"
        is_offered(terminal, named[:-2], lambda text: named in text, "a name", from_cluster=True)
        is_offered(terminal, "kqueue list -t runn", lambda text: "-t running" in text, "a state")
        # Whoever may create Jobs may call one so, and give it this user's label.
        fleet.submit(name="fit$(touch acted)", hold=True)
        terminal.type("kqueue show fi\t\rkqueue --version\r")
        terminal.wait_for(lambda text: "kqueue, version" in text, "the next command")
    assert not (tmp_path / "acted").exists()


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_what_is_printed_is_a_script_of_that_shell(name: str) -> None:
    path = shutil.which(name)
    if path is None:
        unavailable(Missing(f"{name} is not installed; CI has it."))
    assert path is not None
    kqueue = Path(sys.executable).with_name("kqueue")
    printed = subprocess.run([kqueue, "completion", name], capture_output=True, text=True, check=True).stdout
    checked = subprocess.run([path, "-n"], input=printed, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "kbatch" in printed
    assert "kqueue" in printed


def kubeconfig(folder: Path, server: str, user: str = "{token: x}") -> Path:
    """A kubeconfig for that server."""
    path = folder / "config"
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: m\n"
        f"clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\n"
        f"users: [{{name: u, user: {user}}}]\ncontexts: [{{name: m, context: {{cluster: c, user: u}}}}]\n"
    )
    return path


def complete(config: Path) -> tuple[bytes, bytes]:
    """(what is offered, what is said) for an id, as bash asks."""
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environ = {"KUBECONFIG": str(config), "HOME": str(config.parent), "COMP_WORDS": "kqueue show ", "COMP_CWORD": "2",
               "_KQUEUE_COMPLETE": "bash_complete"}  # fmt: skip
    result = subprocess.run(
        [str(Path(sys.executable).with_name("kqueue"))],
        env={**inherited, **environ},
        capture_output=True,
        timeout=READ_SECONDS,
    )
    return result.stdout.strip(), result.stderr


def test_a_server_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    """The process ends while its request still waits: that would give up only after READ_SECONDS."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        config = kubeconfig(tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}")
        assert complete(config) == (b"", b"")


def test_an_answer_that_comes_late_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "PATIENCE_SECONDS", 0.01)
    asked, left = threading.Event(), threading.Event()

    def slow(client: Client) -> str:
        asked.set()
        left.wait(60)
        return "late"

    context = click.Context(click.Command("show"))
    context.params = dict.fromkeys(("namespace", "context")) | {
        "kubeconfig": str(kubeconfig(tmp_path, "http://127.0.0.1:1"))
    }
    assert offers.ask(context, slow) is None
    left.set()
    assert asked.wait(60)


def test_a_login_program_that_complains_is_not_heard(tmp_path: Path) -> None:
    """What it says would land in the line that is being typed."""
    login = (
        "{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: %s}}"
    )
    config = kubeconfig(
        tmp_path, "http://127.0.0.1:1", login % "[-c, 'echo you must log in first >&2; exit 1']"
    )
    assert complete(config) == (b"", b"")
