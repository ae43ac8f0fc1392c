"""What can be told of a form without a cluster: the command line's own code reads its words."""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kbatch_core.errors import BadOption, BadScript, KbatchError
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.model import SCRIPT, Form, field_of, words

if TYPE_CHECKING:
    from kbatch_core.model.options.resolve import Resolved
    from kqueue_tui.cli.command_line import CommandLine
    from kqueue_tui.cli.source import Source

Read = tuple["CommandLine", "Source | None", "Resolved"]


@dataclasses.dataclass(frozen=True)
class Checked:
    """What the sources together give: (value, where it comes from) by option name, what is said about it, the script.

    `problem` is a sentence when there is no job in it, about the field `field` if it names one.
    """

    problem: str = ""
    field: str = ""
    values: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    notes: Sequence[str] = ()
    script_name: str = ""
    script: str = ""


def read_form(form: Form, submit_id: str = "") -> Read:
    """The form as `kbatch` reads its command line. Raises BadOption, BadScript, BadConfig."""
    from kbatch_core.scripts import check_secrets
    from kqueue_tui.cli.command_line import read
    from kqueue_tui.cli.kbatch import resolve_options
    from kqueue_tui.cli.source import read_source

    own = ["--submit-id", submit_id] if submit_id and "submit-id" not in form.options else []
    line = read([*own, *words(form)])
    if line.words and not line.command:
        _refuse_stream(line.words[0], "The script")
    source = read_source(line)
    resolved = resolve_options(line, source)
    lines = resolved.get("map-file")
    for path in {lines, lines.rpartition("%")[0] or lines} if isinstance(lines, str) else ():
        _refuse_stream(path, "--map-file")
    if source is None and not form.options.get("like"):
        raise BadOption("The script: there is none to submit.", "Type its path, or choose it with o.")
    if source is not None and not resolved.get("allow-secrets"):
        check_secrets(source.name, source.text, resolved, source.args)
    return line, source, resolved


def check(form: Form) -> Checked:
    """Everything that can be told without a cluster. Beside a mistake the values of all other fields are told."""
    from kqueue_tui.cli.kbatch import spec_of

    try:
        _, source, resolved = read_form(form)
        if source is not None:
            spec_of(resolved, source)
    except KbatchError as error:
        field = field_of(error)
        others = check(form.having(field, "")) if form.text(field) and field != SCRIPT else Checked()
        return dataclasses.replace(others, problem=safe_text(str(error)), field=field)
    values = {
        value.option.name: (safe_text(value.text), safe_text(value.source))
        for found in resolved.values.values()
        for value in found[-1:]
    }
    return Checked(
        values=values,
        notes=notes_of(resolved),
        script_name=source.name if source is not None else "",
        script=source.text if source is not None else "",
    )


def notes_of(resolved: Resolved, warnings: Sequence[str] = ()) -> tuple[str, ...]:
    """What is told about a job that can be made."""
    said = (resolved.ignored_sentence(), *resolved.notes, *warnings)
    return tuple(safe_text(note) for note in said if note)


def _refuse_stream(path: str, title: str) -> None:
    """What a shell could pipe into kbatch would stand still here, or take the dashboard's own keys."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        mode = stat.S_IFIFO if path == "-" else stat.S_IFREG
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise BadScript(f"{title}: {path} is no file but a pipe or a device.", "Give the path of a file.")
