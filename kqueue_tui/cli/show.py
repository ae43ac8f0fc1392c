"""kqueue show."""

from __future__ import annotations

import sys
from typing import Any

import click

from kbatch_core.client import Client
from kbatch_core.errors import BadOption
from kbatch_core.history import Found
from kbatch_core.model import labels
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.safetext import safe_text
from kbatch_core.runner import readable
from kbatch_core.status import JobRow
from kbatch_core.status.tasks import no_task, task_numbers
from kqueue_tui.cli import facts
from kqueue_tui.cli.dump import dump_all
from kqueue_tui.cli.looking import each_reference, look_up_each
from kqueue_tui.cli.offers import complete_jobs
from kqueue_tui.cli.run import cluster_options, complain, connect, in_colour, paint_state

Look = tuple[Found, int | None]
"""A job, and the task of it that is meant."""


@click.command("show")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...", shell_complete=complete_jobs)
@click.option("--script", is_flag=True, help="Print the script as it was submitted.")
@click.option("--supervisor", is_flag=True, help="Print the program that runs the script in the pod.")
@click.option("--output", "-o", type=click.Choice(["yaml", "json"]), help="Print the whole Job object.")
@cluster_options
def command(jobs: tuple[str, ...], script: bool, supervisor: bool, output: str | None, **options: Any) -> int:
    """Show everything about jobs, and why they are as they are. ID_3 shows a task of an array."""
    if script + supervisor + bool(output) > 1:
        raise BadOption("--script, --supervisor and -o exclude each other.", "Give one of them.")
    client = connect(options, history=True)
    meant, code = look_up_each(client, each_reference(jobs), looks_of)
    looks = [look for several in meant for look in several]
    if output:
        click.echo(dump_all([whole(client, found) for found, _ in looks], output), nl=False)
        return code
    for at, (found, task) in enumerate(looks):
        if script:
            from kbatch_core.details import script_of

            click.echo(_for_reader(script_of(client, found)), nl=False)
        elif supervisor:
            supervisor_text = _carried(client, found).get(labels.SUPERVISOR, "")
            click.echo(_for_reader(readable(supervisor_text)), nl=False)
        else:
            for line in [*([""] if at else []), *describe(client, found, task)]:
                click.echo(line)
    return code


def looks_of(found: Found, tasks: ArraySpec | None) -> list[Look]:
    """The job, or each task that is meant. Raises BadOption for one that it does not have."""
    if tasks is None:
        return [(found, None)]
    known = task_numbers(found.job)
    missing = [number for number in tasks.numbers() if number not in known]
    if missing:
        raise no_task(found.job, missing[0])
    return [(found, number) for number in tasks.numbers()]


def describe(client: Client, found: Found, task: int | None) -> list[str]:
    """Everything about a job, as lines."""
    from kbatch_core.details import details_of
    from kbatch_core.status.timeline import timeline
    from kqueue_tui.cli.eff import lines as used

    details = details_of(client, found, task)
    account = details.account
    assert account is not None
    job, row = details.job, account.row
    rows = client.task_rows(found) if row.tasks is not None else []
    lines = [
        f"{name:>{facts.NAME_WIDTH}}  {_painted(name, value, row)}"
        for name, value in facts.facts(job, row, client.now(), details.pods)
    ]
    lines += facts.section("Files", facts.files(job, row))
    if task is None:
        lines += facts.section("Tasks", facts.tasks(rows))
    moments = timeline(job, details.pods, details.events, task=task)
    lines += facts.section("What happened", facts.happened(moments))
    if account.uses:
        lines += facts.section("Used", [pair for pair in used(account) if pair[0] not in ("Job", "State")])
    lines += facts.section("Next", [(words, "") for words in facts.next_commands(row)])
    for sentence in details.problems:
        complain("kqueue", sentence)
    return lines


def _painted(name: str, value: str, row: JobRow) -> str:
    """The state in its colour, where a terminal wants that."""
    if name != "State" or not in_colour():
        return value
    return paint_state(row.state, row) + value.removeprefix(row.state)


def _for_reader(text: str) -> str:
    """A program verbatim for a pipe; for a terminal without what could act on it."""
    if not sys.stdout.isatty():
        return text
    return "".join(f"{safe_text(line.expandtabs())}\n" for line in text.splitlines())


def _carried(client: Client, found: Found) -> dict[str, str]:
    """What the pods of the job carry."""
    name, namespace = found.job.metadata.name, found.job.metadata.namespace
    if found.past is None:
        return client.api.get_job(name, namespace=namespace).spec.template.metadata.annotations
    kept = client.history.whole(found.past.id)
    return kept.spec.template.metadata.annotations if kept is not None else {}


def whole(client: Client, found: Found) -> dict[str, Any]:
    """The object as the API or the history has it; without who set which field, as kubectl shows it."""
    if found.past is not None:
        return dict(client.history.manifest(found.past.id) or {})
    metadata = found.job.metadata
    found_object = client.api.get_job_object(metadata.name, namespace=metadata.namespace)
    found_object["metadata"].pop("managedFields", None)
    return found_object
