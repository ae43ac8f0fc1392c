"""Desk: what the form asks of the rest: check, prepare, try out, submit. Blocking, so only called in a thread.

Every step is the command line's own code on the form's words.
"""

from __future__ import annotations

import dataclasses
import random
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kbatch_core.errors import BadOption, BadScript, KbatchError
from kbatch_core.model.names import new_submit_id
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.earlier import values_of
from kqueue_tui.dashboard.form.model import SCRIPT, Form, field_of, words

if TYPE_CHECKING:
    from kbatch_core.client import Client
    from kbatch_core.manifest import Submission
    from kbatch_core.model.objects import Job
    from kbatch_core.model.options.resolve import Resolved
    from kbatch_core.site import Report, Site
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


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A job that is ready to be sent, and what is told about it. `site` is None where there is no cluster."""

    submission: Submission
    notes: tuple[str, ...] = ()
    site: Site | None = None

    def yaml(self) -> str:
        """The Job exactly as it would be sent."""
        from kqueue_tui.cli.dump import dump

        return dump(self.submission.manifest, "yaml")


@dataclasses.dataclass(frozen=True)
class Earlier:
    """A job of the history in home, to begin a form from. `when` is in seconds since the epoch."""

    id: str
    name: str
    command: str
    when: float


class Desk(Protocol):
    """`where` are the words of a command that is to reach the same cluster. All methods raise KbatchError."""

    @property
    def where(self) -> Sequence[str]: ...
    def new_submit_id(self) -> str: ...
    def prepare(self, form: Form, submit_id: str) -> Prepared: ...
    def report(self, prepared: Prepared) -> Report: ...
    def submit(self, prepared: Prepared) -> tuple[Job, tuple[str, ...]]: ...
    def values_like(self, reference: str) -> Mapping[str, str]: ...
    def earlier(self) -> Sequence[Earlier]: ...


class ClusterDesk:
    """The desk of a real cluster."""

    def __init__(self, client: Client, where: Sequence[str] = ()) -> None:
        self._client = client
        self.where = tuple(where)

    def new_submit_id(self) -> str:
        """One that nobody has used."""
        return new_submit_id(random.SystemRandom())

    def prepare(self, form: Form, submit_id: str) -> Prepared:
        """The Job that would be sent, under this submit id unless the form has one of its own."""
        from kqueue_tui.cli.kbatch import submission_of

        line, source, resolved = read_form(form, submit_id)
        site, submission = submission_of(self._client, line, resolved, source)
        return Prepared(submission, notes_of(resolved, submission.warnings), site)

    def report(self, prepared: Prepared) -> Report:
        """What `kbatch --test-only` would find."""
        assert prepared.site is not None
        return prepared.site.report(
            prepared.submission, lambda: self._client.submit(prepared.submission, dry_run=True)
        )

    def submit(self, prepared: Prepared) -> tuple[Job, tuple[str, ...]]:
        """(the Job, warnings). The same one twice makes one Job."""
        warnings: list[str] = []
        if prepared.site is not None:
            prepared.site.check(prepared.submission)
        return self._client.submit(prepared.submission, warn=warnings.append), tuple(warnings)

    def values_like(self, reference: str) -> Mapping[str, str]:
        """What an earlier job has for each field that --like leaves as it was."""
        return values_of(*self._client.like(reference))

    def earlier(self) -> Sequence[Earlier]:
        """The jobs of the history, newest first."""
        from kbatch_core.model import labels

        found = []
        for past in self._client.history.read_all():
            if past.submission is None:
                continue
            metadata = past.job.metadata
            raw = {**metadata.labels, **metadata.annotations}
            name = safe_text(raw.get(labels.NAME, "") or metadata.name)
            command = safe_text(raw.get(labels.COMMAND, "") or name)
            found.append(Earlier(past.id, name, command, past.submission.submitted))
        return sorted(found, key=lambda one: one.when, reverse=True)


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
