"""docs/json.md says what `kqueue list --json` has: no field more, none less, each of its type."""

from __future__ import annotations

import re
import types
import typing
from pathlib import Path

import msgspec

from kbatch_core.status import JobRow, TaskCounts

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
NAMES = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    types.NoneType: "null",
    TaskCounts: "object",
}


def described() -> dict[str, str]:
    """Field -> type, by the page."""
    return dict(re.findall(r"^\| `(\w+)` \| ([a-z ]+) \|", PAGE.read_text(), re.MULTILINE))


def test_the_page_describes_every_field() -> None:
    found = {}
    for name, kind in typing.get_type_hints(JobRow).items():
        parts = typing.get_args(kind) or (kind,)
        found[name] = " or ".join(dict.fromkeys(NAMES[part] for part in parts))
    assert described() == found


def test_the_page_names_what_is_counted_of_an_array() -> None:
    line = next(line for line in PAGE.read_text().splitlines() if line.startswith("| `tasks`"))
    names = [field.name for field in msgspec.structs.fields(TaskCounts)]
    assert re.findall(r"`(\w+)`", line)[1:] == names
