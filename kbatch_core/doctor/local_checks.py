"""What this machine or notebook server has for kbatch and kqueue (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from kbatch_core.doctor.finding import Finding
from kbatch_core.errors import KbatchError

LITTLE_BYTES = 16 << 20


class Folder(msgspec.Struct, frozen=True):
    """The history's folder, or the one that it would be made in. `free` in bytes; `problem`: why it is no good."""

    path: Path
    jobs: int = 0
    free: int | None = None
    problem: str = ""


class Terminal(msgspec.Struct, frozen=True):
    """What this process writes to; `colours`: whether other commands would use them."""

    is_one: bool
    columns: int = 80
    lines: int = 24
    term: str = ""
    colours: bool = False
    why_none: str = ""
    """Why there are no colours."""


def config(files: Sequence[Path], variables: Sequence[str], problems: Sequence[KbatchError]) -> Finding:
    """Config files that are there, variables that are set, and what is wrong with either."""
    if problems:
        return Finding(
            check="config",
            verdict="broken",
            sentence=" ".join(error.sentence for error in problems),
            costs="`kbatch` ends with it; with dashboard.toml it is the dashboard that does.",
            hint=" ".join(dict.fromkeys(error.hint for error in problems if error.hint)),
        )
    told = [*(str(path) for path in files), *variables]
    return Finding(
        check="config", verdict="ok", sentence=", ".join(told) or "no config file, no KBATCH_ variable"
    )


def history(folder: Folder) -> Finding:
    """Whether jobs can be noted in home."""
    problem = folder.problem
    if not problem and folder.free is not None and folder.free < LITTLE_BYTES:
        problem = f"Only {folder.free >> 20} MiB are free at {folder.path}"
    if problem:
        return Finding(
            check="history",
            verdict="broken",
            sentence=problem,
            costs="`kqueue list -a`, `eff` and `logs` know nothing of a job that the cluster has forgotten.",
            hint="Home must be there, writable and not full.",
        )
    jobs = f"{folder.jobs} job{'' if folder.jobs == 1 else 's'}"
    return Finding(check="history", verdict="ok", sentence=f"{folder.path}, {jobs}, can be written")


def versions(own: str, python: str, packages: Mapping[str, str | None], prefix: str) -> Finding:
    """The package and what it stands on; None = is not installed."""
    missing = [name for name, version in packages.items() if version is None]
    if missing:
        return Finding(
            check="versions",
            verdict="broken",
            sentence=f"Not installed: {', '.join(missing)}",
            costs="What needs it ends with an error.",
            hint="Install it again: pip install --force-reinstall kqueue-tui.",
        )
    told = ", ".join(f"{name} {version}" for name, version in packages.items())
    return Finding(
        check="versions", verdict="ok", sentence=f"kbatch {own}, Python {python} in {prefix}, {told}"
    )


def notebooks(python: str) -> Finding:
    """Whether a job of this image or machine can run a notebook; `python` is the one that can, "" = none."""
    if python:
        return Finding(check="notebooks", verdict="ok", sentence=f"run by {python}, which has nbclient")
    return Finding(
        check="notebooks",
        verdict="limited",
        sentence="No python3 on PATH has nbclient",
        costs="`kbatch report.ipynb` fails when it starts.",
        hint="pip install 'kqueue-tui[notebook]', here or in the image.",
    )


def terminal(found: Terminal) -> Finding:
    """What can be shown here."""
    if not found.is_one:
        return Finding(
            check="terminal",
            verdict="ok",
            sentence="stdout is none: there `kqueue` alone is the list, not the dashboard",
        )
    size = f"{found.columns} columns, {found.lines} lines, {found.term or 'without TERM'}"
    colours = "colours" if found.colours else f"no colours ({found.why_none})"
    if found.term in ("", "dumb"):
        return Finding(
            check="terminal",
            verdict="limited",
            sentence=f"{size}: it cannot move its cursor, as far as TERM says",
            costs="`kqueue` alone is the list, not the dashboard.",
            hint="If it can: export TERM=xterm-256color.",
        )
    return Finding(
        check="terminal",
        verdict="ok",
        sentence=f"{size}, {colours}; its clipboard is not known",
    )
