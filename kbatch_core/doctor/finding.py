"""Finding: what one check of `kqueue doctor` came to."""

from __future__ import annotations

from typing import Literal

import msgspec

from kbatch_core.errors import KbatchError
from kbatch_core.model.safetext import safe_text

Verdict = Literal["ok", "limited", "broken"]
"""`limited`: something that is done without does not work; `broken`: something that is needed does not."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`costs` is what does not work, `hint` what to do or whom to ask; both empty when all is well.

    `details` are lines below the sentence.
    """

    check: str
    verdict: Verdict
    sentence: str
    costs: str = ""
    hint: str = ""
    details: tuple[str, ...] = ()


def failed(check: str, error: KbatchError, costs: str, verdict: Verdict = "broken") -> Finding:
    """What a check came to that an error ended."""
    return Finding(check=check, verdict=verdict, sentence=error.sentence, costs=costs, hint=error.hint)


def safe(finding: Finding) -> Finding:
    """The finding with text that can only be read: names in it come from anywhere."""
    return msgspec.structs.replace(
        finding,
        sentence=safe_text(finding.sentence),
        costs=safe_text(finding.costs),
        hint=safe_text(finding.hint),
        details=tuple(map(safe_text, finding.details)),
    )
