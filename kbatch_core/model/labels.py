"""The names of our labels and annotations, and of what we read from others.

All meta-information about a job is in its Job object. A label is for what is selected on; an annotation holds
what a label cannot (any characters, more than 63). Both are on the Job and, where a pod needs them, on the
pod template too.
"""

from __future__ import annotations

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "kbatch"
SELECTOR = f"{MANAGED_BY}={MANAGER}"

ID = "kbatch/id"
POD_SELECTOR = ID
"""Pods of jobs: they have this label, and not MANAGED_BY, which every byte of thousands of jobs is better without."""
USER = "kbatch/user"
NAME = "kbatch/name"
ACCOUNT = "kbatch/account"
PARTITION = "kbatch/partition"
"""What `-p` named: a Kueue LocalQueue, which QUEUE has too, or a profile of the site."""
QUEUE = "kueue.x-k8s.io/queue-name"

# Annotations: the raw text where the label of the same name has a slug, and what has no label at all.
COMMENT = "kbatch/comment"
COMMAND = "kbatch/command"
ARRAY = "kbatch/array"
OUTPUT = "kbatch/output"
ERROR = "kbatch/error"
"""The patterns as they were typed; where they lead is in the supervisor's options."""
TIME_LIMIT = "kbatch/time-limit"
SUBMIT_ID = "kbatch/submit-id"
CANCELLED_AT = "kbatch/cancelled-at"
DEADLINE = "kbatch/deadline"
"""The Job's deadline as submitted, once a cancel or a lowered time limit has replaced it."""
LIMIT_DEADLINE = "kbatch/limit-deadline"
"""The Job's deadline that a lowered time limit made: when it passes, it is that limit which was reached."""

# On the pod template: projected as files into the container.
SCRIPT = "kbatch/script"
SUPERVISOR = "kbatch/supervisor"
LINES = "kbatch/lines"

# The notebook server's, from KubeSpawner.
HUB_USERNAME = "hub.jupyter.org/username"
HUB_NETWORK_ACCESS = "hub.jupyter.org/network-access-"

JOB_NAME = "batch.kubernetes.io/job-name"
COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"
