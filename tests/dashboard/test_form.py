"""Every key of the submit form does what the help says."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from kqueue_tui.dashboard.actions import APP, FIELDS, FORM
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.dialogs.ask_text import AskText
from kqueue_tui.dashboard.dialogs.choose_file import ChooseFile
from kqueue_tui.dashboard.dialogs.copy import Copied
from kqueue_tui.dashboard.dialogs.pick import Pick
from kqueue_tui.dashboard.form.files import read_folder
from kqueue_tui.dashboard.form.model import Form
from kqueue_tui.dashboard.form.templates import read_templates, templates_path
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.screens.form import FormScreen
from kqueue_tui.dashboard.screens.queue import QueueScreen
from kqueue_tui.dashboard.widgets.field_row import FieldInput, FieldRow
from kqueue_tui.dashboard.widgets.file_tree import FileTree
from kqueue_tui.dashboard.widgets.hints import Hints
from tests.dashboard.demo import make_app, running, settle, until
from tests.dashboard.forms import at, at_form, checked, fields_of, fill_home, form_of, said, seen, typed


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.chdir(tmp_path)
    for name in ("EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    fill_home(tmp_path)
    return tmp_path


def cursor(row: FieldRow | None) -> str:
    return row.field.name if row is not None else ""


def typing(app: Dashboard) -> bool:
    row = fields_of(app).current
    return row is not None and row.typing


async def test_moves() -> None:
    async with at_form(size=(80, 24)) as (app, pilot):
        fields = fields_of(app)
        for keys, name in (
            (["j"], "arguments"), (["down"], "job-name"), (["tab"], "time"), (["k"], "job-name"),
            (["up"], "arguments"), (["shift+tab"], "script"), (["k"], "script"), (["G"], "hold"), (["j"], "hold"),
            (["g"], "script"),
            (["end"], "hold"), (["home"], "script"), (["pagedown"], "hold"), (["pageup"], "script"),
            (["ctrl+d"], "hold"), (["ctrl+u"], "script"), (["ctrl+f"], "hold"), (["ctrl+b"], "script"),
        ):  # fmt: skip
            await pilot.press(*keys)
            assert cursor(fields.current) == name, keys


async def test_typing_keeps_gives_up_and_goes_on() -> None:
    async with at_form("enter", *typed("train.sh")) as (app, pilot):
        await until(pilot, lambda: form_of(app).form == Form("train.sh"))
        await pilot.press("enter")
        assert cursor(fields_of(app).current) == "arguments"
        assert not typing(app)
        await pilot.press("i", *typed("a b"), "tab", *typed("name"), "shift+tab")
        await until(pilot, lambda: form_of(app).form == Form("train.sh", "a b", {"job-name": "name"}))
        await pilot.press(*typed(" c"), "escape")
        await until(pilot, lambda: form_of(app).form.arguments == "a b")
        assert not typing(app)
        await pilot.press("x")
        await until(pilot, lambda: form_of(app).form.arguments == "")
        await pilot.press("down", "delete", "g", "backspace")
        await until(pilot, lambda: form_of(app).form == Form())


async def test_the_footer_tells_the_keys_that_work_while_a_text_is_typed() -> None:
    async with at_form("enter", "a") as (app, pilot):
        hints = app.screen.query_one(Hints)
        await until(pilot, lambda: [hint.title for hint in hints.hints] == ["Keep", "Next", "Give up"])
        await pilot.click(Hints, offset=(2, 0))
        await until(pilot, lambda: hints.hints[0].title == "Edit")
        await until(pilot, lambda: form_of(app).form == Form("a"))


async def test_a_flag_is_switched() -> None:
    async with at_form("G", "enter") as (app, pilot):
        await until(pilot, lambda: form_of(app).form.options == {"hold": "yes"})
        await until(pilot, lambda: said(app, "command") == "$ kbatch --hold")
        await pilot.press("space")
        await until(pilot, lambda: form_of(app).form.options == {})


async def test_what_the_script_says_is_shown_and_can_be_taken_over() -> None:
    async with at_form(script="train.sh") as (app, pilot):
        row = fields_of(app).row("time")
        assert (row.held.inherited, row.held.source) == ("4:00:00", "train.sh:3")
        assert "4:00:00  train.sh:3" in str(row.render())
        assert "Ignored: --mail-type." in said(app, "notes")
        await pilot.press("j", "j", "j", "right", "enter", "backspace", "backspace", "3", "0", "enter")
        await checked(pilot)
        await until(pilot, lambda: form_of(app).form.options == {"time": "4:00:30"})
        await until(pilot, lambda: said(app, "command") == "$ kbatch -t 4:00:30 train.sh")


async def test_a_mistake_is_told_beneath_its_field_with_the_hint() -> None:
    async with at_form("j", "j", "j", "enter", *typed("soon"), script="train.sh") as (app, pilot):
        row = fields_of(app).row("time")
        assert "'soon' is not a time limit." in str(row.render())
        assert "H:MM:SS" in row.held.problem
        assert row.size.height > 1
        assert "not yet a job" in said(app, "title")
        await pilot.press("escape")
        await checked(pilot)
        assert row.held.problem == ""
        assert "s submits it" in said(app, "title")


async def test_nothing_is_wrong_before_anything_was_asked_for() -> None:
    async with at_form() as (app, pilot):
        assert fields_of(app).row("script").held.problem == ""
        await pilot.press("s")
        await settle(pilot)
        assert "none to submit" in fields_of(app).row("script").held.problem


async def test_all_options_and_finding_one() -> None:
    async with at_form() as (app, pilot):
        fields = fields_of(app)
        common = len(fields.shown)
        await pilot.press("a")
        await checked(pilot)
        assert len(fields.shown) > common + 20
        await pilot.press("G")
        assert cursor(fields.current) == "allow-secrets"
        await pilot.press("a", "slash", *typed("gpu"))
        await until(pilot, lambda: fields.finds)
        names = [row.field.name for row in fields.shown]
        assert {"gpus", "gres", "mem-per-gpu", "ntasks-per-gpu"} <= set(names)
        assert "time" not in names
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("j", "enter", *typed("gpu:2"), "enter", "escape")
        await checked(pilot)
        assert not fields.finds
        # What is filled in stays to be seen.
        assert len(fields.shown) == common + 1
        await pilot.press("slash", *typed("gpu"), "escape")
        await settle(pilot)
        assert not fields.finds


async def test_the_preview_beside_the_fields_and_alone() -> None:
    async with at_form(script="train.sh") as (app, pilot):
        preview = form_of(app)._preview
        assert "kbatch/command: train.sh" in str(preview._text.content)
        await pilot.press("v")
        assert "python train.py" in str(preview._text.content)
        await pilot.press("y")
        assert "kind: Job" in str(preview._text.content)
    async with at_form(size=(80, 24), script="train.sh") as (app, pilot):
        preview = form_of(app)._preview
        assert not seen(preview)
        await pilot.press("y")
        await until(pilot, lambda: "kind: Job" in str(preview._text.content))
        assert seen(preview) and not seen(fields_of(app))
        for back in ("y", "escape", "q"):
            await pilot.press(back)
            await checked(pilot)
            assert seen(fields_of(app)), back
            await pilot.press("v")


async def test_a_file_from_the_tree() -> None:
    async with at_form("o") as (app, pilot):
        assert at(app, ChooseFile)
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("j", "l")
        await settle(pilot)
        await pilot.press("j", "e")
        await checked(pilot)
        await until(pilot, lambda: form_of(app).form.script == "~/work/deep/fit.py")
        assert cursor(fields_of(app).current) == "script"
        # The tree begins where the script is.
        await pilot.press("o")
        await settle(pilot)
        await settle(pilot)
        assert at(app, ChooseFile)
        found = app.screen.query_one(FileTree).cursor
        assert found is not None and found.name == "fit.py"
        await pilot.press("escape")
        assert at(app, FormScreen)


def lines(tree: FileTree) -> list[str]:
    """Those that say something, as they are on the screen."""
    return [text for y in range(tree.size.height) if (text := tree.render_line(y).text.strip())]


async def test_a_folder_that_is_being_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one on a file server that does not answer."""
    answers, asked = threading.Event(), []

    def slow(folder: Path, depth: int) -> Any:
        asked.append(folder.name)
        if folder.name == "work":
            answers.wait(60)
        return read_folder(folder, depth)

    monkeypatch.setattr("kqueue_tui.dashboard.widgets.file_tree.read_folder", slow)
    async with at_form("o") as (app, pilot):
        tree = app.screen.query_one(FileTree)
        try:
            await pilot.press("enter")
            assert lines(tree)[0] == "▌▾ work/  reading…"
            await pilot.press("left", "enter", "j", "k")
            assert lines(tree)[0] == "▌▾ work/  reading…"
            assert asked.count("work") == 1
        finally:
            answers.set()
        await settle(pilot)
        assert lines(tree)[:2] == ["▌▾ work/", "▸ deep/"]


