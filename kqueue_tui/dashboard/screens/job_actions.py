"""JobActions: what can be done to jobs, the same in the queue and in the screens for one job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kqueue_tui.dashboard.in_terminal import run_in_terminal
from kqueue_tui.dashboard.screens.base import DashboardScreen
from kqueue_tui.dashboard.writes import count_of, number_of

if TYPE_CHECKING:
    from kbatch_core.status.row import JobRow


class JobActions(DashboardScreen):
    """A screen whose actions are about `chosen_rows`."""

    def chosen_rows(self) -> Sequence[JobRow]:
        """The jobs that an action is about now. For subclasses."""
        return ()

    def shown_rows(self) -> Sequence[JobRow]:
        """All the jobs that are listed. For subclasses."""
        return self.chosen_rows()

    def action_cancel(self) -> None:
        self.dashboard.acting.ask("cancel", self.chosen_rows())

    def action_hold(self) -> None:
        self.dashboard.acting.ask("hold", self.chosen_rows())

    def action_release(self) -> None:
        self.dashboard.acting.ask("release", self.chosen_rows())

    def action_update(self) -> None:
        self.dashboard.acting.ask_update(self.chosen_rows())

    def action_rerun(self) -> None:
        self.dashboard.acting.ask("rerun", self.chosen_rows())

    def action_submit(self) -> None:
        self.dashboard.submitting.open()

    def action_resubmit(self) -> None:
        """The form, as one job was submitted; a task stands for its array."""
        rows = self.chosen_rows()
        if len(rows) != 1:
            if rows:
                self.dashboard.say(
                    "The form is for one job: take the marks away with Esc.", severity="warning"
                )
            return
        self.dashboard.submitting.open_like(rows[0].whole_id)

    def action_delete(self) -> None:
        self.dashboard.acting.ask("delete", self.chosen_rows())

    def action_cancel_options(self) -> None:
        from kqueue_tui.dashboard.dialogs.choose import Choice, Choose

        if not self.allowed("queue.cancel-options"):
            return
        rows, shown = self.chosen_rows(), [row for row in self.shown_rows() if not row.finished]
        names = {row.name for row in rows}
        waiting, named = _not_started(shown), [row for row in shown if row.name in names]
        called = f"named {names.copy().pop()}" if len(names) == 1 else "of these names"
        parts = {
            "these": (f"Cancel {count_of(len(rows))}", rows, "no job is chosen"),
            "unstarted": ("Cancel those that have not started", _not_started(rows), "all have started"),
            "shown": (f"Cancel everything shown{_number(shown)}", shown, "nothing shown is active"),
            "waiting": (f"Cancel what is shown and has not started{_number(waiting)}", waiting,
                        "nothing shown waits"),
            "named": (f"Cancel all shown {called}{_number(named)}", named, "none is active"),
            "delete": (f"Delete {count_of(len(rows))} with the record", rows, "no job is chosen"),
        }  # fmt: skip
        choices = [Choice(name, title, off="" if of else off) for name, (title, of, off) in parts.items()]

        def chosen(name: str | None) -> None:
            if name is not None:
                self.dashboard.acting.ask("delete" if name == "delete" else "cancel", parts[name][1])

        self.app.push_screen(Choose("Cancel what?", choices), chosen)

    def action_copy(self) -> None:
        from kqueue_tui.dashboard.dialogs.choose import Choice, Choose
        from kqueue_tui.dashboard.dialogs.copy import Copied

        rows = self.chosen_rows()
        if len(rows) != 1:
            if rows:
                self.app.push_screen(Copied(" ".join(row.id for row in rows)))
            return
        row = rows[0]
        texts = [
            ("Id", row.id),
            ("Name", row.name),
            ("Object", f"-n {row.namespace} job/{row.job_name}"),
            ("Show", f"kqueue show {row.id}"),
            ("Logs", f"kqueue logs -f {row.id}"),
            ("Reason", " ".join(part for part in (row.sentence, row.hint, row.evidence) if part)),
        ]
        choices = [Choice(text, f"{name:<8}", text) for name, text in texts if text]

        def chosen(text: str | None) -> None:
            if text is not None:
                self.app.push_screen(Copied(text))

        self.app.push_screen(Choose("Copy what?", choices), chosen)

    def action_shell(self) -> None:
        """A shell in the pod; the app is suspended while it runs."""
        row, backend = self._one_row(), self.dashboard.backend
        if row is None or backend is None or not self.allowed("queue.shell"):
            return
        if row.state != "R":
            self.dashboard.say(
                f"{row.id} does not run now, so there is no pod for a shell.", severity="warning"
            )
            return
        code = run_in_terminal(self.dashboard, backend.shell(row))
        if code:
            self.dashboard.say(f"The shell ended with exit code {code}.", severity="warning")

    def action_attach(self) -> None:
        """The job's output in the terminal itself, with its own scrolling and selecting."""
        row, backend = self._one_row(), self.dashboard.backend
        if row is not None and backend is not None:
            run_in_terminal(self.dashboard, backend.attach(row), stays=True)

    def _one_row(self) -> JobRow | None:
        """The job, of several marked ones the first."""
        return next(iter(self.chosen_rows()), None)

    def action_watch(self) -> None:
        """Ring when they end; when all of them are watched already, no longer."""
        uids = {row.uid for row in self.chosen_rows() if not row.finished}
        watched = self.dashboard.settings.watched
        if not uids:
            self.dashboard.say("Nothing to wait for: it has ended already.", severity="warning")
            return
        if uids <= watched:
            watched -= uids
        else:
            watched |= uids
        self.watched_changed()

    def watched_changed(self) -> None:
        """For subclasses that show it."""


def _number(rows: Sequence[JobRow]) -> str:
    return f": {number_of(len(rows))}" if rows else ""


def _not_started(rows: Sequence[JobRow]) -> list[JobRow]:
    return [row for row in rows if not row.finished and row.started is None]
