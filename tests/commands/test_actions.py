"""What the Client does to jobs, on the real control plane; kubectl is the witness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kbatch_core.client import Client
from kbatch_core.cluster.api import Api
from kbatch_core.cluster.settings import TokenFile
from kbatch_core.cluster.transport import Transport
from kbatch_core.errors import BadOption, Conflict, NotFound, Refused
from kbatch_core.model import labels
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.objects import Condition, Job
from kbatch_core.status.reading import id_of
from tests.cluster import Cluster, wait_for
from tests.commands.fleet import Fleet

pytestmark = pytest.mark.cluster


def seen(fleet: Fleet, job: Job) -> Any:
    """The Job by kubectl."""
    return fleet.cluster.get("job", job.metadata.name, "-n", fleet.namespace)


def test_hold_keeps_a_job_from_running_and_release_lets_it(fleet: Fleet) -> None:
    job = fleet.submit()
    fleet.pods(job)
    held = fleet.client.hold(job)
    assert held.spec.suspend
    fleet.wait_no_pods(job)
    assert fleet.client.row(fleet.get(job)).code == "JobHeldUser"
    assert fleet.client.hold(fleet.get(job)).metadata.generation == held.metadata.generation, "held already"
    released = fleet.client.release(held)
    assert not released.spec.suspend
    fleet.pods(job)
    assert fleet.client.release(released) is released


def test_an_action_reaches_only_the_very_object_that_was_looked_at(fleet: Fleet) -> None:
    job = fleet.submit(hold=True)
    manifest = fleet.api.get_job_object(job.metadata.name)
    fleet.client.delete(job)
    wait_for(lambda: not fleet.api.list_jobs(), what="the job to go")
    for key in ("uid", "resourceVersion", "creationTimestamp"):
        manifest["metadata"].pop(key)
    del manifest["spec"]["selector"]
    template = manifest["spec"]["template"]["metadata"]
    template["labels"] = {key: value for key, value in template["labels"].items() if "kbatch" in key}
    later = fleet.api.create_job(manifest)
    assert later.metadata.name == job.metadata.name
    client = fleet.client
    for act in (client.cancel, client.release, client.delete, lambda j: client.update(j, throttle=1)):
        with pytest.raises((Conflict, Refused)):
            act(job)
    with pytest.raises(Refused, match="another one"):
        client.rerun(ended(job))
    assert seen(fleet, later)["metadata"]["generation"] == 1, "nothing of it was changed"


def ended(job: Job) -> Job:
    """The job as if it had ended."""
    status = msgspec.structs.replace(job.status, conditions=[Condition(type="Failed", status="True")])
    return msgspec.structs.replace(job, status=status)


@pytest.mark.parametrize("held", [False, True])
def test_cancel_keeps_the_record_and_runs_nothing_more(fleet: Fleet, held: bool) -> None:
    job = fleet.submit(hold=held, give_up_after=600)
    if not held:
        fleet.run(job)
    fleet.client.cancel(job)
    over = fleet.wait_ended(job)
    assert fleet.client.row(over).state == "CA"
    assert [one["type"] for one in seen(fleet, job)["status"]["conditions"]][-1] == "Failed"
    with pytest.raises(Refused, match="has ended already"):
        fleet.client.cancel(over)
    again = fleet.client.rerun(over)
    assert again.spec.active_deadline_seconds == 630, (
        "what --give-up-after asked for, not what the cancel did"
    )
    assert again.spec.parallelism == 1
    assert not again.spec.suspend


def test_the_throttle_of_a_running_array_is_changed_live(fleet: Fleet) -> None:
    job = fleet.submit(array=parse_array("1-6%2"))
    fleet.pods(job, 2)
    changed = fleet.client.update(job, throttle=4)
    assert fleet.pods(job, 4)
    assert changed.metadata.annotations[labels.ARRAY] == "1-6%4"
    everything = fleet.client.update(changed, throttle=0)
    assert (everything.spec.parallelism, everything.metadata.annotations[labels.ARRAY]) == (6, "1-6")
    with pytest.raises(Refused, match="is no array"):
        fleet.client.update(fleet.submit(hold=True), throttle=2)


def test_a_time_limit_can_be_lowered_while_the_job_runs_and_then_ends_it(fleet: Fleet) -> None:
    job = fleet.submit(time_limit=7200)
    with pytest.raises(Refused, match="does not run"):
        fleet.client.update(job, time_limit=60)
    wait_for(lambda: fleet.get(job).status.start_time, what="the controller to start the job")
    job = fleet.get(job)
    fleet.run(job, started=str(job.status.start_time))
    with pytest.raises(Refused, match="lowered only, from 2:00:00"):
        fleet.client.update(job, time_limit=7201)
    changed = fleet.client.update(job, time_limit=3600)
    assert seen(fleet, job)["spec"]["activeDeadlineSeconds"] == 3600
    assert fleet.client.row(changed).time_limit == 3600
    fleet.client.update(changed, time_limit=1)
    row = fleet.client.row(fleet.wait_ended(job))
    assert (row.state, row.code) == ("TO", "TimeLimit"), row
    again = fleet.client.rerun(fleet.get(job))
    assert again.spec.active_deadline_seconds is None
    assert fleet.client.row(again).time_limit == 7200, "as it was submitted"


def test_kubernetes_freezes_the_rest(fleet: Fleet) -> None:
    """What `update` refuses is refused by the API server itself, also before the job has started."""
    job = fleet.submit(hold=True, time_limit=600)
    whole = fleet.api.get_job_object(job.metadata.name)
    pod = whole["spec"]["template"]["spec"]
    container = {**pod["containers"][0], "command": ["/bin/true"]}
    for change in ({"containers": [container]}, {"activeDeadlineSeconds": 99}):
        result = fleet.cluster.kubectl(
            "patch", "job", job.metadata.name, "-n", fleet.namespace, "--type=merge",
            "-p", json.dumps({"spec": {"template": {"spec": change}}}), check=False,
        )  # fmt: skip
        assert result.returncode, change
        assert "field is immutable" in result.stderr


def test_rerun_is_the_same_job_under_a_new_id(fleet: Fleet) -> None:
    job = fleet.submit(
        name="träin", comment="c", time_limit=60, memory=2**30, account="lab", env={"A": "$(B)"}
    )
    with pytest.raises(Refused, match="has not ended"):
        fleet.client.rerun(job)
    over = fleet.end(job, 3)
    again = fleet.client.rerun(over)
    old, new = job.metadata.labels[labels.ID], again.metadata.labels[labels.ID]
    before, after = seen(fleet, job), seen(fleet, again)
    for part in (before, after):
        for key in ("selector", "activeDeadlineSeconds"):
            part["spec"].pop(key, None)
        part["spec"]["template"]["metadata"]["labels"] = {}
    text = json.dumps(before["spec"])
    assert json.dumps(after["spec"]) == text.replace(old, new)
    row, earlier = fleet.client.row(again), fleet.client.row(over)
    assert (row.name, row.account, row.time_limit, row.memory) == ("träin", "lab", 60, 2**30)
    assert row.job_name == earlier.job_name.replace(old, new)
    assert again.metadata.annotations[labels.SUBMIT_ID] != job.metadata.annotations[labels.SUBMIT_ID]
    fleet.pods(again)


def test_rerun_of_a_job_that_the_cluster_has_forgotten(fleet: Fleet, tmp_path: Path) -> None:
    session = msgspec.structs.replace(fleet.client.session, home=str(tmp_path))
    client = Client(fleet.api, session)
    job = client.rerun(fleet.end(fleet.submit(name="träin", memory=2**30), 3))
    client.delete(job)
    wait_for(lambda: not fleet.api.list_jobs(f"{labels.ID}={id_of(job)}"), what="the job to go")
    again = client.rerun(job)
    row = client.row(again)
    assert (row.name, row.memory, row.id != id_of(job)) == ("träin", 2**30, True)
    with pytest.raises(NotFound):
        fleet.client.rerun(job)


def test_rerun_with_another_limit_and_more_memory(fleet: Fleet) -> None:
    over = fleet.end(fleet.submit(memory=2**30), 3)
    again = fleet.client.rerun(over, time_limit=90, memory=2**31)
    row = fleet.client.row(again)
    assert (row.time_limit, row.memory) == (90, 2**31)
    pod = fleet.api.get_job_object(again.metadata.name)["spec"]["template"]["spec"]
    words = pod["containers"][0]["command"]
    assert words[words.index("-t") + 1] == "90"
    assert pod["activeDeadlineSeconds"] == 90 + 30 + 3600
    assert "MEM_PER_NODE=2048" in pod["containers"][0]["command"]


def test_rerun_of_an_array_takes_only_what_did_not_succeed(fleet: Fleet) -> None:
    job = fleet.submit(array=parse_array("10-40:10%2"), requeue=False)
    first = fleet.run(job, 2)
    codes = {pod.metadata.annotations.completion_index: pod for pod in first}
    fleet.finish(codes["0"])
    fleet.finish(codes["1"], 5)
    wait_for(lambda: fleet.get(job).status.failed_indexes == "1", what="the failed index")
    running = fleet.get(job)
    again = fleet.client.rerun(running, failed_only=True)
    assert again.metadata.annotations[labels.ARRAY] == "20"
    with pytest.raises(Refused, match="has not ended"):
        fleet.client.rerun(running, tasks=[30])
    with pytest.raises(BadOption, match="has no task 11"):
        fleet.client.rerun(running, tasks=[11])
    fleet.client.cancel(running)
    over = fleet.wait_ended(job)
    rest = fleet.client.rerun(over, failed_only=True)
    assert rest.metadata.annotations[labels.ARRAY] == "20-40:10%2"
    assert (rest.spec.completions, rest.spec.parallelism) == (3, 2)
    words = fleet.api.get_job_object(rest.metadata.name)["spec"]["template"]["spec"]["containers"][0][
        "command"
    ]
    assert words[words.index("-i") + 1] == "3:20+10*"
    one = fleet.client.rerun(over, tasks=[10])
    assert one.metadata.annotations[labels.ARRAY] == "10"
    with pytest.raises(Refused, match="No task of"):
        fleet.client.rerun(over, tasks=[10], failed_only=True)


def test_delete_removes_the_job_and_its_pods(fleet: Fleet) -> None:
    job = fleet.submit()
    fleet.pods(job)
    fleet.client.delete(job)
    fleet.wait_no_pods(job)
    with pytest.raises(NotFound):
        fleet.client.delete(job)


def test_rights_are_asked_once(fleet: Fleet, cluster: Cluster) -> None:
    token = cluster.token(fleet.namespace, "reader", cluster_role="view")
    client = fleet.client
    assert client.may("delete")
    before = fleet.transport.requests
    assert client.may("delete")
    assert fleet.transport.requests == before
    limited = with_token(fleet, token)
    assert limited.may("list")
    assert not limited.may("delete")
    assert not limited.may("create", "pods", "exec")
    assert not limited.may("list", namespace="kube-system")


def with_token(fleet: Fleet, token: str) -> Client:
    """A Client for a token's account."""
    path = Path(fleet.cluster.folder) / f"token-{fleet.namespace}"
    path.write_text(token)
    settings = msgspec.structs.replace(
        fleet.transport.settings, credentials=TokenFile(path), cert_file=None, key_file=None
    )
    client = fleet.client_of("ann")
    client.api = Api(Transport(settings))
    return client
