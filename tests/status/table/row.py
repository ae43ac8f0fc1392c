"""One row of the table of states and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kbatch_core.model.objects import Event, Job, Pod
from kbatch_core.status import NO_FACTS, ClusterFacts


@dataclass(frozen=True)
class Row:
    """`says` are words of the sentence and `hint` of the hint; `evidence` are the cluster's own words kept."""

    id: str
    state: str
    code: str
    job: Job
    pods: Sequence[Pod] = ()
    events: Sequence[Event] = ()
    facts: ClusterFacts = NO_FACTS
    says: Sequence[str] = field(default=())
    hint: str = ""
    evidence: str = ""
