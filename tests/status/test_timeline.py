"""What happened to a job, in the order of time."""

from __future__ import annotations

from msgspec.structs import replace

from kbatch_core.model import labels
from kbatch_core.model.safetext import safe_text
from kbatch_core.status.timeline import MOST_MOMENTS, Moment, timeline, timeline_words
from tests.status import objects as o


def words(moments: list[Moment]) -> list[str]:
    return [text for _, text in timeline_words(moments)]


def placed(ago: float) -> list[object]:
    return [o.condition("PodScheduled", "", "", status="True", ago=ago)]


def test_a_job_that_ran_well() -> None:
    job = o.job(conditions=o.complete())
    pod = o.pod("Succeeded", conditions=placed(450), state=o.ended(0))
    moments = timeline(job, [pod], [o.event(job, "SuccessfulCreate", "Created pod", kind="Normal")])
    assert words(moments) == ["Submitted", "Placed on node node-a", "Started", "Ended: exit 0", "Completed"]
    assert [moment.when for moment in moments] == sorted(moment.when for moment in moments)
    assert not any(moment.warning for moment in moments)


def test_a_restart_shows_who_took_the_first_pod_away() -> None:
    target = o.condition(
        "DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting", status="True", ago=300
    )
    first = o.pod("Failed", conditions=[target], state=o.ended(143), ago=500)
    second = o.pod("Running", ago=200)
    told = words(timeline(o.job(), [second, first], []))
    assert told.index("Taken away: Eviction API: evicting") < told.index("Restart 1")
    assert told.count("Started") == 2


def test_held_released_and_cancelled() -> None:
    suspended = o.condition("Suspended", "JobResumed", "", status="False", ago=100)
    job = o.job(conditions=[suspended], annotations={labels.CANCELLED_AT: str(int(o.NOW - 50))})
    assert words(timeline(job, [], [])) == ["Submitted", "Released", "Cancelled"]
    held = o.job(
        conditions=[o.condition("Suspended", "JobSuspended", "", status="True", ago=100)], suspend=True
    )
    assert words(timeline(held, [], [])) == ["Submitted", "Held"]


def test_warnings_are_told_with_their_number_and_others_events_are_not() -> None:
    job, pod = o.job(), o.pod("Pending", state=o.waiting("ImagePullBackOff"))
    stranger = o.pod("Pending")
    events = [
        o.event(pod, "Failed", "no such image\x1b]0;title\x07"),
        o.event(stranger, "Failed", "not ours"),
    ]
    told = timeline(job, [pod], events)
    assert told[-1].warning
    assert told[-1].what == "Failed: no such image (3 times)"
    assert "not ours" not in "".join(words(told))
    assert all(moment.what == safe_text(moment.what) for moment in told)


def test_tasks_are_named_and_one_can_be_asked_for() -> None:
    job = o.job(array="5,7", count=2)
    pods = [o.pod("Succeeded", index=0, state=o.ended(0)), o.pod("Failed", index=1, state=o.ended(3))]
    assert "task 7: Ended: exit 3" in words(timeline(job, pods, []))
    only = timeline(job, pods, [], task=5)
    assert {moment.task for moment in only} == {None, 5}


def test_of_too_many_the_newest_stay() -> None:
    job = o.job(array="0-999", count=1000)
    pods = [o.pod("Running", index=index, ago=1000 - index) for index in range(1000)]
    told = timeline(job, pods, [])
    assert len(told) == MOST_MOMENTS
    assert told[-1].task == 999


def test_what_happened_in_the_same_second_is_told_as_one_leads_to_another() -> None:
    def same(seconds: float) -> list[str]:
        job = o.job(
            conditions=[o.condition("Failed", "PodFailurePolicy", ago=seconds)],
            annotations={labels.CANCELLED_AT: str(int(o.NOW - seconds))},
            ago=seconds,
        )
        terminated = {
            **o.ended(3)["terminated"],
            "startedAt": o.stamp(seconds),
            "finishedAt": o.stamp(seconds),
        }
        pod = o.pod("Failed", conditions=placed(seconds), state={"terminated": terminated}, ago=seconds)
        events = [
            o.event(job, "PodFailurePolicy", "it failed", ago=seconds),
            o.event(job, "FailedCreate", "not yet", ago=seconds),
            o.event(pod, "Pulled", "Successfully pulled image", ago=seconds),
        ]
        return [text.partition(":")[0] for text in words(timeline(job, [pod], events))]

    assert same(400) == [
        "Submitted", "Cancelled", "Placed on node node-a", "Pulled", "Started", "Ended", "FailedCreate", "Failed",
        "PodFailurePolicy",
    ]  # fmt: skip


def test_how_often_is_said_of_what_happened_more_than_once() -> None:
    job = o.job()
    for count, said in ((1, "FailedCreate: full"), (2, "FailedCreate: full (2 times)")):
        moments = timeline(job, [], [replace(o.event(job, "FailedCreate", "full"), count=count)])
        assert words(moments)[-1] == said
