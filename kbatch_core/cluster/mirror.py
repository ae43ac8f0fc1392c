"""A local copy of one kind of object, kept by a list and the events after it.

What holds, whatever the order in which lists, events and answers to writes arrive:
- Who is told of changes hears, for each uid: added, modified any number of times, deleted; and again only when
  a state that is newer than the deletion arrives (an object whose labels match the selector again). Same name
  with another uid is the end of one and the beginning of another.
- Only real changes are told, and the copy has changed before they are.
Resource versions are compared within one kind only, where they are numbers that rise with time (KEP 5504). One
that is no number is taken as newer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from kbatch_core.model.objects import ObjectMeta


class HasMetadata(Protocol):
    """Any Kubernetes object."""

    @property
    def metadata(self) -> ObjectMeta: ...


Kind = TypeVar("Kind", bound=HasMetadata)

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


class Change(msgspec.Struct, Generic[Kind], frozen=True):
    """What happened to an object; `object` is its newest state, for a deletion the last one."""

    type: str
    object: Kind


class Mirror(Generic[Kind]):
    """The copy. Threads may share it; `notify` is called under its lock, so it must be quick and not call back."""

    def __init__(self, notify: Callable[[Sequence[Change[Kind]]], None]) -> None:
        self._notify = notify
        self._lock = threading.Lock()
        self._objects: dict[str, Kind] = {}
        self._uids: dict[tuple[str, str], str] = {}
        # Everything up to this version has been seen: what is not here by then was never there or is gone.
        self._seen = "0"
        self._open = True

    def objects(self) -> list[Kind]:
        """What is there now."""
        with self._lock:
            return list(self._objects.values())

    def replace(self, objects: Iterable[Kind], version: str, *, rewritten: bool = False) -> None:
        """Take a whole list of `version` for the truth; what was written after it stays.

        `rewritten`: the server's history began anew (a restored backup), so nothing here is newer than the list.
        """
        with self._lock:
            listed = {one.metadata.uid: one for one in objects}
            changes = [
                self._delete(old)
                for uid, old in list(self._objects.items())
                if uid not in listed and (rewritten or not newer(old.metadata.resource_version, version))
            ]
            for uid, one in listed.items():
                known = self._objects.get(uid)
                if known is None or rewritten or _is_news(one, known):
                    changes += self._set(one)
            self._seen = version
            self._tell(changes)

    def add_page(self, objects: Iterable[Kind]) -> None:
        """Show the first pages of the very first list before the rest is there."""
        with self._lock:
            self._tell([change for one in objects for change in self._arrived(one)])

    def apply(self, events: Iterable[tuple[str, Kind]], version: str) -> None:
        """Events of a watch in their order, as (type, object); afterwards all up to `version` was seen."""
        with self._lock:
            changes: list[Change[Kind]] = []
            for kind, one in events:
                if kind != DELETED:
                    changes += self._arrived(one)
                else:
                    known = self._objects.get(one.metadata.uid)
                    if known is not None and not _is_news(known, one):
                        changes.append(self._delete(one))
                self._see(one.metadata.resource_version)
            self._see(version)
            self._tell(changes)

    def put(self, one: Kind) -> None:
        """The answer to a write of ours, at once: its event may take a while."""
        with self._lock:
            self._tell(self._arrived(one))

    def close(self) -> None:
        """Tell nothing any more."""
        with self._lock:
            self._open = False

    def _see(self, version: str) -> None:
        if newer(version, self._seen):
            self._seen = version

    def _arrived(self, one: Kind) -> list[Change[Kind]]:
        known = self._objects.get(one.metadata.uid)
        if known is None:
            # An older state of what is gone, still on its way, must not bring it back.
            return self._set(one) if newer(one.metadata.resource_version, self._seen) else []
        return self._set(one) if _is_news(one, known) else []

    def _set(self, one: Kind) -> list[Change[Kind]]:
        uid, name = one.metadata.uid, (one.metadata.namespace, one.metadata.name)
        known = self._objects.get(uid)
        changes: list[Change[Kind]] = []
        if known is None:
            namesake = self._objects.get(self._uids.get(name, ""))
            if namesake is not None:
                if _is_news(namesake, one):
                    return []
                changes.append(self._delete(namesake))
        self._objects[uid] = one
        self._uids[name] = uid
        if known != one:
            changes.append(Change(ADDED if known is None else MODIFIED, one))
        return changes

    def _delete(self, last: Kind) -> Change[Kind]:
        del self._objects[last.metadata.uid]
        del self._uids[last.metadata.namespace, last.metadata.name]
        return Change(DELETED, last)

    def _tell(self, changes: Sequence[Change[Kind]]) -> None:
        if changes and self._open:
            self._notify(changes)


def newer(version: str, than: str) -> bool:
    """Whether one resource version is later than another of the same kind."""
    if _is_number(version) and _is_number(than):
        return (len(version), version) > (len(than), than)
    return version not in ("", than)


def _is_number(version: str) -> bool:
    return version.isascii() and version.isdigit() and (version[0] != "0" or version == "0")


def _is_news(one: HasMetadata, known: HasMetadata) -> bool:
    return newer(one.metadata.resource_version, known.metadata.resource_version)
