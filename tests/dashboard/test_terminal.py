"""The dashboard on a real pty: whatever ends it, the terminal is left as it was found."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from kqueue_tui.dashboard.terminal import notification
from tests.commands.terminal import Terminal

# Modes that a terminal has on when nothing else is said: the cursor is shown, long lines are wrapped.
NORMAL = {"7", "25"}
CRASH = """
import sys
from kqueue_tui.dashboard.screens.queue import QueueScreen
def fail(screen):
    raise RuntimeError("a mistake in kqueue")
QueueScreen.action_columns = fail
sys.argv[1:] = []
from tests.dashboard.demo.__main__ import main
main()
"""

GARBAGE = """
import atexit, gc, sys
from pathlib import Path
from kqueue_tui.dashboard.app import Dashboard
looks = []
ready = Dashboard.on_ready
def on_ready(app):
    looks.append(gc.isenabled())
    ready(app)
    looks.append(gc.isenabled())
Dashboard.on_ready = on_ready
gc.freeze = lambda freeze=gc.freeze: (freeze(), Path.home().joinpath("frozen").touch())
atexit.register(lambda: print("looked for:", *looks, "; kept out:", gc.get_freeze_count() > 0))
sys.argv[1:] = []
from tests.dashboard.demo.__main__ import main
main()
"""


def environ(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "COLORTERM": "truecolor"}


def demo(home: Path) -> Terminal:
    return Terminal("python", "-m", "tests.dashboard.demo", environ=environ(home), columns=120, lines=30)


def wait_open(terminal: Terminal) -> None:
    terminal.wait_for(lambda text: "LIVE" in text and "Quit" in text, "the dashboard")
    assert {"1049", "2004", "1006"} <= terminal.modes()
    assert "25" not in terminal.modes()


def is_whole(terminal: Terminal, before: list[object]) -> bool:
    return terminal.modes() <= NORMAL and "25" in terminal.modes() and terminal.attributes() == before


def keys(text: str) -> Callable[[Terminal], None]:
    return lambda terminal: terminal.type(text)


def sends(number: signal.Signals) -> Callable[[Terminal], None]:
    return lambda terminal: terminal.signal(number)


@pytest.mark.parametrize(
    ("leave", "code"),
    [
        (keys("q"), 0),
        (keys("\x03"), 0),
        (keys("?\x03"), 0),
        (sends(signal.SIGINT), 130),
        (sends(signal.SIGTERM), 143),
        (sends(signal.SIGHUP), 129),
    ],
    ids=["q", "ctrl-c", "ctrl-c in a dialog", "INT", "TERM", "HUP"],
)
def test_leaving_leaves_the_terminal_whole(
    tmp_path: Path, leave: Callable[[Terminal], None], code: int
) -> None:
    with demo(tmp_path) as terminal:
        before = terminal.attributes()
        wait_open(terminal)
        assert terminal.attributes() != before
        leave(terminal)
        assert terminal.wait_end() == code
        assert is_whole(terminal, before)
        assert b"Traceback" not in terminal.raw
    assert list(tmp_path.rglob("dashboard.json")), "the state of the screen is kept"


def test_a_crash_leaves_the_terminal_whole_and_says_what_it_was(tmp_path: Path) -> None:
    with Terminal("python", "-c", CRASH, environ=environ(tmp_path), columns=120, lines=30) as terminal:
        before = terminal.attributes()
        wait_open(terminal)
        terminal.type("o")
        assert terminal.wait_end() == 1
        assert is_whole(terminal, before)
        assert "a mistake in kqueue" in terminal.text()


def test_garbage_is_looked_for_from_the_first_paint_on_and_not_in_what_was_loaded(tmp_path: Path) -> None:
    with Terminal("python", "-c", GARBAGE, environ=environ(tmp_path), columns=120, lines=30) as terminal:
        wait_open(terminal)
        terminal.wait_for(lambda text: (tmp_path / "frozen").exists(), "all jobs")
        terminal.type("q")
        assert terminal.wait_end() == 0
        assert "looked for: False True ; kept out: True" in terminal.text()


def test_a_closed_window_ends_it(tmp_path: Path) -> None:
    with demo(tmp_path) as terminal:
        wait_open(terminal)
        terminal.hang_up()
        assert terminal.wait_end() != 0
    assert list(tmp_path.rglob("dashboard.json")), "the state of the screen is kept"


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shell = Terminal(
        "/bin/bash", "--norc", "-i", environ=environ(tmp_path) | {"PS1": "% ", "PATH": path}, columns=120
    )
    with shell as terminal:
        terminal.type("python -m tests.dashboard.demo\r")
        wait_open(terminal)
        terminal.type("\x1a")
        terminal.wait_for(lambda text: "Stopped" in text and text.endswith("%"), "the shell")
        assert terminal.modes() <= {*NORMAL, "2004"}, "bash's own line editor pastes in brackets"
        terminal.type("echo in-$((1+1))-the-shell; fg\r")
        terminal.wait_for(lambda text: "LIVE" in text and "Quit" in text, "the dashboard again")
        assert b"in-2-the-shell" in terminal.raw
        terminal.type("j?")
        terminal.wait_for(lambda text: "? closes" in text, "keys to work")
        terminal.type("\x03")
        terminal.wait_for(lambda text: text.endswith("%"), "the shell at last")
        terminal.type("exit 5\r")
        assert terminal.wait_end() == 5


def ends_with(words: str, times: int, text: str) -> bool:
    return text.endswith(words) and text.count(words) == times


def test_what_takes_the_terminal_gives_it_back(tmp_path: Path) -> None:
    with demo(tmp_path) as terminal:
        wait_open(terminal)
        terminal.type("\x1a")
        terminal.wait_for(lambda text: "No shell has started kqueue" in text, "a word about it")
        prompt = "Enter goes back to the dashboard."
        for already, back in enumerate(("\r", "\x03")):
            terminal.type("a")
            # The shell's screen still has what was printed the last time.
            terminal.wait_for(partial(ends_with, prompt, 1 + already), "the output")
            assert "prints." in terminal.text() and "1049" not in terminal.modes()
            terminal.type(back)
            wait_open(terminal)
        terminal.type("q")
        assert terminal.wait_end() == 0


def test_what_failed_in_the_terminal_can_be_read_before_the_dashboard_is_back(tmp_path: Path) -> None:
    (tmp_path / "train.sh").touch()
    editors = {
        "sh -c 'echo it will not; exit 3'": "it will not",
        "no-such-editor": "There is no program no-such-editor",
    }
    for editor, words in editors.items():
        where = environ(tmp_path) | {"VISUAL": editor}
        with Terminal(
            "python", "-m", "tests.dashboard.demo", environ=where, columns=120, lines=30
        ) as terminal:
            wait_open(terminal)
            terminal.type("n")
            terminal.wait_for(lambda text: "s Submit" in text, "the form")
            terminal.type("\r")
            terminal.wait_for(lambda text: "⏎ Keep" in text, "the field")
            terminal.type("train.sh\r")
            terminal.wait_for(lambda text: "kbatch train.sh" in text and "⏎ Edit" in text, "the script")
            terminal.type("e")
            terminal.wait_for(lambda text: text.endswith("Enter goes back to the dashboard."), "the way back")
            assert words in terminal.text()
            terminal.type("\r")
            terminal.wait_for(lambda text: "ended with exit code" in text, "the form again")


def test_it_is_drawn_anew_in_each_size(tmp_path: Path) -> None:
    with demo(tmp_path) as terminal:
        wait_open(terminal)
        for columns, lines in ((200, 50), (80, 24), (30, 8), (10, 3), (1, 1), (120, 30)):
            terminal.resize(columns, lines)
        terminal.wait_for(
            lambda text: len(text.splitlines()) == 30 and "Quit" in text.splitlines()[-1], "the size"
        )
        terminal.type("q")
        assert terminal.wait_end() == 0
        assert b"Traceback" not in terminal.raw


def test_where_nobody_would_see_it_the_list_is_printed(tmp_path: Path) -> None:
    command = '"$0" --namespace x 2>/dev/null; echo code-$?'
    kqueue = str(Path(sys.executable).with_name("kqueue"))
    with Terminal("/bin/sh", "-c", command, kqueue, environ=environ(tmp_path)) as terminal:
        terminal.wait_end()
        assert "code-3" in terminal.text()
        assert b"\x1b" not in terminal.raw


def test_the_notification_is_the_one_that_the_terminal_knows() -> None:
    words = "k3vq8w2m train: completed"
    osc9, osc777 = f"\x1b]9;{words}\x07", f"\x1b]777;notify;kqueue;{words}\x07"
    xterm = {"TERM": "xterm-256color"}
    assert notification(words, xterm) == notification(words, {"TERM": "xterm-kitty"}) == osc9
    for environ in ({"TERM": "foot"}, {"TERM": "rxvt-unicode"}, {**xterm, "VTE_VERSION": "7600"}):
        assert notification(words, environ) == osc777, environ
    assert notification(words, {"TERM": "tmux-256color", "TMUX": "/tmp/t"}) == (
        f"\x1bPtmux;\x1b\x1b]9;{words}\x07\x1b\\"
    )
    assert notification(words, {"TERM": "screen", "STY": "1.pts"}) == f"\x1bP{osc9}\x1b\\"
    for plain in ("", "dumb", "linux"):
        assert notification(words, {"TERM": plain}) == ""
    assert notification("\x07\x1b]0;x", xterm).count("\x1b") == 1, "a job's name acts on nothing"
