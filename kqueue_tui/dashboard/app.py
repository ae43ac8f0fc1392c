"""Dashboard: the app. It composes, binds keys and wires; what it wires is in the files beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from textual import on
from textual.app import App
from textual.worker import Worker, WorkerState

from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.acting import Acting
from kqueue_tui.dashboard.actions import ALWAYS, APP, Action, bindings
from kqueue_tui.dashboard.backend import Backend, Connect, Scope, Sync
from kqueue_tui.dashboard.bell import Bell
from kqueue_tui.dashboard.config import Config
from kqueue_tui.dashboard.feed import Feed
from kqueue_tui.dashboard.gate import why_not
from kqueue_tui.dashboard.kept import Kept
from kqueue_tui.dashboard.messages import Dirty, QueueChanged, Tick
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.past import PastJobs
from kqueue_tui.dashboard.process import leave_on_signals, suspend
from kqueue_tui.dashboard.screens import job_screen
from kqueue_tui.dashboard.screens.queue import QueueScreen
from kqueue_tui.dashboard.state import State
from kqueue_tui.dashboard.submitting import Submitting
from kqueue_tui.dashboard.terminal import Terminal
from kqueue_tui.dashboard.view.lines import QueueView
from kqueue_tui.dashboard.view.looks import look_of

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver
    from textual.events import Key
    from textual.screen import Screen

    from kbatch_core.status.row import JobRow

Severity = Literal["information", "warning", "error"]


class Dashboard(App[None]):
    """`connect` makes the Backend, in a thread, after the first paint. `clock` is in seconds since the epoch."""

    CSS_PATH = "dashboard.tcss"
    TITLE = "kqueue"
    COMMANDS = App.COMMANDS | {lambda: _action_commands()}
    BINDINGS = [*bindings(APP), *bindings(ALWAYS, priority=True)]  # noqa: RUF012

    def __init__(
        self,
        options: Options,
        connect: Connect,
        *,
        config: Config,
        state: State,
        keep: Callable[[State], None] = lambda state: None,
        clock: Callable[[], float] = time.time,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._terminal = Terminal(environ)
        super().__init__()
        self.options = options
        self.config = config
        self.kept = Kept(state, config)
        scope = Scope(
            "" if options.all_users else None, options.namespaces, all_namespaces=options.all_namespaces
        )
        self._feed = Feed(self, connect, scope)
        self.past = PastJobs(self, self._feed, wanted=state.history)
        self.view = QueueView(self._feed.task_rows, self._feed.labels)
        self.acting = Acting(self)
        self.submitting = Submitting(self)
        self._bell = Bell(config.bell, self.kept.watched)
        self._clock = clock
        self._keep = keep
        self._last_state = ""
        self.animation_level = "none"
        self.kept.begin(self, environ)
        self.set_keymap(config.keys)

    # What screens ask

    @property
    def backend(self) -> Backend | None:
        return self._feed.backend

    @property
    def scope(self) -> Scope:
        return self._feed.scope

    @property
    def fault(self) -> str:
        """Why there is no connection; "" while one is being made."""
        return self._feed.fault

    @property
    def sync(self) -> Sync | None:
        """How fresh the rows are; None before there is a connection."""
        return self._feed.sync

    @property
    def user(self) -> str:
        return self.backend.user if self.backend is not None else ""

    @property
    def namespace(self) -> str:
        return self.backend.namespace if self.backend is not None else ""

    @property
    def place(self) -> str:
        """Context, namespace and user, as far as they are known."""
        if self.backend is None:
            return ""
        where = "all namespaces" if self.scope.all_namespaces else self.namespace
        who = "everybody" if self.scope.user == "" else self.user
        return " / ".join(part for part in (self.backend.context, where, who) if part)

    def now(self) -> float:
        """Seconds since the epoch, by the cluster's clock once it is known."""
        return self.backend.now() if self.backend is not None else self._clock()

    def why_not(self, action: Action) -> str:
        """Why an action is off now, in a sentence; "" when it is on."""
        sync = self.sync
        return why_not(
            action,
            readonly=self.options.readonly,
            state=sync.state if sync is not None else None,
            rights=self.acting.rights,
            namespace=self.namespace,
        )

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The chosen columns, and those that tell apart what the scope brings together."""
        columns = self.kept.columns
        more = [("user", self.scope.user == ""), ("namespace", self.scope.all_namespaces)]
        extra = tuple(name for name, wanted in more if wanted and name not in columns)
        return (*columns[:2], *extra, *columns[2:])

    def action_help(self) -> None:
        """What works on the screen on top."""
        from kqueue_tui.dashboard.screens.base import DashboardScreen
        from kqueue_tui.dashboard.screens.help import Help

        screen = self.screen
        if isinstance(screen, DashboardScreen):
            self.push_screen(Help(screen.actions(), screen.keys_by_id()))

    @property
    def behind(self) -> bool:
        """Whether something changed that is not shown yet."""
        return self._feed.behind

    def find_row(self, uid: str, task: int | None = None) -> JobRow | None:
        """The newest row of a job or of one task; None when it is no longer there."""
        if task is None:
            return self.view.row(uid)
        return next((row for row in self._feed.task_rows(uid) if row.task == task), None)

    def open_job(self, name: str, row: JobRow, *options: str) -> None:
        """Open one of JOB_SCREENS for a job or task; `options` are the screen's own."""
        from kqueue_tui.dashboard.screens.job import Target

        self.push_screen(job_screen(name)(Target(row), *options))

    def say(self, text: str, *, severity: Severity = "information", title: str = "") -> None:
        """A toast. Never reads markup: names and messages of jobs are in it."""
        self.notify(text, title=title, severity=severity, markup=False)

    # The connection

    def get_default_screen(self) -> Screen[None]:
        return QueueScreen(self)

    def on_mount(self) -> None:
        if not self.is_headless:
            leave_on_signals(self)
            self.app_resume_signal.subscribe(self, lambda app: app.refresh(layout=True))

    def on_ready(self) -> None:
        self.set_interval(1.0, self._tick)
        self.connect()
        if self.options.screen == "form":
            self.submitting.open_script(self.options.script)

    def connect(self, scope: Scope | None = None) -> None:
        """Connect anew, to another scope or the same."""
        self._feed.start(scope)
        self._tell_screens()

    @on(Feed.Connected)
    def _connected(self, connected: Feed.Connected) -> None:
        self._feed.take(connected)
        self.acting.ask_rights()
        self.past.read()
        self._show()

    @on(Feed.ConnectFailed)
    def _not_connected(self, failed: Feed.ConnectFailed) -> None:
        self._feed.fault = failed.sentence
        self._tell_screens()

    @on(PastJobs.Read)
    def _past_read(self, read: PastJobs.Read) -> None:
        self.past.take(read)
        if read.problem:
            self.say(read.problem, severity="warning", title="The history cannot be read")
        self._show()

    def show_past(self, wanted: bool) -> None:
        """Show the jobs that only the history in home has, or no longer."""
        self.past.wanted = wanted
        self.past.read()
        self._show()

    @on(Acting.Done)
    def _written(self, done: Acting.Done) -> None:
        self.acting.tell(done)

    @on(Submitting.Sent)
    async def _submitted(self, sent: Submitting.Sent) -> None:
        await self.submitting.tell(sent)

    @on(Worker.StateChanged)
    def _worker_ended(self, event: Worker.StateChanged) -> None:
        """A worker that crashed is shown; the rest goes on."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            words = safe_text(f"{type(error).__name__}: {error}", 300)
            if event.worker.group == "connect":
                self._feed.fault = f"The connection ended by a mistake in kqueue: {words}"
                self._tell_screens()
            else:
                self.say(words, severity="error", title=f"A mistake in kqueue ({event.worker.name})")

    @on(Dirty)
    def _dirty(self) -> None:
        self._feed.pace(self._show)

    def _show(self) -> None:
        rows = self._feed.rows()
        if rows is None:
            return
        fresh = self.view.update(self.past.joined(rows), self.now())
        for row in self._bell.ended(line.row for line in fresh):
            self._ring(row)
        self._tell_screens()

    def _tick(self) -> None:
        now = self.now()
        for screen in self.screen_stack[-1:]:  # none while the app leaves
            screen.post_message(Tick(now))
        sync = self.sync
        state = sync.state if sync is not None else ""
        if state != self._last_state:
            self._last_state = state
            self._tell_screens()

    def _tell_screens(self) -> None:
        """Tell the screen on top, and the one that shines through behind a dialog."""
        for screen in self.screen_stack[-2:]:
            screen.post_message(QueueChanged())

    def _ring(self, row: JobRow) -> None:
        words = f"{row.id} {row.name}: {look_of(row).word}"
        self.say(row.sentence or words, title=words, severity="information" if row.state == "CD" else "error")
        self.bell()
        self._terminal.notify(words)

    def on_key(self, event: Key) -> None:
        """A key comes here when what had the focus has no use for it, and by now another may have the focus.

        So the letters typed fast after `/` are not taken for commands.
        """
        take_early = getattr(self.focused, "take_early", None)
        if take_early is not None and take_early(event):
            event.prevent_default()

    # Leaving

    def get_driver_class(self) -> type[Driver]:
        return self._terminal.remember(super().get_driver_class())

    def action_exit(self) -> None:
        """Leave; while a write is on its way only after asking."""
        self.acting.leave(self.exit)

    def action_suspend(self) -> None:
        if not suspend():
            self.say("No shell has started kqueue that could bring it back.", severity="warning")

    def on_unmount(self) -> None:
        self._feed.stop()
        self._keep(self.kept.state(self))


def _action_commands() -> type[Provider]:
    from kqueue_tui.dashboard.palette import ActionCommands

    return ActionCommands
