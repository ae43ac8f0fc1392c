"""What the form opens: earlier jobs and templates to begin from, the editor, and what the cluster says."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from kbatch_core.errors import KbatchError
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.model import Form, command
from kqueue_tui.dashboard.form.templates import keep_template, name_of, read_templates, templates_path
from kqueue_tui.dashboard.in_terminal import run_in_terminal

if TYPE_CHECKING:
    from kqueue_tui.dashboard.app import Dashboard
    from kqueue_tui.dashboard.form.desk import Desk, Earlier
    from kqueue_tui.dashboard.screens.form import FormScreen

LISTED = 1000
"""Earlier jobs that are listed, the newest first."""


def pick_earlier(screen: FormScreen, desk: Desk | None) -> None:
    """Ask for one of the jobs in the history, and begin from it."""
    if desk is None:
        screen.dashboard.say("There is no connection to the cluster yet.", severity="warning")
        return

    def work() -> None:
        try:
            found = desk.earlier()
        except KbatchError as error:
            screen.app.call_from_thread(screen.dashboard.say, safe_text(str(error)), severity="warning")
        else:
            screen.app.call_from_thread(_list_earlier, screen, found)

    screen.run_worker(work, name="history", group="history", thread=True, exit_on_error=False)


def _list_earlier(screen: FormScreen, found: list[Earlier]) -> None:
    from kbatch_core.status.words import clock
    from kqueue_tui.dashboard.screens.pick import Item, Pick

    now = screen.dashboard.now()
    items = [Item(one.id, f"{clock(one.when, now):<12}{one.name}", one.command) for one in found[:LISTED]]

    async def chosen(job_id: str | None) -> None:
        if job_id is not None:
            await screen.fill(Form(options={"like": job_id}))

    screen.app.push_screen(
        Pick("Begin from an earlier job", items, "No job of yours is known in ~/.kbatch yet."), chosen
    )


def pick_template(screen: FormScreen) -> None:
    """Ask for a template, and fill the form with it."""
    from kqueue_tui.dashboard.screens.pick import Item, Pick

    path = templates_path()
    templates = read_templates(path)
    items = [Item(name, name, safe_text(command(form))) for name, form in templates.items()]

    def forget(name: str) -> None:
        try:
            keep_template(path, name, None)
        except OSError as error:
            screen.dashboard.say(f"{path} cannot be written: {error.strerror}.", severity="error")

    async def chosen(name: str | None) -> None:
        if name is not None:
            await screen.fill(templates[name])

    none = "There is no template yet: w in the form keeps one."
    screen.app.push_screen(Pick("Begin from a template", items, none, forget=forget), chosen)


def keep_as_template(screen: FormScreen) -> None:
    """Ask for a name, and keep the form under it."""
    from kqueue_tui.dashboard.screens.ask_text import AskText

    path, form = templates_path(), screen.form

    def named(text: str | None) -> None:
        name = name_of(text or "")
        if not name:
            return
        there = name in read_templates(path)
        try:
            keep_template(path, name, form)
        except OSError as error:
            screen.dashboard.say(f"{path} cannot be written: {error.strerror}.", severity="error")
        else:
            screen.dashboard.say(f"{'Replaced' if there else 'Kept'} the template {name}. T begins from it.")

    screen.app.push_screen(AskText("Keep the form as a template called"), named)


def edit_script(dashboard: Dashboard, script: str) -> bool:
    """Whether $EDITOR was open on it. Suspends the app; where that cannot be, shows the command."""
    if not script:
        dashboard.say("There is no script to edit yet.", severity="warning")
        return False
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    code = run_in_terminal(dashboard, [*shlex.split(editor), str(Path(script).expanduser())])
    if code:
        dashboard.say(f"{editor} ended with exit code {code}.", severity="warning")
    return code is not None


def tell_report(screen: FormScreen, reported: FormScreen.Reported) -> None:
    """What the cluster says; if it was asked for, the question whether to submit."""
    from kqueue_tui.dashboard.screens.problem import Problem
    from kqueue_tui.dashboard.screens.report import Report

    if reported.error is not None:
        screen.app.push_screen(Problem("Not a job yet", safe_text(str(reported.error))))
    if reported.report is None or reported.prepared is None:
        return
    prepared = reported.prepared
    submission, submitting = prepared.submission, screen.dashboard.submitting
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
            screen.sending()

    shown = [(subject, safe_text(text)) for subject, text in lines if text]
    dialog = Report(safe_text(submission.name), screen.command, shown, warnings, off, asks=reported.asks)
    screen.app.push_screen(dialog, answered)
