"""Sets of completion indexes as a Job's status writes them: `0,2-5,7` (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def format_indexes(indexes: Iterable[int]) -> str:
    """Rising, a run of three or more as `first-last`; "" for none."""
    parts: list[str] = []
    for first, last in _runs(indexes):
        joint = "," if last == first + 1 else "-"
        parts.append(f"{first}{joint}{last}" if last > first else str(first))
    return ",".join(parts)


def parse_indexes(text: str, completions: int) -> set[int]:
    """The indexes below `completions`; what cannot be read is left out."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if first.isdecimal() and (last.isdecimal() or not dash):
            found.update(range(int(first), min(int(last or first), completions - 1) + 1))
    return found


def first_free(count: int, completions: int, taken: Collection[int]) -> list[int]:
    """The lowest `count` indexes below `completions` that are not taken."""
    free: list[int] = []
    for index in range(completions):
        if len(free) >= count:
            break
        if index not in taken:
            free.append(index)
    return free


def _runs(indexes: Iterable[int]) -> Iterable[tuple[int, int]]:
    first = last = None
    for index in sorted(set(indexes)):
        if first is None or last is None:
            first = last = index
        elif index == last + 1:
            last = index
        else:
            yield first, last
            first = last = index
    if first is not None and last is not None:
        yield first, last
