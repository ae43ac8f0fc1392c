"""What is said about a job: a Verdict, and the facts beyond the job itself that may sharpen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from kbatch_core.model.objects import Node, ResourceQuota, Workload
from kbatch_core.model.record import Record
from kbatch_core.model.safetext import safe_text

SENTENCE_LIMIT = 400
EVIDENCE_LIMIT = 2000


class Verdict(msgspec.Struct, frozen=True):
    """Why a job is as it is. All text is safe to print.

    `state` is one of Slurm's codes, `code` the reason in one word ("" for a job that just runs or ended well),
    `sentence` what happened, `hint` what to do about it, `evidence` the cluster's own words.
    """

    state: str
    code: str
    sentence: str
    hint: str = ""
    evidence: str = ""


class Records(Protocol):
    """Records by (job id, task number; None for a job that is no array). A dict is one."""

    def get(self, key: tuple[str, int | None], /) -> Record | None:
        """The record of the last start; None when there is none."""


class Reported(Protocol):
    """What scripts that run report of their progress, by the same key. A dict is one."""

    def get(self, key: tuple[str, int | None], /) -> str | None:
        """`7/30 fitting`; empty or None for nothing."""


class ClusterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What may be known besides a job, its pods and their events.

    None means "may not be read" (or is not there): it costs the reasons that need it and nothing else.
    `nodes` are by name, `workloads` by the uid of the Job that owns them, `history` has the records in home, asked
    for only where no pod has one, `progress` what is reported there, asked for while the script runs.
    """

    nodes: Mapping[str, Node] | None = None
    quotas: Sequence[ResourceQuota] | None = None
    workloads: Mapping[str, Workload] | None = None
    history: Records | None = None
    progress: Reported | None = None


NO_FACTS = ClusterFacts()


def verdict(state: str, code: str, sentence: str, hint: str = "", evidence: str = "") -> Verdict:
    """A Verdict of any text."""
    return Verdict(
        state,
        code,
        safe_text(sentence, SENTENCE_LIMIT),
        safe_text(hint, SENTENCE_LIMIT),
        safe_text(evidence, EVIDENCE_LIMIT),
    )


def quote(text: str, limit: int = 160) -> str:
    """The cluster's words as part of a sentence: one line, no final full stop, at most `limit` characters."""
    return safe_text(" ".join(text.split()).rstrip(". "), limit)
