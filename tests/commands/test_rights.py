"""What the commands say where only Jobs may be read: nothing that is wrong, and once what that costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from kbatch_core.model import labels
from kbatch_core.model.arrays import parse_array
from tests.cluster import wait_for
from tests.commands.calls import as_user, call
from tests.commands.fleet import Fleet
from tests.commands.test_show import facts, section

pytestmark = pytest.mark.cluster

PODS = "kqueue: Pods may not be read: where and since when a job runs, and how it failed, is not known."
EVENTS = "kqueue: Events may not be read: why no pod is made, or why one does not start, is not known."


@pytest.fixture
def limited(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fleet:
    """This process is a session of ann whose account may read Jobs and nothing else."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{fleet.namespace}"
    token = fleet.cluster.token(fleet.namespace, "jobs-only")
    rules = [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "watch", "patch"]}]
    subject = {"kind": "ServiceAccount", "name": "jobs-only", "namespace": fleet.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "jobs-only"}
    fleet.cluster.send("POST", f"{rbac}/roles", {"metadata": {"name": "jobs-only"}, "rules": rules})
    fleet.cluster.send(
        "POST",
        f"{rbac}/rolebindings",
        {"metadata": {"name": "jobs-only"}, "roleRef": role, "subjects": [subject]},
    )
    as_user(fleet, monkeypatch, str(tmp_path))
    config = yaml.safe_load(fleet.kubeconfig().read_text())
    config["users"] = [{"name": one["name"], "user": {"token": token}} for one in config["users"]]
    (tmp_path / "limited.kubeconfig").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "limited.kubeconfig"))
    return fleet


def test_a_job_that_runs(limited: Fleet) -> None:
    job = limited.submit(time_limit=3600)
    job_id = job.metadata.labels[labels.ID]
    (pod,) = limited.run(job)
    limited.ready(pod)
    wait_for(lambda: limited.get(job).status.ready, what="the Job to count its pod as ready")
    shown = call("show", job_id)
    assert (shown.code, facts(shown.out)["State"]) == (0, "R  Runs; where is not known")
    assert [line for line in shown.err.splitlines() if "may not be read" in line] == [PODS, EVENTS]
    listed = call("list", "-h", "-o", "%i %t %M %L")
    assert (listed.lines(), listed.err) == (
        [[job_id, "R", "N/A", "N/A"]],
        f"{PODS}\n{EVENTS}\n",
    )
    told = call("logs", job_id)
    assert (told.code, told.out) == (1, "")
    assert "You may not read pods" in told.err


def test_an_array_of_which_some_run(limited: Fleet) -> None:
    job = limited.submit(array=parse_array("0-3%2"))
    job_id = job.metadata.labels[labels.ID]
    for pod in limited.run(job, 2):
        limited.ready(pod)
    wait_for(lambda: limited.get(job).status.ready == 2, what="the Job to count its pods as ready")
    shown = call("show", job_id)
    assert facts(shown.out)["State"] == "R  2 running, 2 waiting"
    assert section(shown.out, "Tasks") == ["PD  0-3  It waits or runs already: which of both is not known"]
    assert shown.err.count(PODS) == 1


def test_one_that_has_no_pod_and_one_that_ends(limited: Fleet) -> None:
    job = limited.submit()
    job_id = job.metadata.labels[labels.ID]
    (pod,) = limited.run(job)
    limited.finish(
        pod, 3, message=json.dumps({"id": job_id, "exit": 3, "start": 1767225600, "end": 1767226200})
    )
    limited.ready(pod)
    waited = call("wait", job_id)
    assert waited.code == 3, "the Job's own word on its failure has the exit code"
    assert waited.err.splitlines() == [
        f"kqueue: Job {job_id} F: exit 3. The last lines of its output say more",
        PODS,
    ]
    used = call("eff", job_id)
    assert (used.code, used.err) == (1, f"{PODS}\n")
