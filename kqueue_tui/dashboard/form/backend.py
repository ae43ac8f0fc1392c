"""What the form needs of the cluster and of home: a job made ready, tried out and submitted, and earlier ones.

Blocking, so only called in a thread. Every step is the command line's own code on the form's words.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kbatch_core.model.names import new_submit_id
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.check import notes_of, read_form
from kqueue_tui.dashboard.form.like import values_of
from kqueue_tui.dashboard.form.model import Form

if TYPE_CHECKING:
    from kbatch_core.client import Client
    from kbatch_core.manifest import Submission
    from kbatch_core.model.objects import Job
    from kbatch_core.site import Report, Site


@dataclass(frozen=True)
class Prepared:
    """A job that is ready to be sent, and what is told about it. `site` is None where there is no cluster."""

    submission: Submission
    notes: tuple[str, ...] = ()
    site: Site | None = None

    def yaml(self) -> str:
        """The Job exactly as it would be sent."""
        from kqueue_tui.cli.dump import dump

        return dump(self.submission.manifest, "yaml")


@dataclass(frozen=True)
class Earlier:
    """A job of the history in home, to begin a form from. `when` is in seconds since the epoch."""

    id: str
    name: str
    command: str
    when: float


class FormBackend(Protocol):
    """`where` are the words of a command that is to reach the same cluster. All methods raise KbatchError."""

    @property
    def where(self) -> Sequence[str]: ...
    def new_submit_id(self) -> str: ...
    def prepare(self, form: Form, submit_id: str) -> Prepared: ...
    def report(self, prepared: Prepared) -> Report: ...
    def submit(self, prepared: Prepared) -> tuple[Job, tuple[str, ...]]: ...
    def values_like(self, reference: str) -> Mapping[str, str]: ...
    def earlier(self) -> Sequence[Earlier]: ...


class ClusterFormBackend:
    """Of a real cluster."""

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
