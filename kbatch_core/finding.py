"""Finder: the jobs that people mean by an id, the beginning of one, a name, or the name of the object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kbatch_core.cluster.api import Api
from kbatch_core.errors import BadOption, NotFound
from kbatch_core.model import labels
from kbatch_core.model.arrays import ArraySpec
from kbatch_core.model.names import is_id, label_value
from kbatch_core.model.objects import Job
from kbatch_core.model.reference import Reference
from kbatch_core.model.safetext import safe_text
from kbatch_core.status.reading import id_of, is_finished, name_of

SHORTEST = 2
"""Letters that the beginning of an id must have."""
_LISTED = 5


class Finder:
    """Looks jobs up for one command, and lists what it needs once.

    `user`: whose jobs a name or the beginning of an id means; "" = everybody's. A whole id means one job, whoever's;
    where somebody has given another Job the same, the user's.
    """

    def __init__(self, api: Api, user: str) -> None:
        self._api = api
        self._user = label_value(user)
        self._by_id: dict[str, list[Job]] = {}
        self._own: list[Job] | None = None

    def expect(self, references: Iterable[Reference]) -> None:
        """Read at once what these whole ids mean."""
        ids = sorted({one.job for one in references if is_id(one.job)})
        if len(ids) > 1:
            self._read(ids)

    def find(self, reference: str, *, anybodys: bool = False, active: bool = True) -> Job:
        """The job. With `anybodys` a name or beginning that means none of the user's may mean another's.

        With `active` the only one of several that has not ended is meant: names are used again and again.

        Raises NotFound when there is none, BadOption when there are several.
        """
        if is_id(reference):
            found = self._by_id.get(reference) or self._read([reference]).get(reference)
            if found:
                return self._only(found)
        if self._own is None:
            user = f",{labels.USER}={self._user}" if self._user else ""
            self._own = self._api.list_jobs(labels.SELECTOR + user)
        matches = _matches(self._own, reference)
        others = [] if matches or not self._user else _matches(self._api.list_jobs(), reference)
        if others and not anybodys:
            owner = safe_text(others[0].metadata.labels.get(labels.USER, ""))
            raise NotFound(
                f'"{safe_text(reference)}" is a job of {owner or "another user"}, not yours.',
                f"Give its whole id, {_ids(others)}, if you mean it.",
            )
        matches = matches or others
        if not matches:
            raise NotFound(
                f'There is no job "{safe_text(reference)}" in namespace "{self._api.namespace}".',
                "`kqueue list` shows the jobs there are.",
            )
        running = [job for job in matches if not is_finished(job)]
        if active and len(running) == 1:
            return running[0]
        if len(matches) > 1:
            raise BadOption(
                f'"{safe_text(reference)}" means {len(matches)} jobs: {_ids(matches)}.',
                "Give more of the id.",
            )
        return matches[0]

    def find_tasks(
        self, reference: Reference, *, anybodys: bool = False, active: bool = True
    ) -> tuple[Job, ArraySpec | None]:
        """The job and, when tasks of it are meant, which. Raises as `find`."""
        if reference.tasks is None:
            return self.find(reference.job, anybodys=anybodys, active=active), None
        try:
            # `my_3` is a name before it is a task of the job `my`; a whole id in front leaves no doubt.
            if not is_id(reference.job):
                return self.find(reference.text, anybodys=anybodys, active=active), None
        except NotFound:
            pass
        return self.find(reference.job, anybodys=anybodys, active=active), reference.tasks

    def _only(self, found: Sequence[Job]) -> Job:
        """The one of the jobs with an id that is meant. Raises BadOption."""
        own = [job for job in found if job.metadata.labels.get(labels.USER) == self._user]
        if len(found) > 1 and len(own) != 1:
            names = ", ".join(sorted(job.metadata.name for job in found))
            raise BadOption(
                f"{len(found)} jobs have the id {id_of(found[0])}, which kbatch gives once: {names}.",
                "Write the whole name of the one that you mean.",
            )
        return own[0] if len(found) > 1 else found[0]

    def _read(self, ids: Sequence[str]) -> dict[str, list[Job]]:
        """The jobs with these ids."""
        term = f"{labels.ID}={ids[0]}" if len(ids) == 1 else f"{labels.ID} in ({','.join(ids)})"
        for job in self._api.list_jobs(f"{labels.SELECTOR},{term}"):
            self._by_id.setdefault(id_of(job), []).append(job)
        return self._by_id


def _matches(jobs: Iterable[Job], reference: str) -> list[Job]:
    """By name first, else by the beginning of the id."""
    every = list(jobs)
    named = [job for job in every if reference in (job.metadata.name, name_of(job))]
    if named or len(reference) < SHORTEST:
        return named
    return [job for job in every if id_of(job).startswith(reference)]


def _ids(jobs: Sequence[Job]) -> str:
    ids = sorted(safe_text(id_of(job)) for job in jobs)
    return ", ".join(ids[:_LISTED]) + (", …" if len(ids) > _LISTED else "")
