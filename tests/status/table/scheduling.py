"""What waits for the scheduler."""

from __future__ import annotations

from kbatch_core.model.objects import Pod
from kbatch_core.status import ClusterFacts
from tests.status.objects import (
    event,
    job,
    node,
    pod,
    unscheduled,
)
from tests.status.table.row import Row

BIG_GPU = {"requests": {"cpu": "2"}, "limits": {"nvidia.com/gpu": "4"}}


def scheduling_rows() -> list[Row]:
    busy = (
        "0/8 nodes are available: 1 Insufficient nvidia.com/gpu, 7 node(s) had untolerated taint "
        "{hub.jupyter.org/dedicated: user}. preemption: 0/8 nodes are available: 1 No preemption victims found for "
        "incoming pod, 7 Preemption is not helpful for scheduling."
    )

    def unplaced(message: str, **more: object) -> Pod:
        return pod("Pending", node="", conditions=unscheduled(message), **more)  # type: ignore[arg-type]

    small = {f"n{i}": node(f"n{i}", allocatable={"cpu": "8", "nvidia.com/gpu": "2"}) for i in range(2)}
    ordered = unplaced(busy)
    refused = unplaced(busy)
    full = unplaced(busy)
    return [
        Row(
            "no node is free",
            "PD",
            "Resources",
            job(active=1),
            [unplaced(busy)],
            says=[
                "1 node with too little nvidia.com/gpu free",
                "7 nodes kept for other work (taint hub.jupyter.org/dedicated)",
            ],
            evidence="preemption",
        ),
        Row(
            "no node is free, nodes known",
            "PD",
            "Resources",
            job(active=1),
            [unplaced(busy)],
            facts=ClusterFacts(nodes={"a": node("a"), "b": node("b", allocatable={"cpu": "1"})}),
            says=["1 node is large enough, and busy or not for it"],
        ),
        Row(
            "no node is free, as Kubernetes 1.36 says it",
            "PD",
            "Resources",
            job(active=1),
            [
                unplaced(
                    "0/5 nodes are available: 1 Insufficient cpu, 4 node(s) didn't match Pod's node affinity/selector"
                    ". no new claims to deallocate, preemption: 0/5 nodes are available: 1 No preemption victims "
                    "found for incoming pod, 4 Preemption is not helpful for scheduling."
                )
            ],
            says=[
                "No node is free for it: 1 node with too little cpu free, 4 nodes without what the job asks of a node"
            ],
            evidence="no new claims",
        ),
        Row(
            "home's disk is in use elsewhere",
            "PD",
            "Resources",
            job(active=1),
            [
                unplaced(
                    "0/3 nodes are available: 2 node(s) didn't match pod affinity rules, 1 node(s) were "
                    "unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
                )
            ],
            says=["2 nodes where your home's disk is not in use now", "1 node closed for maintenance"],
        ),
        Row(
            "never fits",
            "PD",
            "NeverFits",
            job(active=1),
            [unplaced(busy, resources=BIG_GPU)],
            facts=ClusterFacts(nodes=small),
            says=["No node has 4 GPUs (largest 2 GPUs)"],
            hint="--gpus 2",
        ),
        Row(
            "never fits: no such resource",
            "PD",
            "NeverFits",
            job(active=1),
            [unplaced(busy, resources=BIG_GPU)],
            facts=ClusterFacts(nodes={"a": node("a")}),
            says=["No node has any nvidia.com/gpu"],
        ),
        Row(
            "never fits: not together",
            "PD",
            "NeverFits",
            job(active=1),
            [unplaced(busy, resources={"requests": {"cpu": "8", "memory": "64Gi"}})],
            facts=ClusterFacts(
                nodes={
                    "a": node("a", allocatable={"cpu": "8", "memory": "16Gi"}),
                    "b": node("b", allocatable={"cpu": "4", "memory": "64Gi"}),
                }
            ),
            says=["8 CPUs and 64G memory together"],
        ),
        Row(
            "a node is on its way",
            "PD",
            "ScalingUp",
            job(active=1),
            [ordered],
            [
                event(
                    ordered,
                    "TriggeredScaleUp",
                    "pod triggered scale-up: [{pool 0->1 (max: 4)}]",
                    kind="Normal",
                )
            ],
            says=["new node is on its way"],
            evidence="pool 0->1",
        ),
        Row(
            "would not fit on a new node",
            "PD",
            "NeverFits",
            job(active=1),
            [refused],
            [
                event(
                    refused, "NotTriggerScaleUp", "pod didn't trigger scale-up: 2 Insufficient nvidia.com/gpu"
                )
            ],
            says=["would not fit on a new node either"],
        ),
        Row(
            "the cluster may not grow",
            "PD",
            "Resources",
            job(active=1),
            [full],
            [event(full, "NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached")],
            says=["No node is free for it"],
        ),
        Row(
            "unbound claim",
            "PD",
            "Volume",
            job(active=1),
            [
                unplaced(
                    "0/8 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/8 "
                    "nodes are available: 8 Preemption is not helpful for scheduling."
                )
            ],
            says=["volume claim is not bound"],
        ),
        Row(
            "missing claim",
            "PD",
            "Volume",
            job(active=1),
            [
                unplaced(
                    '0/8 nodes are available: persistentvolumeclaim "claim-ann" not found. preemption: 0/8'
                )
            ],
            says=['persistentvolumeclaim "claim-ann" not found'],
        ),
        Row(
            "disk in another zone",
            "PD",
            "Volume",
            job(active=1),
            [
                unplaced(
                    "0/8 nodes are available: 3 Insufficient cpu, 5 node(s) had volume node affinity conflict. "
                    "preemption: 0/8 nodes are available: 8 Preemption is not helpful for scheduling."
                )
            ],
            says=["5 nodes cannot reach its disk"],
        ),
        Row(
            "gated",
            "PD",
            "Gated",
            job(active=1),
            [
                pod(
                    "Pending",
                    node="",
                    gates=["example.org/audit"],
                    conditions=unscheduled(
                        "Scheduling is blocked due to non-empty scheduling gates", "SchedulingGated"
                    ),
                )
            ],
            says=["Held by gate example.org/audit"],
        ),
        Row(
            "a node is being cleared",
            "PD",
            "Priority",
            job(active=1),
            [unplaced(busy, nominated="node-b")],
            says=["Node node-b is being cleared for it"],
        ),
        Row("just made", "PD", "None", job(active=1), [pod("Pending", node="")], says=["scheduler"]),
    ]
