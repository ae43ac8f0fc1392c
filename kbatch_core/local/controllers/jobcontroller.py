"""The Job controller's loop: does what `reconcile` says, removes what is past its TTL, and cleans up after owners.

It is told of every change and works when it is asked to; it has no thread and no timer of its own.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from kbatch_core.local.controllers.jobfacts import NO_FAILURE, Backoff
from kbatch_core.local.controllers.reconcile import Plan, is_finished, reconcile, ttl_end
from kbatch_core.local.state.deletion import delete_pod, release_pod
from kbatch_core.local.state.events import Recorder
from kbatch_core.local.state.podfacts import TRACKING, is_deleted, is_over, is_tracked, owner
from kbatch_core.local.state.statuses import ApiError, Conflict, NotFound
from kbatch_core.local.state.store import Change, Store
from kbatch_core.model.objects import parse_time

Object = dict[str, Any]
Key = tuple[str, str]
"""Namespace and name."""

COMPONENT = "job-controller"
FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
# After a refused pod (a full quota) it is tried again after so long, and longer with each time.
_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 300.0


class JobController:
    """Makes the pods of Jobs and counts them."""

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        clock: Callable[[], float],
        *,
        create_pod: Callable[[Object], Object],
        asleep: Callable[[float], float] = lambda since: 0.0,
    ) -> None:
        """`create_pod` stores a pod or raises the ApiError that refuses it; `asleep` has the seconds that the
        machine has slept since a time."""
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._create_pod = create_pod
        self._asleep = asleep
        self._jobs: dict[str, Key] = {}
        self._pods: defaultdict[str, dict[str, Key]] = defaultdict(dict)
        """Per uid of a Job the pods that exist, per uid."""
        self._open: defaultdict[str, set[str]] = defaultdict(set)
        """Of these the ones that may still count."""
        self._due: dict[str, float] = {}
        """When to look at a Job again."""
        self._backoffs: dict[str, Backoff] = {}
        self._refused: dict[str, int] = {}
        for job in store.list("jobs"):
            self._jobs[job["metadata"]["uid"]] = _key(job)
            self._due[job["metadata"]["uid"]] = 0.0
        for pod in store.list("pods"):
            self._know(pod)
            self._due.setdefault(owner(pod)[1], 0.0)

    def told(self, change: Change) -> None:
        """Note a change of the store."""
        obj = change.object
        uid = obj["metadata"]["uid"]
        if change.resource == "jobs":
            self._jobs[uid] = _key(obj)
            if change.type == "DELETED":
                del self._jobs[uid]
                self._backoffs.pop(uid, None)
                self._refused.pop(uid, None)
            self._due[uid] = 0.0
        elif change.resource == "pods":
            kind, job = owner(obj)
            if kind != "Job":
                return
            if change.type == "DELETED":
                self._pods[job].pop(uid, None)
                self._open[job].discard(uid)
            else:
                self._know(obj)
            self._due[job] = 0.0
        elif change.resource == "resourcequotas":
            for job in self._refused:
                self._due[job] = 0.0

    def work(self) -> float | None:
        """Look at each Job that is due; when the next one will be, in seconds since the epoch."""
        now = self._clock()
        for uid in [uid for uid, when in self._due.items() if when <= now]:
            del self._due[uid]
            try:
                again = self._look(uid, now)
            except (Conflict, NotFound):
                again = now
            if again is not None:
                self._due[uid] = min(again, self._due.get(uid, again))
        return min(self._due.values(), default=None)

    def _know(self, pod: Object) -> None:
        kind, job = owner(pod)
        if kind == "Job":
            uid = pod["metadata"]["uid"]
            self._pods[job][uid] = _key(pod)
            if is_tracked(pod) or not is_over(pod):
                self._open[job].add(uid)
            else:
                self._open[job].discard(uid)

    def _look(self, uid: str, now: float) -> float | None:
        key = self._jobs.get(uid)
        if key is None:
            self._end_orphans(uid, now)
            return None
        job = self._store.get("jobs", *key)
        if is_deleted(job) and self._finalize(job, now):
            return None
        if is_finished(job):
            for pod in self._pods_of(uid):
                if is_tracked(pod):
                    release_pod(self._store, pod, TRACKING)
            return self._outlived(job, now)
        started = parse_time(job.get("status", {}).get("startTime")) or now
        plan = reconcile(
            job, self._pods_of(uid), now, self._backoffs.get(uid, NO_FAILURE), asleep=self._asleep(started)
        )
        return self._carry_out(job, plan, now)

    def _pods_of(self, uid: str) -> list[Object]:
        found = []
        for pod in list(self._open[uid]):
            with contextlib.suppress(NotFound):
                found.append(self._store.get("pods", *self._pods[uid][pod]))
        return found

    def _carry_out(self, job: Object, plan: Plan, now: float) -> float | None:
        """The steps in the real controller's order; each may be the last one before a kill -9."""
        uid = job["metadata"]["uid"]
        for pod in plan.drop:
            release_pod(self._store, pod, TRACKING)
        for pod in (*plan.drop, *plan.delete):
            with contextlib.suppress(NotFound):
                delete_pod(self._store, pod, now, uid=pod["metadata"]["uid"])
                self._say(job, "Normal", "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        refused = self._create(job, plan)
        for status in (plan.counting, plan.status):
            status["active"] = status.get("active", 0) - refused
            if not status["active"]:
                del status["active"]
        self._write_status(job, plan.counting)
        self._backoffs[uid] = plan.backoff
        for pod in plan.release:
            release_pod(self._store, pod, TRACKING)
        self._write_status(job, plan.status)
        for event in plan.events:
            self._say(job, event.type, event.reason, event.message)
        if not refused:
            self._refused.pop(uid, None)
            return plan.again
        self._refused[uid] = self._refused.get(uid, 0) + 1
        retry: float = now + min(
            _RETRY_SECONDS * 2 ** min(self._refused[uid] - 1, 12), _LONGEST_RETRY_SECONDS
        )
        return retry if plan.again is None else min(retry, plan.again)

    def _create(self, job: Object, plan: Plan) -> int:
        """Make the pods; how many were not. After one that is refused no other is tried."""
        for made, pod in enumerate(plan.create):
            try:
                created = self._create_pod(pod)
            except ApiError as error:
                self._say(job, "Warning", "FailedCreate", f"Error creating: {error.message}")
                return len(plan.create) - made
            self._say(job, "Normal", "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")
        return 0

    def _write_status(self, job: Object, status: Object) -> None:
        uid = job["metadata"]["uid"]

        def edit(found: Object) -> None:
            if found["metadata"]["uid"] != uid:
                raise NotFound("jobs", found["metadata"]["name"])
            found["status"] = status

        self._store.change("jobs", *_key(job), edit)

    def _say(self, job: Object, type: str, reason: str, message: str) -> None:
        self._recorder.record(job, type, reason, message, component=COMPONENT)

    # What goes

    def _outlived(self, job: Object, now: float) -> float | None:
        """Remove a finished Job whose time is over; its pods follow."""
        end = ttl_end(job)
        if end is None or end > now:
            return end
        self._store.delete("jobs", *_key(job), uid=job["metadata"]["uid"])
        return None

    def _end_orphans(self, uid: str, now: float) -> None:
        """The Job is gone, and its pods go as well."""
        self._end_pods(uid, now)
        if not self._pods[uid]:
            self._pods.pop(uid)
            self._open.pop(uid, None)

    def _end_pods(self, uid: str, now: float) -> None:
        """Delete a Job's pods, which count for nothing any more."""
        for key in list(self._pods[uid].values()):
            with contextlib.suppress(NotFound):
                pod = self._store.get("pods", *key)
                if is_tracked(pod):
                    release_pod(self._store, pod, TRACKING)
                if not is_deleted(pod):
                    delete_pod(self._store, pod, now, uid=pod["metadata"]["uid"])

    def _finalize(self, job: Object, now: float) -> bool:
        """A deletion that waits for the pods (foreground) or leaves them (orphan); True once the Job is gone."""
        uid = job["metadata"]["uid"]
        finalizers = job["metadata"].get("finalizers", [])
        if ORPHAN in finalizers:
            for key in list(self._pods[uid].values()):
                self._store.change("pods", *key, lambda pod: _disown(pod, uid))
            self._pods.pop(uid, None)
            self._open.pop(uid, None)
        elif FOREGROUND in finalizers:
            self._end_pods(uid, now)
            if self._pods[uid]:
                return False
        left = [one for one in finalizers if one not in (ORPHAN, FOREGROUND)]
        if left:
            if left != finalizers:
                self._store.change(
                    "jobs", *_key(job), lambda found: found["metadata"].update(finalizers=left)
                )
            return False
        self._store.delete("jobs", *_key(job), uid=uid)
        return True


def _disown(pod: Object, uid: str) -> None:
    metadata = pod["metadata"]
    metadata["ownerReferences"] = [one for one in metadata.get("ownerReferences", ()) if one["uid"] != uid]
    finalizers = [one for one in metadata.get("finalizers", ()) if one != TRACKING]
    for key, value in (("ownerReferences", metadata["ownerReferences"]), ("finalizers", finalizers)):
        metadata[key] = value
        if not value:
            del metadata[key]


def _key(obj: Object) -> Key:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
