"""A picture of what a job used over time, in block characters: a filled curve, axes, a line at what was asked.

Pure: numbers in, lines of (text, role) out; the widget gives the roles their colours. Blocks, not braille dots, which
would be finer: terminals draw blocks themselves, and of braille many fonts have none of the right width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

Role = Literal["axis", "label", "curve", "over", "asked"]
Part = tuple[str, Role]

_BLOCKS = " ▁▂▃▄▅▆▇█"
_STEPS = len(_BLOCKS) - 1
"""So many steps of height are in one line."""
_LABEL = 7
_HEADROOM = 1.05


class Curve(NamedTuple):
    """A quantity over time: steps of (end in seconds, value), rising in time; `asked` is 0 where nothing was."""

    steps: Sequence[tuple[float, float]]
    asked: float
    words: Callable[[float], str]
    """How an amount is written on the axis, in at most six cells."""


def draw(
    curve: Curve, width: int, height: int, *, seconds: float, time: Callable[[float], str]
) -> list[list[Part]]:
    """`height` lines, the last one the axis of time; `seconds` is what the whole width stands for.

    Nothing is drawn where there is no room for it: the answer is then empty.
    """
    across, down = width - _LABEL - 1, height - 1
    if across < 8 or down < 2 or not curve.steps:
        return []
    peak = max(value for _, value in curve.steps)
    top = max(peak, curve.asked, 1e-9) * _HEADROOM
    values = columns(curve.steps, across, seconds)
    asked_line = _line_of(curve.asked, top, down) if curve.asked else -1
    lines = []
    for line in range(down):
        low = (down - 1 - line) * _STEPS
        label = curve.words(curve.asked) if line == asked_line else curve.words(0) if line == down - 1 else ""
        if line == 0 and abs(asked_line - line) > 1:
            label = curve.words(top / _HEADROOM)
        parts: list[Part] = [
            (f"{label[: _LABEL - 1]:>{_LABEL - 1}} ", "label"),
            ("┤" if label else "│", "axis"),
        ]
        over = curve.asked > 0 and line < asked_line
        parts += _merge(_cell(_height(value, top, down) - low, line == asked_line, over) for value in values)
        lines.append(parts)
    lines.append(_axis(across, seconds, time))
    return lines


def columns(steps: Sequence[tuple[float, float]], count: int, seconds: float) -> list[float | None]:
    """The value of each of `count` equal parts of the time; the largest of several, None after the end."""
    values: list[float | None] = [None] * count
    width = max(seconds, 1e-9) / count
    begin = 0.0
    for end, value in steps:
        first = max(int(begin / width), 0)
        last = min(max(math.ceil(end / width - 1e-9), first + 1), count)
        for column in range(first, last):
            known = values[column]
            values[column] = value if known is None else max(known, value)
        begin = end
    return values


def _line_of(value: float, top: float, down: int) -> int:
    """The line of text, from above, in which a value stands."""
    return min(max(down - 1 - (_height(value, top, down) - 1) // _STEPS, 0), down - 1)


def _height(value: float | None, top: float, down: int) -> int:
    """How many steps high a value stands; what is used at all is seen."""
    if not value:
        return 0
    return max(round(value / top * down * _STEPS), 1)


def _cell(filled: int, asked: bool, over: bool) -> Part:
    """One cell of the curve: `filled` steps of it, or what is behind."""
    if filled > 0:
        return _BLOCKS[min(filled, _STEPS)], "over" if over else "curve"
    return ("╌", "asked") if asked else (" ", "curve")


def _merge(cells: Iterable[Part]) -> list[Part]:
    """Neighbours of one role as one part."""
    parts: list[Part] = []
    for text, role in cells:
        if parts and parts[-1][1] == role:
            parts[-1] = (parts[-1][0] + text, role)
        else:
            parts.append((text, role))
    return parts


def _axis(across: int, seconds: float, time: Callable[[float], str]) -> list[Part]:
    """The line below: the beginning, the middle and the end of the time, as far as they fit."""
    middle, end = time(seconds / 2), time(seconds)
    text = list(f"{time(0):<{across}}")
    for word, at in ((end, across - len(end)), (middle, (across - len(middle)) // 2)):
        if (
            at > len(time(0))
            and at + len(word) <= across
            and not "".join(text[at - 1 : at + len(word) + 1]).strip()
        ):
            text[at : at + len(word)] = word
    return [(" " * (_LABEL - 1) + " ", "label"), ("└", "axis"), ("".join(text), "label")]
