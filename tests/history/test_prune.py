"""kqueue history prune: only what has ended for sure, and never a byte outside of the history."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kbatch_core.history import History, Origin
from kbatch_core.history.prune import Size, prunable, remove, sizes
from tests.history.fake import FakeApi, client, submission
from tests.history.home import ended, started, submitted
from tests.status.objects import ID, NOW

DAY = 86400.0


def age(home: Path, seconds: float) -> None:
    """Make everything in the history that old."""
    for path in (home / ".kbatch").rglob("*"):
        os.utime(path, (NOW - seconds, NOW - seconds), follow_symlinks=False)


def chosen(
    home: Path, *, older_than: float = 30 * DAY, unknown: bool = False, api: FakeApi | None = None
) -> set[str]:
    ann = client(home, api or FakeApi())
    rows = ann.list(history=True)
    found = prunable(rows, sizes(ann.history), older_than=older_than, now=NOW, unknown=unknown)
    return {row.id for row in found}


def test_only_what_ended_and_is_old_goes(tmp_path: Path) -> None:
    submitted(tmp_path)
    ended(tmp_path)
    submitted(tmp_path, "bcd23456")
    started(tmp_path, "bcd23456")
    submitted(tmp_path, "cde23456", origin=Origin("https://elsewhere.example.org"))
    ended(tmp_path, "cde23456", exit=143, reason="Terminated")
    age(tmp_path, 40 * DAY)
    assert chosen(tmp_path) == {ID}
    assert chosen(tmp_path, unknown=True) == {ID, "bcd23456", "cde23456"}
    assert chosen(tmp_path, older_than=50 * DAY) == set()
    ended(tmp_path)
    assert chosen(tmp_path) == set(), "something in it has changed since"


def test_a_job_that_still_is_there_stays_whatever_its_record_says(tmp_path: Path) -> None:
    api = FakeApi()
    client(tmp_path, api).submit(submission())
    ended(tmp_path)
    age(tmp_path, 40 * DAY)
    assert chosen(tmp_path, api=api) == set()
    assert chosen(tmp_path, api=api, unknown=True) == set()
    assert chosen(tmp_path) == {ID}


def test_an_array_with_an_unknown_task_is_unknown(tmp_path: Path) -> None:
    submitted(tmp_path, array="1-2")
    ended(tmp_path, task=1, exit=1)
    age(tmp_path, 40 * DAY)
    assert chosen(tmp_path) == set()
    assert chosen(tmp_path, unknown=True) == {ID}


def test_a_symlink_is_removed_and_not_what_it_leads_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    for path in (outside / "precious", outside / "folder" / "precious"):
        path.write_text("precious")
    history = submitted(tmp_path)
    ended(tmp_path)
    folder = tmp_path / ".kbatch" / ID
    (folder / "record-1.json").symlink_to(outside / "precious")
    (folder / "staged").symlink_to(outside / "folder")
    (folder / "deep").mkdir()
    (folder / "deep" / "more").symlink_to(outside)
    (tmp_path / ".kbatch" / "bcd23456").symlink_to(outside)
    assert list(sizes(history)) == [ID]
    assert remove(history, ID, sizes(history)[ID])
    assert not folder.exists()
    assert remove(history, "bcd23456", Size(0, NOW * 2)) is False
    assert (outside / "precious").read_text() == (outside / "folder" / "precious").read_text() == "precious"


def test_a_folder_that_is_swapped_for_a_symlink_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = submitted(tmp_path)
    seen = sizes(history)[ID]
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    real = shutil.rmtree

    def swapped(path: str, *, dir_fd: int) -> None:
        (tmp_path / ".kbatch" / ID).rename(tmp_path / "away")
        (tmp_path / ".kbatch" / ID).symlink_to(outside)
        real(path, dir_fd=dir_fd)

    monkeypatch.setattr(shutil, "rmtree", swapped)
    with pytest.raises(OSError):
        remove(history, ID, seen)
    assert (outside / "precious").exists()


def test_a_job_that_comes_back_to_life_stays(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    ended(tmp_path)
    age(tmp_path, 40 * DAY)
    seen = sizes(history)[ID]
    started(tmp_path)
    assert remove(history, ID, seen) is False
    assert (tmp_path / ".kbatch" / ID).exists()


def test_what_is_gone_already_or_is_no_id_is_no_error(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    for name in ("bcd23456", "..", "", "../outside"):
        assert remove(history, name, Size(0, NOW)) is False
    assert sizes(History(tmp_path / "missing")) == {}


def test_sizes_are_those_of_the_files(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    folder = tmp_path / ".kbatch" / ID
    before = sizes(history)[ID].bytes
    (folder / "staged").mkdir()
    (folder / "staged" / "script").write_bytes(b"x" * 1000)
    assert sizes(history)[ID].bytes == before + 1000
