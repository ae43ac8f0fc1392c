"""The dashboard where our users have it: in a terminal of a real JupyterLab, in a real browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from kbatch_core.local import lifecycle
from kbatch_core.local.place import find_place
from kqueue_tui.dashboard.actions import (
    ALWAYS,
    APP,
    DETAIL,
    FIELDS,
    FILES,
    FORM,
    LOG,
    LOG_MOVES,
    LOG_SCREEN,
    MOVES,
    QUEUE,
)
from tests.cluster import Missing
from tests.conftest import unavailable
from tests.jupyterlab.chromium import SHIFT, Browser
from tests.jupyterlab.lab import PROMPT, Lab, Page

DEMO = "python -m tests.dashboard.demo"
# What terminado keeps of a terminal's output for a page that comes anew, in pieces.
KEPT = 1000
# What Chrome or Firefox keeps for itself, as an issue of JupyterLab or the vendor's help says.
TAKEN = {"ctrl+n", "ctrl+t", "ctrl+w", "ctrl+q", "ctrl+b", "ctrl+p", "ctrl+s", "ctrl+f", "f1", "f5", "f11"}
_BROWSER = {
    "enter": "Enter", "escape": "Escape", "tab": "Tab", "backspace": "Backspace", "delete": "Delete", "space": " ",
    "up": "ArrowUp", "down": "ArrowDown", "left": "ArrowLeft", "right": "ArrowRight", "pageup": "PageUp",
    "pagedown": "PageDown", "home": "Home", "end": "End", "f1": "F1", "question_mark": "?", "colon": ":",
    "slash": "/", "less_than_sign": "<", "greater_than_sign": ">", "vertical_line": "|", "ampersand": "&",
    "full_stop": ".",
}  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser and one JupyterLab for all of them."""
    folder = tmp_path_factory.mktemp("jupyterlab")
    try:
        browser, lab = (
            Browser(folder),
            Lab(folder, {"TEXTUAL_FPS": "200"}),
        )
    except Missing as reason:
        unavailable(reason)
        raise
    with lab, browser:
        yield Page(browser, lab)


@pytest.fixture
def page(shared: Page) -> Iterator[Page]:
    shutil.rmtree(shared.lab.home / ".local", ignore_errors=True)  # what the screen was like last time
    shared.open_terminal()
    yield shared
    shared.close_terminal()


def open_demo(page: Page, command: str = DEMO) -> None:
    page.enter(command)
    page.wait_for(lambda text: "LIVE" in text and "? Help" in text, "the dashboard")


def leave(page: Page) -> None:
    """By `q`: the shell has its screen as it was."""
    page.press("q")
    page.wait_for(lambda text: text.endswith(PROMPT), "the shell")
    assert not page.modes()["alternate"]


def under_cursor(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("▌"))


def test_it_starts_in_full_colour_and_leaves_the_shell_as_it_was(page: Page) -> None:
    before = page.modes()
    for keys in (("q",), ("Control-C",)):
        open_demo(page)
        assert page.modes()["mouseTrackingMode"] == "any"
        assert page.term("buffer.active.getLine(0).getCell(1).isBgRGB()"), "not the nearest of 256 colours"
        page.control("c") if keys == ("Control-C",) else page.press(*keys)
        page.wait_for(lambda text: text.endswith(PROMPT), "the shell")
        assert page.modes() == before
    page.enter("echo in-$((1+1))-the-shell")
    text = page.wait_for(lambda text: "in-2-the-shell" in text, "an answer")
    assert text.count("\n") == 4, "no stray characters"


def test_every_key_of_the_dashboard_arrives(page: Page, tmp_path: Path) -> None:
    listed = (APP, ALWAYS, MOVES, QUEUE, DETAIL, LOG_MOVES, LOG, LOG_SCREEN, FIELDS, FORM, FILES)
    actions = [action for some in listed for action in some]
    only_taken = [action.id for action in actions if set(action.keys.split(",")) <= TAKEN]
    assert only_taken == []
    keys = list(dict.fromkeys(key for action in actions for key in action.keys.split(",")))
    # Esc comes last: with another key at once after it, it would be Alt.
    keys.sort(key="escape".__eq__)
    heard = tmp_path / "keys"
    page.enter(f"python -m tests.jupyterlab.keys {heard}")
    page.wait_for(lambda text: "READY" in text, "the listener")
    for key in keys:
        modifier, _, name = key.rpartition("+")
        if modifier == "ctrl":
            page.control(name)
        else:
            page.browser.press(
                _BROWSER.get(name, name), SHIFT if modifier == "shift" or name.isupper() else 0
            )
    page.wait_for(
        lambda text: heard.exists() and len(heard.read_text().split()) >= len(keys), "all keys", seconds=20
    )
    assert heard.read_text().split() == keys
    page.wait_for(lambda text: text.endswith(PROMPT), "the shell")


def test_a_reloaded_page_has_the_dashboard_as_it_was(page: Page) -> None:
    open_demo(page)
    page.press("j", "j")
    before = under_cursor(page.wait_for(lambda text: "sweep-lr" in under_cursor(text), "two lines down"))
    page.reload()
    text = page.wait_for(lambda text: "LIVE" in text and "? Help" in text, "the dashboard again")
    assert before[:36] == under_cursor(text)[:36]
    assert page.modes()["alternate"] and page.modes()["mouseTrackingMode"] == "any"
    page.press("j")
    page.wait_for(lambda text: under_cursor(text)[:36] != before[:36], "a key to work")
    leave(page)


