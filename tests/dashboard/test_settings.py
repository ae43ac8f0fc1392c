"""The user's own settings, the options of the command line, and what is kept of the screen until next time."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from textual.theme import BUILTIN_THEMES

from kbatch_core.errors import BadConfig
from kqueue_tui.cli.kqueue import kqueue
from kqueue_tui.dashboard.actions import LOG, QUEUE, REBINDABLE
from kqueue_tui.dashboard.app import Dashboard
from kqueue_tui.dashboard.config import Config, read_config
from kqueue_tui.dashboard.launch import open_dashboard
from kqueue_tui.dashboard.options import Options
from kqueue_tui.dashboard.saved_state import State, read_state, write_state
from kqueue_tui.dashboard.themes import pick_theme
from kqueue_tui.dashboard.widgets.queue_table import QueueTable
from tests.dashboard.demo import make_app, running, settle

WHOLE = """
theme = "nord"
columns = ["id", "name", "state"]
sort = "time"
reverse = true
filter = "train"
bell = "all"
[keys]
"queue.cancel" = "f8"
"log.follow" = "F"
"""


def read(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "dashboard.toml"
    path.write_text(text)
    return read_config(path, actions=REBINDABLE)


def cursor(app: Dashboard) -> str:
    line = app.screen_stack[0].query_one(QueueTable).cursor
    return line.key if line is not None else ""


# The config


def test_every_setting_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == Config(
        "nord", ("id", "name", "state"), "time", True, "train", "all",
        {"queue.cancel": "f8", "log.follow": "F"},
    )  # fmt: skip
    assert read_config(tmp_path / "none.toml", actions=REBINDABLE) == Config()


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("theme =", "is not TOML", "Mend it"),
        ("thema = 'x'", 'there is no setting "thema"', 'Is "theme" meant?'),
        ("[themes]\nmine = 'red'", "themes.mine must be a table", "`kqueue docs dashboard`"),
        ("reverse = 1", "reverse must be true or false", "`kqueue docs dashboard`"),
        ("columns = ['jobid']", 'there is no column "jobid"', "There are account, age"),
        ("sort = 'tme'", 'there is no column "tme"', 'Is "time" meant?'),
        ("bell = 'loud'", 'there is no bell "loud"', "all, none, watched"),
        ("[keys]\n'queue.cancle' = 'x'", 'there is no action "queue.cancle"', 'Is "queue.cancel" meant?'),
        ("[keys]\n'queue.cancel' = 3", "the key of queue.cancel must be a text", "ctrl+x,f2"),
    ],
)
def test_a_mistake_in_the_config_is_said_with_its_place(
    tmp_path: Path, text: str, sentence: str, hint: str
) -> None:
    with pytest.raises(BadConfig) as caught:
        read(tmp_path, text)
    assert sentence in caught.value.sentence
    assert str(tmp_path / "dashboard.toml") in caught.value.sentence
    assert hint in caught.value.hint


async def test_the_queue_begins_as_the_config_says(tmp_path: Path) -> None:
    app = make_app(config=read(tmp_path, WHOLE))
    async with running(app) as pilot:
        assert app.theme == "nord"
        assert [place.column.id for place in app.screen.query_one(QueueTable).places] == [
            "id",
            "name",
            "state",
        ]
        assert (app.view.order.column, app.view.order.reverse) == ("time", True)
        assert {line.row.name for line in app.view.lines} == {
            "train-resnet50", "train-resnet34", "train-resnet18", "train-vit-large",
        }  # fmt: skip
        await pilot.press("c")
        assert len(app.screen_stack) == 1
        await pilot.press("f8")
        assert len(app.screen_stack) == 2


def test_every_action_has_an_id_of_its_own() -> None:
    for actions in (QUEUE, LOG):
        assert len({action.id for action in actions}) == len(actions)
        assert {action.id for action in actions} <= REBINDABLE


async def test_a_theme_of_ones_own(tmp_path: Path) -> None:
    text = 'theme = "mine"\n[themes.mine]\nprimary = "#123456"\naccent = "orange"\ndark = false\n'
    app = make_app(config=read(tmp_path, text))
    async with running(app) as pilot:
        assert app.theme == "mine"
        assert (app.current_theme.primary, app.current_theme.dark) == ("#123456", False)
        await pilot.press("j")


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("x = 1", 'theme "mine": there is no "x"'),
        ("accent = 'red'", 'theme "mine" needs primary'),
        ("primary = 'blau'", 'theme "mine": primary "blau" is no colour'),
        ("primary = 3", 'theme "mine": primary "3" is no colour'),
        ("primary = 'red'\ndark = 'yes'", 'theme "mine": dark must be true or false'),
    ],
)
def test_a_theme_of_ones_own_with_a_mistake(tmp_path: Path, table: str, sentence: str) -> None:
    config = read(tmp_path, f"[themes.mine]\n{table}")
    with pytest.raises(BadConfig) as caught:
        make_app(config=config)
    assert sentence in caught.value.sentence
    assert caught.value.hint


# The command line


async def test_options_win_over_config_and_what_was_kept() -> None:
    app = make_app(
        Options(filter="sweep", theme="gruvbox"),
        config=Config(theme="nord", filter="train"),
        state=State(theme="dracula", filter="vit"),
    )
    async with running(app):
        assert app.theme == "gruvbox"
        assert [line.row.name for line in app.view.lines] == ["sweep-lr"]


def test_a_theme_that_is_not_there() -> None:
    with pytest.raises(BadConfig, match='There is no theme "nrd"') as caught:
        make_app(Options(theme="nrd"))
    assert caught.value.hint == 'Is "nord" meant?'


@pytest.mark.parametrize(
    ("wanted", "environ", "theme"),
    [
        ("", {}, "textual-dark"),
        ("", {"COLORFGBG": "0;15"}, "textual-light"),
        ("", {"COLORFGBG": "15;0"}, "textual-dark"),
        ("ansi-dark", {}, "ansi-dark"),
        ("ansi-dark", {"NO_COLOR": "1"}, "textual-dark"),
        ("ansi-light", {"NO_COLOR": "1"}, "textual-light"),
        ("nord", {"NO_COLOR": "1"}, "nord"),
    ],
)
def test_the_theme_fits_the_terminal(wanted: str, environ: dict[str, str], theme: str) -> None:
    assert pick_theme(wanted, BUILTIN_THEMES, environ) == theme


@pytest.mark.parametrize(
    ("wanted", "environ", "theme"),
    [
        ("", {}, "ansi-dark"),
        ("", {"COLORFGBG": "0;15"}, "ansi-light"),
        ("nord", {}, "ansi-dark"),
        ("solarized-light", {}, "ansi-light"),
        ("ansi-light", {}, "ansi-light"),
        ("", {"NO_COLOR": "1"}, "textual-dark"),
    ],
)
def test_16_colours_are_the_terminals_own(wanted: str, environ: dict[str, str], theme: str) -> None:
    assert pick_theme(wanted, BUILTIN_THEMES, environ, few_colours=True) == theme


def options_of(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> Options:
    """What the dashboard is opened with by `kqueue ARGUMENTS` on a terminal."""
    opened: list[Options] = []

    def note(options: Options) -> int:
        opened.append(options)
        return 0

    monkeypatch.setattr("kqueue_tui.cli.kqueue.on_terminal", lambda: True)
    monkeypatch.setattr("kqueue_tui.dashboard.launch.open_dashboard", note)
    monkeypatch.setattr("gc.disable", lambda: None)  # launch would enable it again
    result = CliRunner().invoke(kqueue, arguments, standalone_mode=False)
    assert result.exception is None and result.return_value == 0
    return opened[0]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("", Options()),
        ("--readonly", Options(readonly=True)),
        ("--filter train", Options(filter="train")),
        ("--theme nord", Options(theme="nord")),
        ("--no-mouse", Options(mouse=False)),
        ("--all-users", Options(all_users=True)),
        ("-A", Options(all_namespaces=True)),
        (
            "--namespace a,b --context c --kubeconfig k",
            Options(namespaces=("a", "b"), context="c", kubeconfig="k"),
        ),
    ],
)
def test_options_of_the_command_line(
    arguments: str, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert options_of(*arguments.split(), monkeypatch=monkeypatch) == options


@pytest.mark.parametrize("mouse", [True, False])
def test_the_mouse_may_stay_the_terminals(
    mouse: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran: list[object] = []
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(Dashboard, "run", lambda app, **how: ran.append(how["mouse"]))
    assert open_dashboard(Options(mouse=mouse)) == 0
    assert ran == [mouse]


# What is kept


async def test_the_screen_is_as_it_was_left() -> None:
    kept: list[State] = []
    app = make_app(keep=kept.append)
    async with running(app) as pilot:
        await pilot.press("b", "greater_than_sign", "S", "1")
        app.screen.query_one(QueueTable).put_cursor("demo-m2k7vd9c")
        await pilot.press("t", "j")
        left_on = cursor(app)
        assert left_on.startswith("demo-m2k7vd9c/")
        app.theme = "nord"
        await pilot.press("q")
    again = make_app(state=kept[-1], keep=kept.append)
    async with running(again) as pilot:
        assert again.theme == "nord"
        assert again.settings.watched == {"demo-c9x4rm2k"}
        assert (again.view.order, again.view.filter) == (app.view.order, app.view.filter)
        assert cursor(again) == left_on
        await pilot.press("q")
    assert kept[-1] == kept[-2]


async def test_a_cursor_of_a_job_that_is_gone_is_the_first_line() -> None:
    app = make_app(
        state=State(cursor="demo-gone", theme="of another version", sort="gone", columns=("gone", "id"))
    )
    async with running(app) as pilot:
        assert cursor(app) == "demo-c9x4rm2k"
        await pilot.press("j", "1", "0")
        assert cursor(app) == "demo-h6w3zt8p"


async def test_a_theme_of_the_command_line_is_for_once() -> None:
    kept: list[State] = []
    for options, state in ((Options(theme="nord"), State()), (Options(theme="nord"), State(theme="dracula"))):
        app = make_app(options, state=state, keep=kept.append)
        async with running(app) as pilot:
            await settle(pilot)
    assert [state.theme for state in kept] == ["", "dracula"]


def test_the_file_of_what_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "dashboard.json"
    state = State(("id",), "time", True, "train", ("running",), ("u1",), "u2", ("u3",), "nord")
    write_state(path, state)
    assert read_state(path) == state
    assert [file.name for file in path.parent.iterdir()] == ["dashboard.json"]
    for text in ("", "[]", "null", '{"columns": 3, "sort": ["x"], "watched": [1, "u"], "later": 1}'):
        path.write_text(text)
        assert read_state(path) == State(watched=("u",) if "watched" in text else ())
    assert read_state(tmp_path / "none.json") == State()
    write_state(Path("/proc/none/dashboard.json"), state)
