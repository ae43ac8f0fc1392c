"""Writes ask first, name their targets, and are bound to the jobs that were shown."""

from __future__ import annotations

import threading

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, Static

from kbatch_core.errors import PolicyDenied
from kbatch_core.model.objects import Job
from kbatch_core.queue.sync import Sync
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.backend import Backend
from kqueue_tui.dashboard.dialogs.choose import Choose
from kqueue_tui.dashboard.dialogs.confirm import Confirm
from kqueue_tui.dashboard.dialogs.problem import Problem
from kqueue_tui.dashboard.dialogs.update import AskUpdate
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.widgets.hints import Hints
from tests.dashboard.demo import NOW, make_app, running, settle, until
from tests.dashboard.demo.backend import DemoActs, DemoQueue


def state_of(app: Dashboard, job_id: str) -> str:
    row = app.find_row(f"demo-{job_id}")
    return row.state if row is not None else "gone"


def asked(app: Dashboard, part: str = ".names") -> str:
    assert isinstance(app.screen, Confirm)
    return str(app.screen.query_one(part, Static).content)


def asked_names(app: Dashboard) -> list[str]:
    return str(app.screen.query_one(".names", Static).content).splitlines()


def toasts(app: Dashboard) -> str:
    return " | ".join(str(toast.render()) for toast in app.screen.query("Toast"))


