"""What is joined, when rows are made anew, and what that costs (pure: the clock only moves when told)."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from kbatch_core.cluster.mirror import ADDED, DELETED, MODIFIED, Change
from kbatch_core.model.objects import Event, Job, Node, Pod, ResourceQuota
from kbatch_core.queue.joined import EVENTS_KEPT, Joined
from kbatch_core.status import JobRow
from tests.queue.wire import NOW, a_job, a_node, a_pod, an_event, complete, unscheduled

Object = TypeVar("Object")


class Store:
    """A Joined whose clock a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.joined = Joined(now=lambda: NOW + self.seconds, clock=lambda: self.seconds, explain=True)

    def job(self, name: str, kind: str = ADDED, **fields: Any) -> None:
        self.joined.change_jobs([change(Job, kind, a_job(name, **fields))])

    def pod(self, job: str, name: str = "", kind: str = ADDED, **fields: Any) -> None:
        self.joined.change_pods([change(Pod, kind, a_pod(job, name, **fields))])

    def node(self, name: str, cpu: str = "4", kind: str = ADDED, **fields: Any) -> None:
        self.joined.change_nodes([change(Node, kind, a_node(name, cpu, **fields))])

    def event(self, job: str, about: str, reason: str, **fields: Any) -> None:
        self.joined.add_events(
            f"uid-{job}", [msgspec.convert(an_event(about, reason, "text", **fields), Event)]
        )

    def rows(self) -> dict[str, JobRow]:
        """After all that is due was made."""
        while self.joined.is_due():
            self.joined.compute(10)
        return {row.id: row for row in self.joined.rows()}


def change(kind: type[Object], what: str, one: dict[str, Any]) -> Change[Any]:
    return Change(what, msgspec.convert(one, kind))


def test_who_changed_gets_a_new_row_and_nobody_else() -> None:
    store = Store()
    for name in ("a", "b", "c"):
        store.job(name, active=1)
    before = store.rows()
    version = store.joined.version
    store.pod("b", phase="Running", node="n")
    after = store.rows()
    assert [name for name in before if after[name] is not before[name]] == ["b"]
    assert store.joined.version == version + 1
    store.job("a", MODIFIED, active=1)
    assert store.rows()["a"] is before["a"], "what reads the same is no change"
    assert store.joined.version == version + 1


def test_what_is_deleted_is_forgotten_with_all_that_was_known_of_it() -> None:
    store = Store()
    store.job("a", active=1)
    store.pod("a", **unscheduled("0/1 nodes"))
    store.event("a", "a-pod", "NotTriggerScaleUp")
    assert store.rows()
    store.job("a", DELETED)
    store.pod("a", kind=DELETED)
    assert store.rows() == {}
    assert store.joined.evidence("uid-a") is None
    assert store.joined.events("uid-a") == ()
    assert store.joined.pods("uid-a") == ()
    assert (store.joined.next_due(), store.joined.plan.next_at(0.0)) == (None, None)
    store.event("a", "a-pod", "TooLate")
    assert store.joined.events("uid-a") == ()


def test_a_sentence_with_a_duration_is_made_again_when_that_has_grown() -> None:
    store = Store()
    store.job("a", active=1)
    store.pod("a", node="n")
    store.event("a", "a-pod", "Pulling", ago=15)
    assert store.rows()["a"].sentence == "Pulling the image for 10 s"
    due = store.joined.next_due()
    assert due is not None
    store.seconds = due
    assert store.rows()["a"].sentence == "Pulling the image for 20 s"


def test_a_large_array_does_not_take_all_the_time() -> None:
    store = Store()
    spec = {"completionMode": "Indexed", "completions": 1000}
    store.job("a", active=1000, spec=spec)
    for number in range(1000):
        store.pod("a", f"pod-{number}", phase="Running", node="n")
    assert store.rows()["a"].tasks is not None
    seen = []
    for step in range(100):
        store.seconds = step / 100
        store.pod("a", f"pod-{step}", kind=DELETED)
        tasks = store.rows()["a"].tasks
        assert tasks is not None
        seen.append(tasks.running)
    assert len(set(seen)) < 5, "looked at a few times in this second, and not for each of its pods"
    store.seconds = 2.0
    tasks = store.rows()["a"].tasks
    assert tasks is not None
    assert tasks.running == 900, "nothing is missed in the end"


