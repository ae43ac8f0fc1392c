"""`kqueue show` on the real control plane; kubectl is the witness."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from kbatch_core.model import labels
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.objects import Job
from kbatch_core.runner import readable, supervisor_program
from tests.cluster import wait_for
from tests.commands.calls import call
from tests.commands.fleet import IMAGE_ID, NODE, Fleet

pytestmark = pytest.mark.cluster


def id_of(job: Job) -> str:
    return job.metadata.labels[labels.ID]


def section(text: str, title: str) -> list[str]:
    """The lines below a title."""
    found = re.search(rf"^{title}\n((?:  .*\n?)+)", text, re.MULTILINE)
    return [line.strip() for line in found[1].splitlines()] if found else []


def facts(text: str) -> dict[str, str]:
    """Name -> value of the first part."""
    return dict(re.findall(r"^ *(\w[\w ]*?)  (\S.*)$", text.partition("\n\n")[0], re.MULTILINE))


def test_everything_about_a_job_that_ended(ann: Fleet) -> None:
    job = ann.submit(
        name="train", comment="why not", account="lab", time_limit=3600, memory=2**30, args=("a b", "c")
    )
    record = {"id": id_of(job), "exit": 3, "start": 1767225600, "end": 1767226200, "cpu": 300.0, "mem": 2**29}
    (pod,) = ann.run(job)
    ann.finish(pod, 3, message=json.dumps(record))
    ann.wait_ended(job)
    text = call("show", id_of(job)).out
    found = facts(text)
    assert found["Job"] == f"{id_of(job)}  train"
    assert found["State"] == "F  exit 3"
    assert found["Reason"] == "NonZeroExitCode"
    assert found["Exit"] == "3:0"
    assert found["Asked for"] == "1 CPU, 1G memory, time limit 1:00:00"
    assert (found["Account"], found["Comment"], found["Node"]) == ("lab", "why not", NODE)
    assert found["Command"] == "x.sh 'a b' c"
    assert (found["Image"], found["Image ID"]) == ("images.example.org/none:1", IMAGE_ID)
    assert found["Ran"] == "10:00"
    assert found["Object"] == f"job/{job.metadata.name} in namespace {ann.namespace}"
    happened = [line.split("  ", 1)[1] for line in section(text, "What happened")]
    # The fleet's pods start and end at the beginning of 2026, before they were made.
    assert happened[:2] == ["Started", "Ended: exit 3"]
    order = [happened.index(what) for what in ("Submitted", "Failed: PodFailurePolicy")]
    assert order == sorted(order)
    assert "Memory  peak 512M of 1G, 50 %" in section(text, "Used")
    assert section(text, "Next") == [
        f"kqueue logs {id_of(job)}", f"kqueue eff {id_of(job)}", f"kqueue rerun {id_of(job)}",
    ]  # fmt: skip
    shown = ann.cluster.kubectl("get", "job", job.metadata.name, "-n", ann.namespace, "-o", "json").stdout
    witness = json.loads(shown)
    assert json.loads(call("show", "-o", "json", id_of(job)).out)["metadata"] == witness["metadata"]
    assert yaml.safe_load(call("show", "-o", "yaml", "train").out)["status"] == witness["status"]
    assert call("show", "--script", id_of(job)).out == "#!/bin/sh\nsleep 1\n"
    assert call("show", "--supervisor", id_of(job)).out == readable(supervisor_program())


def test_why_a_job_waits_with_the_clusters_own_words(ann: Fleet) -> None:
    job = ann.submit()
    wait_for(
        lambda: "Unschedulable" in str(ann.cluster.get("pods", "-n", ann.namespace)), what="the scheduler"
    )
    text = call("show", id_of(job)).out
    found = facts(text)
    assert found["State"].startswith("PD  ")
    assert "no nodes available" in found["Evidence"]
    assert any("FailedScheduling" in line for line in section(text, "What happened"))
    assert section(text, "Next")[-1] == f"kqueue cancel {id_of(job)}"
    held = ann.submit(hold=True)
    assert section(call("show", id_of(held)).out, "Next")[0] == f"kqueue release {id_of(held)}"


def test_an_array_and_its_tasks(ann: Fleet) -> None:
    job = ann.submit(array=parse_array("1-9%4"), requeue=False)
    pods = {pod.metadata.annotations.completion_index: pod for pod in ann.run(job, 4)}
    ann.finish(pods["0"], 0)
    ann.finish(pods["1"], 4)
    wait_for(
        lambda: ann.get(job).status.failed_indexes == "1" and ann.get(job).status.succeeded, what="the ends"
    )
    text = call("show", id_of(job)).out
    tasks = section(text, "Tasks")
    assert tasks[:2] == ["CD  1  exit 0", "F   2  exit 4"]
    assert any(line.startswith("R   3-4") for line in tasks)
    assert any("task 2: Ended: exit 4" in line for line in section(text, "What happened"))
    one = call("show", f"{id_of(job)}_2").out
    assert facts(one)["Image ID"] == IMAGE_ID
    assert "Image ID" not in facts(call("show", f"{id_of(job)}_9").out), "it has not run"
    assert facts(one)["Job"].startswith(f"{id_of(job)}_2")
    assert facts(one)["State"] == "F  exit 4"
    assert not any("task 3" in line for line in section(one, "What happened"))
    both = call("show", f"{id_of(job)}_[1,3]").out
    assert [line.split()[1] for line in both.splitlines() if line.strip().startswith("Job ")] == [
        f"{id_of(job)}_1", f"{id_of(job)}_3",
    ]  # fmt: skip
    missing = call("show", f"{id_of(job)}_99")
    assert (missing.code, missing.out) == (2, "")
    assert "has no task 99" in missing.err


def test_several_jobs_and_one_that_is_not_there(ann: Fleet) -> None:
    one, two = ann.submit(hold=True), ann.submit(hold=True, user="bob")
    result = call("show", id_of(one), "nothing", id_of(two)[:6])
    assert result.code == 1
    assert 'There is no job "nothing"' in result.err
    assert result.out.count("JobHeldUser") == 2
    listed = json.loads(call("show", "-o", "json", id_of(one), id_of(two)).out)
    assert (listed["kind"], len(listed["items"])) == ("List", 2)
    assert len(list(yaml.safe_load_all(call("show", "-o", "yaml", id_of(one), id_of(two)).out))) == 2