async def answer(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(pilot)
    await settle(pilot)


@pytest.mark.parametrize("no", ["enter", "n", "escape", "q"])
async def test_no_is_the_default(no: str) -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("c")
        assert "c9x4rm2k" in asked(app)
        await answer(pilot, no)
        assert len(app.screen_stack) == 1
        assert state_of(app, "c9x4rm2k") == "R"


async def test_cancel() -> None:
    app = make_app()
    async with running(app) as pilot:
        await answer(pilot, "j", "c", "y")
        assert state_of(app, "h6w3zt8p") == "CA"
        assert state_of(app, "c9x4rm2k") == "R"
        assert "Cancelled: 1 job." in toasts(app)
        await pilot.press("g", "c", "tab")
        await answer(pilot, "enter")
        assert state_of(app, "c9x4rm2k") == "CA"


async def test_what_is_typed_before_the_question_is_seen_is_no_answer() -> None:
    app = make_app()
    async with running(app) as pilot:
        for key in "cy":  # by a fast hand: the second does not wait for what the first one did
            app.post_message(Key(key, key))
        await settle(pilot)
        assert "c9x4rm2k" in asked(app)
        await answer(pilot, "y")
        assert state_of(app, "c9x4rm2k") == "CA"


async def test_hold_and_release_say_what_is_lost_and_who_is_left_out() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("h")
        assert "starts from its beginning" in asked(app, ".warning")
        await answer(pilot, "y")
        assert state_of(app, "c9x4rm2k") == "PD"
        await pilot.press("slash", *"publish|analysis|resnet34", "enter", "g", "V", "G", "u")
        assert "publish-figures" in asked(app)
        assert "analysis" in asked(app)
        assert "Left out: 1 ended already." in asked(app, ".warning")
        await answer(pilot, "y")
        row = app.find_row("demo-k4m8wd3r")
        assert row is not None and row.code != "JobHeldUser"


def said(app: Dashboard) -> str:
    assert isinstance(app.screen, AskUpdate)
    return str(app.screen.query_one(".about", Static).content)


async def test_the_time_limit_of_what_runs_is_lowered() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("j", "T")
        assert isinstance(app.screen, AskUpdate)
        (field,) = app.screen.query(Input)
        assert field.placeholder == "now 2:00:00"
        for text, words in (("soon", "'soon' is not a time limit"), ("0", "cannot be taken away"),
                            ("3:00:00", "can be lowered only, from 2:00:00")):  # fmt: skip
            field.value = text
            await pilot.press("enter")
            assert words in said(app)
            assert len(app.screen_stack) == 2
        field.value = "10"
        await pilot.press("enter")
        assert asked(app, ".question") == "Update this job?"
        assert asked(app) == "h6w3zt8p  regrid-era5  (running)"
        assert asked(app, ".about") == "Time limit 10:00."
        assert asked(app, ".warning") == "What has run that long already ends at once."
        await answer(pilot, "enter")
        assert app.find_row("demo-h6w3zt8p").time_limit == 7200  # type: ignore[union-attr]
        await pilot.press("T", *"1:00:00", "enter")
        assert not app.screen.query(".warning")
        await answer(pilot, "y")
        assert "Updated: 1 job." in toasts(app)
        assert app.find_row("demo-h6w3zt8p").time_limit == 3600  # type: ignore[union-attr]


async def test_each_of_the_marked_jobs_gets_what_is_for_it() -> None:
    """An array has a throttle, what runs a time limit, and what waits neither."""
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("slash", *"sweep-lr|train-", "enter", "g", "V", "G", "T")
        assert asked_names(app) == [
            "m2k7vd9c  sweep-lr  (running, 24 tasks)",
            "t4n8qw2x  train-resnet50  (running)",
        ]
        time, throttle = app.screen.query(Input)
        assert (time.placeholder, throttle.placeholder) == ("now 4:00:00", "now 4; 0 is all")
        time.value, throttle.value = "3:30:00", "2"
        await pilot.press("enter")
        assert asked(app, ".about") == "2 tasks at a time, time limit 3:30:00."
        assert "stopped, and start anew later" in asked(app, ".warning")
        await answer(pilot, "y")
        assert app.find_row("demo-m2k7vd9c").array == "0-23%2"  # type: ignore[union-attr]
        assert app.find_row("demo-t4n8qw2x").time_limit == 12600  # type: ignore[union-attr]
        await pilot.press("T", "tab", "8", "enter")
        assert asked(app) == "m2k7vd9c  sweep-lr  (running, 24 tasks)"
        assert asked(app, ".warning") == "Left out: t4n8qw2x has no throttle."


async def test_what_cannot_be_updated_says_why() -> None:
    app = make_app()
    async with running(app) as pilot:
        for name, words in (
            ("train-vit", "v8d2hq5n does not run: its time limit can be lowered once it does"),
            ("merge-tiles", "b6h2pz8v has ended already"),
        ):
            await pilot.press("slash", *["backspace"] * 20, *name, "enter", "T")
            assert len(app.screen_stack) == 1
            assert words in toasts(app)


async def test_rerun_and_delete() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("r")
        assert len(app.screen_stack) == 1
        assert "not ended yet" in toasts(app)
        before = app.view.total
        await pilot.press("slash", *"merge-tiles", "enter")
        await answer(pilot, "r", "y")
        assert app.view.total == before + 1
        await pilot.press("G", "x")
        assert "merge-tiles" in asked(app)
        await answer(pilot, "y")
        assert state_of(app, "b6h2pz8v") == "gone"


async def test_cancel_which() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("slash", *"train", "enter", "C")
        assert isinstance(app.screen, Choose)
        await pilot.press("3")
        assert asked(app).splitlines() == [
            "t4n8qw2x  train-resnet50  (running)",
            "v8d2hq5n  train-vit-large  (pending)",
        ]
        await pilot.press("n", "C", "4")
        assert asked(app) == "v8d2hq5n  train-vit-large  (pending)"
        await pilot.press("n", "C", "5")
        assert asked(app) == "t4n8qw2x  train-resnet50  (running)"
        await pilot.press("n", "space", "space", "C", "2")
        assert asked(app) == "v8d2hq5n  train-vit-large  (pending)"
        await pilot.press("n", "C", "6")
        assert asked(app, ".question") == "Delete 2 jobs?"
        await pilot.press("n", "C", "escape")
        assert len(app.screen_stack) == 1


async def test_a_long_list_of_targets_is_cut_with_their_number() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("V", "G", "x")
        assert asked(app, ".question") == "Delete 17 jobs?"
        assert asked(app).splitlines()[-1] == "and 9 more"


async def test_the_dialog_is_bound_to_what_it_showed() -> None:
    """What changes while one reads the question does not change what Yes means."""
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("j", "c")
        assert "h6w3zt8p" in asked(app)
        queue = app.backend.queue if app.backend is not None else None
        assert isinstance(queue, DemoQueue)
        queue.change(None, "demo-c9x4rm2k")
        await settle(pilot)
        assert app.view.lines[0].row.id == "h6w3zt8p"
        await answer(pilot, "y")
        assert state_of(app, "h6w3zt8p") == "CA"
        assert [line.row.id for line in app.view.lines if line.row.state == "CA"] == ["h6w3zt8p", "f2z6kr9w"]


async def test_the_cursor_stays_on_its_job() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("j", "j", "j")
        queue = app.backend.queue if app.backend is not None else None
        assert isinstance(queue, DemoQueue)
        for uid in ("demo-c9x4rm2k", "demo-h6w3zt8p"):
            queue.change(None, uid)
        await settle(pilot)
        await pilot.press("c")
        assert "t4n8qw2x" in asked(app)


class Refusing(DemoActs):
    """Refuses to cancel one job."""

    def cancel(self, job: Job) -> Job:
        if job.metadata.uid == "demo-h6w3zt8p":
            raise PolicyDenied("Policy says no: [/x] forbidden.", "Ask your admin.")
        return super().cancel(job)


async def test_a_refusal_is_shown_with_the_reason_and_the_others_are_done() -> None:
    app = make_app(acts=Refusing)
    async with running(app) as pilot:
        await answer(pilot, "V", "j", "c", "y")
        assert isinstance(app.screen, Problem)
        text = " ".join(str(part.content) for part in app.screen.query(Static))
        assert "Could not cancel 1 job" in text
        assert "regrid-era5-h6w3zt8p: Policy says no: [/x] forbidden. Ask your admin." in text
        assert state_of(app, "c9x4rm2k") == "CA"
        await pilot.press("enter")
        assert len(app.screen_stack) == 1


class Slow(DemoActs):
    """Cancels when it is told to."""

    go = threading.Event()

    def cancel(self, job: Job) -> Job:
        self.go.wait(30)
        return super().cancel(job)


async def test_leaving_while_a_write_is_on_its_way_asks() -> None:
    app = make_app(acts=Slow)
    async with running(app) as pilot:
        await pilot.press("c", "y", "q")
        assert "Leave while" in asked(app, ".question")
        await pilot.press("n", "ctrl+c")
        assert "Leave while" in asked(app, ".question")
        await pilot.press("y")
        await pilot.pause()
        assert app.return_code == 0
        Slow.go.set()


class Crashing(DemoActs):
    """Has a mistake in it."""

    def cancel(self, job: Job) -> Job:
        raise ZeroDivisionError("[/oops]")


async def test_a_crashed_write_is_shown_and_the_dashboard_goes_on() -> None:
    app = make_app(acts=Crashing)
    async with running(app) as pilot:
        await pilot.press("c", "y")
        await until(pilot, lambda: "ZeroDivisionError: [/oops]" in toasts(app))
        await pilot.press("j")
        assert app.is_running


def off(app: Dashboard) -> set[str]:
    return {hint.title for hint in app.screen.query_one(Hints).hints if hint.off}


async def test_readonly() -> None:
    app = make_app(Options(readonly=True))
    async with running(app) as pilot:
        assert off(app) >= {"Cancel", "Hold"}
        for key in "chruxCT":
            await pilot.press(key)
            assert len(app.screen_stack) == 1, key
        assert "--readonly" in toasts(app)


async def test_what_the_account_may_not_do_is_grey_and_says_why() -> None:
    def forbid(backend: Backend) -> None:
        assert isinstance(backend.acts, DemoActs)
        backend.acts.forbidden = {("patch", "jobs", ""), ("create", "pods", "exec")}

    app = make_app(prepare=forbid)
    async with running(app) as pilot:
        assert off(app) >= {"Cancel", "Hold"}
        await pilot.press("c", "s", "T")
        assert len(app.screen_stack) == 1
        assert 'Your account may not patch jobs in namespace "research".' in toasts(app)
        assert "create pods/exec" in toasts(app)
        await pilot.press("G", "x")
        assert "bootstrap" in asked(app)


async def test_writes_are_off_while_the_data_is_stale() -> None:
    app = make_app()
    async with running(app) as pilot:
        queue = app.backend.queue if app.backend is not None else None
        assert isinstance(queue, DemoQueue)
        queue.state = Sync("STALE", NOW - 100)
        await pilot.press("c", "T")
        assert len(app.screen_stack) == 1
        assert "out of date" in toasts(app)
        app._tick()
        await pilot.pause()
        assert off(app) >= {"Cancel", "Hold"}
        queue.state = None
        app._tick()
        await pilot.pause()
        assert off(app) == set()
        await pilot.press("c")
        assert "c9x4rm2k" in asked(app)


async def test_a_job_that_went_away_before_the_question() -> None:
    app = make_app()
    async with running(app) as pilot:
        queue = app.backend.queue if app.backend is not None else None
        assert isinstance(queue, DemoQueue)
        queue.job = lambda uid: None  # type: ignore[method-assign]
        await pilot.press("c")
        assert "no longer has it" in toasts(app)
