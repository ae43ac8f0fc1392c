"""What has no pod."""

from __future__ import annotations

from kbatch_core.model import labels
from kbatch_core.model.objects import Event
from kbatch_core.status import ClusterFacts
from tests.status.objects import (
    ID,
    JOB_UID,
    condition,
    event,
    job,
    quota,
    workload,
)
from tests.status.table.row import Row


def unplaced_rows() -> list[Row]:
    waiting_job = job()
    queued = job(suspend=True, labels_={labels.QUEUE: "gpu"})

    def refusal(message: str) -> list[Event]:
        return [
            event(
                waiting_job,
                "FailedCreate",
                f'Error creating: pods "train-{ID}-q8x2z" is forbidden: {message}',
            )
        ]

    def kueue(*conditions: object) -> ClusterFacts:
        return ClusterFacts(workloads={JOB_UID: workload(*conditions)})

    return [
        Row(
            "quota",
            "PD",
            "QuotaExceeded",
            waiting_job,
            events=refusal(
                "exceeded quota: compute, requested: requests.memory=500Mi, used: requests.memory=200Mi, "
                "limited: requests.memory=200Mi"
            ),
            says=["Quota compute is full: you ask requests.memory=500Mi; requests.memory=200Mi of"],
            hint="6 min",
            evidence="exceeded quota",
        ),
        Row(
            "quota, its event expired",
            "PD",
            "QuotaExceeded",
            waiting_job,
            facts=ClusterFacts(quotas=[quota({"requests.cpu": "3"}, {"requests.cpu": "2"})]),
            says=["Quota compute is full: 2 of 3 requests.cpu"],
        ),
        Row(
            "a limit is required",
            "PD",
            "PolicyDenied",
            waiting_job,
            events=refusal("failed quota: compute: must specify limits.cpu for: job; requests.cpu for: job"),
            says=["The namespace requires limits.cpu"],
        ),
        Row(
            "LimitRange",
            "PD",
            "PolicyDenied",
            waiting_job,
            events=refusal("maximum memory usage per Container is 2Gi, but limit is 4Gi"),
            says=["maximum memory usage per Container is 2Gi"],
        ),
        Row(
            "admission policy",
            "PD",
            "PolicyDenied",
            waiting_job,
            events=refusal(
                "ValidatingAdmissionPolicy 'kbatch' with binding 'kbatch' denied request: hostPath is not allowed"
            ),
            says=["hostPath is not allowed"],
        ),
        Row(
            "webhook",
            "PD",
            "PolicyDenied",
            waiting_job,
            events=[
                event(
                    waiting_job,
                    "FailedCreate",
                    'Error creating: admission webhook "check.example.org" denied the request: no',
                )
            ],
            says=['admission webhook "check.example.org" denied the request: no'],
        ),
        Row(
            "queue full",
            "PD",
            "QueueQuota",
            queued,
            facts=kueue(
                condition(
                    "QuotaReserved",
                    "Pending",
                    "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor default, "
                    "9 more needed",
                    status="False",
                )
            ),
            says=["insufficient unused quota for cpu in flavor default, 9 more needed"],
        ),
        Row(
            "no such queue",
            "PD",
            "BadQueue",
            queued,
            facts=kueue(
                condition("QuotaReserved", "Inadmissible", "LocalQueue gpu doesn't exist", status="False")
            ),
            says=["LocalQueue gpu doesn't exist"],
            hint="-p",
        ),
        Row(
            "not looked at yet",
            "PD",
            "QueueWait",
            queued,
            facts=kueue(),
            says=["queue gpu", "not looked at yet"],
        ),
        Row("Kueue may not be read", "PD", "QueueWait", queued, says=["queue gpu"]),
        Row(
            "admitted, about to start",
            "PD",
            "QueueWait",
            queued,
            facts=kueue(condition("QuotaReserved", "QuotaReserved", "Quota reserved in ClusterQueue all")),
            says=["about to start"],
        ),
        Row("held", "PD", "JobHeldUser", job(suspend=True), says=[f"Held; `kqueue release {ID}`"]),
        Row("nothing known", "PD", "None", job(), says=["not made yet"]),
    ]
