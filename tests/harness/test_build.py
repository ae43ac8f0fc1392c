"""What is made once is whole or not there, also when two runs make it at once."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.cluster import build
from tests.cluster.build import Missing, made_once


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KBATCH_TEST_CACHE", str(tmp_path))
    return tmp_path


def make(name: str, text: str) -> Path:
    with made_once(name) as (final, building):
        if building is not None:
            (building / "file").write_text(text)
    return final


def test_the_second_time_nothing_is_made() -> None:
    assert (make("x", "first") / "file").read_text() == "first"
    assert (make("x", "second") / "file").read_text() == "first"


def test_a_build_that_fails_leaves_nothing(cache: Path) -> None:
    with pytest.raises(RuntimeError):
        with made_once("x") as (_, building):
            assert building is not None
            (building / "half").write_text("")
            raise RuntimeError
    assert [path.name for path in cache.iterdir() if path.is_dir()] == []
    assert (make("x", "again") / "file").read_text() == "again"


def test_two_at_once_make_it_once() -> None:
    made: list[str] = []
    start = threading.Barrier(2)

    def one(text: str) -> None:
        start.wait()
        with made_once("x") as (_, building):
            if building is not None:
                made.append(text)
                (building / "file").write_text(text)

    threads = [threading.Thread(target=one, args=(text,)) for text in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_missing_go_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(Missing, match="Go is not installed"):
        build.binaries()
