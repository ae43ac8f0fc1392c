"""What hints and help name is there for somebody who has installed the wheel and nothing else."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import kbatch_core
import kqueue_tui
from kbatch_core.model.options.table import TABLE
from kqueue_tui.cli.docs import PAGES, command, page_path
from kqueue_tui.cli.kbatch import kbatch
from kqueue_tui.cli.kqueue import COMMANDS, kqueue
from tests.pods import ROOT

PACKAGES = [Path(module.__file__ or "").parent for module in (kbatch_core, kqueue_tui)]
# Files of our repository; a user's own script may be called anything.
FILE = re.compile(r"\b(?:docs|examples|tests)/[\w.-]+|\b[\w-]+\.md\b")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of what a module can say: its strings, those with values as they are joined, no docstring."""
    tree = ast.parse(path.read_text())
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node.lineno, node.value


def helps(group: click.Command, prog: str) -> Iterator[tuple[str, str]]:
    """(command line, text) of a command's --help and those of its subcommands."""
    context = click.Context(group, info_name=prog)
    yield prog, group.get_help(context)
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield from helps(found, f"{prog} {name}")


def everything() -> list[tuple[str, str]]:
    """(where, text) of all that the programs may say."""
    said = [
        (f"{path.relative_to(package.parent)}:{line}", text)
        for package in PACKAGES
        for path in sorted(package.rglob("*.py"))
        for line, text in texts(path)
    ]
    return [*said, *helps(kqueue, "kqueue"), *helps(kbatch, "kbatch")]


@pytest.fixture(scope="module")
def said() -> list[tuple[str, str]]:
    return everything()


def test_no_text_names_a_file_that_only_a_clone_has(said: list[tuple[str, str]]) -> None:
    assert [(where, found[0]) for where, text in said if (found := FILE.search(text))] == []


def test_every_page_that_is_named_is_there(said: list[tuple[str, str]]) -> None:
    named = {
        (where, page)
        for where, text in said
        for page in re.findall(r"kqueue docs\s+([a-z]+)", " ".join(text.split()))
    }
    assert len({page for _, page in named}) >= 5
    assert [(where, page) for where, page in named if page not in PAGES] == []


def test_every_command_and_option_that_is_named_is_there(said: list[tuple[str, str]]) -> None:
    flags = {spelling for option in TABLE for spelling in option.spellings} | {"--test-only", "--help"}
    for where, text in said:
        for name in re.findall(r"`kqueue ([a-z]+)", text):
            assert name in COMMANDS, f"{where}: kqueue {name}"
        for flag in re.findall(r"`kbatch (--[a-z-]+)", text):
            assert flag in flags, f"{where}: kbatch {flag}"


def test_the_pages_are_all_of_docs() -> None:
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} == set(PAGES)


def test_the_wheel_has_every_page_and_finds_it(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    for page in PAGES:
        shipped = tmp_path / "site" / "kqueue_tui" / "docs" / f"{page}.md"
        assert shipped.read_text() == (ROOT / "docs" / f"{page}.md").read_text()
    show = "from kqueue_tui.cli.kqueue import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", show, "docs", "admin"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
    )
    assert result.stdout.startswith("# For the admin of a hub")


def test_in_a_clone_a_page_is_that_of_the_clone() -> None:
    assert page_path("admin") == ROOT / "docs" / "admin.md"
    assert command.name == "docs"
