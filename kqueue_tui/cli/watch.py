"""`kqueue list --watch` and `-i N`: the list again whenever it changes, driven by the queue."""

from __future__ import annotations

import contextlib
import select
import shutil
import sys
import threading
import time
from collections.abc import Iterator

import click

from kbatch_core.client import Client
from kbatch_core.queue import Queue, Sync
from kbatch_core.status import JobRow
from kqueue_tui.cli.listing import Listing
from kqueue_tui.cli.run import complain
from kqueue_tui.cli.table import fit

# On a terminal the times go on counting, and its size may have changed.
TICK_SECONDS = 1.0
# How long something is wrong before it is said: proxies cut a watch each minute, and it goes on at once.
WRONG_SECONDS = 5.0

# The other screen, so that what was there comes back; and the cursor out of the way.
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


def watch_list(client: Client, listing: Listing, seconds: float) -> int:
    """Until Ctrl-C: in place on a terminal, else each changed list below the last. At most every `seconds`.

    Raises what forbids to read jobs at all.
    """
    changed = threading.Event()
    queue = client.queue(
        user=listing.user(),
        namespaces=listing.namespaces,
        selector=listing.wanted.selector(),
        on_change=changed.set,
    )
    queue.start()
    try:
        if sys.stdout.isatty():
            _redraw(queue, listing, seconds, changed)
        else:
            _append(queue, listing, seconds, changed)
    finally:
        queue.stop()
    return 0


def _redraw(queue: Queue, listing: Listing, seconds: float, changed: threading.Event) -> None:
    lines: list[str] = []
    try:
        with _other_screen():
            while True:
                now = queue.now()
                lines = listing.lines(listing.choose(_rows(queue, listing), now), now)
                size = shutil.get_terminal_size()
                above = [_heading(queue, now), *queue.sync().missing]
                _draw([*(fit(line, size.columns).rstrip() for line in above), *lines], size.lines)
                changed.wait(TICK_SECONDS)
                changed.clear()
                time.sleep(max(0.0, seconds - TICK_SECONDS))
    finally:
        # The last list stays on the screen that the user comes back to.
        for line in lines:
            click.echo(line)


def _append(queue: Queue, listing: Listing, seconds: float, changed: threading.Event) -> None:
    shown: list[JobRow] | None = None
    notes = _Notes()
    while True:
        while not changed.wait(TICK_SECONDS):
            _check_reader()
            queue.sync()  # notices that the machine has slept
        changed.clear()
        sync = queue.sync()
        if sync.state == "FORBIDDEN" and sync.error is not None:
            raise sync.error
        notes.say(sync, at_once=shown is None)
        # Before all is known nothing is, not even that there is nothing.
        if shown is None and sync.state != "LIVE":
            continue
        now = queue.now()
        chosen = listing.choose(_rows(queue, listing), now)
        lines = listing.lines(chosen, now)
        # As both would look now: what a row knows and nobody sees is no change, nor is the time that has passed.
        if shown is not None and lines == listing.lines(shown, now):
            continue
        shown = chosen
        if listing.header:
            click.echo(time.strftime("%a %b %d %H:%M:%S %Y", time.localtime(now)))
        for line in lines:
            click.echo(line)
        sys.stdout.flush()
        time.sleep(seconds)


class _Notes:
    """Says on stderr what is wrong or may not be read: each once, and again when it had been well in between."""

    def __init__(self) -> None:
        self._said: tuple[str, ...] = ()
        self._wrong_since: float | None = None

    def say(self, sync: Sync, *, at_once: bool) -> None:
        """What is to be said now; `at_once`: also what is wrong only since a moment."""
        sentences = sync.missing
        if sync.error is None:
            self._wrong_since = None
        else:
            self._wrong_since = self._wrong_since or time.monotonic()
            if at_once or time.monotonic() - self._wrong_since >= WRONG_SECONDS:
                sentences += (f"{sync.error.sentence} Trying again.",)
        for sentence in sentences:
            if sentence not in self._said:
                complain("kqueue", sentence)
        self._said = sentences


def _check_reader() -> None:
    """Raises BrokenPipeError when nobody reads any more, which only a write would notice otherwise."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if poll.poll(0):
        raise BrokenPipeError


def _rows(queue: Queue, listing: Listing) -> list[JobRow]:
    rows = queue.rows()
    if not listing.tasks:
        return list(rows)
    return [one for row in rows for one in (queue.task_rows(row.uid) if row.tasks is not None else (row,))]


def _heading(queue: Queue, now: float) -> str:
    """The time, and how fresh the list is. Raises what forbids to read jobs."""
    sync = queue.sync()
    if sync.state == "FORBIDDEN" and sync.error is not None:
        raise sync.error
    clock = time.strftime("%a %b %d %H:%M:%S %Y", time.localtime(now))
    heard = f" ({now - sync.heard:.0f} s old)" if sync.state == "STALE" and sync.heard else ""
    error = f": {sync.error.sentence}" if sync.error is not None else ""
    return f"{clock}  {sync.state}{heard}{error}"


def _draw(lines: list[str], height: int) -> None:
    """Over what is there, without a flicker; what does not fit is counted."""
    if len(lines) > height:
        lines = [*lines[: height - 1], f"... {len(lines) - height + 1} more"]
    # Erased before it is written: after a full line the cursor still stands on its last cell.
    text = "\n".join(f"{_REST_OF_LINE}{line}" for line in lines)
    sys.stdout.write(f"{_HOME}{text}{_REST_OF_SCREEN}")
    sys.stdout.flush()


@contextlib.contextmanager
def _other_screen() -> Iterator[None]:
    """The terminal's other screen for as long as it lasts."""
    sys.stdout.write(_ENTER)
    try:
        yield
    finally:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
