"""One look at jobs: with their pods and the events that explain them, each read once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from kbatch_core.cluster.api import Api
from kbatch_core.errors import Refused
from kbatch_core.model.objects import Event, Job, Node, Pod, ResourceQuota, parse_time
from kbatch_core.status.missing import MissingRights
from kbatch_core.status.needs import to_explain
from kbatch_core.status.reading import end_condition, is_over, is_running, owner_uid

# To the API server the events of one object cost a look through all events of its namespace: so those of the
# newest jobs only, a few at a time.
EVENT_READS = 24
AT_ONCE = 6
NODES_READ = 1000
# What happened so short before pods were read may be in jobs and not in them: times are in whole seconds.
SETTLED_SECONDS = 2.0

Answer = TypeVar("Answer")


class Seen(NamedTuple):
    """A job with its pods, oldest first, and its events."""

    job: Job
    pods: Sequence[Pod]
    events: Sequence[Event]


class Facts(NamedTuple):
    """What may sharpen the reasons of several jobs; None = may not be read, or nothing needs it."""

    nodes: Mapping[str, Node] | None
    quotas: Sequence[ResourceQuota] | None


NO_FACTS = Facts(None, None)


def look(
    api: Api,
    jobs_selector: str,
    pods_selector: str,
    namespaces: Sequence[str],
    make: Callable[[Seen, Facts], Answer],
    now: Callable[[], float],
    missing: MissingRights,
) -> list[Answer]:
    """What `make` makes of each job of some namespaces ("" = of all); `now` is the server's time.

    Without a right to pods or events they are shown all the same; `missing` learns of it. The server takes long to
    write a long list, so what needs nothing more is made as it comes. Several namespaces are read side by side;
    `make` is called in their threads. What one of them refuses costs the others nothing: Refused is raised only when
    all do. Raises what else went wrong in the first of them that something went wrong in.
    """

    nodes = _Nodes(api)
    refusals: list[Refused] = []

    def one(namespace: str) -> list[Answer]:
        return api.retry.call(
            partial(_look, api, jobs_selector, pods_selector, namespace, make, now, nodes, missing)
        )

    def one_of_several(namespace: str) -> list[Answer] | Refused:
        try:
            return one(namespace)
        except Refused as error:
            return error

    if len(namespaces) == 1:
        return one(namespaces[0])
    answers: list[Answer] = []
    looks = side_by_side(partial(one_of_several, namespace) for namespace in namespaces)
    for namespace, found in zip(namespaces, looks, strict=True):
        if isinstance(found, Refused):
            missing.add("jobs", namespace)
            refusals.append(found)
        else:
            answers += found
    if len(refusals) == len(namespaces):
        raise refusals[0]
    return answers


def _look(
    api: Api,
    jobs_selector: str,
    pods_selector: str,
    namespace: str,
    make: Callable[[Seen, Facts], Answer],
    now: Callable[[], float],
    nodes: _Nodes,
    missing: MissingRights,
) -> list[Answer]:
    pods_read = now()
    # Both are asked for at once: which of them is answered from later on is all the same, see `moved`.
    reading = _Later(partial(_pods_by_job, api, pods_selector, namespace, missing))
    answers: list[Answer | None] = []
    later: dict[int, Job] = {}
    stale = False
    for part in api.job_parts(jobs_selector, namespace=namespace):
        pods = reading.get()
        for job in part:
            own = pods.get(job.metadata.uid, ())
            moved = _moved_at(job) > pods_read - SETTLED_SECONDS
            stale = stale or moved
            if moved or to_explain(job, own) is not None or any(map(_asks_for_nodes, own)):
                later[len(answers)] = job
                answers.append(None)
            else:
                answers.append(make(Seen(job, own, ()), NO_FACTS))
    # Of a job that has ended the pod must not be seen as it was before.
    pods = _pods_by_job(api, pods_selector, namespace, missing) if stale else reading.get()
    waiting = [(job, pods.get(job.metadata.uid, ())) for job in later.values()]
    seen, facts = look_at(api, waiting, nodes, missing)
    for place, one in zip(later, seen, strict=True):
        answers[place] = make(one, facts)
    return [answer for answer in answers if answer is not None]


def _moved_at(job: Job) -> float:
    """When it was made or, once it has ended, when that was."""
    over = end_condition(job)
    return parse_time(over.last_transition_time if over else job.metadata.creation_timestamp) or 0.0


def look_at(
    api: Api,
    jobs: Sequence[tuple[Job, Sequence[Pod]]],
    nodes: _Nodes | None = None,
    missing: MissingRights | None = None,
    *,
    closely: bool = False,
) -> tuple[list[Seen], Facts]:
    """The same for jobs whose pods are known.

    `closely`: `missing` learns also that nodes or quotas may not be read, which few users of a hub may: to be said
    of one job that is looked at, not with each list.
    """
    missing = missing or MissingRights(())
    events = _read_events(api, jobs, missing)
    facts = _read_facts(api, jobs, nodes or _Nodes(api), missing if closely else MissingRights(()))
    return [Seen(job, pods, events.get(job.metadata.uid, ())) for job, pods in jobs], facts


def _read_events(
    api: Api, jobs: Sequence[tuple[Job, Sequence[Pod]]], missing: MissingRights
) -> dict[str, Sequence[Event]]:
    """By the uid of the job, the events of what needs explaining; of many waiting jobs, of the newest only."""
    needed = [(job, about) for job, pods in jobs if (about := to_explain(job, pods)) is not None]
    needed.sort(key=lambda need: need[0].metadata.creation_timestamp, reverse=True)
    read = side_by_side(partial(_events, api, job, about, missing) for job, about in needed[:EVENT_READS])
    return {job.metadata.uid: events for (job, _), events in zip(needed, read, strict=False)}


def _read_facts(
    api: Api, jobs: Sequence[tuple[Job, Sequence[Pod]]], nodes_of: _Nodes, missing: MissingRights
) -> Facts:
    """Nodes when a pod finds none or is not well on its own, quotas when a job has no pod."""
    nodes, quotas = None, None
    if any(_asks_for_nodes(pod) for _, pods in jobs for pod in pods):
        nodes = nodes_of.get()
        if nodes_of.refused:
            missing.add("nodes")
    podless = {
        job.metadata.namespace
        for job, pods in jobs
        if not pods and not job.status.active and to_explain(job, pods)
    }
    if podless:
        try:
            quotas = [one for name in sorted(podless) for one in api.list_quotas(name)]
        except Refused:
            missing.add("quotas")
    return Facts(nodes, quotas)


def _asks_for_nodes(pod: Pod) -> bool:
    silent = any(one.type == "Ready" and one.status == "False" for one in pod.status.conditions)
    return not is_over(pod) and (not pod.spec.node_name or (silent and is_running(pod)))


class _Nodes:
    """The nodes of the cluster, read when they are first asked for, once for all namespaces."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._is_read = False
        self._found: Mapping[str, Node] | None = None
        self.refused = False

    def get(self) -> Mapping[str, Node] | None:
        """By name; None when they may not be read, or are too many for one look."""
        with self._lock:
            if not self._is_read:
                try:
                    self._found = self._read()
                except Refused:
                    self.refused = True
                self._is_read = True
            return self._found

    def _read(self) -> Mapping[str, Node] | None:
        found: dict[str, Node] = {}
        for page in self._api.node_pages():
            if len(found) >= NODES_READ:
                return None
            found |= {node.metadata.name: node for node in page}
        return found


