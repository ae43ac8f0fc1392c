"""Rules for a job that has no pod: held, waiting in a queue, or refused by quota or policy (pure)."""

from __future__ import annotations

import re

from kbatch_core.model import labels
from kbatch_core.model.objects import Event, ResourceQuota, parse_time
from kbatch_core.status.case import Case
from kbatch_core.status.reading import event_time, is_array, is_over
from kbatch_core.status.verdict import Verdict, quote, verdict
from kbatch_core.status.words import amount_of, is_gpu

_QUOTA = (
    r"(?s)exceeded quota: (?P<name>[^,]+), requested: (?P<asked>.*?), "
    r"used: (?P<used>.*?), limited: (?P<limit>.*)$"
)
_MUST_SPECIFY = r"must specify ([\w.,/:;\- ]+)"
# The Job controller's longest wait between two tries to make a pod.
RETRY_MINUTES = 6
_SOON = "It starts by itself"
# A job this young may have its pod already, in the quota's count but not yet in ours.
SETTLED_SECONDS = 10


def queue_wait(case: Case) -> Verdict | None:
    """Kueue holds the job until its queue has room."""
    queue = case.job.metadata.labels.get(labels.QUEUE, "")
    if not case.job.spec.suspend or case.finished or not queue:
        return None
    workload = (case.facts.workloads or {}).get(case.job.metadata.uid)
    reserved = None
    if workload is not None:
        reserved = next((one for one in workload.status.conditions if one.type == "QuotaReserved"), None)
    if reserved is None:
        return verdict(
            "PD",
            "QueueWait",
            f"Waits in queue {queue}: not looked at yet (first come, first served)",
            "It starts by itself when the queue has room",
        )
    if reserved.status == "True":
        return verdict(
            "PD", "QueueWait", f"Admitted by queue {queue}; about to start", _SOON, reserved.message
        )
    if reserved.reason == "Inadmissible":
        return verdict(
            "PD",
            "BadQueue",
            quote(reserved.message) or f"Queue {queue} does not take it",
            "Cancel it and choose another queue with -p",
            reserved.message,
        )
    return verdict(
        "PD",
        "QueueQuota",
        quote(reserved.message) or f"Queue {queue} is full",
        "It starts by itself when the queue has room",
        reserved.message,
    )


def held(case: Case) -> Verdict | None:
    """The user said so."""
    if not case.job.spec.suspend or case.finished:
        return None
    return verdict("PD", "JobHeldUser", f"Held; `kqueue release {case.job_id}` lets it go")


def quota_exceeded(case: Case) -> Verdict | None:
    """A ResourceQuota is full: by the refusal, or, when its event is gone, by the quota itself."""
    event = _refusal(case)
    if event is None:
        return _full_quota(case)
    match = re.search(_QUOTA, event.message)
    if match is None:
        return None
    return verdict(
        "PD",
        "QuotaExceeded",
        f"Quota {match['name']} is full: you ask {match['asked']}; {match['used']} of {match['limit']} is used",
        f"It is tried again within {RETRY_MINUTES} min; it starts when other jobs of the namespace have ended",
        event.message,
    )


def policy_denied(case: Case) -> Verdict | None:
    """The namespace's rules do not let its pod be made, so waiting does not help."""
    event = _refusal(case)
    if event is None:
        return None
    message = event.message
    missing = re.search(_MUST_SPECIFY, message)
    if missing is not None:
        return verdict(
            "PD",
            "PolicyDenied",
            f"The namespace requires {quote(missing[1].split(' for: ')[0])}",
            "Submit it again with -c and --mem",
            message,
        )
    reason = message.partition(" is forbidden: ")[2] or message.removeprefix("Error creating: ")
    return verdict(
        "PD",
        "PolicyDenied",
        f"The namespace's rules refuse its pod: {quote(reason)}",
        "Cancel it and submit it again within the rules",
        message,
    )


def no_pod(case: Case) -> Verdict:
    """What no rule matches. The Job's own counters tell more where pods may not be read, or not yet."""
    status = case.job.status
    if not status.active or case.task is not None:
        return verdict("PD", "None", "Its pod is not made yet")
    if status.ready:
        return verdict("R", "", "Runs; where is not known")
    if is_array(case.job):
        return verdict("PD", "None", "Its first pods are made; more is not known of them")
    return verdict("PD", "None", "Its pod is made; more is not known of it")


def unseen_task() -> Verdict:
    """A task of an array of which some run, and no pod tells which."""
    return verdict("PD", "None", "It waits or runs already: which of both is not known")


def _has_pod(case: Case) -> bool:
    return case.pod is not None and not is_over(case.pod)


def _refusal(case: Case) -> Event | None:
    """The newest refusal to make its pod, unless a pod was made afterwards."""
    if case.finished or case.job.spec.suspend or _has_pod(case):
        return None
    last_pod = max((parse_time(pod.metadata.creation_timestamp) or 0.0 for pod in case.pods), default=0.0)
    refusals = [event for event in case.job_events if event.reason == "FailedCreate"]
    return refusals[-1] if refusals and event_time(refusals[-1]) >= last_pod else None


def _full_quota(case: Case) -> Verdict | None:
    """For who comes an hour later, when the event has expired."""
    if case.finished or case.job.spec.suspend or case.pods or case.job.status.active or not case.facts.quotas:
        return None
    made = parse_time(case.job.metadata.creation_timestamp)
    if made is None or case.now - made < SETTLED_SECONDS:
        return None
    asked = _asked(case)
    for quota in case.facts.quotas:
        if quota.metadata.namespace != case.job.metadata.namespace or quota.spec.scopes:
            continue
        for name, limit in quota.status.hard.items():
            used = quota.status.used.get(name, "0")
            if asked.get(name) and amount_of(used) + asked[name] > amount_of(limit):
                return verdict(
                    "PD",
                    "QuotaExceeded",
                    f"Quota {quota.metadata.name} is full: {used} of {limit} {name} is used",
                    f"It is tried again within {RETRY_MINUTES} min",
                    _quota_words(quota, name),
                )
    return None


def _asked(case: Case) -> dict[str, float]:
    """What one more pod counts in a quota, by the quota's names."""
    asked = {"pods": 1.0, "count/pods": 1.0}
    for container in case.job.spec.template.spec.containers:
        limits = container.resources.limits
        requests = {**limits, **container.resources.requests}
        for kind, amounts in (("requests", requests), ("limits", limits)):
            for name, text in amounts.items():
                if kind == "limits" and is_gpu(name):
                    continue
                key = f"{kind}.{name}"
                asked[key] = asked.get(key, 0.0) + amount_of(text)
    for name in ("cpu", "memory"):
        asked[name] = asked.get(f"requests.{name}", 0.0)
    return asked


def _quota_words(quota: ResourceQuota, name: str) -> str:
    used, hard = quota.status.used.get(name, "0"), quota.status.hard[name]
    return f"resourcequota {quota.metadata.name}: {name} used {used}, hard {hard}"
