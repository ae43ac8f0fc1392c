"""cancel, hold, release, update, rerun, delete and wait as a user types them, on the real control plane."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from msgspec.structs import replace

from kbatch_core.errors import NotFound
from kbatch_core.history import History
from kbatch_core.model import labels
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.objects import Job
from kqueue_tui.cli.offers import complete_jobs, complete_states
from tests.cluster import wait_for
from tests.commands.calls import call
from tests.commands.fleet import Fleet
from tests.commands.test_bad_input import KUBECONFIG
from tests.scripted import Answer, ScriptedServer
from tests.status import objects as make

pytestmark = pytest.mark.cluster


def id_of(job: Job) -> str:
    return job.metadata.labels[labels.ID]


def spec(fleet: Fleet, job: Job) -> Any:
    """The Job's spec by kubectl."""
    return fleet.cluster.get("job", job.metadata.name, "-n", fleet.namespace)["spec"]


def cancelled(fleet: Fleet, job: Job) -> bool:
    return labels.CANCELLED_AT in fleet.get(job).metadata.annotations


def test_many_jobs_and_what_was_not_done_is_listed(ann: Fleet) -> None:
    one, two = ann.submit(hold=True), ann.submit(name="by name", hold=True)
    over = ann.end(ann.submit())
    array = ann.submit(array=parse_array("0-3"), hold=True)
    result = call("cancel", id_of(one), "by name", id_of(over), "nothing", f"{id_of(array)}_2", id_of(one))
    assert result.code == 2, "the worst of them: a task cannot be cancelled alone"
    assert result.out == f"Cancelled {id_of(one)}\nCancelled {id_of(two)}\n"
    errors = result.err.splitlines()
    assert any('There is no job "nothing"' in line for line in errors)
    assert any(f"Job {id_of(over)} has ended already." in line for line in errors)
    assert any("cannot be treated alone" in line for line in errors)
    assert errors[-1] == f"kqueue: Not done to 3 of 5: nothing, {id_of(over)}, {id_of(array)}_2."
    assert cancelled(ann, one)
    assert cancelled(ann, two)
    assert not cancelled(ann, array)


def test_filters_take_jobs_that_can_be_cancelled_and_only_ones_own(ann: Fleet) -> None:
    mine = [ann.submit(name="sweep-1", hold=True), ann.submit(name="sweep-2", hold=True, account="lab")]
    other, bobs = ann.submit(name="other", hold=True), ann.submit(name="sweep-3", user="bob", hold=True)
    over = ann.end(ann.submit(name="sweep-0"))
    for args in (("cancel",), ("delete", "-y"), ("hold",)):
        result = call(*args)
        assert (result.code, result.out) == (2, "")
        assert "Nothing says which jobs" in result.err
    assert call("cancel", "-n", "nothing-*").err == "kqueue: No job is there to cancel.\n"
    assert call("wait", "-n", "nothing-*").err == "kqueue: No job is there to wait for.\n"
    assert call("cancel", "-A", "lab", "sweep-1").out == "", "named, and filtered out"
    assert call("cancel", "-A", "lab", "sweep-2").out == f"Cancelled {id_of(mine[1])}\n"
    ann.wait_ended(mine[1])
    assert call("cancel", "-n", "sweep-*").out == f"Cancelled {id_of(mine[0])}\n"
    assert call("cancel", "sweep-3").code == 1, "a name means one's own job"
    assert f"Give its whole id, {id_of(bobs)}" in call("cancel", "sweep-3").err
    assert not cancelled(ann, bobs)
    assert call("cancel", "-u", "bob", "-t", "pd").out == f"Cancelled {id_of(bobs)}\n"
    assert call("cancel", "--me").out == f"Cancelled {id_of(other)}\n"
    assert not cancelled(ann, over)


def test_a_name_that_was_used_before_means_the_job_that_is_active(ann: Fleet) -> None:
    over, now = ann.end(ann.submit(name="nightly")), ann.submit(name="nightly", hold=True)
    for name in ("rerun", "delete"):
        result = call(name, "nightly", *(("-y",) if name == "delete" else ()))
        assert (result.code, result.out) == (2, "")
        assert f"means 2 jobs: {', '.join(sorted((id_of(over), id_of(now))))}." in result.err
    assert call("cancel", "nightly").out == f"Cancelled {id_of(now)}\n"
    assert call("cancel", id_of(now)).code in (0, 1), "once more is no harm"


def test_each_is_asked_for(ann: Fleet) -> None:
    jobs = [ann.submit(name=f"n{number}", hold=True) for number in range(3)]
    names = [f"n{number}" for number in range(3)]
    result = call("cancel", "-i", *names, input="y\nn\n\n")
    assert (result.code, result.out) == (0, f"Cancelled {id_of(jobs[0])}\n")
    assert f"Cancel {id_of(jobs[1])} (n1)?" in result.err
    assert f"Left alone: {id_of(jobs[1])}." in result.err
    assert call("cancel", "-i", "n1", input="").out == "", "no answer is a no"
    assert [cancelled(ann, job) for job in jobs] == [True, False, False]


