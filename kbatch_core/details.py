"""Details of one job, read when somebody looks at it: what `kqueue show` and the dashboard tell. Blocking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kbatch_core.client import Client
from kbatch_core.errors import KbatchError, Refused
from kbatch_core.history import Efficiency, Found
from kbatch_core.manifest.again import read_back
from kbatch_core.staging import read_staged
from kbatch_core.status.reading import id_of

if TYPE_CHECKING:
    from kbatch_core.history.usage import Sample
    from kbatch_core.model.objects import Event, Job, Pod
    from kbatch_core.status.row import JobRow

PODS_ASKED = 8
"""Events are read of the newest pods only: an array may have thousands."""


@dataclass(frozen=True)
class Details:
    """`manifest` is the whole object, {} when there is none. `problems`: what could not be read, a sentence each.

    What a missing right costs is not among them: `Client.missing` has it.
    """

    job: Job
    manifest: Mapping[str, Any]
    pods: Sequence[Pod] = ()
    events: Sequence[Event] = ()
    script: str = ""
    script_name: str = ""
    account: Efficiency | None = None
    samples: Sequence[Sample] = ()
    problems: tuple[str, ...] = field(default=())


def read_details(client: Client, row: JobRow) -> Details:
    """All that the cluster and home tell of the job or task of a row. Raises KbatchError when it is gone."""
    return details_of(client, find_row(client, row), row.task)


def details_of(client: Client, found: Found, task: int | None = None) -> Details:
    """The same of a job that was found, or of a task of it. Raises KbatchError when it is gone."""
    job_id = id_of(found.job)
    problems: list[str] = [found.error.sentence] if found.error is not None else []
    manifest = _manifest(client, found)
    pods: Sequence[Pod] = ()
    events: list[Event] = []
    if found.past is None:
        pods = client.pods_if_allowed(found.job)
        about = [found.job.metadata.uid, *(pod.metadata.uid for pod in pods[-PODS_ASKED:])]
        try:
            for uid in about:
                events += client.api.list_events(uid, namespace=found.job.metadata.namespace)
        except Refused:
            client.missing.add("events", found.job.metadata.namespace)
        except KbatchError as error:
            problems.append(error.sentence)
    script, name = "", ""
    try:
        spec, _ = read_back(manifest, read_staged)
        script, name = spec.script, spec.script_name
    except KbatchError as error:
        problems.append(error.sentence)
    return Details(
        job=found.job,
        manifest=manifest,
        pods=pods,
        events=tuple(events),
        script=script,
        script_name=name,
        account=client.efficiency(found, task),
        samples=client.history.usage(job_id, task),
        problems=tuple(problems),
    )


def script_of(client: Client, found: Found) -> str:
    """The script as it was submitted, from the Job or from home. Raises KbatchError."""
    return read_back(_manifest(client, found), read_staged)[0].script


def find_row(client: Client, row: JobRow) -> Found:
    """The job of a row, wherever it is known. Raises KbatchError when it is gone."""
    if row.namespace not in ("", client.api.namespace) and not row.past:
        return Found(job=client.api.get_job(row.job_name, namespace=row.namespace))
    return client.look_up(row.whole_id)


def _manifest(client: Client, found: Found) -> Mapping[str, Any]:
    if found.past is not None:
        return client.history.manifest(found.past.id) or {}
    metadata = found.job.metadata
    return client.api.get_job_object(metadata.name, namespace=metadata.namespace)
