"""The tree of home: read as it is opened, whatever names and however many files there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kqueue_tui.dashboard.form.files import Entry, Tree, read_folder
from kqueue_tui.dashboard.form.paths import complete_path, short_path


def names(tree: Tree) -> list[str]:
    return ["  " * entry.depth + entry.name for entry in tree.lines]


def opened(tree: Tree, folder: Path, depth: int) -> None:
    tree.open(folder)
    tree.put(folder, *read_folder(folder, depth))


def test_folders_first_hidden_ones_only_when_wanted(tmp_path: Path) -> None:
    (tmp_path / "b" / "in").mkdir(parents=True)
    (tmp_path / "A").mkdir()
    for name in ("z.sh", "a.csv", ".rc", "b/x.py"):
        (tmp_path / name).touch()
    tree = Tree(tmp_path)
    opened(tree, tmp_path, 0)
    assert names(tree) == ["A", "b", "a.csv", "z.sh"]
    opened(tree, tmp_path / "b", 1)
    assert names(tree) == ["A", "b", "  in", "  x.py", "a.csv", "z.sh"]
    assert [entry.is_script for entry in tree.lines] == [False, False, False, True, False, True]
    tree.toggle_hidden()
    assert names(tree)[-3:] == [".rc", "a.csv", "z.sh"]
    tree.close(tmp_path / "b")
    assert "  x.py" not in names(tree)
    assert tree.find("Z.S", 0) == 4
    assert tree.find("b", 2) == 1
    assert tree.find("nowhere", 0) is None


def test_pipes_links_to_nothing_and_links_to_folders(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "broken").symlink_to("nothing")
    (tmp_path / "loop").symlink_to(tmp_path)
    entries, problem = read_folder(tmp_path, 0)
    assert ([(one.name, one.is_folder) for one in entries], problem) == ([("loop", True)], "")


def test_names_are_safe_to_show_and_lead_to_the_file(tmp_path: Path) -> None:
    evil = b"\x1b]0;t\x07a\nb\xff.sh"
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + evil))).touch()
    ((entry,), _) = read_folder(tmp_path, 0)
    assert entry.name.isprintable()
    assert entry.path.exists() and not str(entry.path).isprintable()


def test_a_folder_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "gone", 0) == ((), "No such file or directory.")
    (tmp_path / "file").touch()
    assert read_folder(tmp_path / "file", 0) == ((), "Not a directory.")


def test_a_hundred_thousand_files_are_lines_like_ten(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    many = [Entry(tmp_path / f"{number:06}.sh", f"{number:06}.sh", False) for number in range(100_000)]
    tree.put(tmp_path, many, "")
    assert len(tree.lines) == 100_000
    assert tree.find("099999", 0) == 99_999


def test_paths_are_completed_as_a_shell_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "train.sh").touch()
    (tmp_path / "work" / ".rc").touch()
    (tmp_path / "work" / "evil\x1b.sh").touch()
    for text, wanted in (
        ("w", "work/"), ("work/t", "work/train.sh"), ("~/work/tr", "~/work/train.sh"), ("work/.", "work/.rc"),
        ("", None), ("work/", None), ("x", None), ("gone/x", None), ("a\0b", None), ("work/e", None),
    ):  # fmt: skip
        assert complete_path(text) == wanted, text
    assert short_path(tmp_path / "work" / "a") == "~/work/a"
    assert short_path(Path("/etc/x")) == "/etc/x"