def test_hold_and_release(ann: Fleet) -> None:
    waiting, running = ann.submit(), ann.submit()
    ann.run(running)
    wait_for(lambda: ann.get(running).status.active, what="the job to count as active")
    assert call("hold", id_of(waiting)).out == f"Held {id_of(waiting)}\n"
    assert call("hold", id_of(waiting)).out == f"{id_of(waiting)} is held already\n"
    assert spec(ann, waiting)["suspend"] is True
    result = call("hold", id_of(running))
    assert result.out == f"Held {id_of(running)}\n"
    released = {f"Released {id_of(job)}" for job in (waiting, running)}
    assert set(call("release", "--me").out.splitlines()) == released
    assert call("release", id_of(waiting)).out == f"{id_of(waiting)} is not held\n"
    assert spec(ann, waiting)["suspend"] is False


def test_a_job_that_runs_is_held_with_a_warning(ann: Fleet) -> None:
    job = ann.submit()
    (pod,) = ann.run(job)
    ann.ready(pod)
    wait_for(lambda: ann.get(job).status.ready, what="the pod to count as ready")
    result = call("hold", id_of(job))
    assert result.out == f"Held {id_of(job)}\n"
    assert f"{id_of(job)} runs: held, it is stopped, and starts from its beginning" in result.err


def test_update(ann: Fleet) -> None:
    array = ann.submit(array=parse_array("0-9%2"), hold=True)
    assert (
        call("update", "--throttle", "5", id_of(array)).out == f"Updated {id_of(array)}: 5 tasks at a time\n"
    )
    assert spec(ann, array)["parallelism"] == 5
    running = ann.submit(array=parse_array("0-9%2"))
    for pod in ann.run(running, 2):
        ann.ready(pod)
    wait_for(lambda: ann.get(running).status.ready == 2, what="both tasks to count as ready")
    result = call("update", "--throttle", "1", id_of(running))
    assert f"1 of the tasks of {id_of(running)} that run are stopped, and start anew later." in result.err
    wait_for(lambda: ann.get(running).status.ready == 1, what="the Job controller to stop one")
    for args, words in (
        (("--time", "1:00"), "of array"),
        ((), "nothing to change"),
        (("--time", "0"), "cannot be taken away"),
        (("--time", "soon"), "is not a time limit"),
        (("--throttle", "-1"), "is no number of tasks"),
        (("--throttle", ""), "is no number of tasks"),
    ):
        result = call("update", *args, id_of(array))
        assert result.code
        assert words in result.err
        assert result.out == ""


def test_rerun(ann: Fleet) -> None:
    job = ann.submit(array=parse_array("1-3"), requeue=False, name="sweep")
    pods = ann.run(job, 3)
    by_index = {pod.metadata.annotations.completion_index: pod for pod in pods}
    for index, code in (("0", 0), ("1", 1), ("2", 0)):
        ann.finish(by_index[index], code)
    ann.wait_ended(job)
    fine = ann.end(ann.submit())
    result = call("rerun", "--failed", id_of(job), id_of(fine))
    assert result.code == 1
    assert f"Job {id_of(fine)} did not fail." in result.err
    again = result.out.removeprefix("Submitted batch job ").strip()
    assert call("list", "-h", "-o", "%K", again).out == "2\n"
    two = call("rerun", f"{id_of(job)}_[1,3]", "--time", "30", "--mem", "3G")
    new = two.out.split()[-1]
    assert call("list", "-h", "-o", "%K %l %m", new).out == "1,3 30:00 3G\n"
    filtered = call("rerun", "--failed", "-n", "sweep")
    assert filtered.out.count("Submitted") == 1, "its successors have not ended"
    assert call("rerun", again).code == 1
    assert call("delete", "--yes", new).code == 0
    wait_for(lambda: call("list", "-h", new).out == "", what="the job to go")
    forgotten = call("rerun", new, f"{new}_3", "nothing")
    tasks = call("list", "-h", "-o", "%K", *forgotten.out.split()[3::4]).out.splitlines()
    assert sorted(tasks) == ["1,3", "3"]
    assert 'no job "nothing"' in forgotten.err


def test_delete_asks_or_is_told(ann: Fleet) -> None:
    one, two = ann.end(ann.submit()), ann.submit(hold=True)
    refused = call("delete", id_of(one))
    assert refused.code == 2
    assert "Nobody is there to ask" in refused.err
    assert call("delete", "-y", "--me").out == f"Deleted {id_of(one)}\n", "what has not ended is left"
    with pytest.raises(NotFound):
        ann.get(one)
    assert ann.get(two).metadata.uid
    assert call("delete", "-y", "-t", "PD").out == f"Deleted {id_of(two)}\n"


