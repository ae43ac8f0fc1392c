"""FormSubmit: the part of the form that asks the cluster, shows what it says, and submits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from kbatch_core.errors import KbatchError
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.model import Form, command
from kqueue_tui.dashboard.screens.base import DashboardScreen

if TYPE_CHECKING:
    from kbatch_core.site import Report as SiteReport
    from kqueue_tui.dashboard.form.backend import FormBackend, Prepared


class FormSubmit(DashboardScreen):
    """A screen with a `form`. `testing`: the cluster is being asked; `tried`: it was asked."""

    @dataclass
    class Reported(Message):
        """What the cluster says to a form; `asks` whether to submit it then. Without a report `error` says why."""

        form: Form
        asks: bool
        prepared: Prepared | None
        report: SiteReport | None
        error: KbatchError | None

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        self.testing = self.tried = False

    def show_progress(self) -> None:
        """For the screen: whether the cluster is asked, or a job is on its way, has changed."""

    async def show_refusal(self, error: KbatchError) -> None:
        """For the screen: the form is no job, and why."""

    @property
    def form_backend(self) -> FormBackend | None:
        backend = self.dashboard.backend
        return backend.form if backend is not None else None

    @property
    def command(self) -> str:
        """The `kbatch` command that makes the same job."""
        backend = self.form_backend
        return safe_text(command(self.form, backend.where if backend is not None else ()))

    def action_submit(self) -> None:
        if self.allowed("form.submit"):
            self._ask_cluster(asks=True)

    def action_test(self) -> None:
        self._ask_cluster(asks=False)

    def _ask_cluster(self, *, asks: bool) -> None:
        backend, form, submitting = self.form_backend, self.form, self.dashboard.submitting
        if backend is None:
            self.dashboard.say("There is no connection to the cluster yet.", severity="warning")
            return
        if submitting.busy or self.testing:
            self.dashboard.say("It is on its way.", severity="warning")
            return
        self.testing = True
        self.show_progress()
        submit_id = submitting.submit_id(form)

        def work() -> None:
            answer = self.Reported(form, asks, None, None, None)
            try:
                answer.prepared = backend.prepare(form, submit_id)
                answer.report = backend.report(answer.prepared)
            except KbatchError as error:
                answer.error = error
            finally:
                self.post_message(answer)

        self.run_worker(work, name="ask the cluster", group="report", thread=True, exit_on_error=False)

    @on(Reported)
    async def _was_reported(self, reported: Reported) -> None:
        self.testing = False
        self.tried = True
        self.show_progress()
        if reported.form != self.form:
            self.dashboard.say("The form has changed meanwhile.", severity="warning")
            return
        if reported.error is not None:
            await self.show_refusal(reported.error)
        if self.app.screen is self:
            self._tell(reported)

    def _tell(self, reported: Reported) -> None:
        """What the cluster says; if it was asked for, the question whether to submit."""
        from kqueue_tui.dashboard.dialogs.problem import Problem
        from kqueue_tui.dashboard.dialogs.report import Report

        if reported.error is not None:
            self.app.push_screen(Problem("Not a job yet", safe_text(str(reported.error))))
        if reported.report is None or reported.prepared is None:
            return
        prepared = reported.prepared
        submission, submitting = prepared.submission, self.dashboard.submitting
        lines = [*reported.report.lines, ("copied", submission.copied)]
        lines += [("left out", line) for line in submission.dropped]
        refused = any(subject == "refused" for subject, _ in reported.report.lines)
        warnings = list(prepared.notes)
        if not refused and not reported.report.runs:
            warnings.append("As things stand it would never run.")
        if submitting.unsure not in (None, reported.form):
            warnings.append(
                "It is not known whether the form before this one was submitted: look into the queue first."
            )
        off = "It would be refused, so it is not submitted." if refused and reported.asks else ""

        def answered(yes: bool | None) -> None:
            if yes:
                submitting.send(reported.form, prepared)
                self.show_progress()

        shown = [(subject, safe_text(text)) for subject, text in lines if text]
        dialog = Report(safe_text(submission.name), self.command, shown, warnings, off, asks=reported.asks)
        self.app.push_screen(dialog, answered)
