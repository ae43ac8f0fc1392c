"""kbatch: submit a script as a Kubernetes Job that outlives the notebook server."""

from __future__ import annotations

import sys

import click
from kbatch_core.model.quantity import parse_cpus, parse_memory
from kbatch_core.model.timelimit import parse_time_limit

import kbatch_core
from kbatch_core.client import Client, read_script
from kbatch_core.manifest import Submission
from kbatch_core.model.jobspec import JobSpec
from kqueue_tui.cli.run import cluster_options, complain
from kqueue_tui.cli.run import main as run


@click.command(context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False})
@click.version_option(kbatch_core.__version__, prog_name="kbatch")
@click.option("--job-name", "-J", metavar="NAME", help="Name of the job. Default: the script's.")
@click.option("--output", "-o", metavar="PATTERN", help="Output file. Default: kbatch-%j.out.")
@click.option("--error", "-e", metavar="PATTERN", help="File for stderr. Default: with the output.")
@click.option("--chdir", "-D", metavar="DIR", help="Run in this directory. Default: this one.")
@click.option("--cpus-per-task", "-c", metavar="N", help="CPUs. Default: the notebook server's.")
@click.option("--mem", metavar="SIZE", help="Memory, e.g. 4G. Default: the notebook server's.")
@click.option("--time", "-t", metavar="TIME", help="Time limit, e.g. 2:00:00 or 90m. Default: none.")
@click.option("--image", metavar="IMAGE", help="Run in this image. Default: the notebook server's.")
@click.option("--submit-id", metavar="TEXT", help="The same one twice makes one job.")
@click.option("--parsable", is_flag=True, help="Print the id alone.")
@click.option("--dry-run", is_flag=True, help="Print the Job as YAML and send nothing.")
@cluster_options
@click.argument("script")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def kbatch(
    script: str,
    args: tuple[str, ...],
    job_name: str | None,
    output: str | None,
    error: str | None,
    chdir: str | None,
    cpus_per_task: str | None,
    mem: str | None,
    time: str | None,
    image: str | None,
    submit_id: str | None,
    parsable: bool,
    dry_run: bool,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
) -> None:
    """Submit SCRIPT, with ARGS, as a job that goes on when this notebook server is gone."""
    frozen = read_script(script)
    spec = JobSpec(
        script=frozen.text,
        script_name=frozen.name,
        interpreter=frozen.interpreter,
        args=args,
        name=job_name or "",
        output=output,
        error=error,
        workdir=chdir,
        cpus=parse_cpus(cpus_per_task) if cpus_per_task is not None else None,
        memory=parse_memory(mem) if mem is not None else None,
        time_limit=parse_time_limit(time) if time is not None else None,
        image=image or "",
        submit_id=submit_id or "",
    )
    client = Client.connect(namespace=namespace, kubeconfig=kubeconfig, context=context)
    submission = client.prepare(spec)
    for warning in submission.warnings:
        complain("kbatch", f"Note: {warning}.")
    if dry_run:
        print_manifest(submission)
        return
    client.submit(submission)
    click.echo(submission.job_id if parsable else f"Submitted batch job {submission.job_id}")


def print_manifest(submission: Submission) -> None:
    """The Job as YAML, exactly what would be sent."""
    import yaml

    click.echo(yaml.safe_dump(submission.manifest, sort_keys=False, allow_unicode=True), nl=False)


def main() -> None:
    sys.exit(run(kbatch, "kbatch"))
