"""JobRow: one job, or one task of an array, as a line of the queue (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from kbatch_core.model import labels
from kbatch_core.model.objects import Event, Job, Pod, parse_time
from kbatch_core.model.safetext import safe_text
from kbatch_core.status.case import Case, make_case
from kbatch_core.status.ended import end_time, exit_of, start_time
from kbatch_core.status.explain import explain_case
from kbatch_core.status.reading import (
    end_condition,
    id_of,
    is_array,
    is_over,
    newest,
    pod_index,
    seconds,
    task_of,
    typed,
)
from kbatch_core.status.tasks import TaskCounts, count_tasks, describe_array, speaker
from kbatch_core.status.unplaced import unseen_task
from kbatch_core.status.verdict import NO_FACTS, ClusterFacts, Verdict
from kbatch_core.status.words import amount_of, is_gpu

NODES_NAMED = 3
# The reasons of a task that has no pod, when all pods are known.
NO_POD = ("None", "JobArrayTaskLimit")


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the queue. All text is safe to print.

    Times in seconds since the epoch, `time_limit` in seconds, `cpus` in millicores, `memory` in bytes: what one
    task asks for. `state` is Slurm's code, `code` the reason in one word, `sentence` and `hint` the same for
    people, `evidence` the cluster's own words. `finished` says that nothing comes after. `tasks` is None for a
    job that is no array; `task` is the number in a row of one task, whose `id` is `ID_TASK` as in squeue. `past`: it
    is from the history in home, and the cluster has no such object, or was not asked. `command` is empty when it is
    the name alone, `workdir` when it is the image's own. `progress` is what the script reports, `7/30 fitting`.
    """

    id: str
    name: str
    user: str
    account: str
    partition: str
    state: str
    code: str
    sentence: str
    hint: str
    evidence: str
    finished: bool
    submitted: float | None
    started: float | None
    ended: float | None
    time_limit: int | None
    cpus: int
    memory: int
    gpus: int
    node: str
    exit_code: int | None
    signal: int
    restarts: int
    array: str
    tasks: TaskCounts | None
    task: int | None
    namespace: str
    job_name: str
    uid: str
    past: bool = False
    command: str = ""
    workdir: str = ""
    comment: str = ""
    progress: str = ""

    @property
    def whole_id(self) -> str:
        """The id of the job, also in the row of one of its tasks."""
        return self.id if self.task is None else self.id.partition("_")[0]

    def elapsed(self, now: float) -> int:
        """Seconds that it has run; 0 before it started."""
        if self.started is None:
            return 0
        return max(0, int((self.ended if self.ended is not None else now) - self.started))


def make_row(
    job: Job, pods: Sequence[Pod], events: Sequence[Event], now: float, facts: ClusterFacts = NO_FACTS
) -> JobRow:
    """The row of a job. `events` are of the job and its pods, `now` is in seconds since the epoch."""
    if not is_array(job):
        case = make_case(job, pods, events, now, facts, pod=newest(pods))
        return _row(case, explain_case(case))
    case = make_case(job, pods, events, now, facts, pod=speaker(pods))
    return _row(case, describe_array(case, explain_case(case)))


def task_rows(
    job: Job, pods: Sequence[Pod], events: Sequence[Event], now: float, facts: ClusterFacts = NO_FACTS
) -> list[JobRow]:
    """One row per task of an array, in the order of the task numbers; none for a job that is no array."""
    if not is_array(job):
        return []
    # Where pods may not be read, or are not read yet, nothing tells whose turn it is.
    unseen = not pods and job.status.active > 0
    by_index: dict[int, list[Pod]] = {}
    for pod in pods:
        index = pod_index(pod)
        if index is not None:
            by_index.setdefault(index, []).append(pod)
    rows = []
    for index in range(job.spec.completions or 0):
        own = by_index.get(index, [])
        case = make_case(job, own, events, now, facts, pod=newest(own), task=task_of(job, index))
        found = explain_case(case)
        rows.append(_row(case, unseen_task() if unseen and found.code in NO_POD else found))
    return rows


def task_row(job: Job, pods: Sequence[Pod], events: Sequence[Event], now: float, task: int) -> JobRow:
    """The row of one task of an array. `pods` are those of the task."""
    case = make_case(job, pods, events, now, NO_FACTS, pod=newest(pods), task=task)
    return _row(case, explain_case(case))


