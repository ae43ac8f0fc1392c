"""`kqueue docs`: the pages, as they are in a pipe and readable in a terminal."""

from __future__ import annotations

from pathlib import Path

from kqueue_tui.cli.docs import PAGES
from tests.commands.terminal import Terminal
from tests.commands.test_bad_input import one_sentence, run
from tests.pods import ROOT


def test_which_pages_there_are_and_one_as_it_is(tmp_path: Path) -> None:
    assert [line.split()[0] for line in run("kqueue", "docs", cwd=tmp_path).stdout.splitlines()] == list(
        PAGES
    )
    assert run("kqueue", "docs", "slurm", cwd=tmp_path).stdout == (ROOT / "docs" / "slurm.md").read_text()


def test_a_page_that_is_not_there(tmp_path: Path) -> None:
    assert "'slurn' is not one of" in one_sentence(run("kqueue", "docs", "slurn", cwd=tmp_path), "kqueue", 2)


def test_in_a_terminal_the_pager_shows_it_laid_out(tmp_path: Path) -> None:
    with Terminal(
        "kqueue", "docs", "hub", environ={"HOME": str(tmp_path), "PAGER": "cat"}, columns=70
    ) as terminal:
        assert terminal.wait_end() == 0
    text = terminal.raw.decode()
    assert "Home for one node" in text
    assert "## " not in text and "**" not in text
