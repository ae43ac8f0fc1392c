"""What the detail screen says of a job, as styled text (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.view.looks import GROUP_COLOURS, look_of

if TYPE_CHECKING:
    from kbatch_core.model.objects import Event
    from kbatch_core.status.row import JobRow
    from kbatch_core.status.timeline import Moment

NAME_WIDTH = 11
TASK_LIMIT = 500


def heading(text: str) -> Content:
    """The title of a section."""
    return Content.assemble((text, "bold $text-primary"))


def reason(row: JobRow) -> list[Content]:
    """Why the job is as it is, and what to do about it."""
    lines = []
    if row.sentence:
        lines.append(Content.assemble((row.sentence, "bold")))
    if row.hint:
        lines.append(Content.assemble(("→ ", "$text-accent"), row.hint))
    if row.evidence and row.evidence != row.sentence:
        lines.append(Content.assemble((row.evidence, "$foreground 60%")))
    return lines


def table(pairs: Iterable[tuple[str, str]]) -> list[Content]:
    """Names and values, a line each."""
    return [Content.assemble((f"{name:<{NAME_WIDTH}} ", "$foreground 60%"), value) for name, value in pairs]


def happenings(moments: Sequence[Moment], now: float) -> list[Content]:
    """The timeline; the date where it changes."""
    lines, day = [], datetime.fromtimestamp(now).date()
    for moment in moments:
        when = datetime.fromtimestamp(moment.when)
        stamp = f"{when:%H:%M:%S}" if when.date() == day else f"{when:%Y-%m-%d %H:%M:%S}"
        who = f"task {moment.task}: " if moment.task is not None else ""
        style = "$text-warning" if moment.warning else ""
        lines.append(Content.assemble((f"{stamp}  ", "$foreground 60%"), (f"{who}{moment.what}", style)))
    return lines


def task_lines(rows: Sequence[JobRow], words: Sequence[str]) -> list[Content]:
    """A line for each task: glyph, number, state, and `words` of the same task."""
    lines = []
    for row, more in zip(rows[:TASK_LIMIT], words, strict=False):
        look = look_of(row)
        lines.append(
            Content.assemble(
                (f"{look.glyph} ", GROUP_COLOURS[look.group]),
                (f"{row.task!s:>7}  ", ""),
                (f"{look.word:<14}", ""),
                more,
            )
        )
    if len(rows) > TASK_LIMIT:
        lines.append(Content(f"… and {len(rows) - TASK_LIMIT} more; kqueue list -r shows all"))
    return lines


def event_lines(events: Sequence[Event], when: Sequence[str]) -> list[Content]:
    """The cluster's own words, newest last."""
    return [
        Content.assemble(
            (f"{stamp}  ", "$foreground 60%"),
            (f"{safe_text(event.reason):<20} ", "$text-warning" if event.type == "Warning" else "bold"),
            safe_text(event.message),
            (f"  ×{event.count}" if event.count and event.count > 1 else "", "$foreground 60%"),
        )
        for event, stamp in zip(events, when, strict=True)
    ]


def moment(when: float) -> str:
    """A moment as the events page has it: local time, with its date."""
    return f"{datetime.fromtimestamp(when):%m-%d %H:%M:%S}"
