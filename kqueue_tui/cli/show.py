"""kqueue show."""

from __future__ import annotations

from datetime import datetime

import click

from kbatch_core.client import Client
from kbatch_core.history import Found
from kbatch_core.manifest.program import program_of
from kbatch_core.model import labels
from kbatch_core.model.objects import Job
from kbatch_core.model.quantity import format_cpus, format_memory
from kbatch_core.model.safetext import safe_text
from kbatch_core.model.timelimit import format_time
from kbatch_core.runner import readable
from kbatch_core.status.row import JobRow
from kqueue_tui.cli.run import cluster_options, complain


@click.command("show")
@click.argument("job")
@click.option("--script", is_flag=True, help="Print the script as it was submitted.")
@click.option("--supervisor", is_flag=True, help="Print the program that runs the script in the pod.")
@click.option("--output", "-o", type=click.Choice(["yaml", "json"]), help="Print the whole Job object.")
@cluster_options
def command(
    job: str,
    script: bool,
    supervisor: bool,
    output: str | None,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
) -> None:
    """Show everything about JOB: an id, a unique beginning of one, or a name."""
    client = Client.connect(namespace=namespace, kubeconfig=kubeconfig, context=context, history=True)
    found = client.look_up(job)
    if found.error is not None:
        complain("kqueue", f"{found.error.sentence} This is from your home's history.", found.error.hint)
    if script:
        click.echo(_carried(client, found).get(labels.SCRIPT, ""), nl=False)
    elif supervisor:
        click.echo(readable(_carried(client, found).get(labels.SUPERVISOR, "")), nl=False)
    elif output:
        click.echo(_dump(client, found, output), nl=False)
    else:
        for name, value in facts(found.job, client.row(found), client.now()):
            click.echo(f"{name:>12}  {value}")


def facts(job: Job, row: JobRow, now: float) -> list[tuple[str, str]]:
    """What is known, as (name, value) in reading order; nothing that is empty."""
    annotations = job.metadata.annotations
    program = program_of(job)
    containers = job.spec.template.spec.containers
    asked = [
        f"{format_cpus(row.cpus)} CPU" if row.cpus else "",
        f"{format_memory(row.memory)} memory" if row.memory else "",
        f"{row.gpus} GPU" if row.gpus else "",
        f"time limit {format_time(row.time_limit)}" if row.time_limit else "",
    ]
    lines = [
        ("Job", f"{row.id}  {row.name}"),
        ("State", f"{row.state}  {row.sentence}".rstrip()),
        ("Reason", row.code),
        ("Hint", row.hint),
        ("Exit", f"{row.exit_code}:{row.signal or 0}" if row.exit_code is not None else ""),
        ("User", row.user),
        ("Account", row.account),
        ("Partition", row.partition),
        ("Submitted", _moment(row.submitted)),
        ("Started", _moment(row.started)),
        ("Ended", _moment(row.ended)),
        ("Kept until", _moment(_kept_until(job, row))),
        ("Ran", format_time(row.elapsed(now)) if row.started else ""),
        ("Progress", row.progress),
        ("Restarts", str(row.restarts) if row.restarts else ""),
        ("Asked for", ", ".join(part for part in asked if part)),
        ("Node", row.node),
        ("Command", safe_text(annotations.get(labels.COMMAND, "")) or row.name),
        ("Directory", safe_text(containers[0].working_dir) if containers else ""),
        ("Output", safe_text(program.output) or "container log only"),
        ("Errors", safe_text(program.error)),
        ("Notebook", safe_text(program.notebook)),
        ("Comment", safe_text(annotations.get(labels.COMMENT, ""))),
        ("Object", f"job/{row.job_name} in namespace {row.namespace}" if row.job_name else ""),
        (
            "Source",
            "the history in home: the cluster has no such object, or was not asked" if row.past else "",
        ),
    ]
    return [(name, value) for name, value in lines if value]


def _kept_until(job: Job, row: JobRow) -> float | None:
    """When the cluster forgets it, logs and all; from then on the history in home tells of it."""
    ttl = job.spec.ttl_seconds_after_finished
    return row.ended + ttl if row.ended is not None and ttl is not None and not row.past else None


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="seconds")


def _carried(client: Client, found: Found) -> dict[str, str]:
    """What the pods of the job carry."""
    name, namespace = found.job.metadata.name, found.job.metadata.namespace
    if found.past is None:
        return client.api.get_job(name, namespace=namespace).spec.template.metadata.annotations
    whole = client.history.whole(found.past.id)
    return whole.spec.template.metadata.annotations if whole is not None else {}


def _dump(client: Client, found: Found, form: str) -> str:
    if found.past is not None:
        return dump(client.history.manifest(found.past.id) or {}, form)
    metadata = found.job.metadata
    return dump(client.api.get_job_object(metadata.name, namespace=metadata.namespace), form)


def dump(value: object, form: str) -> str:
    """An object as YAML or JSON text."""
    if form == "json":
        import json

        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    import yaml

    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