async def test_a_folder_that_cannot_be_read_says_why_and_is_tried_again(home: Path) -> None:
    async with at_form("o") as (app, pilot):
        tree = app.screen.query_one(FileTree)
        (home / "work").rename(home / "elsewhere")
        await pilot.press("enter")
        await settle(pilot)
        assert lines(tree)[0] == "▌▾ work/  No such file or directory."
        about = app.screen.query_one(".about", Static)
        assert str(about.content) == "It cannot be read: No such file or directory."
        await pilot.press("j", "k")
        assert str(about.content) == "It cannot be read: No such file or directory."
        (home / "work").mkdir()
        await pilot.press("left", "enter")
        await settle(pilot)
        assert lines(tree)[0] == "▌▾ work/  nothing to see"


async def test_the_path_is_completed() -> None:
    async with at_form("enter", *typed("~/tr")) as (app, pilot):
        await until(pilot, lambda: app.screen.query(FieldInput).first()._suggestion == "~/train.sh")
        await pilot.press("right", "enter")
        await until(pilot, lambda: form_of(app).form.script == "~/train.sh")


async def test_templates_are_kept_begun_from_and_forgotten() -> None:
    async with at_form("j", "enter", *typed("-x 1"), "enter", "w", script="train.sh") as (app, pilot):
        assert at(app, AskText)
        await pilot.press(*typed("nightly"), "enter")
        kept = Form("train.sh", "-x 1")
        assert read_templates(templates_path()) == {"nightly": kept}
        await pilot.press("N")
        await checked(pilot)
        await until(pilot, lambda: form_of(app).form == Form())
        for key, form in (("u", kept), ("u", Form("train.sh")), ("u", Form("train.sh")), ("N", Form())):
            await pilot.press(key)
            await until(pilot, lambda: form_of(app).form == form)  # noqa: B023
        await pilot.press("T")
        assert at(app, Pick)
        await pilot.press("enter")
        await checked(pilot)
        await until(pilot, lambda: form_of(app).form == kept)
        await pilot.press("T", "x")
        assert read_templates(templates_path()) == {"nightly": kept}
        await pilot.press("x")
        assert read_templates(templates_path()) == {}
        await pilot.press("escape")
        assert at(app, FormScreen)


