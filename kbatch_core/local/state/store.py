"""The state of a local cluster: objects and their recent changes, in one SQLite file.

Objects are plain dicts in Kubernetes' JSON form. Each write is one transaction with one resourceVersion, which
rises over all resources together, as etcd's revision does, and never falls: not after a restart either. A Job
that was acknowledged is on the disk (fsync); what follows from it may have to be written again after a power cut.
"""

from __future__ import annotations

import random
import sqlite3
import time
import uuid
from collections import deque
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from kbatch_core.local.state.kinds import KINDS
from kbatch_core.local.state.statuses import CHANGED, AlreadyExists, Conflict, Expired, NotFound

Object = dict[str, Any]
Objects = list[Object]
Bodies = list[bytes]
Rows = list[tuple[str, str, bytes]]

SCHEMA = 1
# So many changes are kept at least, so that a watch that was cut off can go on; twice as many at most.
HISTORY = 1000
# Without letters that make words and digits that look like letters: what Kubernetes' names end with.
_ENDINGS = "bcdfghjklmnpqrstvwxz2456789"

_TABLES = """
CREATE TABLE objects (
    resource TEXT, namespace TEXT, name TEXT, body BLOB NOT NULL,
    PRIMARY KEY (resource, namespace, name)
) WITHOUT ROWID;
CREATE TABLE changes (
    version INTEGER PRIMARY KEY, type TEXT NOT NULL, resource TEXT NOT NULL, body BLOB NOT NULL, before BLOB
);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('version', 0), ('compacted', 0);
"""


class StoreError(Exception):
    """The file cannot be used as a store; the sentence says why."""


class Change:
    """One write. `type` is ADDED, MODIFIED or DELETED; a deleted object is as it was last.

    The objects are shared by all who listen: read them, never change them.
    """

    def __init__(self, version: int, type: str, resource: str, body: bytes, before: bytes | None) -> None:
        self.version = version
        self.type = type
        self.resource = resource
        self.body = body
        self.body_before = before

    @cached_property
    def object(self) -> Object:
        return _decode(self.body)

    @cached_property
    def before(self) -> Object | None:
        """The object before this change; None for one that was added."""
        return None if self.body_before is None else _decode(self.body_before)

    def __repr__(self) -> str:
        return f"Change({self.version}, {self.type}, {self.resource}, {self.object['metadata']['name']})"


Changes = list[Change]


