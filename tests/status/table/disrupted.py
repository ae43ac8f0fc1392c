"""What was taken away."""

from __future__ import annotations

from kbatch_core.model import labels
from kbatch_core.status import ClusterFacts
from tests.status.objects import (
    JOB_UID,
    condition,
    ended,
    failed,
    job,
    pod,
    record,
    workload,
)
from tests.status.table.row import Row

BACKOFF = failed("BackoffLimitExceeded", "Job has reached the specified backoff limit")
SHUTDOWN = "Pod was terminated in response to imminent node shutdown."
RAN = ended(137, message=record(exit=143, signal=15, reason="Terminated"))


def target(reason: str, message: str = "") -> list[object]:
    return [condition("DisruptionTarget", reason, message)]


def disrupted_rows() -> list[Row]:
    disk = (
        "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 9Gi. "
        "Container job was using 12Gi, request is 0, has larger consumption of ephemeral-storage. "
    )
    memory = (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
        "Container job was using 6Gi, request is 1Gi, has larger consumption of memory. "
    )
    kubelet = target("TerminationByKubelet", "The node was low on resource: ephemeral-storage.")
    return [
        Row(
            "evicted for local disk",
            "PR",
            "Evicted",
            job(failed=1),
            [pod("Failed", state=RAN, reason="Evicted", message=disk, conditions=kubelet)],
            says=["Wrote 12G to the node's local disk, more than its request 0", "restart 1 is queued"],
            hint="home",
            evidence="low on resource",
        ),
        Row(
            "evicted by its own limit",
            "PR",
            "Evicted",
            job(failed=1),
            [
                pod(
                    "Failed",
                    state=RAN,
                    reason="Evicted",
                    message='Container job exceeded its local ephemeral storage limit "1Gi". ',
                    conditions=kubelet,
                )
            ],
            says=["local disk than it may (1G)"],
        ),
        Row(
            "past its own limit of local disk, as Kubernetes 1.36 says it",
            "PR",
            "Evicted",
            job(failed=1),
            [
                pod(
                    "Failed",
                    state=RAN,
                    reason="Evicted",
                    message="Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ",
                    conditions=kubelet,
                )
            ],
            says=["local disk than it may (10M)"],
        ),
        Row(
            "evicted, never to be restarted, and the Job's own word still to come",
            "PR",
            "Evicted",
            job(failed=1, restarts=0),
            [pod("Failed", state=RAN, reason="Evicted", message=disk, conditions=kubelet)],
            says=["no restart is left"],
        ),
        Row(
            "evicted for memory, no restarts left",
            "PR",
            "Evicted",
            job(conditions=BACKOFF, failed=6),
            [pod("Failed", state=RAN, reason="Evicted", message=memory, conditions=kubelet)],
            says=["used 6G and had asked for 1G", "given up after 5 restarts"],
            hint="--mem",
        ),
        Row(
            "preempted by the scheduler",
            "PR",
            "Preempted",
            job(failed=1),
            [
                pod(
                    "Failed",
                    state=RAN,
                    conditions=target(
                        "PreemptionByScheduler",
                        "default-scheduler: preempting to accommodate a higher priority pod",
                    ),
                )
            ],
            says=["higher-priority job took its place; restart 1 is queued"],
            evidence="PreemptionByScheduler",
        ),
        Row(
            "preempted by Kueue",
            "PR",
            "Preempted",
            job(suspend=True, labels_={labels.QUEUE: "gpu"}),
            facts=ClusterFacts(
                workloads={
                    JOB_UID: workload(
                        condition(
                            "Evicted", "Preempted", "Preempted to accommodate a workload in the ClusterQueue"
                        ),
                        condition("QuotaReserved", "Pending", "Preempted", status="False"),
                    )
                }
            ),
            says=["higher-priority job took its place"],
            evidence="accommodate a workload",
        ),
        Row(
            "drained",
            "PR",
            "NodeDrain",
            job(failed=1),
            [pod("Failed", state=RAN, conditions=target("EvictionByEvictionAPI", "Eviction API: evicting"))],
            says=["node-a is being drained or shut down"],
        ),
        Row(
            "node shut down",
            "PR",
            "NodeDrain",
            job(failed=1),
            [
                pod(
                    "Failed",
                    state=RAN,
                    reason="Terminated",
                    message=SHUTDOWN,
                    conditions=target("TerminationByKubelet", SHUTDOWN),
                )
            ],
            says=["node-a is being drained or shut down"],
        ),
        *(
            Row(
                f"node lost: {reason}",
                "NF",
                "NodeFail",
                job(failed=1),
                [pod("Failed", state=RAN, conditions=target(reason))],
                says=["node-a vanished; restart 1 is queued"],
                hint="kept",
            )
            for reason in ("DeletionByTaintManager", "DeletionByPodGC")
        ),
        Row(
            "node lost: NodeLost",
            "NF",
            "NodeFail",
            job(failed=1),
            [pod("Failed", reason="NodeLost", message="Node node-a which was running pod is unresponsive")],
        ),
        Row(
            "node lost: container status unknown",
            "NF",
            "NodeFail",
            job(failed=1),
            [
                pod(
                    "Failed",
                    state=ended(
                        137,
                        reason="ContainerStatusUnknown",
                        message="The container could not be located when the pod was terminated",
                    ),
                )
            ],
        ),
        *(
            Row(
                f"boot failed: {reason}",
                "BF",
                "BootFail",
                job(failed=1),
                [pod("Failed", reason=reason, message=message)],
                says=["node-a refused it at the last moment; restart 1 is queued"],
                evidence=message,
            )
            for reason, message in (
                ("OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000"),
                ("OutOfmemory", "Pod was rejected: Node didn't have enough resource: memory"),
                ("OutOfnvidia.com/gpu", "Pod was rejected: Node didn't have enough resource: nvidia.com/gpu"),
                ("UnexpectedAdmissionError", "Pod was rejected: Allocate failed due to no healthy devices"),
                ("NodeAffinity", "Pod was rejected: Predicate NodeAffinity failed"),
            )
        ),
        Row(
            "a disruption newer than this program",
            "PR",
            "SomethingNew",
            job(failed=1),
            [pod("Failed", state=RAN, conditions=target("SomethingNew"))],
            says=["interrupted; restart 1 is queued"],
        ),
    ]
