"""`kqueue list` on the real control plane; kubectl is the witness."""

from __future__ import annotations

import pytest

from kbatch_core.model import labels
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.objects import Job
from tests.cluster import wait_for
from tests.commands.calls import call
from tests.commands.fleet import NODE, Fleet

pytestmark = pytest.mark.cluster

NOW = "2026-01-01T00:00:00Z"


def id_of(job: Job) -> str:
    return job.metadata.labels[labels.ID]


def ids(*args: str) -> list[str]:
    """The ids that a list shows; in their own order, as those of the same second have it."""
    result = call("list", "-h", "-o", "%A", *args)
    assert result.code == 0, result.err
    return sorted(result.out.split())


def test_the_look_of_squeue(ann: Fleet) -> None:
    held = ann.submit(name="held one", hold=True, memory=2**30, gpus=2, time_limit=7200)
    running = ann.submit(name="train")
    array = ann.submit(name="sweep", array=parse_array("0-9%2"))
    ann.run(running)
    first = ann.run(array, 2)
    ann.finish(first[0])
    wait_for(lambda: ann.get(array).status.succeeded == 1, what="the first task")
    lines = call("list").out.splitlines()
    assert lines[0].split() == ["JOBID", "NAME", "ST", "TIME", "LIMIT", "CPU", "MEM", "GPU", "NODE(REASON)"]
    assert len(lines) == 4
    by_id = {line.split()[0]: line for line in lines[1:]}
    assert by_id[id_of(held)].split()[1:] == [
        "held",
        "one",
        "PD",
        "0:00",
        "2:00:00",
        "1",
        "1G",
        "2",
        "(JobHeldUser)",
    ]
    assert by_id[id_of(running)].split()[2] == "R"
    assert by_id[id_of(running)].endswith(f" {NODE}")
    folded = by_id[f"{id_of(array)}_[0-9%2]"].split()
    assert folded[1:3] == ["sweep", "R"]
    assert folded[-4:] == ["1R", "8PD", "1CD", NODE]
    columns = [lines[0].index(name) for name in ("NAME", "ST", "NODE(REASON)")]
    for line in lines[1:]:
        assert all(line[at - 2 : at] == "  " for at in columns), line

    expanded = call("list", "-r", "-h", "-j", id_of(array)).lines()
    assert [line[0] for line in expanded] == [f"{id_of(array)}_{number}" for number in range(10)]
    states = [line[2] for line in expanded]
    done = int(first[0].metadata.annotations.completion_index)
    assert (states[done], states[1 - done], states[5]) == ("CD", "R", "PD")
    assert ids("-j", f"{id_of(array)}_[3-5,7]", "-r") == [f"{id_of(array)}_{n}" for n in (3, 4, 5, 7)]
    statistics = call("list", "--stats-only")
    assert (statistics.code, statistics.out) == (0, "2 running, 9 pending, 1 completed, 0 failed\n")


def test_kubectl_agrees(ann: Fleet) -> None:
    jobs = [ann.submit(hold=True), ann.submit(), ann.end(ann.submit(), 3), ann.end(ann.submit())]
    ann.run(jobs[1])
    wait_for(lambda: ann.get(jobs[1]).status.ready == 0 and ann.get(jobs[1]).status.active, what="the count")
    seen = {item["metadata"]["uid"]: item for item in ann.cluster.get("jobs", "-n", ann.namespace)["items"]}
    rows = call("list", "--json", "--since", "2020-01-01").json()["jobs"]
    assert {row["uid"] for row in rows} == set(seen)
    for row in rows:
        item = seen[row["uid"]]
        true = {one["type"] for one in item["status"].get("conditions", []) if one["status"] == "True"}
        expected = (
            "CD" if "Complete" in true
            else "F" if "Failed" in true
            else "PD" if "Suspended" in true
            else "R"
        )  # fmt: skip
        assert row["state"] == expected, item
        assert row["job_name"] == item["metadata"]["name"]
        assert row["finished"] == bool(true & {"Complete", "Failed"})


def test_what_ended_an_hour_ago_is_left_out_unless_asked_for(ann: Fleet) -> None:
    old = ann.end(ann.submit())  # the fleet's pods end at the start of 2026
    active = ann.submit(hold=True)
    assert ids() == [id_of(active)]
    assert set(ids("--since", "2025-12-31")) == {id_of(old), id_of(active)}
    assert ids("--since", "-2d") == [id_of(active)]
    assert set(ids("-a")) == {id_of(old), id_of(active)}
    assert ids("-t", "completed") == [id_of(old)]
    assert ids("-j", id_of(old)[:5]) == ids(id_of(old)) == [id_of(old)]
    ann.client.cancel(active)
    ann.wait_ended(active)
    assert ids() == [id_of(active)]
    assert call("list", "--stats-only").code == 1, "nothing is active"
    assert call("list", "--stats-only").out == "0 running, 0 pending, 0 completed, 1 failed\n"


