"""docs/json.md says what the JSON of commands has: no field more, none less, each of its type."""

from __future__ import annotations

import re
import types
import typing
from pathlib import Path

import msgspec

from kbatch_core.doctor.finding import Finding, Verdict
from kbatch_core.status import JobRow, TaskCounts

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
NAMES: dict[object, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    types.NoneType: "null",
    TaskCounts: "object",
}


def described(command: str) -> dict[str, str]:
    """Field -> type, by the page's part about a command."""
    part = PAGE.read_text().partition(f"## `kqueue {command} --json`")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([a-z ]+) \|", part, re.MULTILINE))


def test_the_page_describes_every_field() -> None:
    found = {}
    for name, kind in typing.get_type_hints(JobRow).items():
        parts = typing.get_args(kind) or (kind,)
        found[name] = " or ".join(dict.fromkeys(NAMES[part] for part in parts))
    assert described("list") == found


def test_the_page_describes_what_the_doctor_says() -> None:
    names = NAMES | {Verdict: "string", tuple[str, ...]: "list of strings"}
    found = {name: names[kind] for name, kind in typing.get_type_hints(Finding).items()}
    assert described("doctor") == found


def test_the_page_names_what_is_counted_of_an_array() -> None:
    line = next(line for line in PAGE.read_text().splitlines() if line.startswith("| `tasks`"))
    names = [field.name for field in msgspec.structs.fields(TaskCounts)]
    assert re.findall(r"`(\w+)`", line)[1:] == names
