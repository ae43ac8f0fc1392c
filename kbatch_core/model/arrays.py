"""Array jobs: which task numbers, and how many of them at a time.

Slurm (sbatch manual, --array): `0-15`, `0,6,16-32`, `0-15:4`, and `%4` at the end for at most four at a time. As
in Slurm the numbers are a set: written twice they run once, and they run in rising order. Kubernetes counts
indexes 0..count-1 of its own, so an ArraySpec is also the map between the two.
"""

from __future__ import annotations

import msgspec

from kbatch_core.errors import BadOption

MAX_TASKS = 10_000
MAX_NUMBER = 4_000_000
"""Slurm's largest task number (slurm.conf manual, MaxArraySize)."""

_FORMS = "Write 0-15, 1,4,9 or 0-30:2, and %4 at the end for four at a time."


class ArraySpec(msgspec.Struct, frozen=True):
    """Task numbers as `(first, last, step)` ranges in rising order; `throttle` tasks at a time, None = all."""

    ranges: tuple[tuple[int, int, int], ...]
    throttle: int | None = None

    @property
    def count(self) -> int:
        """How many tasks."""
        return sum(len(range(first, last + 1, step)) for first, last, step in self.ranges)

    @property
    def first(self) -> int:
        """The smallest task number (SLURM_ARRAY_TASK_MIN)."""
        return self.ranges[0][0]

    @property
    def last(self) -> int:
        """The largest task number (SLURM_ARRAY_TASK_MAX)."""
        return self.ranges[-1][1]

    def numbers(self) -> list[int]:
        """Every task number, in the order of the Kubernetes indexes."""
        return [number for first, last, step in self.ranges for number in range(first, last + 1, step)]

    def task(self, index: int) -> int:
        """The task number at a Kubernetes index. Raises IndexError outside 0..count-1."""
        rest = index
        for first, last, step in self.ranges:
            numbers = range(first, last + 1, step)
            if 0 <= rest < len(numbers):
                return numbers[rest]
            rest -= len(numbers)
        raise IndexError(index)

    def index(self, task: int) -> int:
        """The Kubernetes index of a task number. Raises ValueError when the array has no such task."""
        before = 0
        for first, last, step in self.ranges:
            numbers = range(first, last + 1, step)
            if task in numbers:
                return before + numbers.index(task)
            before += len(numbers)
        raise ValueError(task)

    def format_indices(self) -> str:
        """The numbers alone, as Slurm's text: `0,6,16-32`, `0-12:4`."""
        return ",".join(_format_range(*part) for part in self.ranges)

    def format(self) -> str:
        """The whole specification as Slurm's text: `0-15%4`."""
        return self.format_indices() + (f"%{self.throttle}" if self.throttle else "")


def parse_array(text: str) -> ArraySpec:
    """Read a `--array` value. `%0` is no throttle, as in Slurm. Raises BadOption."""
    indices, percent, limit = text.partition("%")
    throttle = _number(limit, text) if percent else 0
    numbers: set[int] = set()
    for token in filter(None, map(str.strip, indices.split(","))):
        numbers.update(_token(token.strip("[]"), text))
        if len(numbers) > MAX_TASKS:
            raise BadOption(
                f"--array {text!r} has more than {MAX_TASKS} tasks.",
                "Let each task do several pieces of the work.",
            )
    if not numbers:
        raise BadOption(f"{text!r} is not a list of array tasks.", _FORMS)
    return ArraySpec(from_numbers(sorted(numbers)), throttle or None)


def from_numbers(numbers: list[int]) -> tuple[tuple[int, int, int], ...]:
    """Rising numbers as the ranges of an ArraySpec: always the same ones for the same numbers."""
    ranges: list[tuple[int, int, int]] = []
    at = 0
    while at < len(numbers):
        first = numbers[at]
        end = at + 1
        step = numbers[end] - first if end < len(numbers) else 1
        while end < len(numbers) and numbers[end] - numbers[end - 1] == step:
            end += 1
        # Two numbers apart from each other are no range: 0,6 and not 0-6:6, which might eat the start of 6-9.
        if step > 1 and end - at < 3:
            end, step = at + 1, 1
        ranges.append((first, numbers[end - 1], step))
        at = end
    return tuple(ranges)


def _format_range(first: int, last: int, step: int) -> str:
    if first == last:
        return str(first)
    return f"{first}-{last}" if step == 1 else f"{first}-{last}:{step}"


def _token(token: str, text: str) -> range:
    """One of the parts between commas: `7`, `0-15` or `0-15:4`."""
    body, colon, step_text = token.partition(":")
    first_text, dash, last_text = body.partition("-")
    first = _number(first_text, text)
    last = _number(last_text, text) if dash else first
    step = _number(step_text, text) if colon else 1
    if (colon and not dash) or not step:
        raise BadOption(f"{token!r} in --array {text!r} is not a range with a step.", _FORMS)
    if last < first:
        raise BadOption(f"{token!r} in --array {text!r} runs backwards.", f"Write {last}-{first}.")
    if last > MAX_NUMBER:
        raise BadOption(
            f"Task {last} in --array {text!r} is above {MAX_NUMBER}.", "Use smaller task numbers."
        )
    numbers = range(first, last + 1, step)
    if len(numbers) > MAX_TASKS:
        raise BadOption(
            f"{token!r} in --array {text!r} has {len(numbers)} tasks, and {MAX_TASKS} are allowed.",
            "Let each task do several pieces of the work.",
        )
    return numbers


def _number(digits: str, text: str) -> int:
    plain = digits.strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 12):
        raise BadOption(f"{text!r} is not a list of array tasks.", _FORMS)
    return int(plain)
