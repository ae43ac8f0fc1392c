"""Desk: what the form asks of the rest: check, prepare, try out, submit. Blocking, so only called in a thread.

Every step is the command line's own code on the form's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kbatch_core.errors import BadOption, KbatchError
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.model import Form, option_in, words

if TYPE_CHECKING:
    from kbatch_core.client import Client
    from kbatch_core.manifest import Submission
    from kbatch_core.model.objects import Job
    from kbatch_core.site import Report, Site


@dataclass(frozen=True)
class Checked:
    """What the sources together give: (value, where it comes from) by option name, what is said about it, the script.

    `problem` is a sentence when there is no job in it, about the option `field` if it names one.
    """

    problem: str = ""
    field: str = ""
    values: Mapping[str, tuple[str, str]] | None = None
    notes: Sequence[str] = ()
    script_name: str = ""
    script: str = ""


@dataclass(frozen=True)
class Prepared:
    """A job that is ready to be sent, and what is told about it."""

    submission: Submission
    yaml: str
    notes: tuple[str, ...]
    site: Site | None = None


@dataclass(frozen=True)
class Earlier:
    """A job of the history in home, to begin a form from."""

    id: str
    name: str
    command: str
    when: float


class Desk(Protocol):
    def check(self, form: Form) -> Checked: ...
    def prepare(self, form: Form) -> Prepared: ...
    def report(self, prepared: Prepared) -> Report: ...
    def submit(self, prepared: Prepared) -> tuple[Job, tuple[str, ...]]: ...
    def earlier(self) -> Sequence[Earlier]: ...


class ClusterDesk:
    """The desk of a real cluster."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def check(self, form: Form) -> Checked:
        """Everything that can be told without the cluster."""
        return check(form)

    def prepare(self, form: Form) -> Prepared:
        """The Job that would be sent. Raises KbatchError."""
        from kqueue_tui.cli.command_line import read
        from kqueue_tui.cli.kbatch import check_secrets, resolve_options, submission_of
        from kqueue_tui.cli.said import dump
        from kqueue_tui.cli.source import read_source

        line = read(words(form))
        source = read_source(line)
        resolved = resolve_options(line, source)
        if source is None and not form.like:
            raise BadOption("There is no script to submit.", "Choose one with o, or type its path.")
        if source is not None and not resolved.get("allow-secrets"):
            check_secrets(source, resolved)
        site, submission = submission_of(self._client, line, resolved, source)
        notes = (resolved.ignored_sentence(), *resolved.notes, *submission.warnings)
        return Prepared(
            submission, dump(submission, "yaml"), tuple(safe_text(note) for note in notes if note), site
        )

    def report(self, prepared: Prepared) -> Report:
        """What `kbatch --test-only` would find. Raises KbatchError."""
        assert prepared.site is not None
        return prepared.site.report(
            prepared.submission, lambda: self._client.submit(prepared.submission, dry_run=True)
        )

    def submit(self, prepared: Prepared) -> tuple[Job, tuple[str, ...]]:
        """(the Job, warnings). Raises KbatchError."""
        warnings: list[str] = []
        if prepared.site is not None:
            prepared.site.check(prepared.submission)
        return self._client.submit(prepared.submission, warn=warnings.append), tuple(warnings)

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


def check(form: Form) -> Checked:
    """What the command line, variables, the script's directives and the configs give together."""
    from kqueue_tui.cli.command_line import read
    from kqueue_tui.cli.kbatch import check_secrets, resolve_options, spec_of
    from kqueue_tui.cli.source import read_source

    try:
        line = read(words(form))
        source = read_source(line)
        resolved = resolve_options(line, source)
        if source is not None:
            if not resolved.get("allow-secrets"):
                check_secrets(source, resolved)
            spec_of(resolved, source)
    except KbatchError as error:
        return Checked(safe_text(str(error)), option_in(error.sentence))
    values = {
        value.option.name: (safe_text(value.text), safe_text(value.source))
        for found in resolved.values.values()
        for value in found[-1:]
    }
    notes = (resolved.ignored_sentence(), *resolved.notes)
    return Checked(
        values=values,
        notes=tuple(safe_text(note) for note in notes if note),
        script_name=source.name if source is not None else "",
        script=source.text if source is not None else "",
    )
