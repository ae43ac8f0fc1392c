"""A line of a log as text: without what would move a terminal's cursor, and with its colours (pure).

Bytes become text only here, for the lines that are looked at or searched.
"""

from __future__ import annotations

import re
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text

from kbatch_core.logs import Gap, Line, LogEvent, Restart
from kbatch_core.logs.events import End, Partial
from kbatch_core.model.safetext import safe_line

_REGEX_SIGNS = re.compile(r"[\\^$.|?*+()\[\]{}]")
TAB = 8
# No one reads a line further than this; its rest is in the saved log.
LONGEST = 20_000

Entry = Line | Partial | Gap | Restart | End
"""What has a line of its own in a log pane."""


def is_mark(entry: Entry) -> bool:
    """Whether it is not output of the job."""
    return not isinstance(entry, (Line, Partial))


def plain(entry: Entry) -> str:
    """The text that is searched: no colours."""
    if not isinstance(entry, (Line, Partial)):
        return mark_text(entry)
    text = entry.text if len(entry.text) <= LONGEST else entry.text[:LONGEST]
    line = text.decode(errors="replace")
    return line if line.isprintable() else safe_line(line, colours=False).expandtabs(TAB)


def cells(entry: Entry) -> int:
    """How wide the text is."""
    if isinstance(entry, (Line, Partial)):
        text = entry.text
        if text.isascii() and b"\x1b" not in text and b"\r" not in text and b"\t" not in text:
            return min(len(text), LONGEST)
    return cell_len(plain(entry))


def has_colours(entry: Entry) -> bool:
    """Whether the text may be more than plain."""
    return isinstance(entry, (Line, Partial)) and b"\x1b" in entry.text


def styled(entry: Entry) -> Text:
    """The text with the colours that it came with."""
    if not isinstance(entry, (Line, Partial)):
        return Text(mark_text(entry))
    line = safe_line(entry.text[:LONGEST].decode(errors="replace"))
    if "\x1b" not in line:
        return Text(line.expandtabs(TAB), end="")
    text = Text.from_ansi(line, end="")
    text.expand_tabs(TAB)
    return text


def mark_text(entry: Gap | Restart | End) -> str:
    """What stands where something other than output happened."""
    if isinstance(entry, Gap):
        return f"··· lines may be missing {_where(entry)}: {entry.why.rstrip('.')}"
    if isinstance(entry, Restart):
        return f"─── restart {entry.number}, pod {safe_line(entry.pod, colours=False)} ───"
    state = f"{entry.state}: " if entry.state else ""
    return f"─── {state}{entry.sentence.rstrip('.')} ───"


def entries_of(batch: list[LogEvent]) -> list[Entry]:
    """Those of the events that have a line of their own."""
    return [event for event in batch if isinstance(event, (Line, Partial, Gap, Restart, End))]


def stamp(ns: int | None) -> str:
    """The time of a line, local, to the millisecond; blank when it is not known."""
    if ns is None:
        return " " * len("00:00:00.000")
    second = datetime.fromtimestamp(ns // 1_000_000_000)
    return f"{second:%H:%M:%S}.{ns // 1_000_000 % 1000:03d}"


def pattern_of(text: str) -> re.Pattern[str] | None:
    """What a typed text finds, upper and lower case the same; a regular expression when it has the signs of one."""
    if not text:
        return None
    if _REGEX_SIGNS.search(text):
        try:
            return re.compile(text, re.IGNORECASE)
        except re.error:
            pass
    return re.compile(re.escape(text), re.IGNORECASE)


def _where(gap: Gap) -> str:
    times = [datetime.fromtimestamp(at).strftime("%H:%M:%S") if at else "" for at in (gap.since, gap.until)]
    if all(times):
        return f"between {times[0]} and {times[1]}"
    return f"after {times[0]}" if times[0] else f"before {times[1]}" if times[1] else "here"