def test_after_a_long_time_a_reloaded_page_still_has_the_whole_of_it(page: Page) -> None:
    open_demo(page)
    with page.closed() as output:
        for number in range(KEPT):
            output.type("jk"[number % 2])
            output.wait_piece()
    text = page.wait_for(
        lambda text: "LIVE" in text and "? Help" in text and "JOBID" in text, "the dashboard"
    )
    assert len(text.splitlines()) == page.size()[1]
    assert page.modes()["alternate"] and page.modes()["mouseTrackingMode"] == "any"
    leave(page)


def test_a_page_that_is_reloaded_after_the_end_types_nothing_into_the_shell(page: Page) -> None:
    open_demo(page)
    leave(page)
    page.reload()
    page.enter("echo in-$((1+1))-the-shell")
    text = page.wait_for(lambda text: "in-2-the-shell" in text, "an answer")
    assert f"{PROMPT} echo in-$((1+1))" in text
    assert [data for data in page.sent() if "$y" in data] == [], "nothing was asked of the terminal"


def test_it_follows_the_window_and_the_side_bar(page: Page) -> None:
    open_demo(page)
    sizes = [page.size()]

    def drawn(text: str) -> bool:
        """To the last column of the last line, and the first line to its end."""
        columns, lines = page.size()
        if (columns, lines) == sizes[-1]:
            return False
        shown = text.splitlines()
        width = page.term("buffer.active.getLine(0).getCell(terminal._term.cols - 1).isBgRGB()")
        return bool(width) and len(shown) == lines and ("kqueue" in shown[0] or lines < 10)

    for width, height in ((860, 520), (560, 360), (1280, 800)):
        page.browser.resize(width, height)
        page.wait_for(drawn, f"it to fill {width}x{height}")
        sizes.append(page.size())
    page.browser.run("jupyterapp.commands.execute('application:toggle-left-area').then(() => 0)")
    page.wait_for(drawn, "it to fill what the side bar had")
    assert page.size()[0] > sizes[-1][0]
    sizes.append(page.size())
    page.browser.run("jupyterapp.commands.execute('application:toggle-left-area').then(() => 0)")
    page.wait_for(drawn, "it to give it back")
    assert all(before != after for before, after in pairwise(sizes))
    leave(page)


def test_the_mouse(page: Page) -> None:
    open_demo(page)
    page.click("publish-figures")
    page.wait_for(lambda text: "publish-figures" in under_cursor(text), "a clicked line")
    page.click("NAME")
    page.wait_for(lambda text: "NAME▼" in text, "a clicked header")
    page.click("Details")
    page.wait_for(lambda text: "Overview" in text, "a clicked key of the footer")
    page.press("v")
    page.wait_for(lambda text: "Script" in text, "the script")
    page.press("q", "c")
    page.wait_for(lambda text: "Yes, cancel" in text, "the question")
    page.click("No           Yes")
    page.wait_for(lambda text: "Yes, cancel" not in text, "No")
    leave(page)


def test_a_text_is_copied_by_hand_and_pasted_into_a_field(page: Page) -> None:
    page.browser.call(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    open_demo(page)
    page.click("train-resnet50")
    page.press("Y")
    page.wait_for(lambda text: "Copy what?" in text, "the choice")
    page.press("2")
    page.wait_for(lambda text: "drag with Shift" in text, "the text to copy")
    start = page.place("  train-resnet50  ", 2)
    page.browser.drag(start, page.place("  train-resnet50  ", 7), SHIFT)
    page.control("c", does="copy")
    assert page.browser.run("navigator.clipboard.readText()").strip() in "train-resnet50"
    page.browser.run("navigator.clipboard.writeText('resnet')")
    page.press("Enter", "/")
    page.wait_for(lambda text: "regular expression" in text, "the filter")
    page.control("v", does="paste")
    page.wait_for(lambda text: "/resnet  3 of 17" in text, "what was pasted")
    leave_filter(page)
    leave(page)


def leave_filter(page: Page) -> None:
    page.press("Enter")
    page.wait_for(lambda text: "? Help" in text, "the keys of the queue")


def test_two_quick_escapes_are_explained(page: Page) -> None:
    open_demo(page)
    page.press("Escape", "Escape")
    page.wait_for(lambda text: "Enter gives it back" in text, "a word about it")
    page.press("Enter", "j")
    page.wait_for(lambda text: not text.splitlines()[2].startswith("▌"), "keys to work again")
    leave(page)


@pytest.fixture
def jobs(page: Page) -> Iterator[Page]:
    """The terminal, with the cluster of this machine."""
    page.enter(f"export KBATCH_CLUSTER=local:browser XDG_STATE_HOME={page.lab.home}/state")
    yield page
    lifecycle.clean(find_place("browser", {"XDG_STATE_HOME": f"{page.lab.home}/state"}))


def test_real_jobs_with_emoji_in_name_and_log(jobs: Page) -> None:
    page = jobs
    script = "echo ✅ 漢字 👩‍🚀 done; while [ ! -e go ]; do sleep 0.1; done"
    page.enter(f"kbatch -J '🚀 fit ✅' --wrap '{script}'; kbatch -J plain --wrap true; clear; kqueue")
    text = page.wait_for(lambda text: "✓ completed" in text and "● running" in text, "both jobs")
    lines = text.splitlines()
    assert len({line.index(word) for line, word in zip(lines[1:4], ("STATE", "●", "✓"), strict=True)}) == 1
    page.click("running")
    page.press("b")
    page.press("l")
    page.wait_for(lambda text: "✅  漢字 👩  done" in text, "the log")
    page.press("q")
    (page.lab.home / "go").touch()
    page.wait_for(lambda text: "● running" not in text and text.count("✓ completed") >= 2, "the end")
    label = page.browser.run("terminal.title.label")
    assert re.fullmatch(r"\w{8} 🚀 fit ✅: completed", label), "what was watched has ended: the tab says so"
    leave(page)
    assert page.browser.run("terminal.title.label") == "Terminal"
