"""Log events to standard output and standard error.

In a pipe the bytes of the lines go out unchanged, and nothing else. On a terminal colours stay, and nothing else
that would move or hide. What is not output of the job (gaps, waiting, the end) goes to standard error.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import BinaryIO, TextIO

from kbatch_core.logs import Batch, End, Gap, Line, LogEvent, Reading, Restart, Waiting, format_stamp
from kbatch_core.model.safetext import safe_line, safe_text
from kqueue_tui.cli.status_line import room
from kqueue_tui.cli.table import fit

_COLOURS = (36, 33, 32, 35, 34, 31)
_CLEAR = "\r\x1b[K"


class LogPrinter:
    """Prints the events of one reader or of several. Not for several threads at once."""

    def __init__(
        self,
        prog: str = "kqueue",
        *,
        ends: bool = True,
        timestamps: bool = False,
        verbose: bool = False,
        colours: bool = True,
        out: BinaryIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        """`prog` is what messages begin with; `ends`: say how a job ended."""
        self._prog = prog
        self._ends = ends
        self._out = out or sys.stdout.buffer
        self._err = err or sys.stderr
        self._timestamps = timestamps
        self._tty = self._out.isatty()
        self._err_tty = self._err.isatty()
        self._say_source = verbose or self._err_tty
        self._colours = colours
        self._status = False

    def batch(self, events: Batch, label: str = "", colour: int = -1) -> None:
        """Print events that came together. `label` says whose they are, in one of a few colours."""
        prefix = self._prefix(label, colour)
        lines: list[bytes] = []
        for event in events:
            if isinstance(event, Line):
                lines.append(self._line(event, prefix))
                continue
            self._flush(lines)
            self._tell(event, label)
        self._flush(lines)

    def close(self) -> None:
        """Take the status line away."""
        self._clear_status()
        self._err.flush()

    def _line(self, line: Line, prefix: bytes) -> bytes:
        text = line.text
        stamp = b""
        if self._timestamps and line.ns is not None:
            stamp = format_stamp(line.ns) + b" "
        if self._tty:
            text = safe_line(text.decode(errors="replace"), colours=self._colours).encode()
        return prefix + stamp + text + (b"\n" if line.ends_with_newline or self._tty or prefix else b"")

    def _flush(self, lines: list[bytes]) -> None:
        if lines:
            self._clear_status()
            self._out.write(b"".join(lines))
            self._out.flush()
            lines.clear()

    def _prefix(self, label: str, colour: int) -> bytes:
        if not label:
            return b""
        if self._tty and self._colours:
            return f"\x1b[{_COLOURS[colour % len(_COLOURS)]}m{label}\x1b[0m ".encode()
        return f"{label} ".encode()

    # Standard error

    def _tell(self, event: LogEvent, label: str) -> None:
        of = f"{label}: " if label else ""
        if isinstance(event, Waiting):
            self._show_status(f"{of}{event.why}" if event.why else "")
        elif isinstance(event, Reading):
            if self._say_source:
                self._say(f"{of}reading {event.source}")
        elif isinstance(event, Gap):
            self._say(f"{of}{gap_text(event)}")
        elif isinstance(event, Restart):
            self._say(f"{of}restart {event.number}: pod {event.pod}")
        elif isinstance(event, End) and self._ends:
            self._say(f"{of}{end_text(event)}")

    def _say(self, text: str) -> None:
        self._clear_status()
        self._err.write(f"{self._prog}: {safe_text(text)}\n")
        self._err.flush()

    def _show_status(self, text: str) -> None:
        """One line that is written over on a terminal; elsewhere a line of its own."""
        if not self._err_tty:
            if text:
                self._say(text)
            return
        self._clear_status()
        if text:
            # One line: what is longer would wrap, and could not be taken away.
            self._err.write(fit(safe_text(text), room(self._err), cut="…").rstrip())
            self._err.flush()
            self._status = True

    def _clear_status(self) -> None:
        if self._status:
            self._err.write(_CLEAR)
            self._err.flush()
            self._status = False


def gap_text(gap: Gap) -> str:
    """A gap, for a person."""
    if gap.since is not None and gap.until is not None:
        where = f"between {clock(gap.since)} and {clock(gap.until)}"
    elif gap.since is not None:
        where = f"after {clock(gap.since)}"
    elif gap.until is not None:
        where = f"before {clock(gap.until)}"
    else:
        where = "here"
    return f"lines may be missing {where}: {gap.why.rstrip('.')}."


def end_text(end: End) -> str:
    """How it ended, for a person."""
    text = f"{end.state}: {end.sentence.rstrip('.')}." if end.state else end.sentence
    return f"{text} {end.hint}" if end.hint else text


def clock(seconds: float) -> str:
    """A time of day, local, to the millisecond."""
    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S.%f")[:-3]
