"""The queue with its threads, on an API server in memory."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from kbatch_core.errors import AuthExpired, ConnectionFailed
from kbatch_core.model.objects import Job
from kbatch_core.model.record import Record
from tests.queue.watched import watching as watching_api
from tests.queue.watched import watching_world as watching
from tests.queue.wire import FULL, NOW, a_job, a_node, a_pod, an_event, complete, failed, unscheduled
from tests.queue.world import EVENTS, JOBS, NODES, PODS, QUOTAS, WORKLOADS, World


@pytest.fixture
def world() -> World:
    return World()


def test_a_job_is_followed_from_its_submit_to_its_end(world: World) -> None:
    with watching(world) as watched:
        watched.until(lambda: watched.queue.sync().state == "LIVE")
        assert watched.queue.rows() == ()
        world.put(JOBS, a_job("one", active=1))
        watched.until(watched.says("one", "PD", "None"))
        world.put(PODS, a_pod("one", node="a"))
        watched.until(watched.says("one", "CF", "ContainerCreating"))
        world.put(PODS, a_pod("one", phase="Running", node="a"))
        watched.until(watched.says("one", "R"))
        uid = "uid-one"
        assert [pod.metadata.name for pod in watched.queue.pods(uid)] == ["one-pod"]
        job = watched.queue.job(uid)
        assert job is not None
        assert job.metadata.name == "one"
        world.put(PODS, a_pod("one", phase="Succeeded", node="a"))
        world.put(JOBS, a_job("one", **complete()))
        watched.until(watched.says("one", "CD"))
        world.delete(PODS, "uid-one-pod")
        world.delete(JOBS, uid)
        watched.until(lambda: not watched.queue.rows())
        assert watched.queue.job(uid) is None


def test_rows_are_oldest_first_and_the_same_object_while_nothing_changes(world: World) -> None:
    for name, ago in (("b", 20.0), ("a", 10.0), ("c", 30.0)):
        world.put(JOBS, a_job(name, ago=ago, **complete()))
    with watching(world) as watched:
        watched.until(lambda: len(watched.queue.rows()) == 3 and watched.queue.sync().state == "LIVE")
        rows, version = watched.queue.rows(), watched.queue.version
        assert [row.id for row in rows] == ["c", "b", "a"]
        assert watched.queue.rows() is rows
        world.put(JOBS, a_job("d", ago=25.0))
        watched.until(lambda: len(watched.queue.rows()) == 4)
        assert [row.id for row in watched.queue.rows()] == ["c", "d", "b", "a"]
        assert watched.queue.version > version
        assert watched.queue.rows()[0] is rows[0], "a job that did not change keeps its row"


def test_until_it_is_time_to_tell_news_wakes_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred changes a second are not a hundred wake-ups of the thread that makes rows."""
    with watching(world) as watched:
        queue = watched.queue
        watched.until(watched.is_live)
        monkeypatch.setattr("kbatch_core.queue.queue.TELL_SECONDS", 3600.0)
        world.put(JOBS, a_job("first"))
        while not (queue._paced and queue.job("uid-first")):
            pass
        woken: list[int] = []
        wake = queue._news.notify

        def counted() -> None:
            woken.append(1)
            wake()

        monkeypatch.setattr(queue._news, "notify", counted)
        for number in range(100):
            world.put(JOBS, a_job(f"job-{number}"))
        while not queue.job("uid-job-99"):
            pass
        assert not woken


def test_no_row_claims_to_have_no_pod_before_pods_are_known(world: World) -> None:
    world.put(JOBS, a_job("one", active=1))
    world.put(PODS, a_pod("one", phase="Running", node="a"))
    world.broken = ConnectionFailed("Down.")
    seen: set[str] = set()

    def look() -> bool:
        seen.update(row.state for row in watched.queue.rows())
        return bool(seen)

    with watching(world) as watched:
        world.wait_asked(PODS)
        world.broken = None
        watched.until(look)
        assert seen == {"R"}


def test_only_the_users_own_jobs_are_asked_for(world: World) -> None:
    with watching(world, user="Ann B", selector="kbatch/account=geo"):
        world.wait_asked(JOBS, 2)
        world.wait_asked(PODS, 2)
        selectors = {path: asked["labelSelector"] for path, asked in world.asked if path in (JOBS, PODS)}
        assert selectors == {
            JOBS: "app.kubernetes.io/managed-by=kbatch,kbatch/user=Ann_B,kbatch/account=geo",
            PODS: "kbatch/id,kbatch/user=Ann_B",
        }


