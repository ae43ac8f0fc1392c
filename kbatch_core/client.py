"""Client: what the command line, the dashboard and Python code stand on. Here: the way to a cluster, and to a Job.

What it is made of: `reads.py` asks, `streams.py` hears what happens, `actions.py` writes.
"""

from __future__ import annotations

import os
import random
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kbatch_core.cluster.api import Api
from kbatch_core.cluster.choose import load, nowhere
from kbatch_core.cluster.settings import CLUSTER_VARIABLE
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment.session import Session, this_session
from kbatch_core.errors import BadOption, NoCluster
from kbatch_core.model.names import id_from, label_value, new_submit_id
from kbatch_core.model.objects import Job
from kbatch_core.reads import Reads
from kbatch_core.status.reading import id_of

# What only some calls need is imported in them: half of the time of a `kqueue list` goes into imports.
if TYPE_CHECKING:
    from kbatch_core.environment import Environment
    from kbatch_core.manifest import Submission
    from kbatch_core.model.jobspec import JobSpec
    from kbatch_core.view import View


class Client(Reads):
    """Jobs of one user in one namespace: submit, ask, and what Actions does to them.

    Owns no thread. `session` says where the user stands; clock and random are passed in by tests.
    """

    def __init__(
        self,
        api: Api,
        session: Session,
        *,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(api, session, clock, rng or random.SystemRandom())

    @classmethod
    def connect(
        cls,
        *,
        namespace: str | None = None,
        kubeconfig: str | None = None,
        context: str | None = None,
        environ: Mapping[str, str] = os.environ,
        history: bool = False,
    ) -> Client:
        """A Client of the cluster that this process can find. Raises NoCluster, BadConfig.

        KBATCH_CLUSTER=local (or local:NAME) is the local cluster, unless a kubeconfig or a context is named. With
        `history` NoCluster is raised by the calls that need one, and the others answer from home.
        """
        cluster = environ.get(CLUSTER_VARIABLE)
        if cluster and not (kubeconfig or context):
            from kbatch_core.local.lifecycle import parse_cluster, settings_of

            settings = settings_of(parse_cluster(cluster), environ, namespace=namespace)
            return cls(Api(Transport(settings)), this_session(environ, local=True))
        try:
            settings = load(environ, namespace=namespace, kubeconfig=kubeconfig, context=context)
        except NoCluster as error:
            if not history:
                raise
            settings = nowhere(error)
        return cls(Api(Transport(settings)), this_session(environ))

    # Submit

    def environment(self, spec: JobSpec) -> Environment:
        """What a job of this session copies. One read: the session's own pod."""
        from kbatch_core.environment.detect import detect

        return detect(
            self.session,
            self.api.get_pod_object,
            self.api.claim_access,
            image=spec.image,
            export=spec.export,
            export_all=spec.export_all,
            home=spec.home,
            namespace=self.api.namespace,
        )

    def prepare(self, spec: JobSpec, environment: Environment | None = None) -> Submission:
        """The Job that `submit` would send. Nothing is written. Raises BadOption."""
        from kbatch_core.manifest import build_job

        submit_id = spec.submit_id or new_submit_id(self._rng)
        environment = environment or self.environment(spec)
        submission = build_job(
            spec,
            environment,
            job_id=id_from(submit_id),
            submit_id=submit_id,
            namespace=self.api.namespace,
            cwd=self.session.cwd,
            submit_host=self.session.host,
        )
        workdir = submission.place.workdir
        # What is mounted here as well can be looked at: a container runtime would make the directory, as root.
        here = self.session.in_pod or self.session.local
        if here and spec.workdir is not None and environment.mount_of(workdir) and _is_missing(workdir):
            raise BadOption(
                f"--chdir {spec.workdir}: there is no directory {workdir}.", "Make it first: mkdir -p."
            )
        return submission

    def read(
        self,
        script: str | Path,
        *args: object,
        inputs: Iterable[object] = (),
        throttle: int | None = None,
        **options: object,
    ) -> Submission:
        """The Job that `kbatch OPTIONS SCRIPT ARGS` would send: `client.read("fit.py", 3, mem="8G", time="2:00:00")`.

        Options have kbatch's long names, with `_` for `-`; the script's directives, `KBATCH_*` variables and configs
        count as well. With `inputs` it is an array: task n gets the n-th as its last argument, `throttle` of them at
        a time. What was ignored is a warning. Raises BadScript, BadOption, NeverFits.
        """
        from kbatch_core.scripts import read_request
        from kbatch_core.site import Site

        request = read_request(script, args, inputs=inputs, throttle=throttle, options=options)
        site = Site(self.api, request.resolved)
        site.look_ahead(request.spec)
        environment = self.environment(request.spec)
        submission = self.prepare(site.settle(request.spec), environment)
        site.check(submission)
        for note in (*request.notes(), *submission.warnings):
            warnings.warn(note, stacklevel=2)
        return submission

    def run(self, script: str | Path, *args: object, **options: Any) -> Job:
        """Submit a script as a job, or with `inputs=[...]` as an array of them: what `read` says, in one call."""
        return self.submit(self.read(script, *args, **options))

    def like(self, reference: str) -> tuple[JobSpec, Environment]:
        """What a job was asked for and what it copied, for another one of this user. Raises as `look_up`.

        Of a job that the cluster has forgotten it comes from the history in home.
        """
        from kbatch_core.manifest.again import read_back
        from kbatch_core.staging import read_staged

        found = self.look_up(reference)
        metadata = found.job.metadata
        if found.past is None:
            whole = self.api.get_job_object(metadata.name, namespace=metadata.namespace)
        else:
            whole = self.history.manifest(found.past.id) or {}
        spec, environment = read_back(whole, read_staged)
        if label_value(environment.user) != label_value(self.session.user):
            environment = msgspec.structs.replace(environment, user=self.session.user)
        return spec, environment

    def view(self, job: Job | None = None) -> View:
        """The queue, or one job, as a table that changes by itself in a notebook's cell."""
        from kbatch_core.view import View

        return View(self, id_of(job) if job is not None else "")


def _is_missing(folder: str) -> bool:
    """Whether there is surely no such directory; what may not be looked at may be there."""
    try:
        return not Path(folder).is_dir()
    except OSError:
        return False