def _row(case: Case, verdict: Verdict) -> JobRow:
    job = case.job
    metadata = job.metadata
    array = is_array(job)
    whole_array = array and case.task is None
    job_id = safe_text(id_of(job))
    limit = seconds(job, labels.TIME_LIMIT)
    code, signal = exit_of(case) if case.finished else (None, 0)
    cpus, memory, gpus = _asked(job)
    containers = job.spec.template.spec.containers
    return JobRow(
        id=job_id if case.task is None else f"{job_id}_{case.task}",
        name=_raw(job, labels.NAME) or safe_text(metadata.name),
        user=_raw(job, labels.USER),
        account=_raw(job, labels.ACCOUNT),
        partition=safe_text(metadata.labels.get(labels.PARTITION) or metadata.labels.get(labels.QUEUE, "")),
        state=verdict.state,
        code=verdict.code,
        sentence=verdict.sentence,
        hint=verdict.hint,
        evidence=verdict.evidence,
        finished=case.finished,
        submitted=parse_time(metadata.creation_timestamp),
        started=_array_started(case) if whole_array else start_time(case),
        ended=_ended(case) if case.finished else None,
        time_limit=limit or None,
        cpus=cpus,
        memory=memory,
        gpus=gpus,
        node=_node(case, whole_array),
        exit_code=code,
        signal=signal,
        restarts=_restarts(case, whole_array),
        array=safe_text(metadata.annotations.get(labels.ARRAY, "")) if array else "",
        tasks=count_tasks(job, case.pods) if whole_array else None,
        task=case.task,
        namespace=metadata.namespace,
        job_name=metadata.name,
        uid=metadata.uid,
        command=safe_text(metadata.annotations.get(labels.COMMAND, "")),
        workdir=safe_text(containers[0].working_dir) if containers else "",
        comment=safe_text(metadata.annotations.get(labels.COMMENT, "")),
        progress="" if whole_array else case.progress,
    )


def _raw(job: Job, name: str) -> str:
    return safe_text(typed(job, name))


def _array_started(case: Case) -> float | None:
    """When the first task that is still known began."""
    starts = []
    for pod in case.pods:
        for status in pod.status.container_statuses:
            state = status.state.terminated or status.state.running
            start = parse_time(state.started_at) if state is not None else None
            if start is not None:
                starts.append(start)
    return min(starts, default=None)


def _ended(case: Case) -> float | None:
    """When the script ended; for an array, or when nothing tells it, when the Job did."""
    script = end_time(case)
    if script is not None:
        return script
    over = end_condition(case.job)
    return parse_time(case.job.status.completion_time or (over.last_transition_time if over else None))


def _node(case: Case, whole_array: bool) -> str:
    """Where it runs or last ran; for an array the nodes of what runs, or how many."""
    if not whole_array:
        if case.pod is not None:
            return safe_text(case.pod.spec.node_name)
        return safe_text(case.record.node) if case.record is not None else ""
    active = {pod.spec.node_name for pod in case.pods if pod.spec.node_name and not is_over(pod)}
    if len(active) > NODES_NAMED:
        return f"{len(active)} nodes"
    return safe_text(",".join(sorted(active)))


def _restarts(case: Case, whole_array: bool) -> int:
    """How often it began again. Pods of attempts that were deleted are still in the Job's count."""
    if whole_array:
        failed_tasks = count_tasks(case.job, ()).failed
        return max(case.job.status.failed - failed_tasks, 0)
    counted = len(case.pods) - 1
    if case.task is None:
        counted = max(counted, case.job.status.failed - (1 if case.failed else 0))
    return max(counted, case.record.restart if case.record is not None else 0, 0)


def _asked(job: Job) -> tuple[int, int, int]:
    """(millicores, bytes, GPUs) that one task asks for."""
    return _sum_of(
        tuple(
            (*each.resources.limits.items(), *each.resources.requests.items())
            for each in job.spec.template.spec.containers
        )
    )


@lru_cache(maxsize=256)
def _sum_of(containers: tuple[tuple[tuple[str, str], ...], ...]) -> tuple[int, int, int]:
    """The same from the amounts of each container, its requests last. Of ten thousand jobs most ask for the same."""
    cpus = memory = gpus = 0.0
    for amounts in containers:
        asked = dict(amounts)
        cpus += amount_of(asked.get("cpu", "0"))
        memory += amount_of(asked.get("memory", "0"))
        gpus += sum(amount_of(amount) for name, amount in asked.items() if is_gpu(name))
    return round(cpus * 1000), int(memory), int(gpus)
