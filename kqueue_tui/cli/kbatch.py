"""kbatch: submit a script as a Kubernetes Job that outlives the notebook server."""

from __future__ import annotations

import os
import sys

import click

import kbatch_core
from kbatch_core.client import Client
from kbatch_core.errors import BadOption, BadScript
from kbatch_core.manifest import Submission
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.notebook import sections
from kbatch_core.model.options.combine import to_jobspec, with_profile
from kbatch_core.model.options.config import load_config, site_config_path, user_config_path
from kbatch_core.model.options.directives import read_directives
from kbatch_core.model.options.resolve import Resolved, resolve
from kqueue_tui.cli.command_line import CommandLine, TableCommand
from kqueue_tui.cli.follow import follow, wait
from kqueue_tui.cli.run import complain
from kqueue_tui.cli.run import main as run
from kqueue_tui.cli.source import Source, read_source


@click.command(
    cls=TableCommand, options_metavar="[OPTION]...", epilog="Options and what they do: docs/slurm.md."
)
def kbatch(line: CommandLine) -> int:
    """Submit SCRIPT [ARG...] as a job that goes on when this notebook server is gone.

    Without a script: --wrap "COMMAND", or -- COMMAND [ARG...], or a script on standard input.
    """
    if line.flag("version"):
        click.echo(f"kbatch, version {kbatch_core.__version__}")
        return 0
    source = read_source(line)
    resolved = resolve_options(line, source)
    if resolved.get("show-options"):
        show_options(resolved)
        return 0
    if not resolved.get("allow-secrets"):
        check_secrets(source, resolved)
    spec = to_jobspec(
        resolved,
        script=source.text,
        script_name=source.name,
        interpreter=source.interpreter,
        args=source.args,
    )
    client = Client.connect(namespace=line.namespace, kubeconfig=line.kubeconfig, context=line.context)
    spec = with_partition(client, spec, resolved)
    submission = client.prepare(spec)
    if not resolved.get("quiet"):
        notes = (resolved.ignored_sentence(), *resolved.notes, *submission.warnings)
        for note in notes:
            if note:
                complain("kbatch", f"{note.rstrip('.')}.")
    return submit(client, submission, resolved)


def resolve_options(line: CommandLine, source: Source) -> Resolved:
    """The options from every source. Raises BadOption, BadConfig."""
    return resolve(
        line.options(),
        environ=os.environ,
        directives=read_directives(source.text, source.name),
        user=load_config(user_config_path(os.environ)),
        site=load_config(site_config_path(os.environ)),
    )


def show_options(resolved: Resolved) -> None:
    """A line per option: its value and where that comes from."""
    rows = resolved.rows()
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    for flag, text, where in rows:
        click.echo(f"{flag:<{widths[0]}}  {text:<{widths[1]}}  {where}".rstrip())
    for ignored in resolved.ignored:
        click.echo(f"{ignored.flag} is ignored ({ignored.source}): {ignored.why}")


def check_secrets(source: Source, resolved: Resolved) -> None:
    """Raises BadScript when the script holds what looks like a credential: others may read a Job."""
    from kbatch_core.model.secrets import find_secrets

    given = (
        (f"-P {pair[0]}", "=".join(pair)) for pair in resolved.all("parameter") if isinstance(pair, tuple)
    )
    for part, text in (*sections(source.name, source.text), *given):
        for number, kind in find_secrets(text):
            raise BadScript(
                f"{part}:{number}: this looks like a credential ({kind}), and others may read a job's script.",
                "Read it from a file in your home instead, or submit with --allow-secrets.",
            )


def with_partition(client: Client, spec: JobSpec, resolved: Resolved) -> JobSpec:
    """`-p` is a profile of the site's config, else a Kueue LocalQueue. Raises BadOption with the names there are."""
    if not spec.partition:
        return spec
    profile = resolved.config.profiles.get(spec.partition)
    if profile is not None:
        return with_profile(spec, profile)
    queues = client.queues()
    if queues is None or spec.partition in queues:
        return spec
    known = sorted({*queues, *resolved.config.profiles})
    raise BadOption(
        f'--partition: there is no queue or profile "{spec.partition}".',
        f"There are {', '.join(known)}." if known else "This cluster has none; leave the option out.",
    )


def submit(client: Client, submission: Submission, resolved: Resolved) -> int:
    """Send it, or show it; then say its id, and stay with it when asked to."""
    if resolved.get("dry-run"):
        click.echo(dump(submission, "json" if resolved.get("json") else "yaml"), nl=False)
        return 0
    if resolved.get("test-only"):
        client.submit(submission, dry_run=True)
        complain("kbatch", f"The cluster would accept the job {submission.name!r}; nothing was submitted.")
        return 0
    job = client.submit(submission, warn=lambda sentence: complain("kbatch", sentence))
    if resolved.get("json"):
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(client.row(job)), indent=2).decode())
    elif resolved.get("parsable"):
        click.echo(submission.job_id)
    elif not resolved.get("quiet"):
        click.echo(f"Submitted batch job {submission.job_id}")
        if sys.stdout.isatty():
            say_next(submission)
    if resolved.get("follow"):
        return follow(client, job)
    return wait(client, job) if resolved.get("wait") else 0


def say_next(submission: Submission) -> None:
    """What was taken along, what was left out, and what to type next; for a person at a terminal."""
    job_id = submission.job_id
    click.echo(f"  copied   {submission.copied}", err=True)
    for line in submission.dropped:
        click.echo(f"  left out {line}", err=True)
    click.echo(
        f"  next     kqueue logs -f {job_id} | kqueue show {job_id} | kqueue cancel {job_id}", err=True
    )


def dump(submission: Submission, form: str) -> str:
    """The Job exactly as it would be sent, as YAML or JSON."""
    if form == "json":
        import json

        return json.dumps(submission.manifest, indent=2, ensure_ascii=False) + "\n"
    import yaml

    return yaml.safe_dump(submission.manifest, sort_keys=False, allow_unicode=True)


def main() -> None:
    sys.exit(run(kbatch, "kbatch"))
