"""On a real JupyterHub: a job outlives its server, is seen from the next one, and never holds the hub's token."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import Missing, Node, wait_for
from tests.cluster.hub import ACCOUNT_WITHOUT_PODS, Hub, Terminal
from tests.conftest import unavailable

pytestmark = pytest.mark.node

JOB = """#!/bin/sh
#SBATCH -J overnight
echo "started as $(id -u) in $PWD"
while [ ! -e go ]; do sleep 0.1; done
echo "went on without its server"
env
tr '\\0' '\\n' </proc/1/environ
"""


@pytest.fixture(scope="module")
def hub(node: Node) -> Iterator[Hub]:
    """A JupyterHub on the node, with a user who may have a second server."""
    try:
        made = Hub(node, "hub")
    except Missing as reason:
        unavailable(reason)
        raise
    with made:
        made.add_user("ann", "", "lab")
        yield made


def rows(terminal: Terminal) -> dict[str, dict[str, Any]]:
    """The jobs that a terminal shows, by name."""
    return {row["name"]: row for row in json.loads(terminal.run("kqueue list --json 2>/dev/null"))["jobs"]}


def tokens(hub: Hub) -> list[str]:
    """What the hub gave to the servers that run, from the pods that it made."""
    found = []
    for pod in hub.node.get("pods", "-n", hub.namespace, "-l", "component=singleuser-server")["items"]:
        for entry in pod["spec"]["containers"][0]["env"]:
            if "TOKEN" in entry["name"] and entry.get("value"):
                found.append(entry["value"])
    return found


def everything_about(hub: Hub, job_id: str) -> str:
    """All that the cluster has of a job: its object, pods, events, logs."""
    selector = ("-n", hub.namespace, "-l", f"kbatch/id={job_id}")
    parts = [hub.node.kubectl("get", kind, *selector, "-o", "yaml").stdout for kind in ("jobs", "pods")]
    parts.append(hub.node.kubectl("logs", *selector, "--tail=-1").stdout)
    parts.append(hub.node.kubectl("get", "events", "-n", hub.namespace, "-o", "yaml").stdout)
    return "\n".join(parts)


def wait_ended(hub: Hub, job_id: str) -> dict[str, Any]:
    """The Job by kubectl once it has ended."""

    def ended() -> dict[str, Any] | None:
        (job,) = hub.node.get("jobs", "-n", hub.namespace, "-l", f"kbatch/id={job_id}")["items"]
        done = [one["type"] for one in job["status"].get("conditions", ()) if one["status"] == "True"]
        return job if {"Complete", "Failed"} & set(done) else None

    return wait_for(ended, what=f"job {job_id} to end", seconds=120)


def write(folder: Path, name: str, text: str) -> None:
    """A file in a user's home, as JupyterLab would save it."""
    (folder / name).write_text(text)


def test_a_job_outlives_its_server_and_a_later_one_sees_it(hub: Hub) -> None:
    home, lab_home = hub.home("ann"), hub.home("ann", "lab")
    hub.start_servers("ann", "")
    write(home, "job.sh", JOB)
    (token,) = set(tokens(hub))
    terminal = hub.terminal("ann")
    assert terminal.run("echo $JUPYTERHUB_API_TOKEN") == token, "what must stay here is here"
    terminal.run("export PAGE=$JUPYTERHUB_API_URL/?token=$JUPYTERHUB_API_TOKEN")
    said = terminal.run("kbatch -c 0.1 --mem 64M job.sh")
    (job_id,) = re.findall(r"^Submitted batch job (\S+)$", said, re.MULTILINE)
    assert re.search(
        r"^  copied   image kbatch.test/hub-user@sha256:.*, home /home/jovyan", said, re.MULTILINE
    )
    assert re.search(r"^  left out .*\bPAGE\b", said, re.MULTILINE), said
    output = home / f"kbatch-{job_id}.out"
    wait_for(lambda: "started" in output.read_text(), what="the job to start", seconds=120)

    hub.stop_server("ann")
    assert hub.node.get("pods", "-n", hub.namespace, "-l", "component=singleuser-server")["items"] == []
    write(home, "go", "")
    assert wait_ended(hub, job_id)["status"]["succeeded"] == 1
    text = output.read_text()
    assert text.startswith("started as 1000 in /home/jovyan\nwent on without its server\n")
    assert "JUPYTERHUB_USER=ann" in text

    # A second server of hers, and one with a name: another pod, another home, the same jobs.
    hub.start_servers("ann", "", "lab")
    later, lab = hub.terminal("ann"), hub.terminal("ann", "lab")
    for seen in (rows(later)["overnight"], rows(lab)["overnight"]):
        assert (seen["id"], seen["state"], seen["exit_code"], seen["user"]) == (job_id, "CD", 0, "ann")
    assert later.run(f"cat kbatch-{job_id}.out") == text.rstrip("\n")
    assert lab.run("ls -A *.out 2>/dev/null; true") == ""
    from_lab = submitted_without_a_right_to_read_pods(hub, lab)
    job = wait_ended(hub, from_lab)
    assert mounted(job) == ["claim-ann--lab"], "the home of the server it came from"
    printed = (lab_home / f"kbatch-{from_lab}.out").read_text()
    assert printed.startswith("/home/jovyan ann\nof-the-lab-")
    assert rows(later)["of-the-lab"]["state"] == "CD"
    assert later.run(f"kqueue logs {from_lab} 2>/dev/null") == printed.rstrip(), "from the pod"

    # The hub's tokens, of servers that run and of the one that is gone, are nowhere.
    secrets = {token, *tokens(hub), hub.token}
    assert len(secrets) >= 4
    assert [secret for secret in secrets if secret in lab.run("cat /run/kbatch/pod.json")] == []
    places = {f"the cluster's {job}": everything_about(hub, job) for job in (job_id, from_lab)}
    for folder in (home, lab_home):
        for path in folder.rglob("*"):
            # What a server keeps of itself and its shells is not a job's.
            if path.is_file() and not {".local", ".jupyter", ".ipython", ".cache"} & set(path.parts):
                places[str(path)] = path.read_bytes().decode(errors="replace")
    assert any(".kbatch" in place for place in places)
    leaks = [place for place, found in places.items() for secret in secrets if secret in found]
    assert leaks == []


def submitted_without_a_right_to_read_pods(hub: Hub, lab: Terminal) -> str:
    """The id of a job of a server whose hub wrote down what a job copies, as docs/admin.md says."""
    who = f"--as=system:serviceaccount:{hub.namespace}:{ACCOUNT_WITHOUT_PODS}"
    asked = hub.node.kubectl("auth", "can-i", "get", "pods", who, "-n", hub.namespace, check=False)
    assert asked.stdout.strip() == "no"
    checks = {one["check"]: one for one in json.loads(lab.run("kqueue doctor --json"))["checks"]}
    assert "as the hub wrote it down" in checks["environment"]["sentence"]
    assert checks["rights"]["verdict"] == "limited", "what lacks was not given on purpose"
    return lab.run(
        "kbatch --parsable -J of-the-lab -c 0.1 --mem 64M --wrap 'echo $(pwd) $JUPYTERHUB_USER; hostname' 2>/dev/null"
    )


def mounted(job: dict[str, Any]) -> list[str]:
    """The claims that a job mounts."""
    volumes = job["spec"]["template"]["spec"]["volumes"]
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in volumes
        if "persistentVolumeClaim" in volume
    ]
