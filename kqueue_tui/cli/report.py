"""What kbatch says about a job: its options, the Job itself, what would become of it, and what to do next."""

from __future__ import annotations

import click

from kbatch_core.manifest import Submission
from kbatch_core.model.options.resolve import Resolved
from kbatch_core.model.safetext import safe_text
from kbatch_core.site import Report


def show_options(resolved: Resolved) -> None:
    """A line per option: its value and where that comes from."""
    rows = resolved.rows()
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    for flag, text, where in rows:
        click.echo(safe_text(f"{flag:<{widths[0]}}  {text:<{widths[1]}}  {where}".rstrip()))
    for ignored in resolved.ignored:
        click.echo(safe_text(f"{ignored.flag} is ignored ({ignored.source}): {ignored.why}"))


def say_next(submission: Submission) -> None:
    """What was taken along, what was left out, and what to type next; for a person at a terminal."""
    job_id = submission.job_id
    lines = [("copied", submission.copied), *(("left out", line) for line in submission.dropped)]
    lines.append(("next", f"kqueue logs -f {job_id} | kqueue show {job_id} | kqueue cancel {job_id}"))
    _say(lines, err=True)


def say_report(report: Report, *, as_json: bool) -> int:
    """What --test-only found; the exit code says whether the job would run, now or later."""
    if as_json:
        import json

        click.echo(
            json.dumps({"runs": report.runs, "report": [list(line) for line in report.lines]}, indent=2)
        )
    else:
        _say(report.lines, err=False)
    return 0 if report.runs else 1


def _say(lines: list[tuple[str, str]] | tuple[tuple[str, str], ...], *, err: bool) -> None:
    for subject, text in lines:
        click.echo(f"  {subject:<9}{safe_text(text)}", err=err)
