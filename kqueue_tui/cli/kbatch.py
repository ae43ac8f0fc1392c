"""kbatch: submit a script as a Kubernetes Job that outlives the notebook server."""

from __future__ import annotations

import os
import sys

import click
import msgspec

import kbatch_core
from kbatch_core.client import Client
from kbatch_core.environment import changed
from kbatch_core.errors import BadOption, KbatchError, WholeNode
from kbatch_core.manifest import Submission
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.objects import Job
from kbatch_core.model.options.combine import to_jobspec, with_options
from kbatch_core.model.options.config import load_config, site_config_path, user_config_path
from kbatch_core.model.options.directives import Directives, read_directives
from kbatch_core.model.options.resolve import Resolved, resolve, without_job_options
from kbatch_core.scripts import check_secrets
from kbatch_core.site import Site
from kqueue_tui.cli.command_line import CommandLine, TableCommand
from kqueue_tui.cli.dump import dump
from kqueue_tui.cli.report import say_next, say_report, show_options
from kqueue_tui.cli.run import choose_cluster, complain, silence
from kqueue_tui.cli.run import main as run
from kqueue_tui.cli.source import Source, read_lines, read_source, read_stdin


@click.command(
    cls=TableCommand,
    options_metavar="[OPTION]...",
    epilog="What each option does here, and where options come from: kqueue docs slurm.",
)
def kbatch(line: CommandLine) -> int:
    """Submit SCRIPT with its arguments as a job that goes on when this notebook server is gone.

    Without a script: --wrap "COMMAND", or -- COMMAND [ARG...], or a script on standard input.
    """
    if line.flag("version"):
        click.echo(f"kbatch, version {kbatch_core.__version__}")
        return 0
    like = line.typed.get("like")
    choose_cluster(line.cluster)
    source = read_source(line) or (None if like else read_stdin())
    try:
        resolved = resolve_options(line, source)
    except WholeNode as error:
        raise name_largest(line, error) from error
    if resolved.get("show-options"):
        show_options(resolved)
        return 0
    if source is not None and not resolved.get("allow-secrets"):
        check_secrets(source.name, source.text, resolved, source.args)
    client = Client.connect(namespace=line.namespace, kubeconfig=line.kubeconfig, context=line.context)
    site, submission = submission_of(client, line, resolved, source)
    if not resolved.get("quiet"):
        for note in (resolved.ignored_sentence(), *resolved.notes, *submission.warnings):
            if note:
                complain("kbatch", f"{note.rstrip('.')}.")
    return submit(client, site, submission, resolved)


def resolve_options(line: CommandLine, source: Source | None) -> Resolved:
    """The options from every source; with --like from the command line alone. Raises BadOption, BadConfig."""
    directives = read_directives(source.text, source.name) if source is not None else Directives()
    user, site = load_config(user_config_path(os.environ)), load_config(site_config_path(os.environ))
    if line.typed.get("like") is None:
        resolved = resolve(line.options(), environ=os.environ, directives=directives, user=user, site=site)
        if resolved.get("like") is not None:
            raise BadOption("--like is for the command line alone.", "Take it out of variables and files.")
        return resolved
    notes = directives.notes
    if source is not None and (directives.kbatch or directives.sbatch):
        notes = (f"with --like that job's options count, and the lines of {source.name} do not", *notes)
    return resolve(
        line.options(),
        environ=without_job_options(os.environ),
        directives=Directives(notes=notes),
        user=msgspec.structs.replace(user, options=()),
        site=msgspec.structs.replace(site, options=()),
    )


def submission_of(
    client: Client, line: CommandLine, resolved: Resolved, source: Source | None
) -> tuple[Site, Submission]:
    """The Job that would be sent, and the cluster as a place for it. Raises KbatchError."""
    site = Site(client.api, resolved)
    like = line.typed.get("like")
    if isinstance(like, str):
        return site, prepare_like(client, site, resolved, like, source)
    assert source is not None
    return site, prepare(client, site, resolved, source)


