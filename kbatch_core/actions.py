"""Actions: what writes. The command line and the dashboard act through it alike.

What changes a job is bound to the uid of the object that is passed: a job of the same name that came later is a
Conflict, never the target. What cannot be done is a leaf of KbatchError whose sentence says why.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kbatch_core.cluster.api import Api
from kbatch_core.environment.session import Session
from kbatch_core.errors import NotFound, PermissionDenied, Refused, Unreachable
from kbatch_core.history.folder import History
from kbatch_core.history.past import Origin
from kbatch_core.manifest import change
from kbatch_core.model import labels
from kbatch_core.model.arrays import ArraySpec, from_numbers
from kbatch_core.model.names import id_from, new_submit_id
from kbatch_core.model.objects import Job, parse_time
from kbatch_core.status.reading import (
    array_of,
    condition,
    id_of,
    in_indexes,
    index_of,
    is_array,
    is_finished,
    is_task_over,
)
from kbatch_core.status.tasks import failed_numbers, no_task, task_numbers

if TYPE_CHECKING:
    from kbatch_core.history import Warn
    from kbatch_core.manifest import Submission
    from kbatch_core.model.rights import Right


class Actions:
    """Jobs as one account may change them. Owns no thread; clock and random are passed in by tests."""

    def __init__(self, api: Api, session: Session, clock: Callable[[], float], rng: random.Random) -> None:
        self.api = api
        self.session = session
        self.history = History(session.home)
        self._clock = clock
        self._rng = rng
        self._rights: dict[tuple[str, ...], bool | None] = {}

    def now(self) -> float:
        """Seconds since the epoch by the server, whose times the rows have."""
        return self._clock() + self.api.transport.server_ahead

    def submit(self, submission: Submission, *, dry_run: bool = False, warn: Warn | None = None) -> Job:
        """Create the Job: one write. Raises Refused, Unreachable or UnknownOutcome, BadScript.

        The history in home is written around it; when that cannot be, `warn` gets a sentence and the job goes on.
        """
        from kbatch_core.history import ignore, noted
        from kbatch_core.staging import remove_staged, write_staged

        if dry_run:
            return self.api.create_job(submission.manifest, dry_run=True)
        with noted(
            self.history, submission.manifest, self.origin(), self._clock(), warn or ignore
        ) as accepted:
            written = write_staged(submission.files)
            try:
                job = self.api.create_job(submission.manifest)
            except (Refused, Unreachable):
                remove_staged(written)
                raise
            accepted(job)
        return job

    def origin(self) -> Origin:
        """Which cluster this is, for the history."""
        settings = self.api.transport.settings
        try:
            authority = Path(settings.ca_file).read_bytes() if settings.ca_file else b""
        except OSError:
            authority = b""
        return Origin.of(settings.server, authority)

    def cancel(self, job: Job) -> Job:
        """End a job and keep its record: the controller stops its pods and fails it within about a second.

        Raises Refused when it has ended already.
        """
        return self._patch(job, change.cancel_patch(job, self.now()))

    def hold(self, job: Job) -> Job:
        """Keep a job from running. One that runs is stopped, and starts from its beginning when it is released.

        Held already: nothing changes. Raises Refused when it has ended or is in a Kueue queue.
        """
        return self._patch(job, change.hold_patch(job))

    def release(self, job: Job) -> Job:
        """Let a held job run; nothing changes for one that is not. Raises Refused as `hold`."""
        return self._patch(job, change.release_patch(job))

    def update(self, job: Job, *, throttle: int | None = None, time_limit: int | None = None) -> Job:
        """Change how many tasks of an array run at a time (0 = all), or lower a running job's time limit.

        `time_limit` is in seconds. Raises Refused for what Kubernetes has frozen, BadOption.
        """
        if throttle is not None:
            job = self._patch(job, change.throttle_patch(job, throttle))
        if time_limit is not None:
            job = self._patch(job, change.time_limit_patch(job, time_limit, self._running_since(job)))
        return job

    def rerun(
        self,
        job: Job,
        *,
        failed_only: bool = False,
        tasks: Collection[int] = (),
        time_limit: int | None = None,
        memory: int | None = None,
    ) -> Job:
        """A new job with the script, options and environment of one that has ended.

        Of an array only `tasks`, or with `failed_only` those that did not succeed; of another job `failed_only`
        refuses one that did. `time_limit` (seconds) and `memory` (bytes) replace what it had. A job that the cluster
        has forgotten is taken from the history. Raises Refused, BadOption, NotFound.
        """
        from kbatch_core.manifest import build_job
        from kbatch_core.manifest.again import read_back, submitted_from
        from kbatch_core.staging import read_staged

        whole, gone = self._whole(job)
        chosen = _chosen_tasks(job, tasks, failed_only, finished=gone or is_finished(job))
        spec, environment = read_back(whole, read_staged)
        if chosen is not None and spec.array is not None:
            lines = (
                [spec.lines[spec.array.index(number)] for number in chosen.numbers()] if spec.lines else []
            )
            spec = msgspec.structs.replace(spec, array=chosen, lines=tuple(lines))
        if time_limit is not None:
            spec = msgspec.structs.replace(spec, time_limit=time_limit)
        if memory is not None:
            spec = msgspec.structs.replace(spec, memory=memory)
        submit_dir, submit_host = submitted_from(whole)
        submit_id = new_submit_id(self._rng)
        again = build_job(
            spec,
            environment,
            job_id=id_from(submit_id),
            submit_id=submit_id,
            namespace=job.metadata.namespace,
            cwd=submit_dir,
            submit_host=submit_host,
        )
        return self.submit(again)

    def _whole(self, job: Job) -> tuple[dict[str, Any], bool]:
        """(the Job with every field, whether the history alone still has it). Raises Refused, NotFound."""
        try:
            whole = self.api.get_job_object(job.metadata.name, namespace=job.metadata.namespace)
        except NotFound:
            kept = self.history.manifest(id_of(job))
            if kept is None:
                raise
            return kept, True
        if whole["metadata"]["uid"] != job.metadata.uid:
            raise Refused(
                f"Job {id_of(job)} is another one now than the one that was looked at.",
                "Look again with `kqueue list`.",
            )
        return whole, False

    def delete(self, job: Job) -> None:
        """Remove a job with its pods, their logs and its record in the cluster; what is in home stays."""
        self.api.delete_job(job.metadata.name, uid=job.metadata.uid, namespace=job.metadata.namespace)

    def may(
        self, verb: str, resource: str = "jobs", subresource: str = "", *, namespace: str | None = None
    ) -> bool:
        """Whether this account has a right, as `has_right`. True where even asking is forbidden: then the server says
        it when it is used."""
        from kbatch_core.model.rights import Right  # only for who asks

        return self.has_right(Right(verb, resource, subresource), namespace=namespace) is not False

    def has_right(self, right: Right, *, namespace: str | None = None, name: str = "") -> bool | None:
        """Whether this account has a right ("" = in every namespace), or has it on the object `name`; asked once and
        remembered. None where even asking is forbidden."""
        from kbatch_core.model.rights import group_of

        where = self.api.namespace if namespace is None else namespace
        asked = (right.verb, group_of(right.resource), right.resource, right.subresource, where, name)
        if asked not in self._rights:
            try:
                self._rights[asked] = self.api.access_review(*asked)
            except PermissionDenied:
                self._rights[asked] = None
        return self._rights[asked]

    def _patch(self, job: Job, patch: change.Patch | None) -> Job:
        if patch is None:
            return job
        changed = self.api.patch_job(job.metadata.name, patch, namespace=job.metadata.namespace)
        self.history.keep(changed)
        return changed

    def _running_since(self, job: Job) -> float | None:
        """When the container that runs now began to, in seconds since the epoch; None when none does."""
        pods = self.api.list_pods(f"{labels.JOB_NAME}={job.metadata.name}", namespace=job.metadata.namespace)
        for pod in pods:
            for status in pod.status.container_statuses:
                if status.state.running is not None and pod.metadata.deletion_timestamp is None:
                    return parse_time(status.state.running.started_at)
        return None


def _chosen_tasks(job: Job, tasks: Collection[int], failed_only: bool, finished: bool) -> ArraySpec | None:
    """The tasks to run again; None = the whole job. Raises Refused, BadOption."""
    job_id = id_of(job)
    if not is_array(job):
        if tasks:
            raise no_task(job, min(tasks))
        if finished and failed_only and condition(job.status.conditions, "Complete"):
            raise Refused(f"Job {job_id} did not fail.", f"`kqueue rerun {job_id}` runs it all the same.")
    if not finished and not (is_array(job) and (tasks or failed_only)):
        raise Refused(
            f"Job {job_id} has not ended.", f"Wait for it, or end it with `kqueue cancel {job_id}`."
        )
    if not is_array(job):
        return None
    numbers = _numbers(job, tasks, failed_only, finished)
    array = array_of(job)
    throttle = array.throttle if array is not None else None
    return ArraySpec(from_numbers(numbers), throttle if throttle and throttle < len(numbers) else None)


def _numbers(job: Job, tasks: Collection[int], failed_only: bool, finished: bool) -> list[int]:
    job_id = id_of(job)
    status = job.status
    every = task_numbers(job)
    missing = sorted(set(tasks) - set(every))
    if missing:
        raise no_task(job, missing[0])
    numbers = sorted(tasks) if tasks else every
    if failed_only:
        failed = set(failed_numbers(job))
        numbers = [
            number
            for number in numbers
            if number in failed
            or (finished and not in_indexes(index_of(job, number), status.completed_indexes))
        ]
        if not numbers:
            raise Refused(f"No task of {job_id} has failed.", f"`kqueue show {job_id}` says how it stands.")
    elif not finished:
        for number in numbers:
            if not is_task_over(job, number):
                raise Refused(f"Task {number} of {job_id} has not ended.", "Wait for it.")
    return numbers
