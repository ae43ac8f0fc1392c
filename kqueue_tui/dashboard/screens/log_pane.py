"""LogPane: one log, live: lines, title, search, filter, parts of it, and the whole of it to a file.

It knows nothing of jobs: a `reader_factory` makes a reader for a LogRequest. A thread reads; what has come is taken
over a dozen times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from kbatch_core.errors import KbatchError
from kbatch_core.logs import End, LogRequest, Reading, Waiting
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.actions import LOG, bindings
from kqueue_tui.dashboard.logs.feed import LogFeed, ReaderFactory
from kqueue_tui.dashboard.logs.job import TAIL, LogTask
from kqueue_tui.dashboard.logs.save import save_log
from kqueue_tui.dashboard.toast import NO_TASKS, say
from kqueue_tui.dashboard.view.filter import Filter
from kqueue_tui.dashboard.view.log_text import entries_of
from kqueue_tui.dashboard.widgets.filter_bar import FilterBar
from kqueue_tui.dashboard.widgets.log_lines import LogLines
from kqueue_tui.dashboard.widgets.log_title import LogState, LogTitle
from kqueue_tui.dashboard.widgets.notice import Notice

DRAIN_SECONDS = 0.08
# More than this in one go would be felt at the keyboard.
DRAIN_LINES = 5_000
LIMIT = 32 * 1024 * 1024
SINCE = (
    ("", None),
    ("from the beginning", None),
    ("1m", 60),
    ("5m", 300),
    ("15m", 900),
    ("30m", 1800),
    ("1h", 3600),
)


class LogPane(Vertical):
    """Reads from when it is mounted until it is removed.

    `title` is what its first line and the name of a saved file begin with. `tasks` are asked for when one is to be
    chosen; `folder` is where logs are saved.
    """

    BINDINGS = bindings(LOG)

    @dataclass
    class Saved(Message):
        """From the thread that saves: the path, or what went wrong."""

        path: Path | None
        problem: str = ""
        gaps: int = 0

    def __init__(
        self,
        reader_factory: ReaderFactory,
        title: str,
        request: LogRequest | None = None,
        *,
        tasks: Callable[[], Sequence[LogTask]] = tuple,
        folder: Callable[[], Path] = Path.cwd,
        limit: int = LIMIT,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._factory = reader_factory
        self._log_name = title
        self.request = request or LogRequest(follow=True, tail=TAIL)
        self._tasks = tasks
        self._folder = folder
        self._now = now
        self._title = LogTitle()
        self.lines = LogLines(limit)
        self._notice = Notice()
        self._bar: FilterBar | None = None
        self._bar_searches = True
        self._feed: LogFeed | None = None
        self._source = ""
        self._waiting = ""
        self._end: End | None = None
        self._search = ""
        self._filter = Filter()
        self._since = 0

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.lines
        yield self._notice

    def on_mount(self) -> None:
        self.read(self.request)
        self.set_interval(DRAIN_SECONDS, self._drain)

    def on_unmount(self) -> None:
        if self._feed is not None:
            self._feed.stop()

    # Reading

    def read(self, request: LogRequest) -> None:
        """Read another part of the log, or anew."""
        if self._feed is not None:
            self._feed.stop()
        self.request = request
        self._source = self._waiting = ""
        self._end = None
        self.lines.clear()
        self._feed = LogFeed(self._factory, request)
        self._tell()

    def turn_to(
        self,
        reader_factory: ReaderFactory,
        title: str,
        request: LogRequest,
        tasks: Callable[[], Sequence[LogTask]],
    ) -> None:
        """Show another log from its end; wrapping, times, search and filter stay."""
        self._factory, self._log_name, self._tasks = reader_factory, title, tasks
        self._since = 0
        self.lines.follow(True)
        self.read(request)

    def _drain(self) -> None:
        feed = self._feed
        if feed is None or self.lines.full:
            return
        events = feed.take(DRAIN_LINES)
        if not events:
            if feed.over:
                self._tell()
            return
        for event in events:
            if isinstance(event, Reading):
                self._source = event.source
            elif isinstance(event, Waiting):
                self._waiting = event.why
            elif isinstance(event, End):
                self._end = event
        entries = entries_of(events)
        if entries:
            self.lines.add(entries)
            if self._since == 1 and self.lines.following and len(self.lines.buffer) == len(entries):
                # From the beginning: to be read from there.
                self.lines.follow(False)
                self.lines.action_move_first()
        self._tell()

    # What the title and the middle say

    @on(LogLines.Moved)
    def _tell(self) -> None:
        feed, lines = self._feed, self.lines
        error = feed.error if feed is not None and feed.over else None
        over = feed is None or feed.over
        trouble = safe_text(error.sentence if error is not None else self._waiting, 200)
        self._title.show(
            LogState(
                name=self._log_name
                if self.request.task is None
                else f"{self._log_name} task {self.request.task}",
                following=lines.following,
                over=over,
                fresh=lines.fresh,
                notes=tuple(self._notes()),
                trouble=trouble,
            )
        )
        empty = not lines.buffer.rows
        self._notice.display = empty
        if empty:
            self._say_empty(error, over)

    def _say_empty(self, error: KbatchError | None, over: bool) -> None:
        if error is not None:
            self._notice.show(safe_text(f"{error.sentence} {error.hint}".strip()), ("U", "tries again"))
        elif self._filter and len(self.lines.buffer):
            self._notice.show(
                f"No line with {self._filter.text}.", ("&", "another filter"), ("Esc", "all lines")
            )
        elif self._waiting:
            self._notice.show(safe_text(self._waiting))
        elif over:
            self._notice.show(
                "It has printed nothing.", *((("0", "the whole log"),) if self._since > 1 else ())
            )
        elif self._source:
            self._notice.show("Nothing yet.")
        else:
            self._notice.show("Reading the log ...")

    def _notes(self) -> list[str]:
        lines, request = self.lines, self.request
        hits = lines.buffer.hits
        notes = []
        if self._search:
            at = f"{hits.index(lines.here) + 1}/" if lines.here in hits else ""
            notes.append(f"/{safe_text(self._search, 30)} {at}{len(hits)}")
        if self._filter:
            notes.append(f"&{safe_text(self._filter.text, 30)} {lines.buffer.shown} of {len(lines.buffer)}")
        if self._since:
            label = SINCE[self._since][0]
            notes.append(label if self._since == 1 else f"last {label}")
        notes += [
            word
            for word, on in (
                ("previous attempt", request.previous),
                ("stderr", request.stderr),
                ("wrapped", lines.wraps),
                ("no more is read until you follow", lines.full),
            )
            if on
        ]
        if self._source:
            notes.append(safe_text(self._source))
        return notes

    # Keys

    def action_follow(self) -> None:
        self.lines.follow(not self.lines.following)

    def action_wrap(self) -> None:
        self.lines.set_wrap(not self.lines.wraps)
        self._tell()

    def action_times(self) -> None:
        """A file has no times: then the container's log is read."""
        on = not self.lines.stamps
        self.lines.set_stamps(on)
        if on and self._source.startswith("the file"):
            self.read(replace(self.request, times=True))
        elif not on and self.request.times:
            self.read(replace(self.request, times=False))

    def action_since(self, window: int) -> None:
        self._since = window
        seconds = SINCE[window][1]
        since = self._now() - seconds if seconds is not None else None
        self.read(replace(self.request, since=since, tail=TAIL if window == 0 else None))

    def action_previous(self) -> None:
        self.read(replace(self.request, previous=not self.request.previous))

    def action_stderr(self) -> None:
        self.read(replace(self.request, stderr=not self.request.stderr))

    def action_retry(self) -> None:
        self.read(self.request)

    def action_task(self) -> None:
        from kqueue_tui.dashboard.dialogs.choose import Choice, Choose

        tasks = self._tasks()
        if not tasks:
            say(self.app, NO_TASKS, severity="warning")
            return
        choices = [
            Choice("", "all tasks", "each line with the number of its task"),
            *(Choice(str(task.number), f"task {task.number}", task.about) for task in tasks),
        ]

        def chosen(answer: str | None) -> None:
            if answer is not None:
                self.read(replace(self.request, task=int(answer) if answer else None))

        self.app.push_screen(Choose("Which task?", choices), chosen)

    # Search and filter

    def action_search(self) -> None:
        self._open_bar(self._search, searches=True)

    def action_filter(self) -> None:
        self._open_bar(self._filter.text, searches=False)

    def action_next(self, step: int) -> None:
        if not self._search:
            self.action_search()
            return
        if not self.lines.buffer.hits:
            self.app.notify(f"Not found: {safe_text(self._search, 60)}", severity="warning", markup=False)
        self.lines.next_hit(step)

    def take_step_back(self) -> bool:
        """Take the search away, else the filter; False when there was neither."""
        if self._search:
            self._set_search("")
        elif self._filter:
            self._set_filter("")
        else:
            return False
        return True

    def _open_bar(self, text: str, *, searches: bool) -> None:
        if self._bar is not None:
            self._bar.remove()
        self._bar_searches = searches
        wanted = "to find" if searches else "of the lines to show; ! turns it round"
        self._bar = FilterBar(text, f"text or regular expression {wanted}")
        self.mount(self._bar)
        self.screen.set_focus(self._bar)

    @on(FilterBar.Typed)
    def _typed(self, typed: FilterBar.Typed) -> None:
        typed.stop()
        if self._bar_searches:
            self._set_search(typed.text)
        else:
            self._set_filter(typed.text)
        if typed.done and self._bar is not None:
            self._bar.remove()
            self._bar = None
            self.lines.focus()

    def _set_search(self, text: str) -> None:
        self._search = text
        self.lines.search(text)
        self._tell()

    def _set_filter(self, text: str) -> None:
        self._filter = Filter(text)
        self.lines.set_filter(self._filter.matches_text if self._filter else None)
        self._tell()

    # Copying and saving

    def action_copy(self) -> None:
        from kqueue_tui.dashboard.dialogs.copy import Copied

        text = self.lines.text_on_screen()
        if text:
            self.app.push_screen(Copied(text))

    def action_save(self) -> None:
        """The whole log, from where it comes from: what is here may have lost its beginning."""
        request = replace(self.request, follow=False, tail=None, since=None)
        name = self._log_name.partition(" ")[0] + (f"_{request.task}" if request.task is not None else "")

        def work() -> None:
            try:
                path, gaps = save_log(self._factory(request), self._folder(), name)
                self.post_message(self.Saved(path, gaps=gaps))
            except KbatchError as error:
                self.post_message(self.Saved(None, safe_text(str(error), 300)))

        self.app.notify("Saving the whole log…", markup=False)
        # A worker of the app, which shows when one crashes.
        self.app.run_worker(work, name="save log", group="save", thread=True, exit_on_error=False)

    @on(Saved)
    def _saved(self, saved: Saved) -> None:
        if saved.path is None:
            self.app.notify(saved.problem, title="Not saved", severity="error", markup=False)
            return
        missing = f" Lines may be missing in {saved.gaps} places." if saved.gaps else ""
        self.app.notify(f"{saved.path}{missing}", title="The whole log is in", markup=False)
