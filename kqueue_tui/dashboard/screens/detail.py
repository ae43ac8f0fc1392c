"""DetailScreen: all there is to know of one job, in pages: overview, usage, tasks, events, script, YAML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from kbatch_core.errors import KbatchError
from kqueue_tui.dashboard.actions import DETAIL, bindings
from kqueue_tui.dashboard.messages import Tick
from kqueue_tui.dashboard.screens.job import JobScreen, Target
from kqueue_tui.dashboard.toast import NO_TASKS
from kqueue_tui.dashboard.view.looks import GROUP_COLOURS, look_of
from kqueue_tui.dashboard.widgets.hints import Hints
from kqueue_tui.dashboard.widgets.page import Page
from kqueue_tui.dashboard.widgets.paint import faint_for
from kqueue_tui.dashboard.widgets.tab_line import TabLine
from kqueue_tui.dashboard.widgets.usage_plot import UsagePlot

if TYPE_CHECKING:
    from collections.abc import Callable

    from kbatch_core.details import Details

READ_AGAIN_SECONDS = 10.0
"""How often a running job is read again: as often as the supervisor writes a line of what it uses."""
_IN_THE_TITLE = ("Job", "State", "Hint", "Reason", "Evidence", "Ran")
TITLES = {"overview": "Overview", "usage": "Usage", "tasks": "Tasks", "events": "Events", "script": "Script",
          "yaml": "YAML"}  # fmt: skip


class DetailScreen(JobScreen):
    """What the queue knows is shown at once; the rest is read in a thread, again when the job's state changes."""

    ACTIONS = DETAIL
    BINDINGS = bindings(DETAIL)

    @dataclass
    class Read(Message):
        """From the thread that reads: the details, or why there are none."""

        details: Details | None
        problem: str = ""

    def __init__(self, target: Target, tab: str = "overview") -> None:
        super().__init__(target)
        self._title = Static(id="detail-title", markup=False)
        self._tabs = TabLine()
        self._text = Page("detail-text")
        self._plot = UsagePlot()
        self._more = Page("detail-more")
        self._tab = tab
        self._details: Details | None = None
        self._problem = ""
        self._read_at = float("-inf")
        self._read_state = ""

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._tabs
        with VerticalScroll(id="detail-body", can_focus=False):
            yield self._text
            yield self._plot
            yield self._more
        yield Hints()

    # What is known

    def show_job(self) -> None:
        state = f"{self.row.state} {self.row.code} {self.row.restarts}"
        if state != self._read_state:
            self._read()
        self._paint()

    @on(Tick)
    def _tick(self) -> None:
        if self.row.state == "R" and self.dashboard.now() - self._read_at >= READ_AGAIN_SECONDS:
            self._read()
        self._paint_title()

    def _read(self) -> None:
        backend, row = self.dashboard.backend, self.row
        if backend is None:
            return
        self._read_at = self.dashboard.now()
        self._read_state = f"{row.state} {row.code} {row.restarts}"

        def work() -> None:
            try:
                answer = DetailScreen.Read(backend.details(row))
            except KbatchError as error:
                answer = DetailScreen.Read(None, error.sentence)
            except Exception as error:  # noqa: BLE001 - the thread's top frame: nobody else could say it
                answer = DetailScreen.Read(None, f"Reading it has ended by a mistake in kqueue: {error!r}.")
            self.post_message(answer)

        self.run_worker(
            work, name="details", group="details", thread=True, exclusive=True, exit_on_error=False
        )

    @on(Read)
    def _was_read(self, answer: Read) -> None:
        self._problem = answer.problem
        if answer.details is not None:
            self._details = answer.details
        self._paint()

    # What is shown

    def _paint(self) -> None:
        self._paint_title()
        tabs = [name for name in TITLES if name != "tasks" or self.row.tasks is not None]
        if self._tab not in tabs:
            self._tab = "overview"
        self._tabs.show([(name, TITLES[name]) for name in tabs], self._tab)
        samples = self._details.samples if self._details is not None else ()
        self._plot.display = self._tab in ("overview", "usage") and bool(samples)
        if self._plot.display:
            self._plot.show(samples, self.row)
        pages = cast(
            "dict[str, Callable[[], tuple[Content, Content]]]",
            {name: getattr(self, f"_page_{name}") for name in TITLES},
        )
        text, more = pages[self._tab]()
        self._text.show(faint_for(self, text))
        self._more.show(faint_for(self, more))

    def _paint_title(self) -> None:
        from kbatch_core.model.timelimit import format_time

        row, look = self.row, look_of(self.row)
        ran = f"  {format_time(row.elapsed(self.dashboard.now()))}" if row.started else ""
        limit = f" of {format_time(row.time_limit)}" if row.time_limit and row.started else ""
        gone = "  (no longer in the queue)" if self.gone and not row.past else ""
        self._title.update(
            Content.assemble(
                (f" {look.glyph} {look.word} ", f"bold {GROUP_COLOURS[look.group]}"),
                (f" {row.id} ", "$text-accent"),
                (f" {row.name} ", "bold"),
                (f"{ran}{limit}{gone}", "$foreground 70%"),
            )
        )

    def _waiting(self) -> Content:
        if self._problem:
            return Content.assemble((self._problem, "$text-error"), "\n", ("U tries again.", ""))
        return Content.assemble(("Reading…", "$foreground 60%"))

    def _page_overview(self) -> tuple[Content, Content]:
        from kbatch_core.status.timeline import timeline
        from kqueue_tui.cli.facts import facts, files
        from kqueue_tui.dashboard.view import detail

        row, now, backend = self.row, self.dashboard.now(), self.dashboard.backend
        details = self._details
        job = (
            details.job
            if details is not None
            else backend.queue.job(row.uid)
            if backend is not None
            else None
        )
        lines = [*detail.reason(row), Content("")]
        more: list[Content] = []
        if job is not None:
            pods = details.pods if details is not None else ()
            pairs = [*facts(job, row, now, pods), *files(job, row)]
            known = [pair for pair in pairs if pair[0] not in _IN_THE_TITLE]
            lines += detail.table(known)
        if details is not None:
            lines += detail.table(self._efficiency(details))
            moments = timeline(details.job, details.pods, details.events, task=row.task)
            more += [Content(""), detail.heading("What happened"), *detail.happenings(moments, now)]
            more += [Content.assemble((problem, "$text-warning")) for problem in details.problems]
        elif self._problem:
            more.append(self._waiting())
        more += [Content(""), detail.heading("Next"), *detail.table(self._next())]
        return Content("\n").join([*lines, Content("")]), Content("\n").join(more)

    def _efficiency(self, details: Details) -> list[tuple[str, str]]:
        from kqueue_tui.cli.eff import lines

        wanted = ("CPU", "Memory", "Time", "GPU", "Next time")
        found = lines(details.account) if details.account is not None and details.account.uses else []
        return [(name if name != "Time" else "Ran", value) for name, value in found if name in wanted]

    def _next(self) -> list[tuple[str, str]]:
        row = self.row
        wanted = [("l", "its output: kqueue logs -f " + row.id)]
        wanted += [] if row.finished else [("c", "end it: kqueue cancel " + row.id)]
        wanted += [("r", "run it again: kqueue rerun " + row.id)] if row.finished else []
        wanted += [("s", "a shell beside it: kqueue shell " + row.id)] if row.state == "R" else []
        return wanted

    def _page_usage(self) -> tuple[Content, Content]:
        from kqueue_tui.dashboard.view import detail

        details = self._details
        if details is None:
            return self._waiting(), Content("")
        words = self._efficiency(details)
        missing = details.account.missing if details.account is not None else ()
        text = (
            ""
            if details.samples
            else "Nothing was measured yet: a line is written every 10 seconds into home."
        )
        return Content(text), Content("\n").join([Content(""), *detail.table(words), *map(Content, missing)])

    def _page_tasks(self) -> tuple[Content, Content]:
        from kbatch_core.model.timelimit import format_time
        from kqueue_tui.dashboard.view import detail

        backend, now = self.dashboard.backend, self.dashboard.now()
        rows = backend.queue.task_rows(self.row.uid) if backend is not None else ()
        words = [
            f"{format_time(row.elapsed(now)) if row.started else '-':>10}  {row.node:<16} {row.sentence}"
            for row in rows
        ]
        lines = detail.task_lines(rows, words)
        return Content("\n").join(lines or [Content("No task is known.")]), Content("")

    def _page_events(self) -> tuple[Content, Content]:
        from kbatch_core.status.reading import event_time
        from kqueue_tui.dashboard.view import detail

        if self._details is None:
            return self._waiting(), Content("")
        events = sorted(self._details.events, key=event_time)
        lines = detail.event_lines(events, [detail.moment(event_time(event)) for event in events])
        none = "The cluster has no events about it; it keeps them for about an hour."
        return Content("\n").join(lines or [Content(none)]), Content("")

    def _page_script(self) -> tuple[Content, Content]:
        from kqueue_tui.dashboard.view.code import coloured

        details = self._details
        if details is None:
            return self._waiting(), Content("")
        if not details.script:
            return Content("\n").join(
                map(Content, details.problems or ("The script is not known.",))
            ), Content("")
        return coloured(details.script, details.script_name), Content("")

    def _page_yaml(self) -> tuple[Content, Content]:
        from textual.highlight import highlight

        from kqueue_tui.cli.dump import dump

        if self._details is None:
            return self._waiting(), Content("")
        return highlight(dump(dict(self._details.manifest), "yaml"), language="yaml"), Content("")

    # Keys

    def action_tab(self, name: str) -> None:
        if name == "tasks" and self.row.tasks is None:
            self.dashboard.say(NO_TASKS, severity="warning")
            return
        self._tab = name
        self._paint()
        self._body.scroll_home(animate=False)

    def action_step(self, by: int) -> None:
        tabs = [name for name in TITLES if name != "tasks" or self.row.tasks is not None]
        self.action_tab(tabs[(tabs.index(self._tab) + by) % len(tabs)])

    @property
    def _body(self) -> VerticalScroll:
        return self.query_one("#detail-body", VerticalScroll)

    def action_scroll(self, by: int) -> None:
        self._body.scroll_relative(y=by, animate=False)

    def action_scroll_half(self, by: int) -> None:
        self._body.scroll_relative(y=by * max(self._body.size.height // 2, 1), animate=False)

    def action_first(self) -> None:
        self._body.scroll_home(animate=False)

    def action_last(self) -> None:
        self._body.scroll_end(animate=False)

    def action_back(self) -> None:
        self.dismiss()

    def action_retry(self) -> None:
        self._read()
