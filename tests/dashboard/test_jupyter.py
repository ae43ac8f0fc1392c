"""What is done for the terminal of JupyterLab, where there is no browser: tests/jupyterlab has the real one."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from kqueue_tui.dashboard.jupyter import as_wide
from kqueue_tui.dashboard.terminal import is_jupyter, notification
from tests.commands.terminal import Terminal

HERE = {"PYXTERM_DIMENSIONS": "80x25", "TERM": "xterm-256color"}


def test_it_is_known_by_what_terminado_exports() -> None:
    assert is_jupyter(HERE)
    assert not is_jupyter({"TERM": "xterm-256color"})
    assert not is_jupyter({**HERE, "TERM": "tmux-256color"}), "tmux is a terminal of its own"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("✅ done", "✅  done"),
        ("🚀x", "🚀 x"),
        ("👩‍🚀x", "👩 x"),
        ("👍🏽x", "👍 x"),
        ("漢字 é ─█▌●✓▸", "漢字 é ─█▌●✓▸"),
        ("\x1b[1;3H\x1b[38;2;1;2;3mplain", "\x1b[1;3H\x1b[38;2;1;2;3mplain"),
    ],
)
def test_what_xterm_takes_for_one_column_gets_a_blank(text: str, written: str) -> None:
    assert as_wide(text) == written
    if "\x1b" not in text:
        assert cell_len(text) == cell_len(written) - sum(char in "✅🚀👩👍" for char in written)


def test_the_tab_says_that_a_watched_job_has_ended() -> None:
    assert notification("k3vq8w2m train: completed", HERE) == "\x1b]2;k3vq8w2m train: completed\x07"


def test_the_size_is_the_kernels_and_nothing_is_asked_of_the_terminal(tmp_path: Path) -> None:
    environ = {**HERE, "HOME": str(tmp_path), "COLUMNS": "40", "LINES": "10"}
    with Terminal("python", "-m", "tests.dashboard.demo", environ=environ, columns=120, lines=30) as terminal:
        text = terminal.wait_for(lambda text: "LIVE" in text and "Quit" in text, "the dashboard")
        assert len(text.splitlines()) == 30
        terminal.resize(100, 24)
        terminal.wait_for(lambda text: "Quit" in text and len(text.splitlines()) == 24, "the new size")
        terminal.type("q")
        assert terminal.wait_end() == 0
    assert b"$p" not in terminal.raw
    assert b"\x1b[48;2;" in terminal.raw, "all colours"
