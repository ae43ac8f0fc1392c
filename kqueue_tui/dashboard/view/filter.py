"""Which rows are shown: a text that is searched for, labels, and groups of states (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from kqueue_tui.dashboard.view.looks import GROUPS, look_of

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow
    from kqueue_tui.dashboard.view.selector import Term

_REGEX_SIGNS = re.compile(r"[\\^$.|?*+()\[\]{}]")
_LABELS = re.compile(r"(?:^|\s)-l(?:\s+|$)")


class Filter(Struct, frozen=True, dict=True):
    """`text` as typed: a substring, or a regular expression when it has the signs of one; `!` first turns it round.

    Upper and lower case are the same. `groups` is a part of GROUPS; empty means all. `selector` is of labels.
    """

    text: str = ""
    groups: frozenset[str] = frozenset()
    selector: str = ""

    @classmethod
    def parse(cls, typed: str, groups: frozenset[str] = frozenset()) -> Filter:
        """From what is typed after `/`: text, and after `-l` a label selector."""
        text, *selector = _LABELS.split(typed, maxsplit=1)
        return cls(text, groups, selector[0].strip()) if selector else cls(text, groups)

    @property
    def typed(self) -> str:
        """What `parse` makes this of."""
        return f"{self.text} -l {self.selector}".lstrip() if self.selector else self.text

    def __bool__(self) -> bool:
        return bool(self._wanted or self._terms or self.groups)

    def toggle(self, group: str) -> Filter:
        """With the group added or taken away; all of them are the same as none."""
        groups = self.groups ^ {group}
        return replace(self, groups=frozenset() if len(groups) == len(GROUPS) else groups)

    @property
    def problem(self) -> str:
        """What is wrong with the text; it is then searched for as it stands, and no label is asked for."""
        if self._terms is None:
            return "no label selector"
        if _REGEX_SIGNS.search(self._wanted) and _compile(self._wanted) is None:
            return "no regular expression"
        return ""

    @property
    def _wanted(self) -> str:
        return self.text.removeprefix("!").lower()

    @cached_property
    def _terms(self) -> tuple[Term, ...] | None:
        if not self.selector:
            return ()
        from kqueue_tui.dashboard.view.selector import parse_selector  # few filters have one

        return parse_selector(self.selector)

    @cached_property
    def _search(self) -> Callable[[str], bool]:
        wanted = self._wanted
        pattern = _compile(wanted) if _REGEX_SIGNS.search(wanted) else None
        if pattern is not None:
            return lambda haystack: pattern.search(haystack) is not None
        return lambda haystack: wanted in haystack

    def matches_text(self, haystack: str) -> bool:
        """Whether the text is found in `haystack`, a `search_text`."""
        if not self._wanted:
            return True
        return self._search(haystack) != self.text.startswith("!")

    @property
    def asks_labels(self) -> bool:
        """Whether `matches_labels` may say no."""
        return bool(self._terms)

    def matches_labels(self, labels: Mapping[str, str] | None) -> bool:
        """Whether a job has the labels. None = nobody knows them, as of a job that only the history has."""
        if not self._terms:
            return True
        return labels is not None and all(term.matches(labels) for term in self._terms)

    def matches_state(self, row: JobRow) -> bool:
        """Whether the row is in one of the groups; an array also by any of its tasks."""
        if not self.groups or look_of(row).group in self.groups:
            return True
        counts = row.tasks
        return counts is not None and any(
            number and group in self.groups
            for number, group in zip(
                (counts.running, counts.pending, counts.done, counts.failed, counts.cancelled),
                GROUPS,
                strict=True,
            )
        )


def search_text(row: JobRow) -> str:
    """All that `/` looks at, in lower case."""
    fields = (
        row.id,
        row.name,
        row.state,
        look_of(row).word,
        row.code,
        row.sentence,
        row.node,
        row.user,
        row.account,
        row.partition,
        row.namespace,
    )
    return "\n".join(fields).lower()


def _compile(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text, re.IGNORECASE | re.MULTILINE)
    except re.error:
        return None
