"""Every key of the queue does what the help says."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input

from kqueue_tui.dashboard.actions import ALWAYS, APP, MOVES, QUEUE
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.backend import Scope
from kqueue_tui.dashboard.config import Config
from kqueue_tui.dashboard.dialogs.choose import Choose
from kqueue_tui.dashboard.dialogs.columns import ChooseColumns
from kqueue_tui.dashboard.dialogs.copy import Copied
from kqueue_tui.dashboard.dialogs.help import Help, action_lines
from kqueue_tui.dashboard.saved_state import State
from kqueue_tui.dashboard.screens.log_pane import LogPane
from kqueue_tui.dashboard.widgets.hints import Hints
from kqueue_tui.dashboard.widgets.queue_table import QueueTable
from kqueue_tui.dashboard.widgets.status_line import StatusLine
from tests.dashboard.demo import make_app, running, settle, until

RUNNING = ["c9x4rm2k", "h6w3zt8p", "m2k7vd9c", "t4n8qw2x"]


def table(app: Dashboard) -> QueueTable:
    return app.screen_stack[0].query_one(QueueTable)


def cursor(app: Dashboard) -> str:
    line = table(app).cursor
    return line.row.id if line is not None else ""


def shown(app: Dashboard) -> list[str]:
    return [line.row.id for line in app.view.lines]


def toasts(app: Dashboard) -> list[str]:
    return [str(toast.render()) for toast in app.screen.query("Toast")]


async def test_moves() -> None:
    app = make_app()
    async with running(app, (100, 14)) as pilot:
        last = len(app.view.lines) - 1
        for keys, row in (
            (["j"], 1), (["down"], 2), (["k"], 1), (["up"], 0), (["k"], 0),
            (["G"], last), (["j"], last), (["g"], 0), (["end"], last), (["home"], 0),
            (["ctrl+d"], 4), (["ctrl+u"], 0), (["pagedown"], 8), (["pageup"], 0), (["ctrl+f"], 8), (["ctrl+b"], 0),
        ):  # fmt: skip
            await pilot.press(*keys)
            assert cursor(app) == app.view.lines[row].row.id, keys
            top = table(app).scroll_offset.y
            assert top <= row < top + table(app).size.height


async def test_marks_and_ranges() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("space", "j", "space")
        assert table(app).marks == {"demo-c9x4rm2k", "demo-m2k7vd9c"}
        await pilot.press("escape")
        assert table(app).marks == set()
        await pilot.press("g", "V", "j", "j")
        assert [line.row.id for line in table(app).targets] == RUNNING[:3]
        await pilot.press("k", "V", "j", "j")
        assert [line.row.id for line in table(app).targets] == RUNNING[:2]
        await pilot.press("escape")
        assert [line.row.id for line in table(app).targets] == [cursor(app)]


async def test_fold_and_unfold() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("j", "j", "t")
        assert shown(app)[2:5] == ["m2k7vd9c", "m2k7vd9c_0", "m2k7vd9c_1"]
        await pilot.press("j", "j", "left")
        assert "m2k7vd9c_0" not in shown(app)
        assert cursor(app) == "m2k7vd9c"
        await pilot.press("right")
        assert "m2k7vd9c_0" in shown(app)


async def test_filter_by_text() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("slash", *"resnet(50|34)")
        await until(pilot, lambda: shown(app) == ["t4n8qw2x", "w9c3tx6h"])
        await pilot.press("enter")
        assert not app.screen.query(Input)
        assert shown(app) == ["t4n8qw2x", "w9c3tx6h"]
        assert isinstance(app.focused, QueueTable)
        await pilot.press("slash")
        assert app.screen.query_one(Input).value == "resnet(50|34)"
        await pilot.press("escape")
        await settle(pilot)
        assert len(shown(app)) == app.view.total
        await pilot.press("slash", *"vit", "enter")
        assert shown(app) == ["v8d2hq5n"]
        await pilot.press("escape")
        assert len(shown(app)) == app.view.total


async def test_keys_that_come_fast_after_enter_are_not_the_filters() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("slash", *"train")
        for key in ("enter", "j", "space", "j"):
            app.post_message(Key(key, {"enter": "\r", "space": " "}.get(key, key)))
        await until(pilot, lambda: table(app).marks)
        await settle(pilot)
        assert app.view.filter.text == "train"
        assert table(app).marks == {app.view.lines[1].uid}
        assert cursor(app) == app.view.lines[3].row.id


@pytest.mark.parametrize(
    ("opened", "keys"),
    [
        ("", ("slash", *"cycrash", "enter", "j")),
        ("l", ("slash", *"cqp", "escape", "t")),
        ("n", ("slash", *"sot", "backspace", "enter")),
    ],
    ids=["queue", "log", "form"],
)
async def test_what_is_typed_fast_after_slash_is_text_and_no_command(
    opened: str, keys: tuple[str, ...]
) -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press(*opened)
        await settle(pilot)
        screen = app.screen
        for key in keys:  # by a fast hand: none waits for what the last one did
            app.post_message(Key(key, "/" if key == "slash" else key if len(key) == 1 else None))
        await until(pilot, lambda: not app.screen.query("FilterBar"))
        await settle(pilot)
        assert app.screen is screen
        assert not toasts(app)
        if not opened:
            assert app.view.filter.typed == "cycrash"


async def test_what_is_typed_fast_after_tab_is_for_the_other_part() -> None:
    app = make_app(state=State(log_pane="below"))
    async with running(app) as pilot:
        await until(pilot, lambda: app.screen.query(LogPane))
        await settle(pilot)
        before = cursor(app)
        for key in ("tab", "k", "k", "tab", "j"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: cursor(app) != before)
        await settle(pilot)
        assert cursor(app) == "h6w3zt8p"
        assert not app.screen.query_one(LogPane).lines.following


async def test_filter_by_label() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("slash", *"train -l kbatch/id in (v8d2hq5n, m2k7vd9c)", "enter")
        assert shown(app) == ["v8d2hq5n"]
        await pilot.press("escape", "slash", *"-l nothing=", "enter")
        assert shown(app) == []
        await pilot.press("escape", "slash", *"-l a=(", "enter")
        assert len(shown(app)) == app.view.total
        assert "no label selector" in str(app.screen.query_one(StatusLine).render())


async def test_filter_by_state() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("1")
        assert shown(app) == RUNNING
        await pilot.press("5")
        assert shown(app) == [*RUNNING, "f2z6kr9w"]
        await pilot.press("1")
        assert shown(app) == ["f2z6kr9w"]
        for key, number in (("2", 5), ("3", 5), ("4", 4)):
            await pilot.press("0", key)
            assert len(shown(app)) == number, key
        await pilot.press("0")
        assert len(shown(app)) == app.view.total


async def test_sort() -> None:
    app = make_app()
    async with running(app) as pilot:
        assert app.view.order.column == "state"
        await pilot.press("less_than_sign")
        assert app.view.order.column == "name"
        names = [line.row.name.lower() for line in app.view.lines]
        assert names == sorted(names)
        await pilot.press("S")
        assert [line.row.name.lower() for line in app.view.lines] == names[::-1]
        await pilot.press("greater_than_sign", "greater_than_sign")
        assert (app.view.order.column, app.view.order.reverse) == ("time", False)
        times = [line.row.elapsed(app.now()) for line in app.view.lines]
        assert times == sorted(times, reverse=True)


async def test_columns() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("o")
        assert isinstance(app.screen, ChooseColumns)
        await pilot.press("j", "space", "j", "J", "k", "K", "K", "enter")
        assert app.settings.columns[:3] == ("time", "id", "state")
        assert "name" not in app.settings.columns
        assert [place.column.id for place in table(app).places][:3] == ["time", "id", "state"]
        await pilot.press("o", "space", "escape")
        assert app.settings.columns[0] == "time"


async def test_scope() -> None:
    app = make_app()
    async with running(app) as pilot:
        for scope in (Scope(""), Scope("", all_namespaces=True), Scope(None)):
            await pilot.press("A")
            await settle(pilot)
            assert app.scope == scope
            columns = [place.column.id for place in table(app).places]
            assert ("user" in columns) == (scope.user == "")
            assert ("namespace" in columns) == scope.all_namespaces


def refuse(path: Path, text: str) -> int:
    raise OSError(28, "No space left")


async def test_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("Y")
        assert isinstance(app.screen, Choose)
        await pilot.press("4")
        assert isinstance(app.screen, Copied)
        assert app.clipboard == "kqueue show c9x4rm2k"
        monkeypatch.chdir(tmp_path)
        await pilot.press("D", "D")
        assert (tmp_path / "kqueue-copy-2.txt").read_text() == "kqueue show c9x4rm2k\n"
        monkeypatch.setattr(Path, "write_text", refuse)
        await pilot.press("D")
        await until(pilot, lambda: "cannot be written: No space left." in " ".join(toasts(app)))
        await pilot.press("enter", "space", "space", "Y")
        assert app.clipboard == "c9x4rm2k h6w3zt8p"
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_shell_and_attach_show_the_command_where_the_app_cannot_be_suspended() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("a")
        assert isinstance(app.screen, Copied)
        assert app.clipboard == "sh -c 'echo What c9x4rm2k prints.'"
        await pilot.press("escape")
        await pilot.press("s")
        assert isinstance(app.screen, Copied)
        assert "c9x4rm2k" in app.clipboard
        await pilot.press("escape", "2", "s")
        assert len(app.screen_stack) == 1


async def test_bell() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.press("b")
        assert app.settings.watched == {"demo-c9x4rm2k"}
        await pilot.press("b")
        assert app.settings.watched == set()
        await pilot.press("G", "b")
        assert app.settings.watched == set()


async def test_help_and_the_way_back_are_in_the_footer_of_every_screen_at_80_columns() -> None:
    app = make_app()
    async with running(app, (80, 24)) as pilot:
        for keys, back in (((), "q Quit"), (("d",), "q Back"), (("l",), "q Back"), (("n",), "q Back")):
            await pilot.press(*keys)
            await settle(pilot)
            hints = str(app.screen.query_one(Hints).render())
            assert hints.rstrip().endswith("? Help"), hints
            assert back in hints
            if keys:
                await pilot.press("q")


async def test_while_a_filter_is_typed_the_footer_has_its_keys_alone() -> None:
    app = make_app()
    async with running(app) as pilot:
        hints = app.screen.query_one(Hints)
        before = hints.hints
        await pilot.press("slash", *"train")
        assert str(hints.render()).split() == ["⏎", "Keep", "esc", "Clear"]
        await pilot.click(Hints, offset=(2, 0))
        await until(pilot, lambda: hints.hints == before)
        assert app.view.filter.typed == "train"
        await pilot.press("slash")
        await pilot.click(Hints, offset=(12, 0))
        await until(pilot, lambda: not app.view.filter.typed)


async def test_what_has_no_tasks_says_so() -> None:
    app = make_app()
    async with running(app) as pilot:
        for keys in (("t",), ("d", "t")):
            app.clear_notifications()
            await pilot.press(*keys)
            await until(pilot, lambda: "It is no array: it has no tasks." in toasts(app))


async def test_the_palette_has_each_thing_once() -> None:
    app = make_app()
    async with running(app):
        assert [one.title for one in app.get_system_commands(app.screen)] == ["Theme", "Screenshot"]


async def test_help_lists_every_key_of_the_queue() -> None:
    app = make_app()
    async with running(app) as pilot:
        keys = app.screen.keys_by_id()  # type: ignore[attr-defined]
        for action in (*APP, *ALWAYS, *MOVES, *QUEUE):
            assert len(keys[action.id]) == len(action.keys.split(",")), action.id
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        await pilot.press("question_mark", "f1")
        assert isinstance(app.screen, Help)
        await pilot.press("q")
        assert len(app.screen_stack) == 1


def test_what_a_key_does_stays_in_its_column() -> None:
    action = next(action for action in QUEUE if action.id == "queue.filter")
    for width in (96, 70, 30):
        first, *others = action_lines(action, "/", width).plain.splitlines()
        column = first.index(action.about.split()[0])
        assert others
        assert all(line.startswith(" " * column) and line[column] != " " for line in others)
        assert " ".join([first[column:], *(line.strip() for line in others)]) == action.about
        assert all(len(line) <= max(width, column + 20) for line in (first, *others))


async def test_another_key_from_the_config() -> None:
    app = make_app(config=Config(keys={"queue.reverse": "f7"}))
    async with running(app) as pilot:
        await pilot.press("S")
        assert not app.view.order.reverse
        await pilot.press("f7")
        assert app.view.order.reverse


async def test_mouse() -> None:
    app = make_app()
    async with running(app) as pilot:
        await pilot.click(QueueTable, offset=(10, 3))
        assert cursor(app) == "t4n8qw2x"
        await pilot.click(QueueTable, offset=(2, 2))
        assert "m2k7vd9c_0" in shown(app)
        await pilot.click("ColumnHeader", offset=(6, 0))
        assert app.view.order.column == "id"
        await pilot.click("ColumnHeader", offset=(6, 0))
        assert app.view.order.reverse
        await pilot.click("Hints", offset=(2, 0))
        assert app.screen.query(Input)


async def test_quit() -> None:
    for key in ("q", "ctrl+c"):
        app = make_app()
        async with running(app) as pilot:
            assert app.return_code is None
            await pilot.press(key)
            await pilot.pause()
            assert app.return_code == 0, key