def test_a_node_concerns_what_runs_on_it_and_what_finds_none() -> None:
    store = Store()
    store.node("n", "1")
    store.node("other", "1")
    for name, pod in (
        ("on-it", {"phase": "Running", "node": "n"}),
        ("elsewhere", {"phase": "Running", "node": "other"}),
        ("waits", unscheduled("0/2 nodes are available: 2 Insufficient cpu.")),
    ):
        store.job(name, active=1)
        store.pod(name, **pod)
    store.job("done", **complete())
    assert store.rows()["waits"].code == "Resources"
    assert not store.joined.is_due()
    store.node("n", "1", MODIFIED)
    assert not store.joined.is_due(), "a heartbeat says nothing"
    store.node("n", "1", MODIFIED, ready="Unknown")
    store.seconds += 1
    rows = store.rows()
    assert {name: row.code for name, row in rows.items()} == {
        "on-it": "NodeSilent",
        "elsewhere": "",
        "waits": "Resources",
        "done": "",
    }


def test_rows_that_a_new_node_concerns_follow_one_after_the_other() -> None:
    store = Store()
    store.node("small", "0")
    names = [f"job-{number}" for number in range(100)]
    for name in names:
        store.job(name, active=1)
        store.pod(name, **unscheduled("0/1 nodes are available: 1 Insufficient cpu."))
    assert {row.code for row in store.rows().values()} == {"NeverFits"}
    store.node("large", "64")
    seen = []
    for tenths in range(4):
        store.seconds = tenths / 10
        seen.append(sum(row.code == "Resources" for row in store.rows().values()))
    assert seen[0] < 10 < seen[1] < 90, "not all at once"
    assert seen[-1] == 100


def test_a_quota_concerns_what_waits_in_its_namespace_without_a_pod() -> None:
    store = Store()
    store.job("waits")
    store.job("has-a-pod", active=1)
    store.pod("has-a-pod", phase="Running", node="n")
    store.job("done", **complete())
    elsewhere = a_job("elsewhere")
    elsewhere["metadata"]["namespace"] = "lab"
    store.joined.change_jobs([change(Job, ADDED, elsewhere)])
    before = store.rows()

    def quota(used: str) -> None:
        one = {"metadata": {"name": "q", "namespace": "ann", "uid": "q"}, "spec": {}}
        status = {"hard": {"pods": "2"}, "used": {"pods": used}}
        store.joined.change_quotas([change(ResourceQuota, MODIFIED, {**one, "status": status})])

    made: list[str] = []
    put = store.joined._rows.put
    store.joined._rows.put = lambda row: (made.append(row.id), put(row))[1]  # type: ignore[func-returns-value,method-assign]
    quota("2")
    after = store.rows()
    assert after["waits"].code == "QuotaExceeded"
    assert made == ["waits"], "nobody else is looked at"
    assert [name for name in before if after[name] is not before[name]] == ["waits"]
    quota("1")
    assert store.rows()["waits"].code == "None"


def test_rows_are_made_a_few_at_a_time_while_their_pods_are_known() -> None:
    store = Store()
    store.joined.wait_for_pods(["lab"])
    for number in range(5):
        store.job(f"job-{number}")
    held = a_job("held")
    held["metadata"]["namespace"] = "lab"
    store.joined.change_jobs([change(Job, ADDED, held)])
    store.joined.compute(2)
    assert [row.id for row in store.joined.rows()] == ["job-0", "job-1"]
    assert len(store.rows()) == 5
    assert not store.joined.is_due()
    store.joined.compute_one("uid-held")
    store.joined.compute_one("uid-of-none")
    assert len(store.joined.rows()) == 5
    store.joined.wait_for_pods([])
    assert store.joined.is_due()
    assert "held" in store.rows()


def test_events_are_read_again_soon_when_what_they_are_about_has_changed() -> None:
    store = Store()
    plan = store.joined.plan

    def versioned(one: dict[str, Any], version: str) -> dict[str, Any]:
        one["metadata"]["resourceVersion"] = version
        return one

    def at_rest() -> None:
        """Read so often that the next time is far away."""
        for _ in range(8):
            when = plan.next_at(store.seconds)
            assert when is not None
            store.seconds = when
            assert plan.take(when) is not None

    store.joined.change_jobs([change(Job, ADDED, versioned(a_job("a"), "1"))])
    store.rows()
    at_rest()
    store.joined.change_jobs([change(Job, MODIFIED, versioned(a_job("a"), "1"))])
    store.rows()
    later = plan.next_at(store.seconds)
    assert later is not None and later > store.seconds + 30
    store.joined.change_jobs([change(Job, MODIFIED, versioned(a_job("a"), "2"))])
    store.rows()
    assert plan.next_at(store.seconds) == store.seconds + 2
    waits = unscheduled("0/1 nodes")
    store.joined.change_pods([change(Pod, ADDED, versioned(a_pod("a", **waits), "3"))])
    store.rows()
    at_rest()
    store.joined.change_jobs([change(Job, MODIFIED, versioned(a_job("a"), "4"))])
    store.rows()
    later = plan.next_at(store.seconds)
    assert later is not None and later > store.seconds + 30, "they are about the pod"
    store.joined.change_pods([change(Pod, MODIFIED, versioned(a_pod("a", **waits), "5"))])
    store.rows()
    assert plan.next_at(store.seconds) == store.seconds + 2


