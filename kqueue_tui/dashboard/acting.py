"""Acting: asks, writes in a thread, and tells what came of it. Bound to the uids that were shown when it asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from kbatch_core.errors import KbatchError
from kbatch_core.model.rights import Right
from kqueue_tui.dashboard.actions import QUEUE, Action
from kqueue_tui.dashboard.feed import Feed
from kqueue_tui.dashboard.messages import Dirty
from kqueue_tui.dashboard.toast import say
from kqueue_tui.dashboard.view.looks import look_of
from kqueue_tui.dashboard.writes import WRITES, Write, count_of, number_of

if TYPE_CHECKING:
    from kbatch_core.manifest.update import Update
    from kbatch_core.model.objects import Job
    from kbatch_core.status.row import JobRow


Target = tuple["JobRow", "Job | None"]
"""A job as it was shown; of one that only the history has there is no object yet."""


class Acting:
    """Owned by the app. `row` gives the newest row of a job by its uid, `why_not` says why an action is off."""

    @dataclass
    class Done(Message):
        """A write has ended: how many jobs it was done to, and what went wrong with the others."""

        write: Write
        done: int
        problems: tuple[str, ...]

    def __init__(
        self,
        app: App[None],
        feed: Feed,
        *,
        row: Callable[[str], JobRow | None],
        why_not: Callable[[Action], str],
    ) -> None:
        self.rights: dict[Right, bool] = {}
        """Those that were asked for since the connection was made."""
        self._app = app
        self._feed = feed
        self._row = row
        self._why_not = why_not

    def ask_rights(self) -> None:
        """Ask anew, in a thread, which of the rights that actions need there are."""
        self.rights.clear()
        backend = self._feed.backend

        def ask() -> None:
            if backend is None:
                return
            # What cannot be asked now stays unknown: the server has the last word anyway.
            with contextlib.suppress(KbatchError):
                for right in sorted({action.needs for action in QUEUE if action.needs is not None}):
                    self.rights[right] = backend.acts.may(*right)
            self._app.post_message(Dirty())

        self._app.run_worker(ask, name="rights", group="rights", thread=True, exit_on_error=False)

    @property
    def busy(self) -> bool:
        """Whether a write is on its way."""
        return any(worker.group == "write" and worker.is_running for worker in self._app.workers)

    def ask(self, verb: str, rows: Iterable[JobRow]) -> None:
        """Ask whether to do it to these jobs; then do it. A task stands for its array."""
        write = WRITES[verb]
        if self._is_off(write):
            return
        jobs, left_out = self._sorted_out(write, self._targets(rows))
        if not jobs:
            number = len(left_out)
            words = f"{_these(number)} {left_out[0]}." if left_out else "The cluster no longer has it."
            say(self._app, f"Nothing to {verb}: {words}", severity="warning")
            return
        words = f"Left out: {len(left_out)} {_most_common(left_out)}." if left_out else ""
        self._confirm(write, jobs, words)

    def ask_update(self, rows: Iterable[JobRow]) -> None:
        """Ask what to change in these jobs, then whether to; then do it."""
        from kqueue_tui.dashboard.dialogs.update import AskUpdate
        from kqueue_tui.dashboard.updates import ANY, update_write

        backend = self._feed.backend
        if backend is None or self._is_off(write := update_write(ANY, backend.now())):
            return
        jobs, left_out = self._sorted_out(write, self._targets(rows))
        if not jobs:
            say(self._app, left_out[0] if left_out else "The cluster no longer has it.", severity="warning")
            return

        def refusal(update: Update) -> str:
            taken, refusals = self._sorted_out(update_write(update, backend.now()), jobs)
            return "" if taken else refusals[0]

        def answered(update: Update | None) -> None:
            if update is not None:
                write = update_write(update, backend.now())
                taken, refusals = self._sorted_out(write, jobs)
                self._confirm(write, taken, " ".join(["Left out:", *refusals[:3]]) if refusals else "")

        question = f"Update {count_of(len(jobs))}"
        names = [_name(row) for row, _ in jobs]
        self._app.push_screen(
            AskUpdate(question, names, [job for _, job in jobs if job is not None], refusal), answered
        )

    def _is_off(self, write: Write) -> bool:
        """Whether it cannot be done now; a toast says why."""
        why = self._why_not(next(action for action in QUEUE if action.id == write.action))
        if why:
            say(self._app, why, severity="warning")
        return bool(why)

    def _targets(self, rows: Iterable[JobRow]) -> list[Target]:
        """The newest row and the Job of each; a task stands for its array."""
        newest = {row.uid: self._row(row.uid) for row in rows}
        return [(row, self._job(row.uid)) for row in newest.values() if row is not None]

    def _sorted_out(self, write: Write, targets: Iterable[Target]) -> tuple[list[Target], list[str]]:
        """(those that it can be done to, why not to each of the others that are still there)."""
        jobs, left_out = [], []
        for row, job in targets:
            if word := write.refuses(row, job):
                left_out.append(word)
            elif job is not None or (write.past and row.past):
                jobs.append((row, job))
        return jobs, left_out

    def _confirm(self, write: Write, jobs: Sequence[Target], left_out: str) -> None:
        from kqueue_tui.dashboard.dialogs.confirm import Confirm

        warnings = list(dict.fromkeys(word for row, job in jobs if (word := write.warns(row, job))))
        question = f"{write.verb.capitalize()} {count_of(len(jobs))}?"
        words = " ".join([*warnings, left_out] if left_out else warnings)
        dialog = Confirm(question, [_name(row) for row, _ in jobs], write.verb, write.about, words)

        def answered(yes: bool | None) -> None:
            if yes:
                self._start(write, jobs)

        self._app.push_screen(dialog, answered)

    def _start(self, write: Write, jobs: Sequence[Target]) -> None:
        self._app.run_worker(
            lambda: self._write(write, jobs), name=write.verb, group="write", thread=True, exit_on_error=False
        )

    def _write(self, write: Write, jobs: Sequence[Target]) -> None:
        """In a thread: each job by itself, so that one refusal does not stop the others."""
        backend = self._feed.backend
        if backend is None:
            return
        done, problems = 0, []
        for row, job in jobs:
            try:
                answer = write.run(backend.acts, job if job is not None else backend.past_job(row))
            except KbatchError as error:
                problems.append(f"{row.job_name}: {error}")
            else:
                done += 1
                if answer is not None:
                    backend.queue.put(answer)
        self._app.post_message(self.Done(write, done, tuple(problems)))

    def tell(self, done: Done) -> None:
        """Show what came of a write: a toast, or a dialog with the API's reasons."""
        from kqueue_tui.dashboard.dialogs.problem import Problem

        if done.done:
            say(self._app, f"{done.write.done}: {number_of(done.done)}.")
        if done.problems:
            title = f"Could not {done.write.verb} {number_of(len(done.problems))}"
            self._app.push_screen(Problem(title, "\n\n".join(done.problems)))

    def leave(self, leave: Callable[[], None]) -> None:
        """Leave at once, unless a write is on its way: then only when the user wants to."""
        if not self.busy:
            leave()
            return
        from kqueue_tui.dashboard.dialogs.confirm import Confirm

        if isinstance(self._app.screen, Confirm):
            return

        def answered(yes: bool | None) -> None:
            if yes:
                leave()

        question = "Leave while a write is on its way?"
        self._app.push_screen(Confirm(question, ["Its outcome will not be shown."], "leave"), answered)

    def _job(self, uid: str) -> Job | None:
        return self._feed.backend.queue.job(uid) if self._feed.backend is not None else None


def _name(row: JobRow) -> str:
    tasks = f", {row.tasks.total} tasks" if row.tasks is not None else ""
    return f"{row.id}  {row.name}  ({look_of(row).word}{tasks})"


def _these(number: int) -> str:
    return "it has" if number == 1 else "they have"


def _most_common(words: Sequence[str]) -> str:
    return max(words, key=words.count)