def spec_of(resolved: Resolved, source: Source) -> JobSpec:
    """What a script and its options ask for. Raises BadOption, BadScript."""
    spec = to_jobspec(
        resolved,
        script=source.text,
        script_name=source.name,
        interpreter=source.interpreter,
        args=source.args,
    )
    return with_lines(spec, resolved)


def with_lines(spec: JobSpec, resolved: Resolved) -> JobSpec:
    """`spec` as an array with a task for each line of --map-file, if that is given. Raises BadOption, BadScript."""
    name = resolved.get("map-file")
    if not isinstance(name, str):
        return spec
    array, lines = read_lines(name)
    return msgspec.structs.replace(spec, array=array, lines=lines)


def prepare(client: Client, site: Site, resolved: Resolved, source: Source) -> Submission:
    """The Job for a script. Raises BadOption, BadScript, and what reading the notebook server's pod raises."""
    spec = spec_of(resolved, source)
    site.look_ahead(spec)
    environment = client.environment(spec)
    return client.prepare(site.settle(spec), environment)


def prepare_like(
    client: Client, site: Site, resolved: Resolved, reference: str, source: Source | None
) -> Submission:
    """The Job for what an earlier one was, with the changes that are typed beside --like."""
    base, environment = client.like(reference)
    spec = with_lines(with_options(base if source is None else source.of(base), resolved), resolved)
    site.look_ahead(spec)
    if spec.partition != base.partition:
        environment = site.without(environment, base.profile)
    spec = site.settle(spec, settled=base.partition)
    environment = changed(
        environment,
        client.session,
        image=spec.image,
        export=spec.export,
        export_all=spec.export_all,
        home=spec.home,
    )
    return client.prepare(spec, environment)


def name_largest(line: CommandLine, error: WholeNode) -> WholeNode:
    """The error about --mem=0 with the most memory that a node has, where that may be known."""
    try:
        client = Client.connect(namespace=line.namespace, kubeconfig=line.kubeconfig, context=line.context)
        largest = Site(client.api, Resolved({})).largest_memory()
    except KbatchError:
        return error
    hint = f"Say how much it needs; the largest node has {largest}." if largest else error.hint
    return WholeNode(error.sentence, hint)


def submit(client: Client, site: Site, submission: Submission, resolved: Resolved) -> int:
    """Send it, or show it; then say its id, and stay with it when asked to."""
    form = resolved.get("dry-run")
    if form:
        click.echo(
            dump(submission.manifest, "json" if form == "json" or resolved.get("json") else "yaml"), nl=False
        )
        return 0
    if resolved.get("test-only"):
        report = site.report(submission, lambda: client.submit(submission, dry_run=True))
        return say_report(report, as_json=bool(resolved.get("json")))
    site.check(submission)
    try:
        job = client.submit(submission, warn=lambda sentence: complain("kbatch", sentence))
    except KeyboardInterrupt:
        job_id = submission.job_id
        complain(
            "kbatch",
            f"Interrupted: whether job {job_id} was submitted is not known.",
            f"Look with `kqueue show {job_id}`, or submit again with `--submit-id {submission.submit_id}`: "
            "that makes no second job.",
        )
        return 130
    try:
        say_submitted(client, job, submission, resolved)
    except OSError as error:
        # Who submitted must not lose the id with the output, or she submits again.
        complain(
            "kbatch", f"Submitted batch job {submission.job_id}, which cannot be written: {error.strerror}."
        )
        silence()
        return 1
    if not (resolved.get("follow") or resolved.get("wait")):
        return 0
    from kqueue_tui.cli.follow import follow, wait  # a submit alone is faster without

    return follow(client, job) if resolved.get("follow") else wait(client, job)


def say_submitted(client: Client, job: Job, submission: Submission, resolved: Resolved) -> None:
    """The id, as it was asked for. Raises OSError."""
    if resolved.get("json"):
        click.echo(msgspec.json.format(msgspec.json.encode(client.row(job)), indent=2).decode())
    elif resolved.get("parsable"):
        click.echo(submission.job_id)
    elif not resolved.get("quiet"):
        click.echo(f"Submitted batch job {submission.job_id}")
        if sys.stdout.isatty():
            say_next(submission)


def main() -> None:
    sys.exit(run(kbatch, "kbatch"))
