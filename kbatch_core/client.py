"""Client: submit jobs and ask about them. What the command line, the dashboard and Python code stand on."""

from __future__ import annotations

import os
import random
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kbatch_core.cluster.api import Api
from kbatch_core.cluster.choose import load, nowhere
from kbatch_core.cluster.settings import CLUSTER_VARIABLE
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment.session import Session, this_session
from kbatch_core.errors import BadOption, NoCluster, NotFound, Unreachable
from kbatch_core.finding import Finder
from kbatch_core.history.folder import ProgressFiles
from kbatch_core.look import NO_FACTS, Facts, Seen, look, look_at
from kbatch_core.model import labels
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.names import id_from, is_id, label_value, new_submit_id
from kbatch_core.model.objects import Job, Pod
from kbatch_core.model.reference import parse_reference
from kbatch_core.status import ClusterFacts, JobRow, make_row, task_rows
from kbatch_core.streams import Streams

# What only some calls need is imported in them: half of the time of a `kqueue list` goes into imports.
if TYPE_CHECKING:
    from kbatch_core.environment import Environment
    from kbatch_core.history import Asked, Efficiency, Found
    from kbatch_core.manifest import Submission
    from kbatch_core.model.jobspec import JobSpec
    from kbatch_core.model.record import Record
    from kbatch_core.view import View

Rows = list[JobRow]
Pods = list[Pod]
Surveyed = list[tuple[Job, JobRow, Callable[[], Rows]]]


