"""What kbatch makes of a script of the corpus, as text that can be compared and read.

python -m tests.corpus.corpus  prints it for every script, to be read line by line before it becomes expected.toml.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.manifest.gpus import with_gpus
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.options.combine import to_jobspec
from kbatch_core.model.options.config import load_config
from kbatch_core.model.options.directives import read_directives
from kbatch_core.model.options.resolve import Resolved, resolve
from kbatch_core.model.quantity import format_cpus, format_memory
from kbatch_core.model.timelimit import format_time

HERE = Path(__file__).parent
SCRIPTS = sorted(path for path in (HERE / "scripts").iterdir() if path.is_file())
SITE = load_config(HERE / "site.toml")


def resolved(script: Path) -> Resolved:
    """The options of a script, from its directives alone."""
    directives = read_directives(script.read_text(), script.name)
    return resolve({}, environ={}, directives=directives, site=SITE)


def asked(options: Resolved) -> JobSpec:
    """What is asked for, where the cluster's nodes may not be read."""
    return with_gpus(to_jobspec(options, script="", script_name=""), options, None)


def outcome(script: Path) -> dict[str, Any]:
    """`job`: what is asked for, `ignored`: flags, `notes`: sentences; or `refused` and `line`."""
    try:
        options = resolved(script)
        spec = asked(options)
    except BadOption as error:
        return {"refused": error.sentence.removeprefix(f"{error.where}: "), "where": error.where}
    result: dict[str, Any] = {"job": _told(spec)}
    if options.ignored:
        result["ignored"] = [item.flag for item in options.ignored]
    if options.notes:
        result["notes"] = list(options.notes)
    return result


def _told(spec: JobSpec) -> dict[str, Any]:
    """The fields that are not the default, as a person would write them."""
    default = JobSpec(script="", script_name="")
    fields = {
        name: getattr(spec, name)
        for name in JobSpec.__struct_fields__
        if getattr(spec, name) != getattr(default, name)
    }
    writers = {"cpus": format_cpus, "memory": format_memory, "tmp": format_memory, "time_limit": format_time}
    for name, value in fields.items():
        if name in writers:
            fields[name] = writers[name](value)
        elif name in ("signal", "array"):
            fields[name] = value.format()
    return {name: msgspec.to_builtins(value) for name, value in fields.items()}


def as_toml(outcomes: dict[str, dict[str, Any]]) -> str:
    """The text of expected.toml."""
    lines = []
    for name, result in outcomes.items():
        lines += ["", f'["{name}"]']
        lines += [f"{key} = {_toml(value)}" for key, value in result.items()]
    return "\n".join(lines[1:]) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list) and len(value) > 1:
        return "[\n" + "".join(f"  {_toml(item)},\n" for item in value) + "]"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if key.replace("_", "a").isalnum() else json.dumps(key)


if __name__ == "__main__":
    print(as_toml({script.name: outcome(script) for script in SCRIPTS}), end="")
