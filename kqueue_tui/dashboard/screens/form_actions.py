"""FormActions: what a form can begin from, and what can be done with it besides submitting."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kbatch_core.errors import KbatchError
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.model import SCRIPT, Form, command
from kqueue_tui.dashboard.form.templates import keep_template, name_of, read_templates, templates_path
from kqueue_tui.dashboard.in_terminal import run_in_terminal
from kqueue_tui.dashboard.screens.form_submit import FormSubmit

if TYPE_CHECKING:
    from kqueue_tui.dashboard.form.backend import Earlier

LISTED = 1000
"""Earlier jobs that are listed, the newest first."""


class FormActions(FormSubmit):
    """A form that can be filled from elsewhere."""

    async def fill(self, form: Form, typed: str = "") -> None:
        """For the screen: put other texts into the form; `typed` is the field in which a text is being typed."""

    def go_to(self, name: str) -> None:
        """For the screen: put the cursor on a field."""

    def script_changed(self) -> None:
        """For the screen: the file of the script is another one now."""

    async def action_empty(self) -> None:
        self.tried = False
        await self.fill(Form())
        self.go_to(SCRIPT)

    def action_history(self) -> None:
        """Begin from a job of the history."""
        backend = self.form_backend
        if backend is None:
            self.dashboard.say("There is no connection to the cluster yet.", severity="warning")
            return

        def work() -> None:
            try:
                found = backend.earlier()
            except KbatchError as error:
                self.app.call_from_thread(self.dashboard.say, safe_text(str(error)), severity="warning")
            else:
                self.app.call_from_thread(self._pick_earlier, found)

        self.run_worker(work, name="history", group="history", thread=True, exit_on_error=False)

    def _pick_earlier(self, found: Sequence[Earlier]) -> None:
        from kbatch_core.status.words import clock
        from kqueue_tui.dashboard.dialogs.pick import Item, Pick

        now = self.dashboard.now()
        items = [Item(one.id, f"{clock(one.when, now):<12}{one.name}", one.command) for one in found[:LISTED]]

        async def chosen(job_id: str | None) -> None:
            if job_id is not None:
                await self.fill(Form(options={"like": job_id}))

        none = "No job of yours is known in ~/.kbatch yet."
        self.app.push_screen(Pick("Begin from an earlier job", items, none), chosen)

    def action_templates(self) -> None:
        """Begin from a template, or forget one."""
        from kqueue_tui.dashboard.dialogs.pick import Item, Pick

        path = templates_path()
        templates = read_templates(path)
        items = [Item(name, name, safe_text(command(form))) for name, form in templates.items()]

        async def chosen(name: str | None) -> None:
            if name is not None:
                await self.fill(templates[name])

        def forget(name: str) -> None:
            self._keep(path, name, None)

        none = "There is no template yet: w in the form keeps one."
        self.app.push_screen(Pick("Begin from a template", items, none, forget=forget), chosen)

    def action_keep(self) -> None:
        """Ask for a name, and keep the form as the template of that name."""
        from kqueue_tui.dashboard.dialogs.ask_text import AskText

        path, form = templates_path(), self.form

        def named(text: str | None) -> None:
            name = name_of(text or "")
            if not name:
                return
            kept = "Replaced" if name in read_templates(path) else "Kept"
            if self._keep(path, name, form):
                self.dashboard.say(f"{kept} the template {name}. T begins from it.")

        self.app.push_screen(AskText("Keep the form as a template called"), named)

    def _keep(self, path: Path, name: str, form: Form | None) -> bool:
        """Whether it could be written."""
        try:
            keep_template(path, name, form)
        except OSError as error:
            self.dashboard.say(f"{path} cannot be written: {error.strerror}.", severity="error")
            return False
        return True

    def action_files(self) -> None:
        """Choose the script in the file tree."""
        from kqueue_tui.dashboard.dialogs.choose_file import ChooseFile
        from kqueue_tui.dashboard.form.paths import short_path

        async def chosen(path: Path | None) -> None:
            if path is not None:
                await self.fill(self.form.having(SCRIPT, short_path(path)))
                self.go_to(SCRIPT)

        start = Path(self.form.script).expanduser() if self.form.script else Path.cwd()
        self.app.push_screen(ChooseFile(start), chosen)

    def action_editor(self) -> None:
        """Open the script in the editor; the app is suspended meanwhile."""
        script = self.form.script
        if not script:
            self.dashboard.say("There is no script to edit yet.", severity="warning")
            return
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        code = run_in_terminal(self.app, [*shlex.split(editor), str(Path(script).expanduser())])
        if code:
            self.dashboard.say(f"{editor} ended with exit code {code}.", severity="warning")
        if code is not None:
            self.script_changed()

    def action_copy(self) -> None:
        """Copy the kbatch command."""
        from kqueue_tui.dashboard.dialogs.copy import Copied

        self.app.push_screen(Copied(self.command))