def test_a_job_is_named_as_in_every_command(ann: Fleet) -> None:
    array = ann.submit(name="my_3", array=parse_array("1-3"), hold=True)
    other = ann.submit(name="train", hold=True)
    task = f"{id_of(array)}_2"
    assert ids("train") == ids("-j", "train") == ids(id_of(other)[:6]) == [id_of(other)]
    assert ids("my_3") == [id_of(array)], "a name before it is a task"
    assert ids(task) == [task]
    both = ids(f"{id_of(array)}_[1-2]", "train")  # of one second, so in the order of their ids
    assert sorted(both) == sorted([f"{id_of(array)}_1", task, id_of(other)])
    result = call("list", "-h", "-o", "%A", "train", "nosuch\x1b[2J", f"{id_of(array)}_9")
    assert (result.code, result.out.split()) == (1, [id_of(other)])
    assert [line.partition("here.")[0] for line in result.err.splitlines()] == [
        'kqueue: You have no job "nosuch" ', f'kqueue: You have no job "{id_of(array)}_9" ',
    ]  # fmt: skip
    bobs = id_of(ann.submit(user="bob", hold=True))
    assert call("list", bobs).code == 1
    assert ids("--all-users", bobs) == [bobs]
    assert call("list", "-t", "R", "train").code == 0, "it is there, and only does not run"


def test_filters(ann: Fleet) -> None:
    one = id_of(ann.submit(name="train a,b", account="lab", hold=True))
    two = id_of(ann.submit(name="trial", partition="big", profile="big", hold=True))
    other = id_of(ann.submit(name="train", user="bob", hold=True))
    mine, everybodys = sorted([one, two]), sorted([one, two, other])
    assert ids() == ids("--me") == mine
    assert ids("--all-users") == ids("-u", "bob,ann", "-n", "tr*") == everybodys
    assert ids("-u", "bob") == [other]
    assert ids("-n", "trial,nothing") == ids("-p", "big") == ids("--label", "kbatch/name=trial") == [two]
    assert ids("-A", "lab") == [one]
    assert ids("-t", "running") == []
    assert ids("-t", "PD,R") == mine
    assert call("list", "-h", "-S", "-j", "-o", "%A").out.split() == [two, one]
    assert call("list", "--all-users").lines()[0][:3] == ["JOBID", "NAME", "USER"]


def test_several_namespaces(ann: Fleet) -> None:
    ann.cluster.create_namespace(f"{ann.namespace}-more")
    here = ann.submit(hold=True)
    there = Fleet(ann.cluster, f"{ann.namespace}-more")
    elsewhere = there.submit(hold=True)
    both = call("list", "-h", "--namespace", f"{ann.namespace},{there.namespace}").lines()
    assert {(line[0], line[1]) for line in both} == {
        (ann.namespace, id_of(here)),
        (there.namespace, id_of(elsewhere)),
    }
    everywhere = call("list", "--json", "--all-namespaces").json()["jobs"]
    assert {id_of(here), id_of(elsewhere)} <= {row["id"] for row in everywhere}
    assert ids("--namespace", there.namespace) == [id_of(elsewhere)]
    there.close()
    ann.cluster.delete_namespace(there.namespace)


def test_formats(ann: Fleet) -> None:
    job = ann.submit(name="a name that is long", hold=True, comment="why not", time_limit=90, account="lab")
    job_id = id_of(job)
    slurm = call("list", "-o", "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R").out.splitlines()
    assert slurm == [
        "             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)",
        f"          {job_id}       N/A a name t      ann PD       0:00      1 (JobHeldUser)",
    ]
    assert call("list", "-o", "slurm").out.splitlines() == slurm
    assert (
        call("list", "-h", "-o", "%i|%T|%l|%k|%a|100%%|%Q").out
        == f"{job_id}|PENDING|1:30|why not|lab|100%|N/A\n"
    )
    assert call("list", "-h", "-O", "jobid:10,name:.6,state").out == f"{job_id}  a namePENDING\n"
    why = call("list", "-h", "-o", "why").out
    assert f"JobHeldUser  Held; `kqueue release {job_id}`" in why
    for args in (
        ("-o", "%i %~"),
        ("-o", "unheard-of"),
        ("-O", "jobid,nonsense"),
        ("-S", "nonsense"),
        ("-t", "XX"),
    ):
        result = call("list", *args)
        assert (result.code, result.out) == (2, ""), result
        assert result.err.count("\n") == 1


def test_nothing_is_cut_in_a_pipe(ann: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    name = "x" * 300
    ann.submit(name=name, hold=True, account="lab")
    assert name in call("list").out
    assert "\x1b" not in call("list").out
