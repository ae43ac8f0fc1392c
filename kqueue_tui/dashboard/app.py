"""Dashboard: the app. It composes, binds keys and wires; what it wires is in the files beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import App, SystemCommand
from textual.command import CommandPalette
from textual.worker import Worker, WorkerState

from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.acting import Acting
from kqueue_tui.dashboard.actions import ALWAYS, APP, bindings
from kqueue_tui.dashboard.backend import Connect
from kqueue_tui.dashboard.base_app import BaseApp
from kqueue_tui.dashboard.bell import Bell
from kqueue_tui.dashboard.config import Config
from kqueue_tui.dashboard.feed import Feed
from kqueue_tui.dashboard.messages import Dirty, Tick
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.past import PastJobs
from kqueue_tui.dashboard.process import leave_on_signals, suspend
from kqueue_tui.dashboard.saved_state import State
from kqueue_tui.dashboard.screens import job_screen
from kqueue_tui.dashboard.screens.queue import QueueScreen
from kqueue_tui.dashboard.terminal import Terminal
from kqueue_tui.dashboard.view.looks import look_of

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver
    from textual.events import Key
    from textual.screen import Screen

    from kbatch_core.status.row import JobRow
    from kqueue_tui.dashboard.form.model import Form
    from kqueue_tui.dashboard.submitting import Submitting

PALETTE_LINES = 8
"""A terminal of fewer lines has no room for the command palette."""


class Dashboard(BaseApp):
    """`keep` writes down at the end what the screen was like.

    `painted` is called once, when there is a screen; `loaded` once, when the first jobs are there.
    """

    CSS_PATH = "queue.tcss"
    TITLE = "kqueue"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (12, "-short"), (16, "-tall")]  # noqa: RUF012
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
        painted: Callable[[], None] = lambda: None,
        loaded: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._terminal = Terminal(environ)
        super().__init__(options, connect, config=config, state=state, clock=clock)
        self._bell = Bell(config.bell, self.settings.watched)
        self._keep = keep
        self._painted = painted
        self._loaded = loaded
        self._has_loaded = False
        self._last_state = ""
        self._said_missing: set[str] = set()
        self.animation_level = "none"
        self.settings.begin(self, self.view, options, environ)
        self.set_keymap(config.keys)

    # The screens

    def action_help(self) -> None:
        """What works on the screen on top."""
        from kqueue_tui.dashboard.dialogs.help import Help
        from kqueue_tui.dashboard.screens.base import DashboardScreen

        screen = self.screen
        if isinstance(screen, DashboardScreen):
            self.push_screen(Help(screen.actions(), screen.keys_by_id()))

    @property
    def behind(self) -> bool:
        """Whether something changed that is not shown yet."""
        return self.feed.behind

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Of Textual's own commands those that are none of our actions by another name."""
        return [one for one in super().get_system_commands(screen) if one.title in ("Theme", "Screenshot")]

    def action_command_palette(self) -> None:
        """Textual's palette ends the app by a page key when its list has no line to itself."""
        if self.size.height < PALETTE_LINES:
            self._say_no_room()
        else:
            super().action_command_palette()

    def on_resize(self, event: events.Resize) -> None:
        if event.size.height < PALETTE_LINES and isinstance(self.screen, CommandPalette):
            self.pop_screen()
            self._say_no_room()

    def _say_no_room(self) -> None:
        self.say("There is no room for the list of commands: ? shows the keys.", severity="warning")

    def open_form(self, form: Form) -> None:
        from kqueue_tui.dashboard.screens.form import FormScreen

        self.push_screen(FormScreen(form))

    def open_job(self, name: str, row: JobRow, *options: str) -> None:
        from kqueue_tui.dashboard.screens.job import Target

        self.push_screen(job_screen(name)(Target(row), *options))

    async def show_job(self, uid: str) -> None:
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        for screen in self.screen_stack:  # none when the app has left meanwhile
            if isinstance(screen, QueueScreen):
                screen.go_to(uid)

    # The connection

    def get_default_screen(self) -> Screen[None]:
        return QueueScreen(self)

    def on_mount(self) -> None:
        if not self.is_headless:
            leave_on_signals(self)
            self.app_resume_signal.subscribe(self, lambda app: app.refresh(layout=True))

    def on_ready(self) -> None:
        self._painted()
        self.stylesheet.read(Path(__file__).with_name("screens.tcss"))
        self.set_interval(1.0, self._tick)
        self.connect()
        if self.options.screen == "form":
            self.submitting.open_script(self.options.script)

    @on(Feed.Connected)
    def _connected(self, connected: Feed.Connected) -> None:
        self.feed.take(connected)
        self.acting.ask_rights()
        self.past.read()
        self._show()

    @on(Feed.ConnectFailed)
    def _not_connected(self, failed: Feed.ConnectFailed) -> None:
        self.feed.fault = failed.sentence
        self.tell_screens()

    @on(PastJobs.Read)
    def _past_read(self, read: PastJobs.Read) -> None:
        self.past.take(read)
        if read.problem:
            self.say(read.problem, severity="warning", title="The history cannot be read")
        self._show()

    @on(Acting.Done)
    def _written(self, done: Acting.Done) -> None:
        self.acting.tell(done)

    async def on_submitting_sent(self, sent: Submitting.Sent) -> None:
        await self.submitting.tell(sent)

    @on(Worker.StateChanged)
    def _worker_ended(self, event: Worker.StateChanged) -> None:
        """A worker that crashed is shown; the rest goes on."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            words = safe_text(f"{type(error).__name__}: {error}", 300)
            if event.worker.group == "connect":
                self.feed.fault = f"The connection ended by a mistake in kqueue: {words}"
                self.tell_screens()
            else:
                self.say(words, severity="error", title=f"A mistake in kqueue ({event.worker.name})")

    @on(Dirty)
    def _dirty(self) -> None:
        self.feed.pace(self._show)

    def _show(self) -> None:
        rows = self.feed.rows()
        if rows is None:
            return
        fresh = self.view.update(self.past.joined(rows), self.now())
        for row in self._bell.ended(line.row for line in fresh):
            self._ring(row)
        self.tell_screens()

    def _tick(self) -> None:
        now = self.now()
        for screen in self.screen_stack[-1:]:  # none while the app leaves
            screen.post_message(Tick(now))
        sync = self.sync
        state = sync.state if sync is not None else ""
        for sentence in set(sync.missing if sync is not None else ()) - self._said_missing:
            self._said_missing.add(sentence)
            self.say(sentence, severity="warning", title="A right is missing")
        if state != self._last_state:
            self._last_state = state
            self.tell_screens()
            if state == "LIVE" and not self._has_loaded:
                self._has_loaded = True
                self._loaded()

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

    def action_suspend(self) -> None:
        if not suspend():
            self.say("No shell has started kqueue that could bring it back.", severity="warning")

    def on_unmount(self) -> None:
        self.feed.stop()
        self._keep(self.settings.state(self, self.view, history=self.past.wanted))


def _action_commands() -> type[Provider]:
    from kqueue_tui.dashboard.palette import ActionCommands

    return ActionCommands