class Store:
    """All objects of one cluster. Owns its SQLite file; for one thread only."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time, history: int = HISTORY) -> None:
        """Opens or makes the file. Raises StoreError for one that is not ours, is damaged or is in use."""
        self._clock = clock
        self._history = history
        self._listeners: list[Callable[[Change], None]] = []
        self._untold: deque[Change] = deque()
        self._telling = False
        self._db = _open(path)
        counters = dict(self._db.execute("SELECT name, value FROM counters"))
        self.version: int = counters["version"]
        """The newest resourceVersion."""
        self.compacted: int = counters["compacted"]
        """Changes up to this one are forgotten."""

    def now(self) -> float:
        """Seconds since the epoch, by the store's clock."""
        return self._clock()

    def close(self) -> None:
        """No call but this one is allowed afterwards."""
        self._db.close()

    def create(self, resource: str, obj: Object) -> Object:
        """Store a new object under its name, or one made of generateName; a uid that it has is kept.

        Raises AlreadyExists.
        """
        kind = KINDS[resource]
        metadata = dict(obj.get("metadata") or {})
        if not kind.namespaced:
            metadata.pop("namespace", None)
        while True:
            if not obj["metadata"].get("name"):
                metadata["name"] = generated_name(metadata.get("generateName", ""))
            where = (resource, metadata.get("namespace", ""), metadata["name"])
            if self._body(*where) is None:
                break
            if obj["metadata"].get("name"):
                raise AlreadyExists(resource, metadata["name"])
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata["creationTimestamp"] = timestamp(self._clock())
        if kind.has_generation:
            metadata["generation"] = 1
        return self._write("ADDED", where, {**obj, "metadata": metadata}, None)

    def get(self, resource: str, namespace: str, name: str) -> Object:
        """One object; the dict is the caller's. Raises NotFound."""
        return _decode(self.raw(resource, namespace, name))

    def raw(self, resource: str, namespace: str, name: str) -> bytes:
        """The same as JSON, beginning with kind, apiVersion and metadata. Raises NotFound."""
        body = self._body(resource, namespace, name)
        if body is None:
            raise NotFound(resource, name)
        return body

    def list(self, resource: str, namespace: str = "") -> Objects:
        """The objects of a namespace, or of all, in the order of namespace and name."""
        return [_decode(body) for body in self.list_raw(resource, namespace)]

    def list_raw(self, resource: str, namespace: str = "") -> Bodies:
        """The same as JSON."""
        return [body for _, _, body in self.rows(resource, namespace)]

    def rows(self, resource: str, namespace: str = "") -> Rows:
        """The same as (namespace, name, JSON)."""
        where, values = ("resource = ?", [resource])
        if namespace and KINDS[resource].namespaced:
            where, values = f"{where} AND namespace = ?", [resource, namespace]
        return self._db.execute(
            f"SELECT namespace, name, body FROM objects WHERE {where} ORDER BY namespace, name", values
        ).fetchall()

    def rows_at(self, resource: str, namespace: str, version: int) -> Rows:
        """The rows as they were at that version: the changes after it undone. Raises Expired."""
        rows = {(where, name): body for where, name, body in self.rows(resource, namespace)}
        for change in reversed(self.since(resource, version)):
            metadata = change.object["metadata"]
            key = (metadata.get("namespace", ""), metadata["name"])
            if namespace and key[0] != namespace:
                continue
            if change.body_before is None:
                rows.pop(key, None)
            else:
                rows[key] = change.body_before
        return [(*key, rows[key]) for key in sorted(rows)]

    def update(self, resource: str, obj: Object) -> Object:
        """Store the object in place of the old one; its resourceVersion, when given, must be the old one's.

        Nothing is written when nothing changed. Raises NotFound, Conflict.
        """
        metadata = dict(obj["metadata"])
        where = (resource, metadata.get("namespace", ""), metadata["name"])
        body = self.raw(*where)
        old = _decode(body)
        before = old["metadata"]
        if metadata.get("uid", before["uid"]) != before["uid"]:
            raise Conflict(
                resource,
                metadata["name"],
                f"Precondition failed: UID in precondition: {metadata['uid']}, "
                f"UID in object meta: {before['uid']}",
            )
        version = metadata.get("resourceVersion") or before["resourceVersion"]
        if version != before["resourceVersion"]:
            raise Conflict(resource, metadata["name"], CHANGED)
        for field in ("uid", "creationTimestamp", "resourceVersion", "generation"):
            if field in before:
                metadata[field] = before[field]
        new = {**obj, "kind": old["kind"], "apiVersion": old["apiVersion"], "metadata": metadata}
        if new == old:
            return old
        asked_to_go = "deletionTimestamp" in metadata and "deletionTimestamp" not in before
        if KINDS[resource].has_generation and (asked_to_go or new.get("spec") != old.get("spec")):
            metadata["generation"] = before.get("generation", 0) + 1
        return self._write("MODIFIED", where, new, body)

    def change(self, resource: str, namespace: str, name: str, edit: Callable[[Object], None]) -> Object:
        """Get it, let `edit` change it, store it. Raises NotFound and what `edit` raises."""
        obj = self.get(resource, namespace, name)
        edit(obj)
        return self.update(resource, obj)

    def delete(self, resource: str, namespace: str, name: str, *, uid: str = "") -> Object:
        """Remove it at once, whatever finalizers it has; with `uid`, only that very object.

        Returns it as it was. Raises NotFound, Conflict.
        """
        if not KINDS[resource].namespaced:
            namespace = ""
        body = self.raw(resource, namespace, name)
        obj = _decode(body)
        found = obj["metadata"]["uid"]
        if uid and uid != found:
            raise Conflict(
                resource,
                name,
                f"Precondition failed: UID in precondition: {uid}, UID in object meta: {found}",
            )
        return self._write("DELETED", (resource, namespace, name), obj, body)

    def since(self, resource: str, version: int) -> Changes:
        """The changes after that resourceVersion, oldest first. Raises Expired when some are forgotten."""
        if version < self.compacted:
            raise Expired(f"too old resource version: {version} ({self.compacted + 1})")
        rows = self._db.execute(
            "SELECT version, type, resource, body, before FROM changes"
            " WHERE resource = ? AND version > ? ORDER BY version",
            (resource, version),
        )
        return [Change(*row) for row in rows]

    def subscribe(self, call: Callable[[Change], None]) -> Callable[[], None]:
        """`call` is told of each change after it is stored, in their order; the answer ends that.

        A write made inside of `call` is told after the one that `call` was called for. It must not raise.
        """
        self._listeners.append(call)

        def end() -> None:
            if call in self._listeners:
                self._listeners.remove(call)

        return end

    def _body(self, resource: str, namespace: str, name: str) -> bytes | None:
        where = (resource, namespace if KINDS[resource].namespaced else "", name)
        row = self._db.execute(
            "SELECT body FROM objects WHERE resource = ? AND namespace = ? AND name = ?", where
        ).fetchone()
        return row[0] if row else None

    def _write(self, type: str, where: tuple[str, str, str], obj: Object, before: bytes | None) -> Object:
        """One transaction: the object, the change, the counters. Then all who listen are told."""
        resource = where[0]
        kind = KINDS[resource]
        version = self.version + 1
        metadata = {**obj["metadata"], "resourceVersion": str(version)}
        # This order lets a list be put together from what is stored.
        new = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
        new.update((key, value) for key, value in obj.items() if key not in new)
        body = msgspec.json.encode(new)
        self._db.execute(f"PRAGMA synchronous={'FULL' if resource == 'jobs' else 'NORMAL'}")
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if type == "DELETED":
                self._db.execute(
                    "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?", where
                )
            else:
                self._db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", (*where, body))
            self._db.execute(
                "INSERT INTO changes VALUES (?, ?, ?, ?, ?)", (version, type, resource, body, before)
            )
            self._db.execute("UPDATE counters SET value = ? WHERE name = 'version'", (version,))
            compacted = self._compact(version)
        self.version, self.compacted = version, compacted
        self._tell(Change(version, type, resource, body, before))
        return new

    def _compact(self, version: int) -> int:
        """Forget old changes, many at once; the newest version that is forgotten then."""
        if version - self.compacted <= 2 * self._history:
            return self.compacted
        oldest = version - self._history
        self._db.execute("DELETE FROM changes WHERE version <= ?", (oldest,))
        self._db.execute("UPDATE counters SET value = ? WHERE name = 'compacted'", (oldest,))
        return oldest

    def _tell(self, change: Change) -> None:
        self._untold.append(change)
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                told = self._untold.popleft()
                for call in tuple(self._listeners):
                    call(told)
        finally:
            self._telling = False


def _open(path: Path) -> sqlite3.Connection:
    """The file, with our tables in it, readable by the owner only."""
    path.touch(mode=0o600, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        # One process only; so the index of the WAL needs no shared memory either.
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=WAL")
        (found,) = db.execute("PRAGMA user_version").fetchone()
        if found == 0:
            db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={SCHEMA}; COMMIT;")
        elif found != SCHEMA:
            raise StoreError(
                f"{path} was written by another version of kqueue (schema {found}, not {SCHEMA})."
            )
        (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise StoreError(f"{path} is damaged ({state}).")
    except sqlite3.Error as error:
        db.close()
        raise StoreError(f"{path} cannot be used ({error}).") from error
    except StoreError:
        db.close()
        raise
    return db


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as Kubernetes writes a time."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def generated_name(prefix: str) -> str:
    """A name that begins so, with a random end; it may be taken."""
    return f"{prefix[:58]}{''.join(random.choices(_ENDINGS, k=5))}"


def _decode(body: bytes) -> Object:
    obj: Object = msgspec.json.decode(body)
    return obj