def test_a_right_that_is_missing_is_news_once() -> None:
    store = Store()
    version = store.joined.version
    for _ in range(2):
        store.joined.miss("events", "ann")
        assert store.joined.version == version + 1
    assert len(store.joined.missing()) == 1
    for _ in range(2):
        store.joined.have("events", "ann")
        assert store.joined.version == version + 2
    assert store.joined.missing() == ()


def test_what_is_there_is_not_looked_for_again() -> None:
    store = Store()
    store.job("done", **complete())
    store.job("held", spec={"suspend": True})
    store.rows()
    assert store.joined.wanted == set()
    store.job("a")
    store.rows()
    assert store.joined.wanted == {("quotas", "")}
    store.job("queued", queue="gpu")
    store.pod("queued", **unscheduled("0/1 nodes"))
    store.rows()
    assert store.joined.wanted == {("quotas", ""), ("workloads", ""), ("nodes", "")}
    store.joined.have("quotas")
    store.job("b")
    store.rows()
    assert store.joined.wanted == {("workloads", ""), ("nodes", "")}


def test_of_an_array_the_tasks_that_run_are_known() -> None:
    store = Store()
    store.job("a", active=3, spec={"completionMode": "Indexed", "completions": 3})
    for number, phase in enumerate(("Running", "Pending", "Running")):
        pod = a_pod("a", f"pod-{number}", phase=phase, node="n")
        pod["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": str(number)}
        store.joined.change_pods([change(Pod, ADDED, pod)])
    store.pod("a", "of-no-task", phase="Running", node="n")
    store.rows()
    assert store.joined.running(10) == [("a", 0), ("a", 2)]
    assert store.joined.running(1) == [("a", 0)]


def test_the_newest_events_of_a_job_are_kept() -> None:
    store = Store()
    store.job("a")
    for number in range(EVENTS_KEPT + 50):
        store.event("a", "a", "FailedCreate", name=f"e{number}", ago=1000 - number)
    kept = store.joined.events("uid-a")
    assert [event.metadata.name for event in kept] == [f"e{number}" for number in range(50, EVENTS_KEPT + 50)]


def test_who_runs_is_known_until_it_ends_or_is_gone() -> None:
    store = Store()
    for name in ("a", "b", "c"):
        store.job(name, active=1)
        store.pod(name, phase="Running", node="n")
    store.rows()
    assert store.joined.running(10) == [("a", None), ("b", None), ("c", None)]
    assert store.joined.running(2) == [("a", None), ("b", None)]
    store.job("a", MODIFIED, **complete())
    store.job("b", DELETED, active=1)
    store.rows()
    assert store.joined.running(10) == [("c", None)]


def test_what_comes_later_makes_a_new_row_and_a_new_version() -> None:
    store = Store()
    store.job("a")
    assert store.rows()["a"].code == "None"
    version = store.joined.version
    full = 'pods "x" is forbidden: exceeded quota: q, requested: cpu=1, used: cpu=2, limited: cpu=2'
    store.joined.add_events("uid-a", [msgspec.convert(an_event("a", "FailedCreate", full), Event)])
    assert store.rows()["a"].code == "QuotaExceeded"
    assert store.joined.version == version + 1
    store.joined.add_events("uid-a", [msgspec.convert(an_event("a", "FailedCreate", full), Event)])
    assert not store.joined.is_due(), "known already"
    assert store.joined.plan.next_at(0.0) is not None
    store.pod("a", phase="Running", node="n")
    assert store.rows()["a"].state == "R"
    assert store.joined.plan.next_at(0.0) is None, "what runs needs no explaining"
    version = store.joined.version
    store.joined.add_progress([(("a", None), "")])
    assert not store.joined.is_due()
    store.joined.add_progress([(("a", None), "1/2")])
    assert store.rows()["a"].progress == "1/2"
    assert store.joined.version > version
    version = store.joined.version
    store.job("a", DELETED)
    assert store.joined.version == version + 1


def test_rights_are_looked_for_in_the_namespace_of_who_needs_them() -> None:
    clock = {"now": lambda: NOW, "clock": lambda: 0.0}
    for namespaces, wanted in ((["ann", "lab"], ("quotas", "ann")), ([""], ("quotas", ""))):
        joined = Joined(explain=True, namespaces=namespaces, **clock)
        joined.change_jobs([change(Job, ADDED, a_job("a"))])
        joined.compute(1)
        assert joined.wanted == {wanted}
