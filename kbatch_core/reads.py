"""Reads: what is known of jobs, asked once: many at a time, one, its pods, what it used."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from kbatch_core.errors import NotFound, Refused, Unreachable
from kbatch_core.finding import Finder
from kbatch_core.history.folder import ProgressFiles
from kbatch_core.look import NO_FACTS, Facts, Seen, look, look_at
from kbatch_core.model import labels
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.names import is_id, label_value
from kbatch_core.model.objects import Job, Pod
from kbatch_core.model.reference import parse_reference
from kbatch_core.status import ClusterFacts, JobRow, make_row, task_rows
from kbatch_core.status.missing import MissingRights
from kbatch_core.status.reading import id_of, owner_uid
from kbatch_core.status.tasks import no_task
from kbatch_core.streams import Streams

# What only some calls need is imported in them: half of the time of a `kqueue list` goes into imports.
if TYPE_CHECKING:
    from kbatch_core.cluster.api import Api
    from kbatch_core.environment.session import Session
    from kbatch_core.history import Asked, Efficiency, Found
    from kbatch_core.history.past import Past
    from kbatch_core.model.record import Record

Rows = list[JobRow]
Pods = list[Pod]
Surveyed = list[tuple[Job, JobRow, Callable[[], Rows]]]


class Reads(Streams):
    """Asks the cluster and the history in home. Owns no thread that outlives a call.

    `missing` has the rights that turned out to be missing when single jobs were looked at: they cost the reasons
    that need them, and nothing else.
    """

    def __init__(self, api: Api, session: Session, clock: Callable[[], float], rng: random.Random) -> None:
        super().__init__(api, session, clock, rng)
        self.missing = MissingRights((api.namespace,))

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
        missing: MissingRights | None = None,
    ) -> Rows:
        """One row per job, oldest first. `user` as in `selector`; namespaces: none = our own, [""] = all.

        `selector` has more terms of a label selector; with `tasks` an array is a row per task. With `history` also
        the jobs that are only in the history in home: of every namespace and cluster. What a missing right
        costs is a warning, or `missing` learns of it. Raises PermissionDenied when no namespace's jobs may be read.
        """
        # Read first: a job that is submitted meanwhile must not look as if the cluster had lost it.
        pasts = self.history.read_all() if history else []
        lacks = missing or MissingRights(namespaces or (self.api.namespace,))
        found = self.survey(user=user, namespaces=namespaces, selector=selector, missing=lacks)
        for sentence in lacks.sentences() if missing is None else ():
            warnings.warn(sentence, stacklevel=2)
        rows = [each for _, row, every in found for each in (every() if tasks else ()) or (row,)]
        if history:
            from kbatch_core.history import absent_rows, keep_ends

            of_jobs = [row for _, row, _ in found]
            now = self.now()
            keep_ends(
                self.history,
                [(job, row) for job, row, _ in found],
                pasts,
                partial(self.pods_if_allowed, missing=lacks),
                now,
            )
            asked = self._asked(user, lacks.without("jobs"))
            rows += absent_rows(pasts, {row.id for row in of_jobs}, asked, now, tasks=tasks)
        return _by_age(rows)

    def survey(
        self,
        *,
        user: str | None = "",
        namespaces: Sequence[str] = (),
        selector: str = "",
        missing: MissingRights | None = None,
    ) -> Surveyed:
        """(job, its row, what makes a row per task of an array) of each job, as `list` has them.

        `missing` learns which rights are, by default the Client's own.
        """
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
            missing or self.missing,
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
        past, gone = _past_of(job)
        if past is not None:
            return past_row(past, now, gone=gone)
        job = _job_of(job)
        pods = self.pods_if_allowed(job)
        (seen,), cluster = look_at(self.api, [(job, pods)], missing=self.missing, closely=True)
        row = make_row(*seen, now, self._facts(cluster))
        past = self.history.read(row.id) if row.finished else None
        if past is not None:
            keep_ends(self.history, [(job, row)], [past], lambda _: list(seen.pods), now)
        return row

    def task_rows(self, job: Job | Found) -> Rows:
        """A row per task of an array."""
        from kbatch_core.history import past_task_rows

        now = self.now()
        past, gone = _past_of(job)
        if past is not None:
            return past_task_rows(past, now, gone=gone)
        job = _job_of(job)
        return task_rows(job, self.pods_if_allowed(job), [], now, self._facts())

    def record(self, job: Job | Found, task: int | None = None) -> Record | None:
        """How a job, or a task of an array, ended, in the supervisor's words; None: it has not, or nobody knows."""
        past = self.history.read(id_of(_job_of(job)))
        return self._records(job, past).get(task)

    def efficiency(self, job: Job | Found, task: int | None = None) -> Efficiency:
        """What a job, or a task of an array, used against what it asked for, from the records of pods and in home.

        Raises BadOption when there is no such task.
        """
        from kbatch_core.history.efficiency import efficiency

        job_id = id_of(_job_of(job))
        row = self.row(job) if task is None else self._task_row(job, task)
        past = self.history.read(job_id)
        records = self._records(job, past)
        if task is not None:
            # Of a task the account is as that of a job that is no array.
            own: dict[int | None, Record] = {None: records[task]} if task in records else {}
            return efficiency(row, own, {None: self.history.usage(job_id, task)})
        tasks = {*records, *(past.starts if past is not None else ())}
        usage = {task: self.history.usage(job_id, task) for task in tasks}
        return efficiency(row, records, usage)

    def pods(self, job: Job) -> Pods:
        """The pods of a job, oldest first."""
        selector = f"{labels.ID}={id_of(job)}"
        found = self.api.list_pods(selector, namespace=job.metadata.namespace)
        # A label alone anybody may give to a pod, which would then tell of the job.
        pods = [pod for pod in found if owner_uid(pod.metadata) == job.metadata.uid]
        return sorted(pods, key=lambda pod: pod.metadata.creation_timestamp)

    def pods_if_allowed(self, job: Job, missing: MissingRights | None = None) -> Pods:
        """The same; none where they may not be read, which `missing` learns, by default the Client's own."""
        try:
            return self.pods(job)
        except Refused:
            (missing or self.missing).add("pods", job.metadata.namespace)
            return []

    def _task_row(self, job: Job | Found, task: int) -> JobRow:
        for row in self.task_rows(job):
            if row.task == task:
                return row
        raise no_task(_job_of(job), task)

    def _records(self, job: Job | Found, past: Past | None) -> dict[int | None, Record]:
        """By task, from home and from the pods that are still there."""
        from kbatch_core.history import records_of

        known = dict(past.records) if past is not None else {}
        if _past_of(job)[0] is None:
            live = _job_of(job)
            known |= records_of(id_of(live), self.pods_if_allowed(live))
        return known

    def _asked(self, user: str | None, namespaces: Sequence[str] = ()) -> Asked:
        from kbatch_core.history import Asked

        return Asked(
            origin=self.origin(),
            namespaces=tuple(namespaces) or (self.api.namespace,),
            user=self.session.user if user is None else user,
        )


def _job_of(job: Job | Found) -> Job:
    return job if isinstance(job, Job) else job.job


def _past_of(job: Job | Found) -> tuple[Past | None, bool]:
    """(what the history has, when it alone tells of the job, whether the cluster was asked and has it not)."""
    if isinstance(job, Job) or job.past is None:
        return None, False
    return job.past, job.asked.covers(job.past)


def _by_age(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: (row.submitted or 0.0, row.whole_id, row.task or 0))
