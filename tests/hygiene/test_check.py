"""`python -m tests.check` finds what it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import check


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "ROOT", tmp_path)


def test_a_module_that_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("x = 1\n" * 401)
    (tmp_path / "short.py").write_text("x = 1\n" * 400)
    assert check.large_modules(tmp_path.glob("*.py")) == ["long.py: 401 lines, at most 400"]


def test_a_dead_link_and_a_dead_heading(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# Here it is\n[x](b.md) [y](#here-it-is) [z](#nowhere) [w](https://x.org)\n"
    )
    assert check.dead_links([tmp_path / "a.md"]) == ["a.md: no file b.md", "a.md: no heading #nowhere"]


def test_an_address_in_the_constraints(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("a==1 --hash=sha256:0\n--index-url https://x\n")
    assert check.addresses(tmp_path / "c.txt") == ["c.txt:2: --index-url https://x"]
