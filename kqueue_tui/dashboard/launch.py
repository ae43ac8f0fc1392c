"""Opens the dashboard. The one module of this package that the command line knows, and imports when it must."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from functools import partial

from kqueue_tui.dashboard.actions import REBINDABLE
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.backend import Backend, Connect, Scope
from kqueue_tui.dashboard.config import config_path, read_config
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.saved_state import read_state, state_path, write_state
from kqueue_tui.dashboard.terminal import is_jupyter


def open_dashboard(options: Options) -> int:
    """Run it until the user leaves; the exit code. Raises BadConfig."""
    if is_jupyter(os.environ):
        os.environ.setdefault("COLORTERM", "truecolor")  # which it can, and does not say
    config = read_config(config_path(), actions=REBINDABLE)
    kept = state_path()
    app = Dashboard(
        options,
        cluster(options),
        config=config,
        state=read_state(kept),
        keep=partial(write_state, kept),
        # The command line has put it off.
        painted=gc.enable,
        # Nobody who types is to wait for a look at ten thousand jobs for garbage, of which they are none.
        loaded=gc.freeze,
    )
    app.run(mouse=options.mouse)
    return app.return_code or 0


def cluster(options: Options) -> Connect:
    """Connects to the cluster that the options name."""

    def connect(scope: Scope, on_change: Callable[[], None]) -> Backend:
        from kqueue_tui.dashboard.connect import cluster_backend

        return cluster_backend(options, scope, on_change)

    return connect
