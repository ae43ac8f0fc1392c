"""UsagePlot: the picture of a run: cores and memory over time against what was asked, and GPUs if there are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from kbatch_core.history.usage import downsample
from kbatch_core.model.quantity import format_memory
from kbatch_core.model.timelimit import format_time
from kqueue_tui.dashboard.view.plot import Curve, Role, draw

if TYPE_CHECKING:
    from kbatch_core.history.usage import Sample
    from kbatch_core.status.row import JobRow

POINTS = 400
SIDE_BY_SIDE = 110
"""Cells across from which two curves stand beside each other."""
_GAP = 3
_COLOURS: dict[Role, str] = {
    "axis": "$foreground 35%",
    "label": "$foreground 60%",
    "curve": "$primary",
    "over": "$error",
    "asked": "$warning",
}


class UsagePlot(Widget):
    """`lines_each` is the height of one curve with its axis and title."""

    DEFAULT_CSS = "UsagePlot { height: auto; }"

    def __init__(self, lines_each: int = 7) -> None:
        super().__init__()
        self._each = lines_each
        self._curves: list[tuple[str, Curve]] = []
        self._seconds = 0.0

    def show(self, samples: Sequence[Sample], row: JobRow) -> None:
        """Draw the samples of a job or task; nothing when there are none."""
        points = downsample(samples, POINTS)
        self._seconds = points[-1].seconds if points else 0.0
        self._curves = curves(points, row)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        beside = self._beside(width)
        return -(-len(self._curves) // beside) * self._each

    def render(self) -> Content:
        width = self.size.width
        beside = self._beside(width)
        each = (width - _GAP * (beside - 1)) // beside
        pictures = [self._picture(title, curve, each) for title, curve in self._curves]
        lines: list[Content] = []
        for first in range(0, len(pictures), beside):
            for parts in zip(*pictures[first : first + beside], strict=True):
                lines.append(Content(" " * _GAP).join(parts))
        return Content("\n").join(lines)

    def _beside(self, width: int) -> int:
        return 2 if width >= SIDE_BY_SIDE and len(self._curves) > 1 else 1

    def _picture(self, title: str, curve: Curve, width: int) -> list[Content]:
        drawn = draw(curve, width, self._each - 1, seconds=self._seconds, time=_time)
        lines = [Content.assemble((f"{title:<{width}}"[:width], "bold"))]
        lines += [
            Content.assemble(*((text, _COLOURS[role]) for text, role in parts)).pad_right(
                max(width - sum(len(text) for text, _ in parts), 0)
            )
            for parts in drawn
        ]
        blank = Content(" " * width)
        return (lines + [blank] * self._each)[: self._each]


def curves(samples: Sequence[Sample], row: JobRow) -> list[tuple[str, Curve]]:
    """(title, curve) of what was measured; at most three."""
    if not samples:
        return []
    cores = Curve(
        [(one.seconds, one.cores) for one in samples], row.cpus / 1000, lambda value: f"{value:.3g}"
    )
    memory = Curve([(one.seconds, float(one.memory)) for one in samples], float(row.memory), _memory)
    found = [
        (_title("CPU cores", max(value for _, value in cores.steps), cores), cores),
        (_title("Memory", max(value for _, value in memory.steps), memory), memory),
    ]
    percents = [(one.seconds, one.gpu) for one in samples if one.gpu is not None]
    if percents:
        gpu = Curve(percents, 0.0, lambda value: f"{value:.0f}%")
        found.append((_title("GPU", max(value for _, value in percents), gpu), gpu))
    return found


def _title(name: str, peak: float, curve: Curve) -> str:
    asked = f" of {curve.words(curve.asked)} asked for" if curve.asked else ""
    return f"{name}, peak {curve.words(peak)}{asked}"


def _memory(amount: float) -> str:
    """In at most six cells."""
    for unit, size in (("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20)):
        if amount >= size:
            return f"{amount / size:.3g}{unit}"
    return format_memory(int(amount)) if amount < 1 else f"{amount / 1024:.0f}K"


def _time(seconds: float) -> str:
    return format_time(int(seconds))
