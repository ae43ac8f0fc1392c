"""kqueue doctor: goes through what kbatch and kqueue need. No other command imports this."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import click

from kbatch_core.doctor.examine import Where, examine
from kbatch_core.doctor.finding import Finding
from kbatch_core.doctor.local_checks import Terminal
from kqueue_tui.cli.dashboard import read_config
from kqueue_tui.cli.run import cluster_options, in_colour

SCHEMA = 1
COLOURS = {"ok": "green", "limited": "yellow", "broken": "red"}
VERDICT_WIDTH, CHECK_WIDTH = 9, 13
LEAST_WIDTH = 40


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="JSON, as `kqueue docs json` describes it.")
@cluster_options
def command(as_json: bool, **options: Any) -> int:
    """Go through what kbatch and kqueue need: cluster, rights, home, settings. Nothing is written or started.

    Each line is ok, limited (something is done without) or broken (something that is needed does not work), and says
    what that costs and what to do. Exit code 1: something is broken. Whether a job would run: kbatch --test-only.
    """
    terminal = look_at_terminal()
    found = []
    for finding in examine(Where(**options), os.environ, terminal, [read_config]):
        found.append(finding)
        if not as_json:
            for line in lines(finding, terminal.columns if terminal.is_one else None):
                click.echo(line)
    broken = any(finding.verdict == "broken" for finding in found)
    if as_json:
        import msgspec

        whole = {"schema": SCHEMA, "works": not broken, "checks": found}
        click.echo(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode())
    return 1 if broken else 0


def look_at_terminal() -> Terminal:
    """What stdout is."""
    size = shutil.get_terminal_size()
    why_none = "NO_COLOR is set" if os.environ.get("NO_COLOR") else "by TERM"
    return Terminal(
        sys.stdout.isatty(), size.columns, size.lines, os.environ.get("TERM", ""), in_colour(), why_none
    )


def lines(finding: Finding, width: int | None) -> Iterator[str]:
    """A finding as text: verdict, check and sentence, then what it costs and what to do; None = no width."""
    sentence = finding.sentence.rstrip(".:") + (":" if finding.details else "." if finding.hint else "")
    indent = " " * (VERDICT_WIDTH + CHECK_WIDTH)
    verdict = f"{finding.verdict:<{VERDICT_WIDTH}}"
    if in_colour():
        verdict = click.style(verdict, fg=COLOURS[finding.verdict], bold=finding.verdict == "broken")
    first = True
    for line in _wrapped(sentence, width):
        yield f"{verdict}{finding.check:<{CHECK_WIDTH}}{line}" if first else f"{indent}{line}"
        first = False
    for detail in finding.details:
        yield from (f"{indent}{line}" for line in _wrapped(f"- {detail}", width, hang="  "))
    for text in filter(None, (finding.costs, finding.hint)):
        yield from (f"{indent}{line}" for line in _wrapped(text, width))


def _wrapped(text: str, width: int | None, hang: str = "") -> list[str]:
    if width is None:
        return [text]
    room = max(width - VERDICT_WIDTH - CHECK_WIDTH, LEAST_WIDTH)
    return textwrap.wrap(text, room, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