def test_what_was_written_is_shown_at_once(world: World) -> None:
    with watching(world, user="ann") as watched:
        watched.until(lambda: watched.queue.sync().state == "LIVE")
        for user in ("ann", "bob"):
            one = a_job(f"of-{user}", user=user)
            one["metadata"]["resourceVersion"] = "100000"
            watched.queue.put(msgspec.convert(one, Job))
        assert [row.id for row in watched.queue.rows()] == ["of-ann"]


def test_a_job_without_a_pod_is_explained_by_its_events_which_outlive_the_server_s(world: World) -> None:
    world.put(EVENTS, an_event("one", "FailedCreate", FULL))
    world.put(EVENTS, an_event("other", "FailedCreate", FULL))
    world.put(JOBS, a_job("one"))
    world.put(JOBS, a_job("done", **complete()))
    world.put(JOBS, a_job("held", spec={"suspend": True}))
    with watching(world) as watched:
        watched.until(watched.says("one", "PD", "QuotaExceeded"))
        world.delete(EVENTS, "uid-one.FailedCreate.30")
        world.put(PODS, a_pod("one", phase="Running", node="a"))
        watched.until(watched.says("one", "R"))
        assert [event.reason for event in watched.queue.events("uid-one")] == ["FailedCreate"]
        asked = [query["fieldSelector"] for path, query in world.asked if path == EVENTS]
        assert set(asked) == {"involvedObject.uid=uid-one"}, "nothing else needs explaining"


def test_nodes_quotas_and_queues_are_watched_once_a_job_needs_them(world: World) -> None:
    world.absent.clear()
    world.put(JOBS, a_job("done", **complete()))
    with watching(world) as watched:
        watched.until(lambda: watched.queue.sync().state == "LIVE")
        assert not [path for path, _ in world.asked if path not in (JOBS, PODS)]
        world.put(NODES, a_node("small", "1"))
        world.put(JOBS, a_job("big", active=1))
        pod = a_pod("big", **unscheduled("0/1 nodes are available: 1 Insufficient cpu."))
        pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "8"
        world.put(PODS, pod)
        watched.until(watched.says("big", "PD", "NeverFits"))
        world.put(NODES, a_node("large", "16"))
        watched.until(watched.says("big", "PD", "Resources"))

        quota = {"metadata": {"name": "q", "namespace": "ann", "uid": "uid-q"}, "spec": {}}
        hard, used = {"hard": {"pods": "1"}}, {"used": {"pods": "1"}}
        world.put(QUOTAS, {**quota, "status": {**hard, **used}})
        world.put(JOBS, a_job("late"))
        watched.until(watched.says("late", "PD", "QuotaExceeded"))

        world.put(JOBS, a_job("queued", queue="gpu", spec={"suspend": True}))
        watched.until(watched.says("queued", "PD", "QueueWait"))
        owner = {"kind": "Job", "name": "queued", "uid": "uid-queued", "controller": True}
        reserved = {"type": "QuotaReserved", "status": "False", "reason": "Pending", "message": "no room"}
        world.put(
            WORKLOADS,
            {
                "metadata": {"name": "w", "namespace": "ann", "uid": "uid-w", "ownerReferences": [owner]},
                "status": {"conditions": [reserved]},
            },
        )
        watched.until(watched.says("queued", "PD", "QueueQuota"))

        world.put(PODS, a_pod("late", phase="Running", node="large"))
        watched.until(watched.says("late", "R"))
        world.put(NODES, a_node("large", "16", ready="Unknown"))
        watched.until(watched.says("late", "R", "NodeSilent"))


def test_ages_are_counted_by_the_servers_clock(world: World) -> None:
    """A laptop that is an hour behind: what began a hundred seconds ago has run for a hundred seconds."""
    world.server_ahead = 3600.0
    world.put(JOBS, a_job("runs", active=1))
    world.put(PODS, a_pod("runs", phase="Running", node="a"))
    with watching_api(world.api, clock=lambda: NOW - 3600) as watched:
        watched.until(watched.says("runs", "R"))
        row = watched.row("runs")
        assert row is not None
        assert row.elapsed(watched.queue.now()) == 100


def test_while_the_server_is_away_the_rows_stay(world: World) -> None:
    world.put(JOBS, a_job("one", **complete()))
    with watching(world) as watched:
        watched.until(lambda: watched.queue.sync().state == "LIVE" and watched.row("one"))
        world.broken = AuthExpired("Who are you?")
        world.cut()
        watched.until(lambda: isinstance(watched.queue.sync().error, AuthExpired))
        sync = watched.queue.sync()
        assert sync.state == "RETRYING"
        assert sync.retry_at is not None
        assert watched.row("one") is not None


