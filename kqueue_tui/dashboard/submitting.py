"""Submitting: opens the form, sends its job in a thread, exactly once, and shows what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from kbatch_core.errors import KbatchError, UnknownOutcome
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.feed import Feed
from kqueue_tui.dashboard.form.model import Form

if TYPE_CHECKING:
    from kbatch_core.model.objects import Job
    from kqueue_tui.dashboard.form.backend import Prepared

TOLD_SECONDS = 20.0


class Submitting:
    """Owned by the app. `draft` is what the form held when it was left; `unsure` a form whose outcome is unknown.

    `open_form` puts the form on the screen, `show_job` goes back to the queue and to the job of this uid.
    """

    @dataclass
    class Sent(Message):
        """A submit has ended: with a Job, or with what went wrong."""

        form: Form
        job: Job | None
        warnings: tuple[str, ...]
        error: KbatchError | None

    def __init__(
        self,
        app: App[None],
        feed: Feed,
        *,
        open_form: Callable[[Form], None],
        show_job: Callable[[str], Awaitable[None]],
    ) -> None:
        self._app = app
        self._feed = feed
        self._open_form = open_form
        self._show_job = show_job
        self.draft = Form()
        self.unsure: Form | None = None
        self._sent: list[tuple[Form, str]] = []
        self._next_id = ""

    @property
    def busy(self) -> bool:
        return any(worker.name == "submit" and worker.is_running for worker in self._app.workers)

    def open(self, form: Form | None = None) -> None:
        """Open the form, filled in with this or as it was left."""
        self._open_form(self.draft if form is None else form)

    def open_script(self, script: str) -> None:
        """Open the form with the path of a script."""
        self.open(Form(safe_text(script)))

    def open_like(self, job_id: str) -> None:
        """Open the form as an earlier job was submitted."""
        self.open(Form(options={"like": job_id}))

    def submit_id(self, form: Form) -> str:
        """One for every form until one is sent; that keeps it, so that sending it again makes no second job."""
        for sent, submit_id in self._sent:
            if sent == form:
                return submit_id
        backend = self._feed.backend
        if not self._next_id and backend is not None:
            self._next_id = backend.form.new_submit_id()
        return self._next_id

    def send(self, form: Form, prepared: Prepared) -> None:
        """Submit it; Sent says what came of it. Nothing while another is on its way."""
        backend = self._feed.backend
        if backend is None or self.busy:
            return
        self._sent.append((form, self.submit_id(form)))
        self._next_id = ""

        def work() -> None:
            job: Job | None = None
            warnings: tuple[str, ...] = ()
            problem: KbatchError | None = None
            try:
                job, warnings = backend.form.submit(prepared)
                backend.queue.put(job)
            except KbatchError as error:
                problem = error
            finally:
                self._app.post_message(self.Sent(form, job, warnings, problem))

        self._app.run_worker(work, name="submit", group="write", thread=True, exit_on_error=False)

    async def tell(self, sent: Sent) -> None:
        """Show the new job in the queue, or why there is none."""
        from kqueue_tui.dashboard.dialogs.problem import Problem

        if sent.job is not None:
            # What was sent is done with: the same form once more is another job.
            self._sent, self.unsure, self.draft = [], None, Form()
            await self._show_job(sent.job.metadata.uid)
            self._tell_of(sent.job, sent.warnings)
        elif isinstance(sent.error, UnknownOutcome):
            self.unsure = sent.form
            words = f"{sent.error}\n\ns submits the same form once more: that never makes a second job."
            self._app.push_screen(Problem("Not known whether it was submitted", words))
        elif sent.error is not None:
            self._app.push_screen(Problem("Not submitted", str(sent.error)))

    def _tell_of(self, job: Job, warnings: tuple[str, ...]) -> None:
        from kbatch_core.status.reading import id_of

        job_id = id_of(job)
        words = f"l shows its log, d everything about it, c ends it.\nkqueue logs -f {job_id}  kqueue show {job_id}"
        title = f"Submitted batch job {job_id}"
        self._app.notify("\n".join((words, *warnings)), title=title, markup=False, timeout=TOLD_SECONDS)