class Client(Streams):
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

    # Ask

    def selector(self, user: str | None = None, base: str = labels.SELECTOR) -> str:
        """The label selector of a user's jobs; None = this session's user, "" = everybody's."""
        name = self.session.user if user is None else user
        return f"{base},{labels.USER}={label_value(name)}" if name else base

    def list(
        self,
        *,
        user: str | None = "",
        namespaces: Sequence[str] = (),
        selector: str = "",
        history: bool = False,
        tasks: bool = False,
    ) -> Rows:
        """One row per job, oldest first. `user` as in `selector`; namespaces: none = our own, [""] = all.

        `selector` has more terms of a label selector; with `tasks` an array is a row per task. With `history` also
        the jobs that are only in the history in home: of every namespace and cluster.
        """
        # Read first: a job that is submitted meanwhile must not look as if the cluster had lost it.
        pasts = self.history.read_all() if history else []
        found = self.survey(user=user, namespaces=namespaces, selector=selector)
        rows = [each for _, row, every in found for each in (every() if tasks else ()) or (row,)]
        if history:
            from kbatch_core.history import absent_rows, keep_ends

            of_jobs = [row for _, row, _ in found]
            now = self.now()
            keep_ends(self.history, [(job, row) for job, row, _ in found], pasts, self.pods, now)
            asked = self._asked(user, namespaces)
            rows += absent_rows(pasts, {row.id for row in of_jobs}, asked, now, tasks=tasks)
        return _by_age(rows)

    def survey(
        self, *, user: str | None = "", namespaces: Sequence[str] = (), selector: str = ""
    ) -> Surveyed:
        """(job, its row, what makes a row per task of an array) of each job, as `list` has them."""
        job_selector = ",".join(part for part in (self.selector(user), selector) if part)
        plain = self._facts()

        def surveyed(seen: Seen, cluster: Facts) -> tuple[Job, JobRow, Callable[[], Rows]]:
            now, facts = self.now(), plain if cluster is NO_FACTS else self._facts(cluster)
            job, pods, events = seen
            row = make_row(job, pods, events, now, facts)
            return job, row, partial(task_rows, job, pods, (), now, facts)

        return look(
            self.api,
            job_selector,
            self.selector(user, labels.POD_SELECTOR),
            namespaces or (self.api.namespace,),
            surveyed,
            self.now,
        )

    def past(
        self,
        shown: Collection[str] | None = None,
        *,
        user: str | None = "",
        namespaces: Sequence[str] = (),
        tasks: bool = False,
    ) -> Rows:
        """The rows that only the history has. `shown` are the ids that the cluster has, asked as in `list`;
        None = no cluster was asked."""
        from kbatch_core.history import Asked, absent_rows

        asked = Asked() if shown is None else self._asked(user, namespaces)
        return _by_age(absent_rows(self.history.read_all(), shown or (), asked, self._clock(), tasks=tasks))

    def look_up(self, reference: str) -> Found:
        """The job that `find` finds; when it finds none or no cluster answers, the history's. Raises as `find`."""
        from kbatch_core.history import Found, match

        try:
            return Found(job=self.find(reference))
        except (NotFound, Unreachable) as error:
            past = self.history.read(reference) or match(self.history.read_all(), reference)
            if past is None:
                raise
            if isinstance(error, NotFound):
                return Found(job=past.job, past=past, asked=self._asked(""))
            return Found(job=past.job, past=past, error=error)

    def look_up_task(self, text: str) -> tuple[Found, ArraySpec | None]:
        """As `look_up`, and of `ID_3` or `ID_[1-4,7]` which tasks are meant; None = the whole job."""
        reference = parse_reference(text)
        if reference.tasks is not None and not is_id(reference.job):
            # A job's name may look like a task of another.
            with suppress(NotFound):
                return self.look_up(text), None
        return self.look_up(reference.job), reference.tasks

    def _facts(self, seen: Facts | None = None) -> ClusterFacts:
        return ClusterFacts(
            nodes=seen.nodes if seen else None,
            quotas=seen.quotas if seen else None,
            history=self.history,
            progress=ProgressFiles(self.history),
        )

    def find(self, reference: str) -> Job:
        """The job that an id, a unique beginning of one, a job name or an object name means; one's own first.

        Raises NotFound when there is none, BadOption when there are several.
        """
        return self.finder().find(reference, anybodys=True)

    def finder(self) -> Finder:
        """What looks up several jobs, or such that are to be changed."""
        return Finder(self.api, self.session.user)

    def row(self, job: Job | Found) -> JobRow:
        """The row of one job, with what its pods and events explain."""
        from kbatch_core.history import keep_ends, past_row

        now = self.now()
        if not isinstance(job, Job):
            if job.past is not None:
                return past_row(job.past, now, gone=job.asked.covers(job.past))
            job = job.job
        (seen,), cluster = look_at(self.api, [(job, self.pods(job))])
        row = make_row(*seen, now, self._facts(cluster))
        past = self.history.read(row.id) if row.finished else None
        if past is not None:
            keep_ends(self.history, [(job, row)], [past], lambda _: list(seen.pods), now)
        return row

    def task_rows(self, job: Job | Found) -> Rows:
        """A row per task of an array."""
        from kbatch_core.history import past_task_rows

        now = self.now()
        if not isinstance(job, Job):
            if job.past is not None:
                return past_task_rows(job.past, now, gone=job.asked.covers(job.past))
            job = job.job
        return task_rows(job, self.pods(job), [], now, self._facts())

    def record(self, job: Job | Found, task: int | None = None) -> Record | None:
        """How a job, or a task of an array, ended, in the supervisor's words; None: it has not, or nobody knows."""
        from kbatch_core.history import records_of

        live = job if isinstance(job, Job) else job.job if job.past is None else None
        job_id = (job if isinstance(job, Job) else job.job).metadata.labels.get(labels.ID, "")
        past = self.history.read(job_id)
        known = dict(past.records) if past is not None else {}
        if live is not None:
            known |= records_of(job_id, self.pods(live))
        return known.get(task)

    def view(self, job: Job | None = None) -> View:
        """The queue, or one job, as a table that changes by itself in a notebook's cell."""
        from kbatch_core.view import View

        return View(self, job.metadata.labels.get(labels.ID, "") if job is not None else "")

    def efficiency(self, job: Job | Found, task: int | None = None) -> Efficiency:
        """What a job, or a task of an array, used against what it asked for, from the records of pods and in home.

        Raises BadOption when there is no such task.
        """
        from kbatch_core.history.efficiency import efficiency, records_of

        live = job if isinstance(job, Job) else job.job if job.past is None else None
        job_id = (job if isinstance(job, Job) else job.job).metadata.labels.get(labels.ID, "")
        row = self.row(job) if task is None else _only(self.task_rows(job), task, job_id)
        past = self.history.read(job_id)
        records = dict(past.records) if past is not None else {}
        if live is not None:
            records |= records_of(job_id, self.pods(live))
        if task is not None:
            # Of a task the account is as that of a job that is no array.
            own: dict[int | None, Record] = {None: records[task]} if task in records else {}
            return efficiency(row, own, {None: self.history.usage(job_id, task)})
        tasks = {*records, *(past.starts if past is not None else ())}
        usage = {task: self.history.usage(job_id, task) for task in tasks}
        return efficiency(row, records, usage)

    def pods(self, job: Job) -> Pods:
        """The pods of a job, oldest first."""
        selector = f"{labels.ID}={job.metadata.labels.get(labels.ID, '')}"
        pods = self.api.list_pods(selector, namespace=job.metadata.namespace)
        return sorted(pods, key=lambda pod: pod.metadata.creation_timestamp)

    def _asked(self, user: str | None, namespaces: Sequence[str] = ()) -> Asked:
        from kbatch_core.history import Asked

        return Asked(
            origin=self.origin(),
            namespaces=tuple(namespaces) or (self.api.namespace,),
            user=self.session.user if user is None else user,
        )


def _only(rows: Rows, task: int, job_id: str) -> JobRow:
    """The row of this task. Raises BadOption when there is none."""
    for row in rows:
        if row.task == task:
            return row
    raise BadOption(f"Job {job_id} has no task {task}.", f"`kqueue show {job_id}` shows it.")


def _by_age(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: (row.submitted or 0.0, row.whole_id, row.task or 0))


def _is_missing(folder: str) -> bool:
    """Whether there is surely no such directory; what may not be looked at may be there."""
    try:
        return not Path(folder).is_dir()
    except OSError:
        return False
