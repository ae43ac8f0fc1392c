"""A form is submitted once, after the cluster was asked and the user; what comes of it is shown."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from kbatch_core.errors import BadOption, PolicyDenied, UnknownOutcome
from kbatch_core.model import labels
from kbatch_core.model.objects import Job
from kbatch_core.queue.sync import Sync
from kbatch_core.site import Report as SiteReport
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.backend import Backend
from kqueue_tui.dashboard.dialogs.confirm import Confirm
from kqueue_tui.dashboard.dialogs.problem import Problem
from kqueue_tui.dashboard.dialogs.report import Report
from kqueue_tui.dashboard.form.backend import Prepared
from kqueue_tui.dashboard.form.model import Form
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.screens.form import FormScreen
from kqueue_tui.dashboard.screens.queue import QueueScreen
from kqueue_tui.dashboard.widgets.hints import Hints
from kqueue_tui.dashboard.widgets.queue_table import QueueTable
from tests.dashboard.demo import make_app, running, settle, until
from tests.dashboard.demo.backend import DemoQueue
from tests.dashboard.demo.form import DemoForm
from tests.dashboard.forms import (
    at,
    at_form,
    checked,
    fields_of,
    fill_home,
    form_of,
    is_checked,
    said,
    shown_uids,
)

FORM = Options(screen="form", script="train.sh")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    fill_home(tmp_path)
    return tmp_path


def dialog(app: Dashboard) -> str:
    return " | ".join(str(line.content) for line in app.screen.query(Static))


async def asked(pilot: Pilot[None], app: Dashboard, key: str = "s") -> None:
    """Ask the cluster, until its answer is on the screen."""
    await pilot.press(key)
    await until(pilot, lambda: not at(app, FormScreen))
    await settle(pilot)
    await until(pilot, lambda: getattr(app.screen, "painted", True))


async def test_the_cluster_is_asked_and_then_the_user_and_no_is_the_default() -> None:
    async with at_form(script="train.sh") as (app, pilot):
        before = shown_uids(app)
        for no in ("enter", "n", "escape", "q"):
            await asked(pilot, app)
            assert at(app, Report)
            words = dialog(app)
            assert "Submit train-resnet50?" in words
            assert "$ kbatch train.sh" in words
            assert "accepted" in words and "Ignored: --mail-type." in words and "image quay.io" in words
            await pilot.press(no)
            await until(pilot, lambda: at(app, FormScreen))
        await settle(pilot)
        assert shown_uids(app) == before


async def test_the_new_job_is_under_the_cursor_with_what_to_do_next() -> None:
    async with at_form(script="train.sh") as (app, pilot):
        before = set(shown_uids(app))
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: at(app, QueueScreen))
        await settle(pilot)
        (new,) = set(shown_uids(app)) - before
        table = app.screen.query_one(QueueTable)
        await until(pilot, lambda: table.cursor is not None and table.cursor.uid == new)
        toasts = " ".join(str(toast.render()) for toast in app.screen.query("Toast"))
        job_id = new.removeprefix("demo-")
        assert f"Submitted batch job {job_id}" in toasts and f"kqueue logs -f {job_id}" in toasts
        await pilot.press("n")
        await checked(pilot)
        assert form_of(app).form == Form()


async def test_a_filter_that_hides_the_new_job_goes() -> None:
    app = make_app(Options(screen="form", script="train.sh", filter="sweep"))
    async with at_form(app=app) as (_, pilot):
        before = set(shown_uids(app))
        await asked(pilot, app)
        await pilot.press("s")
        await until(pilot, lambda: at(app, QueueScreen) and len(app.view.lines) > 10)
        (new,) = set(shown_uids(app)) - before
        table = app.screen.query_one(QueueTable)
        await until(pilot, lambda: table.cursor is not None and table.cursor.uid == new)


async def test_testing_submits_nothing() -> None:
    async with at_form(script="train.sh") as (app, pilot):
        before = shown_uids(app)
        await asked(pilot, app, "t")
        assert "What the cluster says to train-resnet50" in dialog(app)
        await pilot.press("y", "s")
        assert at(app, Report)
        await pilot.press("enter")
        await settle(pilot)
        assert at(app, FormScreen) and shown_uids(app) == before


class Refusing(DemoForm):
    def report(self, prepared: Prepared) -> SiteReport:
        return SiteReport((("refused", "exceeded quota: [compute]"), ("nodes", "fits 1 node: a")), False)


async def test_what_the_cluster_refuses_is_not_sent() -> None:
    async with at_form(app=make_app(FORM, form=Refusing)) as (app, pilot):
        before = shown_uids(app)
        await asked(pilot, app)
        assert "exceeded quota: [compute]" in dialog(app)
        assert "It would be refused, so it is not submitted." in dialog(app)
        await pilot.press("y", "s", "enter")
        await settle(pilot)
        assert at(app, FormScreen) and shown_uids(app) == before


class NoQueue(DemoForm):
    def prepare(self, form: Form, submit_id: str) -> Prepared:
        if form.options.get("partition"):
            raise BadOption('--partition: there is no queue or profile "x".', "There are gpu.")
        return super().prepare(form, submit_id)


async def test_what_only_the_cluster_knows_to_be_wrong_is_told_at_its_field() -> None:
    async with at_form(app=make_app(FORM, form=NoQueue)) as (app, pilot):
        await form_of(app).fill(Form("train.sh", "", {"partition": "x"}))
        await until(pilot, lambda: "There are gpu." in fields_of(app).row("partition").held.problem)
        await asked(pilot, app)
        assert at(app, Problem) and "There are gpu." in dialog(app)
        await pilot.press("enter")
        await settle(pilot)
        current = fields_of(app).current
        assert current is not None and current.field.name == "partition"


class Lossy(DemoForm):
    """The first answer to a submit is lost; the same job submitted again is the same job."""

    sent: list[str]
    refuses = False

    def submit(self, prepared: Prepared) -> tuple[Job, tuple[str, ...]]:
        self.sent = [
            *getattr(self, "sent", []),
            prepared.submission.manifest["metadata"]["annotations"][labels.SUBMIT_ID],
        ]
        if self.refuses:
            raise PolicyDenied("exceeded quota: [compute]", "Ask for less.")
        if len(self.sent) == 1:
            raise UnknownOutcome("The connection ended before the answer came.", "Look with kqueue list.")
        return super().submit(prepared)


async def test_a_lost_answer_and_the_same_form_again_is_one_job() -> None:
    async with at_form(app=make_app(FORM, form=Lossy)) as (app, pilot):
        assert app.backend is not None and isinstance(app.backend.form, Lossy)
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: at(app, Problem))
        assert "never makes a second job" in dialog(app)
        await pilot.press("enter")
        # Another form is another job: that is said before it is made.
        await form_of(app).fill(Form("train.sh", "x"))
        await checked(pilot)
        await asked(pilot, app)
        assert "It is not known whether the form before this one was submitted" in dialog(app)
        await pilot.press("n")
        await form_of(app).fill(Form("train.sh"))
        await checked(pilot)
        await asked(pilot, app)
        assert "It is not known" not in dialog(app)
        await pilot.press("y")
        await until(pilot, lambda: at(app, QueueScreen))
        first, second = app.backend.form.sent
        assert first == second
        # The same form once more, now that it is submitted, is another job.
        app.submitting.open(Form("train.sh"))
        await until(pilot, lambda: at(app, FormScreen))
        await checked(pilot)
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: at(app, QueueScreen))
        assert app.backend.form.sent[2] != second


async def test_a_refusal_is_told_in_the_servers_words() -> None:
    async with at_form(app=make_app(FORM, form=Lossy)) as (app, pilot):
        assert app.backend is not None and isinstance(app.backend.form, Lossy)
        app.backend.form.refuses = True
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: at(app, Problem))
        assert "Not submitted" in dialog(app) and "exceeded quota: [compute] Ask for less." in dialog(app)
        await pilot.press("enter")
        assert form_of(app).form == Form("train.sh")


class Slow(DemoForm):
    """Answers when it is let go."""

    go = threading.Event()

    def submit(self, prepared: Prepared) -> tuple[Job, tuple[str, ...]]:
        self.go.wait(60)
        return super().submit(prepared)


async def test_while_it_is_on_its_way_nothing_is_sent_twice_and_leaving_asks() -> None:
    Slow.go.clear()
    try:
        async with running(make_app(FORM, form=Slow)) as pilot:
            app = pilot.app
            assert isinstance(app, Dashboard)
            await until(pilot, lambda: at(app, FormScreen) and is_checked(app))
            before = set(shown_uids(app))
            await asked(pilot, app)
            await pilot.press("y")
            await until(pilot, lambda: app.submitting.busy and "Submitting" in said(app, "title"))
            await pilot.press("s", "ctrl+s", "t")
            await pilot.pause()
            assert at(app, FormScreen)
            await pilot.press("ctrl+c")
            await until(pilot, lambda: at(app, Confirm))
            Slow.go.set()
            await until(pilot, lambda: at(app, QueueScreen))
            await until(pilot, lambda: len(set(shown_uids(app)) - before) == 1)
    finally:
        Slow.go.set()


async def test_a_job_that_comes_when_it_has_left_is_not_looked_for() -> None:
    async with running(make_app()) as pilot:
        app = pilot.app
        assert isinstance(app, Dashboard)
    await app.show_job("demo-hq5bf8qx")
    assert not app.screen_stack


@pytest.mark.parametrize("why", ["readonly", "right"])
async def test_without_the_right_all_but_the_submit_works(why: str) -> None:
    def forbid(backend: Backend) -> None:
        if why == "right":
            backend.acts.forbidden.add(("create", "jobs", ""))  # type: ignore[attr-defined]

    app = make_app(Options(screen="form", script="train.sh", readonly=why == "readonly"), prepare=forbid)
    async with at_form(app=app) as (_, pilot):
        reason = "--readonly" if why == "readonly" else "may not create jobs"
        await until(pilot, lambda: reason in said(app, "notes"))
        await pilot.press("s", "ctrl+s")
        await settle(pilot)
        assert at(app, FormScreen)
        hints = app.screen.query_one(Hints)
        await until(pilot, lambda: [hint.title for hint in hints.hints if hint.off] == ["Submit"])
        await pilot.press("Y")
        assert app.clipboard == "kbatch train.sh"


async def test_old_data_does_not_stand_in_the_way_of_a_new_job() -> None:
    def stale(backend: Backend) -> None:
        assert isinstance(backend.queue, DemoQueue)
        backend.queue.state = Sync("STALE", 1_790_000_000.0 - 100)

    async with at_form(app=make_app(FORM, prepare=stale)) as (app, pilot):
        await asked(pilot, app)
        assert at(app, Report) and "Submit train-resnet50?" in dialog(app)
