"""What is over."""

from __future__ import annotations

from kbatch_core.model import labels
from kbatch_core.status import ClusterFacts
from tests.status.objects import (
    ID,
    NOW,
    complete,
    ended,
    event,
    exit_failed,
    failed,
    job,
    pod,
    record,
    record_struct,
)
from tests.status.table.row import Row

CANCELLED = {labels.CANCELLED_AT: str(int(NOW - 369))}
LIMITED = {labels.TIME_LIMIT: "7200"}
DEADLINE = failed("DeadlineExceeded", "Job was active longer than specified deadline")
BACKOFF = failed("BackoffLimitExceeded", "Job has reached the specified backoff limit")


def ended_rows() -> list[Row]:
    done = pod("Succeeded", state=ended(0, message=record()))
    out_of_time = pod("Failed", state=ended(143, message=record(exit=143, signal=15, reason="TimeLimit")))
    killed_child = pod("Failed", state=ended(1, message=record(exit=1, oom=1, mem=4 * 2**30)))
    return [
        Row(
            "cancelled while it ran",
            "CA",
            "Cancelled",
            job(conditions=DEADLINE, annotations=CANCELLED, failed=1),
            [pod("Failed", state=ended(143, message=record(exit=143, signal=15, reason="Terminated")))],
            says=["You cancelled it at ", "(ran 0:31)"],
            evidence="DeadlineExceeded",
        ),
        Row(
            "cancelled after a hold had stopped it",
            "CA",
            "Cancelled",
            job(conditions=DEADLINE, annotations=CANCELLED, failed=1),
            [
                pod(
                    "Failed",
                    state=ended(
                        143, message=record(exit=143, reason="Terminated", start=NOW - 390, end=NOW - 379)
                    ),
                )
            ],
            says=["(ran 0:11)"],
        ),
        Row(
            "cancelled before it ran",
            "CA",
            "Cancelled",
            job(conditions=DEADLINE, annotations=CANCELLED),
            says=["You cancelled it at "],
        ),
        Row(
            "complete",
            "CD",
            "",
            job(conditions=complete(), succeeded=1),
            [done],
            says=["exit 0; peak 3G of 4G"],
        ),
        Row("complete, pod gone", "CD", "", job(conditions=complete(), succeeded=1), says=["exit 0"]),
        Row(
            "time limit, lowered while it ran: by the Job's deadline",
            "TO",
            "TimeLimit",
            job(
                conditions=DEADLINE,
                deadline=160,
                annotations={labels.TIME_LIMIT: "60", labels.LIMIT_DEADLINE: "160"},
            ),
            says=["Reached --time 1:00"],
        ),
        Row(
            "time limit, by the supervisor",
            "TO",
            "TimeLimit",
            job(conditions=exit_failed(143), annotations=LIMITED, failed=1),
            [out_of_time],
            says=["Reached --time 2:00:00; TERM, then KILL 25 s later"],
            hint="--time",
            evidence="TimeLimit",
        ),
        Row(
            "time limit, by the pod's deadline",
            "TO",
            "TimeLimit",
            job(conditions=exit_failed(137), annotations=LIMITED, failed=1),
            [
                pod(
                    "Failed",
                    state=ended(137),
                    reason="DeadlineExceeded",
                    message="Pod was active on the node longer than the specified deadline",
                )
            ],
            says=["Reached --time 2:00:00"],
            evidence="longer than the specified deadline",
        ),
        Row(
            "out of memory, counted by the cgroup",
            "OOM",
            "OutOfMemory",
            job(conditions=exit_failed(1), failed=1),
            [killed_child],
            says=["killed at 4G of 4G"],
            hint="--mem 6G",
        ),
        Row(
            "out of memory, seen by the kubelet",
            "OOM",
            "OutOfMemory",
            job(conditions=exit_failed(137), failed=1),
            [pod("Failed", state=ended(137, reason="OOMKilled"))],
            says=["4G"],
            hint="--mem 6G",
            evidence="OOMKilled",
        ),
        Row(
            "exit 3",
            "F",
            "NonZeroExitCode",
            job(conditions=exit_failed(3), failed=1),
            [pod("Failed", state=ended(3, message=record(exit=3)))],
            says=["exit 3"],
            evidence="exit 3, signal 0",
        ),
        Row(
            "exit 3, pod gone: the Job remembers the code",
            "F",
            "NonZeroExitCode",
            job(conditions=exit_failed(3), failed=1),
            says=["exit 3"],
            evidence="PodFailurePolicy",
        ),
        Row(
            "exit 126",
            "F",
            "NonZeroExitCode",
            job(conditions=exit_failed(126), failed=1),
            [pod("Failed", state=ended(126, message=record(exit=126)))],
            says=["not executable"],
        ),
        Row(
            "exit 127",
            "F",
            "NonZeroExitCode",
            job(conditions=exit_failed(127), failed=1),
            [pod("Failed", state=ended(127, message=record(exit=127)))],
            says=["not found in this image"],
            hint="the program that the script's first line names",
        ),
        Row(
            "killed by a signal",
            "F",
            "NonZeroExitCode",
            job(conditions=exit_failed(139), failed=1),
            [pod("Failed", state=ended(139, message=record(exit=139, signal=11)))],
            says=["Killed by SIGSEGV"],
        ),
        Row(
            "its pod was deleted, and it died of that",
            "F",
            "NonZeroExitCode",
            job(conditions=exit_failed(143), failed=1),
            [pod("Failed", state=ended(143, message=record(exit=143, reason="Terminated")))],
            says=["Told to end from outside", "SIGTERM ended it"],
        ),
        Row(
            "its pod was deleted, and it ended in its own way",
            "F",
            "NonZeroExitCode",
            job(conditions=exit_failed(3), failed=1),
            [pod("Failed", state=ended(3, message=record(exit=3, reason="Terminated")))],
            says=["Told to end from outside", "exit 3"],
        ),
        Row(
            "killed by a signal, no record",
            "F",
            "NonZeroExitCode",
            job(conditions=exit_failed(139), failed=1),
            [pod("Failed", state=ended(139))],
            says=["Killed by SIGSEGV"],
        ),
        Row(
            "the program is not in the image",
            "F",
            "BadConfig",
            job(conditions=exit_failed(128), failed=1),
            [
                pod(
                    "Failed",
                    state=ended(
                        128,
                        reason="StartError",
                        message="failed to create containerd task: failed to create shim task: OCI runtime create "
                        'failed: runc create failed: unable to start container process: exec: "bash": executable '
                        "file not found in $PATH",
                    ),
                )
            ],
            says=['exec: "bash": executable file not found'],
            evidence="OCI runtime",
        ),
        Row(
            "failed tasks",
            "F",
            "FailedTasks",
            job(
                array="0-99",
                count=100,
                conditions=failed("FailedIndexes", "Job has failed indexes"),
                completedIndexes="0-6,8-11,13-87,89-99",
                failedIndexes="7,12,88",
                succeeded=97,
                failed=3,
            ),
            says=["3 of 100 failed: 7,12,88"],
            hint=f"kqueue rerun {ID} --failed",
            evidence="FailedIndexes",
        ),
        Row(
            "too many failed tasks, with the user's numbers",
            "F",
            "FailedTasks",
            job(
                array="10-40:10",
                count=4,
                conditions=failed("MaxFailedIndexesExceeded"),
                completedIndexes="0",
                failedIndexes="1-2",
            ),
            says=["2 of 4 failed: 20,30"],
        ),
        Row(
            "gave up",
            "DL",
            "GaveUp",
            job(conditions=DEADLINE, annotations=LIMITED, deadline=3600 + 7200 + 30),
            events=[
                event(
                    job(), "FailedCreate", 'Error creating: pods "x" is forbidden: no such service account'
                ),
                event(job(), "DeadlineExceeded", "Job was active longer than specified deadline", ago=1),
            ],
            says=["Never started within --give-up-after 1:00:00", "last reason: Error creating"],
            evidence="DeadlineExceeded",
        ),
        Row(
            "lost evidence",
            "F",
            "LostEvidence",
            job(conditions=BACKOFF, failed=6),
            says=["Cause unknown", "BackoffLimitExceeded"],
            evidence="reached the specified backoff limit",
        ),
        Row(
            "evidence kept in home",
            "OOM",
            "OutOfMemory",
            job(conditions=BACKOFF, failed=1),
            facts=ClusterFacts(history={(ID, None): record_struct(exit=137, signal=9, oom=2)}),
            says=["killed"],
        ),
    ]
