"""FormScreen: a job to submit. What is checked and sent is the `kbatch` command that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from kbatch_core.errors import KbatchError
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.actions import FORM, bindings
from kqueue_tui.dashboard.form.check import Checked
from kqueue_tui.dashboard.form.evaluate import Evaluation, evaluate
from kqueue_tui.dashboard.form.field import every_field
from kqueue_tui.dashboard.form.model import SCRIPT, Form, field_of
from kqueue_tui.dashboard.messages import QueueChanged
from kqueue_tui.dashboard.screens.form_actions import FormActions
from kqueue_tui.dashboard.view.form import Stage, held_by, help_of, title
from kqueue_tui.dashboard.widgets.field_row import FieldRow
from kqueue_tui.dashboard.widgets.filter_bar import FilterBar
from kqueue_tui.dashboard.widgets.form_fields import FormFields, tell
from kqueue_tui.dashboard.widgets.form_preview import FormPreview
from kqueue_tui.dashboard.widgets.hints import Hint, Hints

if TYPE_CHECKING:
    from kqueue_tui.dashboard.form.backend import FormBackend

WIDE = 100
"""From this width on the preview stands beside the fields."""
SETTLE_SECONDS = 0.15
UNDONE = 100
"""Changes that can be taken back."""
SUBMIT = next(action for action in FORM if action.id == "form.submit")


class FormScreen(FormActions):
    """Every change is checked in a thread, a moment after the last key."""

    ACTIONS = FORM
    BINDINGS = bindings(FORM)

    @dataclass
    class Evaluated(Message):
        """From the thread that checks."""

        evaluation: Evaluation

    def __init__(self, form: Form) -> None:
        super().__init__(form)
        self.checked = Checked()
        self._yaml = self._off = ""
        self._like: tuple[str, Mapping[str, str]] = ("", {})
        self._preview_alone = self._fresh = False
        self._before: list[Form] = []
        self._typed_last = ""
        self._asked: FormBackend | None = None
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
        self._lay_out()
        await self._paint()
        self._fields.go_to(SCRIPT)
        self._evaluate()

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        wide = self.app.size.width >= WIDE
        self.set_class(not wide, "narrow")
        self._preview.display = wide or self._preview_alone
        self._fields.display = wide or not self._preview_alone

    # Checking

    async def fill(self, form: Form, typed: str = "") -> None:
        """Put other texts into the form; what is `typed` into one field without leaving it is one change for undo."""
        if form != self.form:
            if not typed or typed != self._typed_last:
                self._before = [*self._before[-UNDONE:], self.form]
            self._typed_last = typed
            self.form = form
            self._fresh = False
            self.dashboard.submitting.draft = form
            await self._paint()
            self._evaluate_soon()

    @on(QueueChanged)
    async def _connected(self) -> None:
        """There is a connection now, or it is known what the account may do."""
        if self._off != self.dashboard.why_not(SUBMIT):
            await self._paint()
        if self.form_backend is not self._asked:
            self._evaluate_soon()

    def _evaluate_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SETTLE_SECONDS, self._evaluate)

    def _evaluate(self) -> None:
        form, backend, like, wants_yaml = self.form, self.form_backend, self._like, self._preview.display
        submit_id = self.dashboard.submitting.submit_id(form)
        self._asked = backend

        def work() -> None:
            self.post_message(self.Evaluated(evaluate(form, backend, like, submit_id if wants_yaml else "")))

        self.run_worker(work, name="check", group="check", thread=True, exclusive=True, exit_on_error=False)

    script_changed = _evaluate

    @on(Evaluated)
    async def _was_evaluated(self, evaluated: Evaluated) -> None:
        found = evaluated.evaluation
        if found.form != self.form:
            return
        self.checked, self._yaml, self._fresh = found.checked, found.yaml, True
        self._like = (found.form.options.get("like", ""), found.like)
        await self._paint()

    async def show_refusal(self, error: KbatchError) -> None:
        field = field_of(error)
        self.checked = Checked(safe_text(str(error)), field)
        self._fresh = True
        await self._paint()
        if field:
            self.go_to(field)

    # What is shown

    async def _paint(self) -> None:
        with self.app.batch_update():
            told = self.checked.problem if self._fresh and not self._is_bare else ""
            await self._fields.show(
                {
                    field.name: held_by(
                        field,
                        self.form,
                        self.checked,
                        self._like,
                        told if field.name == self.checked.field else "",
                    )
                    for field in self._every
                }
            )
            self._off = self.dashboard.why_not(SUBMIT)
            self.show_progress()
            self._paint_help()
            tell(self._command, Content.assemble(("$ ", "$foreground 50%"), (self.command, "bold")))
            notes = [note for note in (self._off, *self.checked.notes) if note]
            tell(self._notes, Content("\n".join(f"! {note}" for note in notes)))
            self._notes.display = bool(notes)
            self._paint_preview()

    def show_progress(self) -> None:
        tell(self._title, title(self.dashboard.place, self._stage()), layout=False)

    def _stage(self) -> Stage:
        if self.dashboard.submitting.busy:
            return "submitting"
        if self.testing:
            return "asking"
        if self.checked.problem and not self._is_bare:
            return "not yet"
        ready = self._fresh and not (self.checked.problem or self._off or self.form_backend is None)
        return "ready" if ready else ""

    @property
    def _is_bare(self) -> bool:
        """Whether nobody has asked for anything yet, so that nothing is wrong with having no script."""
        return not self.tried and self.checked.field == SCRIPT and not self.form.script

    def _paint_help(self) -> None:
        row = self._fields.current
        if row is not None:
            tell(self._help, help_of(row.field, row.held))

    def _paint_preview(self) -> None:
        if not self._preview.display:
            return
        checked = self.checked
        if self._preview.tab == "yaml":
            none = (
                "The Job is shown here as soon as the form is one."
                if self.form_backend
                else "Not connected yet."
            )
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
        typing = self._fields.row(typed.name).typing
        await self.fill(self.form.having(typed.name, typed.text), typed.name if typing else "")
        if not typing:
            self._typed_last = ""

    # Filling in

    def go_to(self, name: str) -> None:
        self._fields.go_to(name)

    def action_edit(self) -> None:
        self._fields.action_edit()

    async def action_undo(self) -> None:
        if not self._before:
            self.dashboard.say("There is nothing to take back.")
            return
        *before, form = self._before
        await self.fill(form)
        self._before = before

    async def action_more(self) -> None:
        await self._fields.unfold()

    def action_search(self) -> None:
        if self.query(FilterBar):
            return
        bar = FilterBar("", placeholder="words of an option's name or help")
        self.mount(bar, before=self._hints)
        self.set_focus(bar)

    async def on_filter_bar_typed(self, typed: FilterBar.Typed) -> None:
        await self._fields.find(typed.text)
        if typed.done:
            await self.query(FilterBar).remove()
            self._fields.action_move_end(0)

    # Looking

    def action_preview(self, tab: str) -> None:
        """Open a page of the preview; where it stands alone, the same key goes back to the fields."""
        self._preview_alone = not (self._preview_alone and self._preview.tab == tab)
        self._preview.tab = tab
        self._lay_out()
        self._paint_preview()
        if not self._yaml:
            self._evaluate()

    action_tab = action_preview

    async def action_back(self) -> None:
        """One step back: the options that were found, the preview, the form."""
        if self._preview_alone and self.app.size.width < WIDE:
            self.action_preview(self._preview.tab)
        elif self._fields.finds:
            await self._fields.find("")
        else:
            self.dismiss()
