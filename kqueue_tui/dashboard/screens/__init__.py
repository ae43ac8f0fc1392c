"""The screens, one file each.

A screen for one job is opened by name with `Dashboard.open_job(name, row)`. To add one: a JobScreen in a file here
and a line in JOB_SCREENS. Its module is imported when it is first opened, so it costs the first paint nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kqueue_tui.dashboard.screens.job import JobScreen

JOB_SCREENS: dict[str, tuple[str, str]] = {
    "logs": ("kqueue_tui.dashboard.screens.logs", "LogScreen"),
    "detail": ("kqueue_tui.dashboard.screens.detail", "DetailScreen"),
}
"""Name -> (module, class)."""


def job_screen(name: str) -> type[JobScreen]:
    """The class of a screen for a job. Raises KeyError when there is none of that name."""
    module, class_name = JOB_SCREENS[name]
    found: type[JobScreen] = getattr(importlib.import_module(module), class_name)
    return found
