"""A picture of what a job used over time, in braille dots: one filled curve, its axes, and a line at what was asked.

Pure: numbers in, lines of (text, role) out; the widget gives the roles their colours. A cell has two by four dots.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

Role = Literal["axis", "label", "curve", "over", "asked"]
Part = tuple[str, Role]

_DOTS_ACROSS, _DOTS_DOWN = 2, 4
_BLANK = 0x2800
# Unicode's braille patterns: the bit of each dot, by column and by row from the bottom.
_BITS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
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
    values = columns(curve.steps, across * _DOTS_ACROSS, seconds)
    asked_line = _line_of(curve.asked, top, down) if curve.asked else -1
    lines = []
    for line in range(down):
        low = (down - 1 - line) * _DOTS_DOWN
        label = curve.words(curve.asked) if line == asked_line else curve.words(0) if line == down - 1 else ""
        if line == 0 and abs(asked_line - line) > 1:
            label = curve.words(top / _HEADROOM)
        parts: list[Part] = [
            (f"{label[: _LABEL - 1]:>{_LABEL - 1}} ", "label"),
            ("┤" if label else "│", "axis"),
        ]
        over = curve.asked > 0 and line < asked_line
        parts += _merge(
            _cell(values[2 * column : 2 * column + 2], low, top, down, line == asked_line, over)
            for column in range(across)
        )
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
    dots = _dots(value, top, down)
    return min(max(down - 1 - (dots - 1) // _DOTS_DOWN, 0), down - 1)


def _dots(value: float, top: float, down: int) -> int:
    """How many dots high a value stands; what is used at all is seen."""
    dots = round(value / top * down * _DOTS_DOWN)
    return max(dots, 1) if value > 0 else 0


def _cell(values: Sequence[float | None], low: int, top: float, down: int, asked: bool, over: bool) -> Part:
    pattern = 0
    for column, value in enumerate(values):
        filled = (_dots(value, top, down) if value is not None else 0) - low
        for row in range(min(max(filled, 0), _DOTS_DOWN)):
            pattern |= _BITS[column][row]
    if pattern:
        return chr(_BLANK + pattern), "over" if over else "curve"
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
