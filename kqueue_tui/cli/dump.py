"""Whole objects as text: `kqueue show -o`, `kbatch --dry-run` and the dashboard's tab."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml


def dump_all(objects: Sequence[object], form: str) -> str:
    """Objects as YAML documents or JSON text; several in JSON are a List, as kubectl prints them."""
    if form == "yaml" or len(objects) == 1:
        return "---\n".join(dump(one, form) for one in objects)
    return dump({"apiVersion": "v1", "kind": "List", "items": objects}, form)


def dump(value: object, form: str) -> str:
    """An object as YAML or JSON text: any script as it is, unless something in it could act on a terminal."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    tame = text.replace("\n", "").isprintable()
    if form == "json":
        return (text if tame else json.dumps(value, indent=2)) + "\n"
    import yaml

    return yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=tame)


def _dumper() -> type[yaml.SafeDumper]:
    """A dumper that writes text of several lines as a literal block, so that a script reads as it was written."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def analyze_scalar(self, scalar: str) -> yaml.emitter.ScalarAnalysis:
            analysis = super().analyze_scalar(scalar)
            # Tabs and blanks at the end of a line keep PyYAML from it, though a literal block holds both.
            if analysis.multiline and all(
                line.replace("\t", "").isprintable() for line in scalar.split("\n")
            ):
                analysis.allow_block = True
            return analysis

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return Dumper
