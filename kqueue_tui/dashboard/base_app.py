"""BaseApp: the app as its screens know it: where it is, what it shows, what may be done."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from textual.app import App

from kqueue_tui.dashboard import toast
from kqueue_tui.dashboard.acting import Acting
from kqueue_tui.dashboard.actions import Action
from kqueue_tui.dashboard.backend import Backend, Connect, Scope, Sync
from kqueue_tui.dashboard.config import Config
from kqueue_tui.dashboard.feed import Feed
from kqueue_tui.dashboard.messages import Dirty, QueueChanged
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.past import PastJobs
from kqueue_tui.dashboard.saved_state import State
from kqueue_tui.dashboard.settings import Settings
from kqueue_tui.dashboard.view.lines import QueueView
from kqueue_tui.dashboard.why_not import why_not

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow
    from kqueue_tui.dashboard.form.model import Form
    from kqueue_tui.dashboard.submitting import Submitting


class BaseApp(App[None]):
    """`connect` makes the Backend, in a thread, after the first paint. `clock` is in seconds since the epoch."""

    def __init__(
        self,
        options: Options,
        connect: Connect,
        *,
        config: Config,
        state: State,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.options = options
        self.config = config
        self.settings = Settings(state, config)
        scope = Scope(
            "" if options.all_users else None, options.namespaces, all_namespaces=options.all_namespaces
        )
        self.feed = Feed(self, connect, scope)
        self.past = PastJobs(self, self.feed, wanted=state.history)
        self.view = QueueView(self.feed.task_rows, self.feed.labels)
        self.acting = Acting(self, self.feed, row=self.view.row, why_not=self.why_not)
        self._clock = clock

    @cached_property
    def submitting(self) -> Submitting:
        """Made when the form opens: the first paint does not wait for the options of kbatch."""
        from kqueue_tui.dashboard.submitting import Submitting

        return Submitting(self, self.feed, open_form=self.open_form, show_job=self.show_job)

    # For the Dashboard, which knows the screens

    def open_form(self, form: Form) -> None:
        """Open the form, filled in with this."""
        raise NotImplementedError

    def open_job(self, name: str, row: JobRow, *options: str) -> None:
        """Open one of JOB_SCREENS for a job or task; `options` are the screen's own."""
        raise NotImplementedError

    async def show_job(self, uid: str) -> None:
        """Close what is over the queue, and go to this job as soon as it is there."""
        raise NotImplementedError

    # What is known

    @property
    def backend(self) -> Backend | None:
        return self.feed.backend

    @property
    def scope(self) -> Scope:
        return self.feed.scope

    @property
    def fault(self) -> str:
        """Why there is no connection; "" while one is being made."""
        return self.feed.fault

    @property
    def sync(self) -> Sync | None:
        """How fresh the rows are; None before there is a connection."""
        return self.feed.sync

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
        where = self.scope.where(self.namespace)
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
        columns = self.settings.columns
        more = [("user", self.scope.user == ""), ("namespace", self.scope.is_several)]
        extra = tuple(name for name, wanted in more if wanted and name not in columns)
        return (*columns[:2], *extra, *columns[2:])

    def find_row(self, uid: str, task: int | None = None) -> JobRow | None:
        """The newest row of a job or of one task; None when it is no longer there."""
        if task is None:
            return self.view.row(uid)
        return next((row for row in self.feed.task_rows(uid) if row.task == task), None)

    def say(self, text: str, *, severity: toast.Severity = "information", title: str = "") -> None:
        """A toast. Never reads markup: names and messages of jobs are in it."""
        toast.say(self, text, severity=severity, title=title)

    # What screens do

    def connect(self, scope: Scope | None = None) -> None:
        """Connect anew, to another scope or the same."""
        self.feed.start(scope)
        self.tell_screens()

    def show_past(self, wanted: bool) -> None:
        """Show the jobs that only the history in home has, or no longer."""
        self.past.wanted = wanted
        self.past.read()
        self.post_message(Dirty())

    def tell_screens(self) -> None:
        """Tell the screen on top, and the one that shines through behind a dialog."""
        for screen in self.screen_stack[-2:]:
            screen.post_message(QueueChanged())

    def action_exit(self) -> None:
        """Leave; while a write is on its way only after asking."""
        self.acting.leave(self.exit)
