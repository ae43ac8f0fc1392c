"""Opens the dashboard: the one module of the command line that knows it, and imports it only when it opens."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

ONLY_HERE = ("readonly", "filter", "theme", "no_mouse")


def dashboard_options(function: Function) -> Function:
    """Add the options of `kqueue` without a command."""
    for option in reversed(
        (
            click.option("--readonly", is_flag=True, help="Only look: nothing can be changed."),
            click.option("--filter", metavar="TEXT", help="Begin with this filter, as typed after /."),
            click.option("--theme", metavar="NAME", help="Use this theme of Textual's: nord, textual-light."),
            click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal."),
            click.option("--all-users", is_flag=True, help="Jobs of everybody."),
            click.option("--all-namespaces", "-A", is_flag=True, help="Jobs in every namespace."),
        )
    ):
        function = option(function)
    return function


def on_terminal() -> bool:
    """Whether there is somebody who looks at a screen. Textual reads stdin and writes to stderr.

    Where textual-serve shows it in a browser, there is no terminal but a driver of its own.
    """
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream.isatty() for stream in streams) and os.environ.get("TERM", "dumb") != "dumb"


def open_dashboard(options: dict[str, Any], *, screen: str = "queue", script: str = "") -> int:
    """Run the dashboard with the options of `dashboard_options` and `cluster_options`; the exit code."""
    # Nothing of what is made until the first paint is garbage: to look for it takes a twentieth of that time.
    gc.disable()
    from kqueue_tui.dashboard import launch
    from kqueue_tui.dashboard.options import Options

    namespaces = tuple(name for name in (options["namespace"] or "").split(",") if name)
    return launch.open_dashboard(
        Options(
            screen=screen,
            script=script,
            readonly=options["readonly"],
            filter=options["filter"],
            theme=options["theme"] or "",
            mouse=not options["no_mouse"],
            all_users=options["all_users"],
            all_namespaces=options["all_namespaces"],
            namespaces=namespaces,
            context=options["context"],
            kubeconfig=options["kubeconfig"],
        )
    )


def read_config() -> Path | None:
    """Read the dashboard's config file; where it is, None where there is none. Raises BadConfig."""
    from kqueue_tui.dashboard import config
    from kqueue_tui.dashboard.actions import REBINDABLE

    path = config.config_path()
    config.read_config(path, actions=REBINDABLE)
    return path if path.exists() else None
