"""Label selectors as kubectl's -l has them: `team=ocean,tier!=x,env in (a,b),gpu,!debug` (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

_KEY = r"(?P<key>[A-Za-z0-9](?:[\w./-]*[A-Za-z0-9])?)"
_VALUE = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"
_TERMS = (
    re.compile(rf"{_KEY}\s*(?P<sign>==|=|!=)\s*(?P<values>(?:{_VALUE})?)"),
    re.compile(rf"{_KEY}\s+(?P<sign>in|notin)\s*\((?P<values>[^()]*)\)"),
    re.compile(rf"(?P<sign>!?)\s*{_KEY}"),
)
_COMMA = re.compile(r",(?![^(]*\))")


class Term(Struct, frozen=True):
    """One requirement. `values` are those of the key, none = that it is there; `negated`: the opposite."""

    key: str
    values: frozenset[str] = frozenset()
    negated: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        found = value is not None and (not self.values or value in self.values)
        return found != self.negated


def parse_selector(text: str) -> tuple[Term, ...] | None:
    """The terms, all of which must match; None when it is no selector."""
    terms = []
    for part in _COMMA.split(text):
        if not part.strip():
            continue
        found = next((match for form in _TERMS if (match := form.fullmatch(part.strip()))), None)
        if found is None:
            return None
        values = found.groupdict().get("values")
        chosen = (
            frozenset(value.strip() for value in values.split(",")) if values is not None else frozenset()
        )
        terms.append(Term(found["key"], chosen, found["sign"] in ("!=", "notin", "!")))
    return tuple(terms)