def _events(api: Api, job: Job, about: str, missing: MissingRights) -> Sequence[Event]:
    try:
        return api.list_events(about, namespace=job.metadata.namespace)
    except Refused:
        missing.add("events", job.metadata.namespace)
        return ()


def _pods_by_job(api: Api, selector: str, namespace: str, missing: MissingRights) -> dict[str, list[Pod]]:
    try:
        pods = api.list_pods(selector, namespace=namespace)
    except Refused:
        missing.add("pods", namespace)
        return {}
    by_job: dict[str, list[Pod]] = {}
    for pod in sorted(pods, key=lambda pod: pod.metadata.creation_timestamp):
        by_job.setdefault(owner_uid(pod.metadata), []).append(pod)
    return by_job


def side_by_side(calls: Iterable[Callable[[], Answer]]) -> Iterator[Answer]:
    """The answers in the order of the calls, of which AT_ONCE are on their way. Raises as the call would."""
    waiting: deque[_Later[Answer]] = deque()
    for call in calls:
        if len(waiting) == AT_ONCE:
            yield waiting.popleft().get()
        waiting.append(_Later(call))
    for later in waiting:
        yield later.get()


class _Later(Generic[Answer]):
    """A call in a thread of its own, which ends with the call; `get` waits for its answer or raises its error."""

    def __init__(self, call: Callable[[], Answer]) -> None:
        self._call = call
        self._answer: list[Answer] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer.append(self._call())
        except Exception as error:  # noqa: BLE001 - the thread's top frame: `get` raises it
            self._error = error

    def get(self) -> Answer:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._answer[0]
