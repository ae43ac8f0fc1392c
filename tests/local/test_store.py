"""The store: versions that only rise, changes that can be read again, and nothing lost by a restart."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbatch_core.local.state.statuses import AlreadyExists, ApiError, Conflict, Expired, NotFound
from kbatch_core.local.state.store import Change, Store, StoreError

NOW = 1_790_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "state.db", clock=lambda: NOW)
    yield made
    made.close()


def job(name: str = "a", namespace: str = "default", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec}


def test_what_is_stored_is_what_is_read(store: Store) -> None:
    made = store.create("jobs", job(parallelism=2))
    assert made["kind"] == "Job"
    assert made["apiVersion"] == "batch/v1"
    assert made["metadata"]["creationTimestamp"] == "2026-09-21T14:13:20Z"
    assert made["metadata"]["generation"] == 1
    assert made["metadata"]["uid"]
    assert store.get("jobs", "default", "a") == made == store.list("jobs")[0]
    assert store.raw("jobs", "default", "a").startswith(b'{"kind":"Job","apiVersion":"batch/v1","metadata":{')


def test_a_name_is_taken_once_and_a_generated_one_never_clashes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create("jobs", job())
    store.create("jobs", job(namespace="other"))
    with pytest.raises(AlreadyExists, match=r'jobs.batch "a" already exists'):
        store.create("jobs", job())
    endings = iter(["aaaaa", "aaaaa", "bbbbb"])
    monkeypatch.setattr("random.choices", lambda letters, k: list(next(endings)))
    pod = {"metadata": {"generateName": "p-", "namespace": "default"}}
    assert [store.create("pods", pod)["metadata"]["name"] for _ in range(2)] == ["p-aaaaa", "p-bbbbb"]


def test_an_update_raises_the_version_and_the_generation_with_the_spec_only(store: Store) -> None:
    made = store.create("jobs", job(parallelism=1))
    status = store.update("jobs", {**made, "status": {"active": 1}})
    assert status["metadata"]["generation"] == 1
    assert int(status["metadata"]["resourceVersion"]) == store.version == 2
    spec = store.update("jobs", {**status, "spec": {"parallelism": 2}})
    assert spec["metadata"]["generation"] == 2
    told: list[Change] = []
    store.subscribe(told.append)
    assert store.update("jobs", spec) == spec
    assert (store.version, told) == (3, []), "nothing changed: no write and no event"


def test_an_update_from_an_old_version_is_a_conflict(store: Store) -> None:
    old = store.create("jobs", job())
    store.change("jobs", "default", "a", lambda obj: obj["metadata"].update(labels={"x": "1"}))
    with pytest.raises(Conflict, match="the object has been modified"):
        store.update("jobs", {**old, "spec": {"suspend": True}})
    with pytest.raises(Conflict, match="UID in precondition: other"):
        store.update("jobs", {"metadata": {**old["metadata"], "uid": "other"}})
    with pytest.raises(Conflict, match="UID in precondition"):
        store.delete("jobs", "default", "a", uid="other")
    without = {key: value for key, value in old["metadata"].items() if key != "resourceVersion"}
    assert store.update("jobs", {"metadata": without})["metadata"]["uid"] == old["metadata"]["uid"]


def test_what_is_not_there_is_said(store: Store) -> None:
    missing = r'^jobs.batch "a" not found$'
    with pytest.raises(NotFound, match=missing):
        store.get("jobs", "default", "a")
    with pytest.raises(NotFound, match=missing):
        store.update("jobs", job())
    with pytest.raises(NotFound, match=missing):
        store.delete("jobs", "default", "a")


def test_lists_are_in_order_and_of_one_namespace_or_all(store: Store) -> None:
    for namespace, name in (("b", "x"), ("a", "z"), ("a", "y")):
        store.create("jobs", job(name, namespace))
    store.create("nodes", {"metadata": {"name": "n"}})
    assert [one["metadata"]["name"] for one in store.list("jobs")] == ["y", "z", "x"]
    assert [one["metadata"]["name"] for one in store.list("jobs", "a")] == ["y", "z"]
    assert len(store.list("nodes", "a")) == 1, "a node is in no namespace"


def test_changes_are_told_in_order_also_those_made_while_telling(store: Store) -> None:
    told: list[tuple[int, str, str]] = []

    def make_a_pod(change: Change) -> None:
        if change.resource == "jobs" and change.type == "ADDED":
            store.create("pods", job("p"))

    store.subscribe(make_a_pod)
    end = store.subscribe(lambda change: told.append((change.version, change.type, change.resource)))
    store.create("jobs", job())
    store.delete("jobs", "default", "a")
    assert told == [(1, "ADDED", "jobs"), (2, "ADDED", "pods"), (3, "DELETED", "jobs")]
    end()
    store.create("nodes", {"metadata": {"name": "n"}})
    assert len(told) == 3


def test_changes_can_be_read_again_until_they_are_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db", history=3)
    made = store.create("jobs", job())
    for n in range(7):
        made = store.update("jobs", {**made, "spec": {"parallelism": n}})
    assert store.compacted == 4
    assert [change.version for change in store.since("jobs", 5)] == [6, 7, 8]
    assert [change.before and change.before["spec"]["parallelism"] for change in store.since("jobs", 6)] == [
        4,
        5,
    ]
    assert store.since("pods", 5) == []
    with pytest.raises(Expired, match=r"^too old resource version: 3 \(5\)$"):
        store.since("jobs", 3)
    store.close()
    again = Store(tmp_path / "state.db", history=3)
    assert (again.version, again.compacted) == (8, 4)
    assert [change.version for change in again.since("jobs", 4)] == [5, 6, 7, 8]
    again.close()


def test_a_version_is_never_given_twice_though_the_newest_object_is_gone(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    store.create("jobs", job())
    gone = store.delete("jobs", "default", "a")
    assert gone["metadata"]["resourceVersion"] == "2"
    store.close()
    again = Store(tmp_path / "state.db")
    assert again.create("jobs", job())["metadata"]["resourceVersion"] == "3"
    again.close()


WRITER = """
import sys
from pathlib import Path
from kbatch_core.local.state.store import Store
store = Store(Path(sys.argv[1]))
n = len(store.list("jobs"))
while True:
    store.create("jobs", {"metadata": {"name": f"{n:06}", "namespace": "x"}, "spec": {"pad": "x" * 500}})
    n += 1
    print(n, flush=True)
