"""docs/troubleshooting.md quotes what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kbatch_core

ROOT = Path(__file__).parents[2]
QUOTED = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


@pytest.fixture(scope="module")
def code() -> str:
    """All the source, as one text: a sentence that stands on two lines is one again."""
    package = Path(kbatch_core.__file__).parent
    text = "\n".join(path.read_text() for path in sorted(package.rglob("*.py")))
    return re.sub(r'"\s*\n\s*f?"', "", text)


@pytest.mark.parametrize("message", QUOTED.findall((ROOT / "docs/troubleshooting.md").read_text()))
def test_a_quoted_message_is_in_the_code(code: str, message: str) -> None:
    assert message in code
