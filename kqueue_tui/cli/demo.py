"""kqueue demo: real jobs on a local cluster that is thrown away afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.model.objects import Job
from kqueue_tui.cli import demo_scripts
from kqueue_tui.cli.dashboard import dashboard_options, on_terminal, open_dashboard

NAME = "demo"
Submit = Callable[..., Job]


@click.command("demo")
@dashboard_options
def command(**options: Any) -> int:
    """Try it on this machine: a local cluster of its own, with jobs in every state, removed when you leave.

    On a terminal the dashboard shows a dozen lively jobs. In a pipe a few are run to their end and listed.
    """
    with stage() as client:
        submit = submitter(client)
        if on_terminal():
            for play in demo_scripts.LIVELY:
                play(submit)
            prepare(client)
            return open_dashboard({**options, "namespace": None, "context": None, "kubeconfig": None})
        return show(client, submit)


def show(client: Client, submit: Submit) -> int:
    """Run a few jobs, and print what became of them."""
    from kqueue_tui.cli.list import command as list_command

    jobs = [play(submit) for play in demo_scripts.SHORT]
    for job in jobs:
        client.wait(job)
    code: int = click.get_current_context().invoke(list_command)
    name = client.row(jobs[0]).name
    click.echo(f"\nkqueue logs {name}")
    for text in client.lines(jobs[0], follow=False):
        click.echo(text)
    return code


def prepare(client: Client) -> None:
    """One job is held and one cancelled, as people do."""
    for row in client.list(user=None):
        if row.name == demo_scripts.CANCELLED:
            client.cancel(client.find(row.id))


def submitter(client: Client) -> Submit:
    """What the scripts are submitted with: each is written to its own file first."""

    def submit(name: str, script: str, *args: object, **options: Any) -> Job:
        path = Path(name)
        path.write_text(script)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return client.run(path, *args, job_name=path.stem, **options)

    return submit


@contextmanager
def stage() -> Iterator[Client]:
    """A client of a new local cluster with a home of its own; in the end nothing of both is left."""
    from kbatch_core.local.lifecycle import clean
    from kbatch_core.local.place import find_place

    before, cwd = dict(os.environ), Path.cwd()
    folder = Path(tempfile.mkdtemp(prefix="kqueue-demo-")).resolve()
    # A window that is closed, or a kill, ends it like q does.
    handlers = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        os.environ.update(_environ(folder))
        for name in [name for name in os.environ if name.startswith(("KBATCH_", "SLURM_"))]:
            del os.environ[name]
        os.environ["KBATCH_CLUSTER"] = f"local:{NAME}"
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        os.chdir(folder / "home")
        click.echo("Starting a local cluster ...", err=True)
        yield Client.connect()
    finally:
        with suppress(OSError):
            os.chdir(cwd)
        clean(find_place(NAME, os.environ))
        shutil.rmtree(folder, ignore_errors=True)
        os.environ.clear()
        os.environ.update(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _environ(folder: Path) -> dict[str, str]:
    """Everything that would be written goes to `folder`; the jobs' Python is this one."""
    places = ("STATE", "CONFIG", "DATA", "CACHE")
    return {
        "HOME": str(folder / "home"),
        "PWD": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        **{f"XDG_{place}_HOME": str(folder / place.lower()) for place in places},
    }


def _leave(number: int, frame: object) -> None:
    sys.exit(128 + number)
