"""What may be changed in a Job, and what is refused before anything is sent."""

from __future__ import annotations

import pytest

from kbatch_core.errors import BadOption, Refused
from kbatch_core.manifest import change
from kbatch_core.manifest.update import Update, read_update
from kbatch_core.model import labels
from tests.status import objects as make


def test_every_patch_names_the_very_object() -> None:
    plain, held, array = make.job(), make.job(suspend=True), make.job(array="0-9", count=10)
    patches = [
        change.cancel_patch(plain, make.NOW),
        change.cancel_patch(held, make.NOW),
        change.hold_patch(plain),
        change.release_patch(held),
        change.throttle_patch(array, 3),
        change.time_limit_patch(plain, 60, make.NOW - 600),
    ]
    for patch in patches:
        assert patch is not None
        assert patch["metadata"]["uid"] == make.JOB_UID


def test_what_is_so_already_is_no_patch() -> None:
    assert change.hold_patch(make.job(suspend=True)) is None
    assert change.release_patch(make.job()) is None


def test_nothing_is_changed_in_a_job_that_has_ended() -> None:
    for conditions in (make.complete(), make.exit_failed(3)):
        job = make.job(conditions=conditions, array="0-9", count=10)
        for act in (
            lambda job: change.cancel_patch(job, make.NOW),
            change.hold_patch,
            change.release_patch,
            lambda job: change.throttle_patch(job, 3),
            lambda job: change.time_limit_patch(job, 60, make.NOW),
        ):
            with pytest.raises(Refused, match="has ended already"):
                act(job)


def test_a_job_in_a_queue_is_not_held_by_hand() -> None:
    job = make.job(labels_={labels.QUEUE: "gpu"}, suspend=True)
    for act in (change.hold_patch, change.release_patch):
        with pytest.raises(Refused, match="the queue gpu decides"):
            act(job)
    assert change.cancel_patch(job, make.NOW)["spec"]["suspend"] is False


def test_the_throttle() -> None:
    job = make.job(array="0-9%2", count=10, parallelism=2)
    patch = change.throttle_patch(job, 99)
    assert patch["spec"] == {"parallelism": 10}
    assert patch["metadata"]["annotations"] == {labels.ARRAY: "0-9%99"}
    with pytest.raises(BadOption):
        change.throttle_patch(job, -1)


def test_an_update_is_read_and_says_what_it_does() -> None:
    assert read_update(throttle="5").words == "5 tasks at a time"
    assert read_update(throttle="1", time="90m").words == "1 task at a time, time limit 1:30:00"
    assert read_update(throttle=" 0 ").words == "all tasks at a time"
    for throttle in ("", "-1", "two", "1.5", "\u0663", "9" * 10):
        with pytest.raises(BadOption, match="no number of tasks"):
            read_update(throttle=throttle, time="1")
    with pytest.raises(BadOption, match="cannot be taken away"):
        read_update(time="unlimited")
    with pytest.raises(BadOption, match="nothing to change"):
        read_update()


def test_an_update_says_who_cannot_have_it_and_what_it_stops() -> None:
    array = make.job(array="0-9%4", count=10, ready=4)
    assert Update(throttle=3).refusal(array, None) == ""
    assert "is no array" in Update(throttle=3).refusal(make.job(), make.NOW)
    assert "does not run" in Update(time_limit=60).refusal(make.job(), None)
    assert [Update(throttle=n).stops(array) for n in (0, 1, 4, 5)] == [0, 3, 0, 0]
    assert Update(time_limit=60).stops(array) == 0


def test_a_limit_counts_from_the_start_of_the_script() -> None:
    patch = change.time_limit_patch(make.job(ago=600), 60, make.NOW - 500)
    assert patch["spec"] == {"activeDeadlineSeconds": 160}
    assert patch["metadata"]["annotations"] == {labels.TIME_LIMIT: "60", labels.LIMIT_DEADLINE: "160"}
    with pytest.raises(BadOption):
        change.time_limit_patch(make.job(), 0, make.NOW)
    with pytest.raises(Refused, match="array"):
        change.time_limit_patch(make.job(array="0-9", count=10), 60, make.NOW)


def test_the_first_deadline_is_kept_through_every_change() -> None:
    job = make.job(deadline=700)
    assert change.cancel_patch(job, make.NOW)["metadata"]["annotations"][labels.DEADLINE] == "700"
    lowered = make.job(deadline=160, annotations={labels.LIMIT_DEADLINE: "160", labels.DEADLINE: "700"})
    assert labels.DEADLINE not in change.cancel_patch(lowered, make.NOW)["metadata"]["annotations"]


def test_a_job_that_is_being_cancelled_can_be_cancelled_again_and_nothing_else() -> None:
    job = make.job(annotations={labels.CANCELLED_AT: "1"}, deadline=1)
    assert change.cancel_patch(job, make.NOW)["spec"]["activeDeadlineSeconds"] == 1
    for act in (
        change.hold_patch,
        change.release_patch,
        lambda job: change.time_limit_patch(job, 60, make.NOW),
    ):
        with pytest.raises(Refused, match="is cancelled already"):
            act(job)