async def test_begin_from_an_earlier_job() -> None:
    async with at_form("H") as (app, pilot):
        assert at(app, Pick)
        await pilot.press("slash", *typed("sweep"), "enter")
        await settle(pilot)
        await pilot.press("enter")
        await checked(pilot)
        await until(pilot, lambda: form_of(app).form.options == {"like": "m2k7vd9c"})
        held = fields_of(app).row("mem").held
        assert (held.inherited, held.source) == ("8G", "as in m2k7vd9c")
        await until(pilot, lambda: said(app, "command") == "$ kbatch --like m2k7vd9c")
        assert "s submits it" in said(app, "title")


async def test_resubmit_is_filled_in() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("R")
        await checked(pilot)
        await until(pilot, lambda: form_of(app).form.options == {"like": "c9x4rm2k"})
        assert fields_of(app).row("time").held.inherited == "30:00"
        await pilot.press("escape", "space", "space", "R")
        assert at(app, QueueScreen)


async def test_copy_and_the_editor_where_the_app_cannot_be_suspended() -> None:
    async with at_form("Y", script="train.sh") as (app, pilot):
        assert at(app, Copied)
        assert app.clipboard == "kbatch train.sh"
        await pilot.press("escape", "e")
        assert at(app, Copied)
        assert app.clipboard == "vi train.sh"


