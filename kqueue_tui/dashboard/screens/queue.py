"""QueueScreen: the jobs. It wires its widgets; what they show comes from the app's QueueView."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from kqueue_tui.dashboard.actions import QUEUE, bindings
from kqueue_tui.dashboard.messages import QueueChanged, Tick
from kqueue_tui.dashboard.screens.job_actions import JobActions
from kqueue_tui.dashboard.screens.table_and_log import TableAndLog
from kqueue_tui.dashboard.view.filter import Filter
from kqueue_tui.dashboard.view.lines import Order
from kqueue_tui.dashboard.view.notices import what_to_say
from kqueue_tui.dashboard.view.sparkline import jobs_over_time, sparkline
from kqueue_tui.dashboard.view.sync import stale_words, sync_words
from kqueue_tui.dashboard.widgets.column_header import ColumnHeader
from kqueue_tui.dashboard.widgets.hints import Hints
from kqueue_tui.dashboard.widgets.job_bar import JobBar
from kqueue_tui.dashboard.widgets.notice import Notice
from kqueue_tui.dashboard.widgets.queue_table import QueueTable
from kqueue_tui.dashboard.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow
    from kqueue_tui.dashboard.base_app import BaseApp
    from kqueue_tui.dashboard.widgets.filter_bar import FilterBar


class QueueScreen(JobActions):
    """The first screen."""

    ACTIONS = QUEUE
    BINDINGS = bindings(QUEUE)

    def __init__(self, dashboard: BaseApp) -> None:
        super().__init__()
        self._view = dashboard.view
        self._status = StatusLine()
        self._stale = Static(id="stale", markup=False)
        self._header = ColumnHeader()
        self._table = QueueTable(dashboard.view, dashboard.shown_columns, id="queue")
        self._notice = Notice()
        self._bar = JobBar()
        self._hints = Hints()
        self._body = Vertical(self._notice, id="body")
        self._main = TableAndLog(dashboard, self._body, self._table)
        self._has_table = False
        self._awaited = ""
        self._lately_at = ("", 0)

    def compose(self) -> ComposeResult:
        yield self._status
        yield self._stale
        yield self._main
        yield self._hints

    def on_mount(self) -> None:
        self._table.watched = self.dashboard.settings.watched
        self._table.put_cursor(self.dashboard.settings.cursor)
        self._renew()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._renew()

    # What the app says

    @on(QueueChanged)
    def _renew(self) -> None:
        """The rows, the connection or the filter changed."""
        dashboard = self.dashboard
        with self.app.batch_update():
            self._table.now = dashboard.now()
            shown = len(self._view.lines)
            told = what_to_say(dashboard, self._view) if not shown else None
            if told is None:
                self._mount_table()
            self._table.show()
            sync = dashboard.sync
            self._table.first_read = sync is None or sync.state == "LOADING"
            self._go_to_awaited()
            self._table.display = self._header.display = self._bar.display = told is None
            self._notice.display = told is not None
            self._main.show_log(told is None)
            if told is not None:
                self._notice.show(*told)
            elif self.focused is None:
                self.set_focus(self._table)  # it could not have the focus while it was hidden
            filter_ = self._view.filter
            trouble = f" ({filter_.problem})" if filter_.problem else ""
            part = f"/{filter_.typed}{trouble}  " if filter_.typed else ""
            part += f"{shown} of {self._view.total}" if filter_ else ""
            self._status.show_place(dashboard.place)
            self._status.show_counts(self._view.counts, part, filter_.groups)
            self._header.show(self._table.places, self._view.order)
        self._tell_sync()
        self._tell_lately()

    def _mount_table(self) -> None:
        """With the first jobs: the first paint does not wait for the table's styles."""
        if not self._has_table:
            self._has_table = True
            self._body.mount(self._header, self._table, before=self._notice)
            self.mount(self._bar, before=self._hints)

    @on(Tick)
    def _tick(self, tick: Tick) -> None:
        self._table.now = tick.now
        self._table.tick()
        self._tell_sync()
        self._tell_lately()

    def _tell_sync(self) -> None:
        sync, now = self.dashboard.sync, self.dashboard.now()
        self._status.show_sync(*sync_words(sync, now))
        words = stale_words(sync, now) if sync is not None and self._view.total else ""
        self._stale.display = bool(words)
        if words:
            self._stale.update(Content.assemble((" ! ", "bold"), words, ("  U tries again now", "bold")))

    def _tell_lately(self) -> None:
        """Once a minute, and when all jobs are there: every row is gone through for it."""
        sync, now = self.dashboard.sync, self.dashboard.now()
        at = (sync.state if sync is not None else "", int(now) // 60)
        if at != self._lately_at:
            self._lately_at = at
            ran, waited = jobs_over_time(self._view.rows, now)
            self._status.show_lately({"running": sparkline(ran), "waiting": sparkline(waited)})

    # What the widgets say

    @on(QueueTable.CursorMoved)
    def _tell_job(self, moved: QueueTable.CursorMoved) -> None:
        if moved.line is not None:
            self.dashboard.settings.cursor = moved.line.key
        self._main.follow(moved.line)
        self._bar.show(moved.line, len(self._table.marks), self._table.in_range)

    @on(QueueTable.LaidOut)
    def _move_titles(self, laid_out: QueueTable.LaidOut) -> None:
        self._header.show(laid_out.places, self._view.order)

    @on(QueueTable.Opened)
    def _open_line(self) -> None:
        self.action_open("detail")

    @on(ColumnHeader.Clicked)
    def _sort_by(self, clicked: ColumnHeader.Clicked) -> None:
        order = self._view.order
        self._sort(Order(clicked.column, not order.reverse if clicked.column == order.column else False))

    def go_to(self, uid: str) -> None:
        """Put the cursor on a job, as soon as it is there; a filter that would hide it is taken away."""
        self._awaited = uid
        self._renew()

    def _go_to_awaited(self) -> None:
        if self._awaited and self._view.row(self._awaited) is not None:
            uid, self._awaited = self._awaited, ""
            if uid not in self._view.index:
                self._view.change(self.dashboard.now(), filter=Filter())
                self._table.show()
            self._table.put_cursor(uid)

    def chosen_rows(self) -> Sequence[JobRow]:
        return [line.row for line in self._table.targets]

    def shown_rows(self) -> Sequence[JobRow]:
        return [line.row for line in self._view.lines if not line.is_task]

    def watched_changed(self) -> None:
        self._table.refresh()

    # Looking

    def action_open(self, name: str, *options: str) -> None:
        line = self._table.cursor
        if line is not None:
            self.dashboard.open_job(name, line.row, *options)

    def action_show_group(self, group: str) -> None:
        old = self._view.filter
        self._filter(old.toggle(group) if group else replace(old, groups=frozenset()))

    def action_filter(self) -> None:
        from kqueue_tui.dashboard.widgets.filter_bar import FilterBar

        if self.query(FilterBar):
            return
        bar = FilterBar(self._view.filter.typed, "text or regular expression; ! turns it round; -l labels")
        self.mount(bar, before=self._hints)
        self.set_focus(bar)

    def _on_typed(self, typed: FilterBar.Typed) -> None:
        self._filter(Filter.parse(typed.text, self._view.filter.groups))
        if typed.done:
            for bar in self.query("FilterBar"):
                bar.remove()
            self._table.focus()

    on_filter_bar_typed = _on_typed

    def action_sort(self, step: int) -> None:
        ids = [place.column.id for place in self._table.places]
        now = ids.index(self._view.order.column) if self._view.order.column in ids else 0
        self._sort(Order(ids[(now + step) % len(ids)]))

    def action_reverse(self) -> None:
        self._sort(Order(self._view.order.column, not self._view.order.reverse))

    def action_columns(self) -> None:
        from kqueue_tui.dashboard.dialogs.columns import ChooseColumns

        def chosen(columns: tuple[str, ...] | None) -> None:
            if columns is not None:
                self.dashboard.settings.columns = columns
                self._table.set_columns(self.dashboard.shown_columns)

        self.app.push_screen(ChooseColumns(self.dashboard.settings.columns), chosen)

    def action_scope(self) -> None:
        self.dashboard.connect(self.dashboard.scope.wider())
        self._table.set_columns(self.dashboard.shown_columns)

    def action_history(self) -> None:
        wanted = not self.dashboard.past.wanted
        self.dashboard.show_past(wanted)
        self.dashboard.say(
            "With the jobs that only the history in home has." if wanted else "Without the history in home."
        )

    # The log pane

    def action_log_pane(self) -> None:
        self._main.move_log()
        self._main.follow(self._table.cursor)

    def action_zoom(self) -> None:
        self._main.zoom()

    def action_other(self) -> None:
        if not self.query("FilterBar"):
            self._main.other()

    def action_back(self) -> None:
        """Esc: one step back: from the log; the range, the marks, the filter."""
        if not self._main.step_back() and not self._table.clear_marks() and self._view.filter != Filter():
            self._filter(Filter())

    def _filter(self, wanted: Filter) -> None:
        self._view.change(self.dashboard.now(), filter=wanted)
        self._renew()

    def _sort(self, order: Order) -> None:
        self._view.change(self.dashboard.now(), order=order)
        self._renew()

    def action_retry(self) -> None:
        self.dashboard.connect()

    def action_leave(self) -> None:
        if not self._main.leave_log():
            self.dashboard.action_exit()
