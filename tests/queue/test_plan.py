"""When events are read: soon, then seldom, never many at once (pure)."""

from __future__ import annotations

from kbatch_core.queue.reads import BURST, FIRST_SECONDS, LONGEST_SECONDS, PER_SECOND, Need, ReadPlan


def need(name: str) -> Need:
    return Need(f"job-{name}", f"object-{name}", "ann")


def run(plan: ReadPlan, seconds: float, now: float = 0.0) -> list[tuple[float, str]]:
    """All reads within some seconds, as (time, object), taken when the plan itself says."""
    taken: list[tuple[float, str]] = []
    end = now + seconds
    while True:
        when = plan.next_at(now)
        if when is None or when > end:
            return taken
        now = max(now, when)
        found = plan.take(now)
        if found is not None:
            taken.append((now, found.object))


def test_one_object_is_read_after_a_second_and_then_ever_more_seldom() -> None:
    plan = ReadPlan()
    plan.want(need("a"), submitted=1.0, stamp="1", now=0.0)
    assert plan.take(0.0) is None
    times = [when for when, _ in run(plan, 300.0)]
    assert times[:7] == [1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 123.0]
    assert times[-1] - times[-2] == LONGEST_SECONDS


def test_a_thousand_waiting_jobs_do_not_cost_a_thousand_reads() -> None:
    plan = ReadPlan()
    for number in range(1000):
        plan.want(need(str(number)), submitted=float(number), stamp="1", now=0.0)
    taken = run(plan, 100.0)
    assert len(taken) <= BURST + 100 * PER_SECOND
    first = [name for _, name in taken[:BURST]]
    assert first == [f"object-{number}" for number in range(999, 999 - BURST, -1)], "the newest first"
    later = {name for _, name in taken[BURST:]}
    assert len(later) > 40, "who was never read is not kept waiting by who was"
    assert later & set(first), "nor the other way round"


def test_what_changed_is_read_again_soon() -> None:
    plan = ReadPlan()
    plan.want(need("a"), submitted=1.0, stamp="1", now=0.0)
    run(plan, 100.0)
    plan.want(need("a"), submitted=1.0, stamp="1", now=100.0)
    assert plan.next_at(100.0) == 123.0
    plan.want(need("a"), submitted=1.0, stamp="2", now=100.0)
    assert plan.next_at(100.0) == 102.0


def test_what_needs_no_explaining_any_more_is_not_read() -> None:
    plan = ReadPlan()
    plan.want(need("a"), submitted=1.0, stamp="1", now=0.0)
    plan.forget("job-a")
    assert plan.next_at(0.0) is None
    plan.want(need("b"), submitted=1.0, stamp="1", now=0.0)
    assert len(run(plan, 10.0)) == 3
    plan.forget("job-b")
    assert run(plan, 1000.0, now=10.0) == []


def test_when_a_job_gets_a_pod_the_pod_is_read_instead() -> None:
    plan = ReadPlan()
    plan.want(Need("job", "job", "ann"), submitted=1.0, stamp="1", now=0.0)
    plan.want(Need("job", "pod", "ann"), submitted=1.0, stamp="1", now=0.5)
    assert {name for _, name in run(plan, 100.0)} == {"pod"}


def test_a_pause_holds_its_namespace_and_no_other() -> None:
    plan = ReadPlan()
    for number in range(20):
        plan.want(need(f"old-{number}"), submitted=1.0, stamp="1", now=0.0)
    assert len(run(plan, 60.0)) > 20
    plan.pause("ann", 600.0)
    plan.want(need("new"), submitted=2.0, stamp="1", now=60.0)
    plan.want(Need("job-b", "object-b", "lab"), submitted=1.0, stamp="1", now=60.0)
    held = run(plan, 539.0, now=60.0)
    assert {name for _, name in held} == {"object-b"}
    assert held[0][0] == 60.0 + FIRST_SECONDS
    assert len(held) > 5, "as often as if there were no other"
    assert plan.take(599.5) is None
    assert plan.next_at(599.5) == 600.0
    after = run(plan, 60.0, now=599.5)
    assert {name for _, name in after} >= {"object-new", *(f"object-old-{number}" for number in range(20))}