async def test_what_is_filled_in_is_there_next_time() -> None:
    async with at_form("q", script="train.sh") as (app, pilot):
        assert at(app, QueueScreen)
        await pilot.press("n")
        await checked(pilot)
        await until(pilot, lambda: form_of(app).form == Form("train.sh"))


async def test_opened_from_the_command_line() -> None:
    app = make_app(Options(screen="form", script="train.sh"))
    async with running(app) as pilot:
        await checked(pilot)
        await until(pilot, lambda: form_of(app).form == Form("train.sh"))
        await until(pilot, lambda: "s submits it" in said(app, "title"))


async def test_help_lists_every_key_of_the_form() -> None:
    async with at_form() as (app, _):
        keys = form_of(app).keys_by_id()
        for action in (*APP, *FIELDS, *FORM):
            assert len(keys[action.id]) == len(action.keys.split(",")), action.id
        listed = {action.id for action in form_of(app).actions()}
        assert {action.id for action in (*APP, *FIELDS, *FORM)} <= listed


async def test_mouse() -> None:
    async with at_form(size=(100, 30)) as (app, pilot):
        await pilot.click("#field-job-name", offset=(40, 0))
        await pilot.press(*typed("abc"))
        await until(pilot, lambda: form_of(app).form.options == {"job-name": "abc"})
        await pilot.click("#field-hold", offset=(30, 0))
        await checked(pilot)
        await until(pilot, lambda: form_of(app).form.options == {"job-name": "abc", "hold": "yes"})
        await pilot.click("#form-more", offset=(6, 0))
        await checked(pilot)
        assert len(fields_of(app).shown) > 40
        await pilot.click("TabLine", offset=(9, 0))
        assert form_of(app)._preview.tab == "script"
        await pilot.click("Hints", offset=(34, 0))
        assert at(app, ChooseFile)


async def filled(pilot: Pilot[None]) -> None:
    """The form with a script, values of it and typed ones, and a mistake."""
    options = {"time": "soon", "comment": "[/x] wide 漢字", "hold": "yes", "signal": "B:USR1@60"}
    app = pilot.app
    assert isinstance(app, Dashboard)
    await settle(pilot)
    await checked(pilot)
    await form_of(app).fill(Form("train.sh", "--epochs '3 4'", options))
    await checked(pilot)
    await pilot.press("j", "j", "j")
    await settle(pilot)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
@pytest.mark.parametrize("state", ["bare", "filled", "files", "report"])
def test_how_it_looks(snap_compare, size: tuple[int, int], state: str) -> None:  # type: ignore[no-untyped-def]
    async def before(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Dashboard)
        await settle(pilot)
        await checked(pilot)
        if state != "bare":
            await pilot.press("o" if state == "files" else "s")
            await until(pilot, lambda: not at(app, FormScreen))
        await settle(pilot)

    script = "train.sh" if state == "report" else ""
    app = make_app(Options(screen="form", script=script))
    assert snap_compare(app, terminal_size=size, run_before=filled if state == "filled" else before)


def test_without_colours(snap_compare, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(Options(screen="form"))
    assert snap_compare(app, terminal_size=(80, 24), run_before=filled)
