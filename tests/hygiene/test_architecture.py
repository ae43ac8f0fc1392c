"""docs/architecture.md names what there is, and all of it."""

from __future__ import annotations

from pathlib import Path

import kbatch_core
from kbatch_core.model import labels

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()


def test_every_label_and_annotation_of_ours_is_named() -> None:
    ours = {
        value for value in vars(labels).values() if isinstance(value, str) and value.startswith("kbatch/")
    }
    assert {name for name in ours if f"`{name}`" not in PAGE} == set()


def test_every_part_of_the_core_is_named() -> None:
    folder = Path(kbatch_core.__file__).parent
    parts = {
        path.name for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert {part for part in parts - {"__init__.py", "lazy.py"} if f"{part}`" not in PAGE} == set()