class Records:
    """Records in home, and what was asked of them."""

    def __init__(self, **found: Record) -> None:
        self.asked: list[tuple[str, int | None]] = []
        self._found = found

    def get(self, key: tuple[str, int | None], /) -> Record | None:
        self.asked.append(key)
        if key[0] == "boom":
            raise ZeroDivisionError("boom")
        return self._found.get(key[0])


def test_a_machine_that_slept_leaves_its_connections(world: World) -> None:
    """Monotonic time stood still meanwhile: nothing would notice that they are dead for 90 s."""
    day = [NOW]
    with watching_api(world.api, clock=lambda: day[0]) as watched:
        watched.until(watched.is_live)
        world.wait_asked(JOBS, 1, watch="1")
        world.wait_asked(PODS, 1, watch="1")
        day[0] += 10
        watched.queue.sync()
        for path, one in (
            (JOBS, a_job("first", active=1)),
            (PODS, a_pod("first", phase="Running", node="n")),
        ):
            world.put(path, one)
        watched.until(watched.says("first", "R"))
        assert (world.count(JOBS, watch="1"), world.count(PODS, watch="1")) == (1, 1), (
            "a clock that is set right"
        )
        day[0] += 3600
        watched.queue.sync()
        world.wait_asked(JOBS, 2, watch="1")
        world.wait_asked(PODS, 2, watch="1")
        world.put(JOBS, a_job("later", spec={"suspend": True}))
        watched.until(watched.says("later", "PD", "JobHeldUser"))
        assert watched.is_live()
        assert (world.count(JOBS), world.count(PODS)) == (3, 3), "one list and two watches"


def test_evidence_that_the_cluster_lost_is_looked_for_in_home(world: World) -> None:
    records = Records(one=Record(id="one", exit=3, start=NOW - 50, end=NOW - 10))
    world.put(JOBS, a_job("one", **failed("BackoffLimitExceeded")))
    world.put(JOBS, a_job("two", **failed("BackoffLimitExceeded")))
    world.put(JOBS, a_job("runs", active=1))
    with watching(world, history=records) as watched:
        watched.until(watched.says("one", "F", "NonZeroExitCode"))
        watched.until(watched.says("two", "F", "LostEvidence"))
        assert sorted(records.asked) == [("one", None), ("two", None)], "each once"


@pytest.mark.parametrize(
    "state", ["before the lists are answered", "before a read of events is answered", "quiet"]
)
def test_it_ends_from_each_state(world: World, state: str) -> None:
    world.put(JOBS, a_job("one"))
    if "lists" in state:
        world.gate.clear()
    with watching(world) as watched:
        world.wait_asked(JOBS)
        if "lists" not in state:
            watched.until(watched.says("one", "PD", "None"))
            world.gate.clear()
            if "events" in state:
                world.wait_asked(EVENTS)


def test_a_fault_of_ours_is_said_and_not_swallowed(world: World) -> None:
    world.put(JOBS, a_job("boom", **failed("BackoffLimitExceeded")))
    with watching(world, history=Records()) as watched:
        watched.until(lambda: "boom" in str(watched.queue.sync().error))


def test_what_a_script_reports_is_read_again_and_again_while_it_runs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kbatch_core.queue.asking.PROGRESS_SECONDS", 0.01)
    reported: dict[tuple[str, int | None], str] = {("two", None): "1/2"}

    def shows(name: str, text: str) -> Callable[[], bool]:
        return lambda: (row := watched.row(name)) is not None and row.progress == text

    with watching(world, progress=reported) as watched:
        for name in ("one", "two"):
            world.put(JOBS, a_job(name, active=1))
        world.put(PODS, a_pod("one", phase="Running", node="a"))
        watched.until(watched.says("one", "R"))
        watched.until(watched.says("two", "PD", "None"))
        reported["one", None] = "7/30 fitting"
        watched.until(shows("one", "7/30 fitting"))
        reported["one", None] = "8/30 fitting"
        watched.until(shows("one", "8/30 fitting"))
        assert shows("two", "")(), "it does not run"


def test_of_an_array_each_task_reports(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kbatch_core.queue.asking.PROGRESS_SECONDS", 0.01)
    with watching(world, progress={("one", 1): "1/9", ("one", None): "wrong"}) as watched:
        job = a_job("one", active=2)
        job["spec"] |= {"completionMode": "Indexed", "completions": 2}
        world.put(JOBS, job)
        for index in (0, 1):
            pod = a_pod("one", phase="Running", node="a")
            pod["metadata"] |= {"uid": f"pod-{index}", "name": f"pod-{index}"}
            pod["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": str(index)}
            world.put(PODS, pod)
        watched.until(watched.says("one", "R"))
        watched.until(lambda: [row.progress for row in watched.queue.task_rows("uid-one")] == ["", "1/9"])
        row = watched.row("one")
        assert row is not None
        assert row.progress == ""
