"""A cluster whose answers a test decides: for faults of the API that a real one cannot be made to show at will."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kbatch_core.client import Client
from kbatch_core.cluster.api import Api
from kbatch_core.cluster.settings import Settings
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment import Session
from kbatch_core.errors import KbatchError
from kbatch_core.manifest import Submission, build_job
from kbatch_core.model import labels
from kbatch_core.model.objects import Event, Job, Pod, ResourceQuota
from tests.history.home import answer, environment, job_spec
from tests.status.objects import ID, NOW


class NoNetwork(Transport):
    """What the fake does not answer is a mistake in it, and must not leave this machine."""

    def _send(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError(f"not faked: {args[:2]}")


class FakeApi(Api):
    """Keeps the Jobs that were created. `refuse` is raised by a create, `down` by every read."""

    def __init__(self, server: str = "https://10.96.0.1:443") -> None:
        super().__init__(NoNetwork(Settings(server=server, namespace="ann")))
        self.jobs: dict[str, Job] = {}
        self.pods: list[Pod] = []
        self.refuse: BaseException | None = None
        self.down: KbatchError | None = None

    def create_job(self, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Job:
        if self.refuse is not None:
            raise self.refuse
        made = answer(dict(manifest))
        if not dry_run:
            self.jobs[made.metadata.labels[labels.ID]] = made
        return made

    def list_jobs(self, selector: str = labels.SELECTOR, *, namespace: str | None = None) -> list[Job]:
        if self.down is not None:
            raise self.down
        wanted = dict(part.split("=") for part in selector.split(","))
        return [job for job in self.jobs.values() if wanted.items() <= job.metadata.labels.items()]

    def job_parts(self, selector: str, *, namespace: str) -> Iterator[list[Job]]:
        yield self.list_jobs(selector, namespace=namespace)

    def list_pods(self, selector: str, *, namespace: str | None = None) -> list[Pod]:
        return self.pods

    def list_quotas(self, namespace: str | None = None) -> list[ResourceQuota]:
        return []

    def list_events(self, uid: str, *, namespace: str | None = None) -> list[Event]:
        return []


def client(home: Path, api: Api) -> Client:
    """A Client of ann, whose home is `home` here."""
    session = Session(
        cwd=str(home), home=str(home), user="ann", host="jupyter-ann", in_pod=False, environ={}
    )  # fmt: skip
    return Client(api, session, clock=lambda: NOW)


def submission(job_id: str = ID) -> Submission:
    """A job ready to be sent."""
    return build_job(
        job_spec(), environment(), job_id=job_id, submit_id=f"{job_id}-submit", namespace="ann",
        cwd="/home/ann/work", submit_host="jupyter-ann",
    )  # fmt: skip