def test_wait_gives_the_highest_exit_code(ann: Fleet) -> None:
    fine, failing, killed = ann.submit(), ann.submit(), ann.submit()
    waiting = threading.Timer(0.5, lambda: ann.end(failing, 7))
    waiting.start()
    ann.end(fine)
    record = {"id": id_of(killed), "exit": 143, "signal": 15, "start": 1, "end": 2}
    ann.end(killed, 143, message=json.dumps(record))
    result = call("wait", id_of(fine), id_of(failing))
    waiting.join()
    assert (result.code, result.out) == (7, "")
    assert f"Job {id_of(fine)} CD: exit 0" in result.err
    assert f"Job {id_of(failing)} F: exit 7" in result.err
    assert call("wait", "-q", id_of(killed)).code == 1, "a signal is not an exit code"
    assert call("wait", "-q", id_of(killed)).err == ""
    assert call("wait", id_of(fine), "nothing").code == 1
    assert call("wait", "--me").code == 0, "none is active"
    assert call("wait", f"{id_of(fine)},{id_of(failing)}").code == 7
    result = call("wait", "-i", id_of(failing), id_of(fine), input="n\ny\n")
    assert result.code == 0, "only that of those that were waited for"
    assert result.err.count("Wait for ") == 2


def test_wait_for_one_task(ann: Fleet) -> None:
    job = ann.submit(array=parse_array("10-12"), requeue=False)
    pods = {pod.metadata.annotations.completion_index: pod for pod in ann.run(job, 3)}
    ann.finish(pods["1"], 5)
    result = call("wait", f"{id_of(job)}_11")
    assert result.code == 5
    assert f"Job {id_of(job)}_11 F: exit 5" in result.err


def test_wait_for_a_job_that_the_cluster_has_forgotten(ann: Fleet, tmp_path: Path) -> None:
    as_home(ann, tmp_path)
    job = ann.submit()
    again = ann.client.rerun(ann.end(job, 4))
    ann.end(again, 6)
    assert call("wait", "-q", id_of(again)).code == 6, "and its end is noted in home"
    ann.client.delete(again)
    wait_for(lambda: call("cancel", id_of(again)).code == 1, what="the job to go")
    result = call("wait", id_of(again))
    assert result.code == 6
    assert f"Job {id_of(again)} F: exit 6" in result.err


def as_home(fleet: Fleet, home: Path) -> None:
    """The fleet's client notes what it submits in this home, as kbatch would."""
    fleet.client.history = History(str(home))


def test_what_was_not_reached_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The credentials are not accepted any more after the first of three jobs."""
    jobs = [make.job(labels_={labels.ID: job_id}) for job_id in ("abcd2345", "bbcd2345", "cbcd2345")]
    jobs = [replace(job, metadata=replace(job.metadata, uid=f"uid-{at}")) for at, job in enumerate(jobs)]
    listed = b'{"metadata":{},"items":[' + b",".join(msgspec.json.encode(job) for job in jobs) + b"]}"
    answers: list[Answer] = [(200, {}, listed), (200, {}, msgspec.json.encode(jobs[0])), (401, {}, b"{}")]
    with ScriptedServer(answers) as server:
        config = tmp_path / "config"
        config.write_text(KUBECONFIG.replace("URL", server.url))
        monkeypatch.setenv("KUBECONFIG", str(config))
        monkeypatch.setenv("HOME", str(tmp_path))
        result = call("cancel", "abcd2345", "bbcd2345", "cbcd2345")
    assert result.code == 3
    assert result.out == "Cancelled abcd2345\n"
    assert result.err.splitlines()[-1] == "kqueue: Not done to 2 of 3: bbcd2345, cbcd2345."
    assert [method for method, _, _ in server.requests] == ["GET", "PATCH", "PATCH"], "the third is not tried"


def test_completion_offers_ids_names_and_states(ann: Fleet) -> None:
    one = id_of(ann.submit(name="train", hold=True))
    two = id_of(ann.submit(name="trial", hold=True))
    ctx = click.Context(click.Command("x"), info_name="x")
    ctx.params = {"kubeconfig": os.environ["KUBECONFIG"], "namespace": None, "context": None}
    param = click.Argument(["jobs"])

    def offered(word: str) -> set[str]:
        return {item.value for item in complete_jobs(ctx, param, word)}

    assert offered("") == {one, two}
    assert offered(one[:7]) == {one}
    assert offered("tr") >= {"train", "trial"} or offered("tr") <= {one, two}
    assert offered("zzz") == set()
    ctx.params["kubeconfig"] = "/nowhere"
    assert offered("") == set(), "an error would land in the command line"
    assert {item.value for item in complete_states(ctx, param, "PD,r")} == {"PD,R", "PD,running"}