"""


def test_kill_9_at_any_moment_loses_no_write_that_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    last = 0
    for round_ in range(6):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            for line in itertools.islice(writer.stdout, 1 + 17 * round_):
                last = int(line)
            os.kill(writer.pid, signal.SIGKILL)
            last = max([last, *(int(line) for line in writer.stdout.read().split(b"\n")[:-1])])
        store = Store(path)
        names = [one["metadata"]["name"] for one in store.list("jobs")]
        assert names == [f"{n:06}" for n in range(len(names))]
        assert len(names) >= last
        assert store.version == len(names)
        store.close()


def test_only_the_owner_can_read_it_and_only_one_process_has_it(store: Store, tmp_path: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    with pytest.raises(StoreError, match="locked"):
        Store(tmp_path / "state.db")


def test_a_file_that_is_not_ours_is_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        Store(tmp_path / "text")
    with sqlite3.connect(tmp_path / "new") as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(StoreError, match="another version of kqueue"):
        Store(tmp_path / "new")


WRITES = st.lists(
    st.tuples(
        st.sampled_from(["create", "update", "delete"]),
        st.sampled_from("ab"),
        st.integers(0, 2),
    ),
    max_size=30,
)


@given(WRITES)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_changes_always_add_up_to_the_objects(
    quick_folder: Path, writes: list[tuple[str, str, int]]
) -> None:
    path = quick_folder / f"{next(_numbers)}.db"
    store = Store(path)
    seen: dict[str, Any] = {}
    told: list[Change] = []
    store.subscribe(told.append)
    for verb, name, number in writes:
        try:
            if verb == "create":
                store.create("jobs", job(name, number=number))
            elif verb == "update":
                store.update("jobs", job(name, number=number))
            else:
                store.delete("jobs", "default", name)
        except ApiError:
            continue
    store.close()
    store = Store(path)
    read = store.since("jobs", 0)
    assert [(one.version, one.type, one.object) for one in read] == [
        (one.version, one.type, one.object) for one in told
    ]
    for change in read:
        assert change.before == seen.get(change.object["metadata"]["name"]) or change.type == "DELETED"
        seen[change.object["metadata"]["name"]] = change.object
        if change.type == "DELETED":
            del seen[change.object["metadata"]["name"]]
    assert sorted(seen.values(), key=lambda one: one["metadata"]["name"]) == store.list("jobs")
    store.close()


_numbers = itertools.count()
