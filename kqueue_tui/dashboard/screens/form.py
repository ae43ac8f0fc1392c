"""FormScreen: a job to submit. What is checked and sent is the `kbatch` command that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from kbatch_core.errors import KbatchError
from kbatch_core.model.options.table import BY_NAME
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.actions import FORM, bindings
from kqueue_tui.dashboard.form import begin
from kqueue_tui.dashboard.form.desk import Checked, Prepared
from kqueue_tui.dashboard.form.field import Field, Held, every_field
from kqueue_tui.dashboard.form.look import Look, look
from kqueue_tui.dashboard.form.model import SCRIPT, Form, command, field_of, problem_of
from kqueue_tui.dashboard.messages import QueueChanged
from kqueue_tui.dashboard.screens.base import DashboardScreen
from kqueue_tui.dashboard.widgets.field_row import FieldRow
from kqueue_tui.dashboard.widgets.filter_bar import FilterBar
from kqueue_tui.dashboard.widgets.form_fields import FormFields, tell
from kqueue_tui.dashboard.widgets.form_preview import FormPreview
from kqueue_tui.dashboard.widgets.hints import Hint, Hints

if TYPE_CHECKING:
    from kbatch_core.site import Report as SiteReport
    from kqueue_tui.dashboard.form.desk import Desk

WIDE = 100
"""From this width on the preview stands beside the fields."""
SETTLE_SECONDS = 0.15
SUBMIT = next(action for action in FORM if action.id == "form.submit")


class FormScreen(DashboardScreen):
    """Every change is checked in a thread, a moment after the last key."""

    ACTIONS = FORM
    BINDINGS = bindings(FORM)

    @dataclass
    class Looked(Message):
        """From the thread that checks."""

        look: Look

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
        self.checked = Checked()
        self._yaml = self._off = ""
        self._like: tuple[str, Mapping[str, str]] = ("", {})
        self._tried = self._preview_alone = self._fresh = False
        self._testing = False
        self._asked: Desk | None = None
        self._timer: Timer | None = None
        self._title = Static(id="form-title", markup=False)
        self._every = every_field()
        self._fields = FormFields(self._every)
        self._preview = FormPreview()
        self._help = Static(id="form-help", markup=False)
        self._command = Static(id="form-command", markup=False)
        self._notes = Static(id="form-notes", markup=False)
        self._hints = Hints()

    def compose(self) -> ComposeResult:
        yield self._title
        with Horizontal(id="form-body"):
            yield self._fields
            yield self._preview
        yield self._help
        yield self._command
        yield self._notes
        yield self._hints

    async def on_mount(self) -> None:
        self.dashboard.submitting.draft = self.form
        await self._paint()
        self._fields.go_to(SCRIPT)
        self._look()

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        wide = self.size.width >= WIDE
        self.set_class(not wide, "narrow")
        self._preview.display = wide or self._preview_alone
        self._fields.display = wide or not self._preview_alone

    @property
    def _desk(self) -> Desk | None:
        backend = self.dashboard.backend
        return backend.desk if backend is not None else None

    @property
    def command(self) -> str:
        """The `kbatch` command that makes the same job."""
        return safe_text(command(self.form, self._desk.where if self._desk is not None else ()))

    # Checking

    @property
    def is_checked(self) -> bool:
        """Whether what is shown is about the form as it is now."""
        return self._fresh and not self._testing

    async def fill(self, form: Form) -> None:
        """Put other texts into the form."""
        if form != self.form:
            self.form = form
            self._fresh = False
            self.dashboard.submitting.draft = form
            await self._paint()
            self._look_soon()

    @on(QueueChanged)
    async def _connected(self) -> None:
        """There is a connection now, or it is known what the account may do."""
        self.refresh_hints()  # also when a paint for another reason has said it already
        if self._off != self.dashboard.why_not(SUBMIT):
            await self._paint()
        if self._desk is not self._asked:
            self._look_soon()

    def _look_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SETTLE_SECONDS, self._look)

    def _look(self) -> None:
        form, desk, like, wants_yaml = self.form, self._desk, self._like, self._preview.display
        submit_id = self.dashboard.submitting.submit_id(form)
        self._asked = desk

        def work() -> None:
            self.post_message(self.Looked(look(form, desk, like, submit_id if wants_yaml else "")))

        self.run_worker(work, name="check", group="check", thread=True, exclusive=True, exit_on_error=False)

    @on(Looked)
    async def _was_looked(self, looked: Looked) -> None:
        seen = looked.look
        if seen.form != self.form:
            return
        self.checked, self._yaml, self._fresh = seen.checked, seen.yaml, True
        self._like = (seen.form.options.get("like", ""), seen.like)
        await self._paint()

    # What is shown

    async def _paint(self) -> None:
        with self.app.batch_update():
            await self._fields.show({field.name: self._held(field) for field in self._every})
            self._paint_title()
            self._paint_help()
            tell(self._command, Content.assemble(("$ ", "$foreground 50%"), (self.command, "bold")))
            self._off = self.dashboard.why_not(SUBMIT)
            notes = [note for note in (self._off, *self.checked.notes) if note]
            tell(self._notes, Content("\n".join(f"! {note}" for note in notes)))
            self._notes.display = bool(notes)
            self._paint_preview()

    def _paint_title(self) -> None:
        if self.dashboard.submitting.busy:
            state = Content.assemble(("Submitting…", "bold $text-warning"))
        elif self._testing:
            state = Content.assemble(("Asking the cluster…", "bold $text-warning"))
        elif self.checked.problem and not self._is_bare:
            state = Content.assemble(("✗ not yet a job", "$text-error"))
        elif self._fresh and not (self.checked.problem or self._off or self._desk is None):
            state = Content.assemble(("✓ s submits it", "$text-success"))
        else:
            state = Content("")
        place = self.dashboard.place
        words = Content.assemble((" Submit a job ", "bold"), (f"  {place}   ", "$foreground 60%"), state)
        tell(self._title, words, layout=False)

    def _held(self, field: Field) -> Held:
        text = self.form.text(field.name)
        inherited, source = self.checked.values.get(field.name, ("", ""))
        if field.name in self._like[1]:
            inherited, source = safe_text(self._like[1][field.name]), f"as in {self._like[0]}"
        problem = problem_of(BY_NAME[field.name], text) if field.name in BY_NAME else ""
        if not problem and self._fresh and self.checked.field == field.name and not self._is_bare:
            problem = self.checked.problem
        return Held(text, "" if text else inherited, source, safe_text(problem))

    @property
    def _is_bare(self) -> bool:
        """Whether nobody has asked for anything yet, so that nothing is wrong with having no script."""
        return not self._tried and self.checked.field == SCRIPT and not self.form.script

    def _paint_help(self) -> None:
        row = self._fields.current
        if row is None:
            return
        field, held = row.field, row.held
        more = " → takes it over, to change it." if held.inherited else ""
        about = f" {field.about}" if field.about else ""
        words = (field.help, "$foreground 90%"), (about, "$foreground 60%"), (more, "$text-accent")
        tell(self._help, Content.assemble(*words), layout=False)

    def _paint_preview(self) -> None:
        if not self._preview.display:
            return
        checked = self.checked
        if self._preview.tab == "yaml":
            none = "The Job is shown here as soon as the form is one." if self._desk else "Not connected yet."
            self._preview.show(self._yaml, "job.yaml", none if not checked.problem else checked.problem)
        else:
            like = (
                "The script is that of the earlier job."
                if self.form.options.get("like")
                else "No script yet."
            )
            self._preview.show(checked.script, checked.script_name, like)

    def refresh_hints(self) -> None:
        """While a text is typed only its own keys work."""
        row = self._fields.current if self._fields.is_attached else None
        if row is None or not row.typing:
            super().refresh_hints()
            return
        keys = (("⏎", "Keep", "keep"), ("tab", "Next", "next"), ("esc", "Give up", "undo"))
        self._hints.show([Hint(key, title, f"screen.end_typing('{how}')") for key, title, how in keys])

    def action_end_typing(self, how: str) -> None:
        """For a click on a hint."""
        row = self._fields.current
        if row is not None:
            row.leave(how)

    @on(FieldRow.Reached)
    def _reached(self, reached: FieldRow.Reached) -> None:
        self._paint_help()
        self.refresh_hints()

    @on(FieldRow.Typed)
    async def _typed(self, typed: FieldRow.Typed) -> None:
        await self.fill(self.form.having(typed.name, typed.text))

    # Filling in

    def action_edit(self) -> None:
        self._fields.action_edit()

    async def action_more(self) -> None:
        await self._fields.unfold()

    def action_search(self) -> None:
        if self.query(FilterBar):
            return
        bar = FilterBar("", placeholder="words of an option's name or help")
        self._hints.display = False
        self.mount(bar)
        self.set_focus(bar)

    async def on_filter_bar_typed(self, typed: FilterBar.Typed) -> None:
        await self._fields.find(typed.text)
        if typed.done:
            self._hints.display = True
            await self.query(FilterBar).remove()
            self._fields.action_move_end(0)

    def action_files(self) -> None:
        from kqueue_tui.dashboard.form.paths import short_path
        from kqueue_tui.dashboard.screens.choose_file import ChooseFile

        async def chosen(path: Path | None) -> None:
            if path is not None:
                await self.fill(self.form.having(SCRIPT, short_path(path)))
                self._fields.go_to(SCRIPT)

        start = Path(self.form.script).expanduser() if self.form.script else Path.cwd()
        self.app.push_screen(ChooseFile(start), chosen)

    def action_editor(self) -> None:
        if begin.edit_script(self.dashboard, self.form.script):
            self._look()

    # Beginning

    async def action_empty(self) -> None:
        self._tried = False
        await self.fill(Form())
        self._fields.go_to(SCRIPT)

    def action_history(self) -> None:
        begin.pick_earlier(self, self._desk)

    def action_templates(self) -> None:
        begin.pick_template(self)

    def action_keep(self) -> None:
        begin.keep_as_template(self)

    # Looking

    def action_preview(self, tab: str) -> None:
        """Open a page of the preview; where it stands alone, the same key goes back to the fields."""
        self._preview_alone = not (self._preview_alone and self._preview.tab == tab)
        self._preview.tab = tab
        self._lay_out()
        self._paint_preview()
        if not self._yaml:
            self._look()

    action_tab = action_preview

    def action_copy(self) -> None:
        from kqueue_tui.dashboard.screens.copy import Copied

        self.app.push_screen(Copied(self.command))

    async def action_back(self) -> None:
        """One step back: the options that were found, the preview, the form."""
        if self._preview_alone and self.size.width < WIDE:
            self.action_preview(self._preview.tab)
        elif self._fields.finds:
            await self._fields.find("")
        else:
            self.dismiss()

    # Submitting

    def sending(self) -> None:
        """It is on its way."""
        self._paint_title()

    def action_submit(self) -> None:
        if self.allowed("form.submit"):
            self._ask_cluster(asks=True)

    def action_test(self) -> None:
        self._ask_cluster(asks=False)

    def _ask_cluster(self, *, asks: bool) -> None:
        desk, form, submitting = self._desk, self.form, self.dashboard.submitting
        if desk is None:
            self.dashboard.say("There is no connection to the cluster yet.", severity="warning")
            return
        if submitting.busy or self._testing:
            self.dashboard.say("It is on its way.", severity="warning")
            return
        self._testing = True
        self._paint_title()
        submit_id = submitting.submit_id(form)

        def work() -> None:
            answer = self.Reported(form, asks, None, None, None)
            try:
                answer.prepared = desk.prepare(form, submit_id)
                answer.report = desk.report(answer.prepared)
            except KbatchError as error:
                answer.error = error
            finally:
                self.post_message(answer)

        self.run_worker(work, name="ask the cluster", group="report", thread=True, exit_on_error=False)

    @on(Reported)
    async def _was_reported(self, reported: Reported) -> None:
        self._testing = False
        self._tried = True
        if reported.form != self.form:
            self._paint_title()
            self.dashboard.say("The form has changed meanwhile.", severity="warning")
            return
        if reported.error is not None:
            field = field_of(reported.error)
            self.checked = Checked(safe_text(str(reported.error)), field)
            self._fresh = True
            await self._paint()
            if field:
                self._fields.go_to(field)
        else:
            self._paint_title()
        if self.app.screen is self:
            begin.tell_report(self, reported)
