"""The local cluster over the wire: who may ask, kubectl against it, and watches that come back after a kill."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import wait_for
from tests.cluster.control import kubectl_path
from tests.cluster.local import LocalCluster, local_cluster, namespace_object

JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: NAME}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: none, command: [sh, -c, SCRIPT]}]
"""


@pytest.fixture(scope="module")
def local() -> Iterator[LocalCluster]:
    with local_cluster() as made:
        made.create_namespace("t")
        yield made


def job(name: str, script: str) -> str:
    return JOB.replace("NAME", name).replace("SCRIPT", json.dumps(script))


def ask(local: LocalCluster, *, host: str | None = None, method: str = "GET", **headers: str) -> Any:
    """(status, headers, body) of a request for the jobs of t."""
    tls = ssl.create_default_context(cafile=str(local.ca_file))
    connection = http.client.HTTPSConnection("127.0.0.1", local.port, context=tls, timeout=60)
    named = {"Host": host} if host is not None else {}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, "/apis/batch/v1/namespaces/t/jobs", headers={**sent, **named})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def test_only_the_owner_of_the_token_is_answered(local: LocalCluster) -> None:
    good = f"Bearer {local.place.token.read_text()}"
    assert ask(local, Authorization=good)[0] == 200
    for bad in (
        "",
        "Bearer ",
        "Bearer x",
        good[:-1],
        good + "x",
        good.lower(),
        good.split()[1],
        "Basic YTpi",
    ):
        status, headers, body = ask(local, **({"Authorization": bad} if bad else {}))
        assert (status, json.loads(body)["reason"]) == (401, "Unauthorized"), bad
    assert ask(local, Authorization=good, host="localhost:1")[0] == 200, "by a tunnel of the owner's"
    for host in ("evil.example.org", f"evil.example.org:{local.port}", "127.0.0.1.evil.example.org", ""):
        status, headers, body = ask(local, Authorization=good, host=host)
        assert status in (400, 403), host
        assert b"JobList" not in body
    status, headers, _ = ask(local, Authorization=good, Origin="https://evil.example.org")
    assert not [name for name in headers if name.lower().startswith("access-control")]
    asked = {"Origin": "https://evil.example.org", "Access_Control_Request_Method": "GET"}
    status, headers, _ = ask(local, method="OPTIONS", **asked)
    assert status == 401
    assert not [name for name in headers if name.lower().startswith("access-control")]


def test_it_listens_on_this_machine_only(local: LocalCluster) -> None:
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    if not tables[0].exists():
        pytest.skip("there is no /proc/net/tcp on this system")
    rows = [line.split() for path in tables if path.exists() for line in path.read_text().splitlines()[1:]]
    port = f":{local.port:04X}"
    assert [row[1] for row in rows if row[1].endswith(port) and row[3] == "0A"] == [f"0100007F{port}"]


def test_kubectl_gets_describes_waits_follows_and_deletes(local: LocalCluster) -> None:
    kubectl = local.kubectl
    kubectl("create", "-n", "t", "-f", "-", input=job("good", "echo one; echo two; echo err >&2"))
    kubectl("wait", "-n", "t", "--for=condition=Complete", "job/good", "--timeout=120s")
    assert kubectl("logs", "-n", "t", "job/good").stdout == "one\ntwo\nerr\n"
    assert kubectl("logs", "-n", "t", "job/good", "--tail=1").stdout == "err\n"
    stamped = kubectl("logs", "-n", "t", "job/good", "--timestamps", "--limit-bytes=30").stdout
    assert stamped.startswith("20")
    assert len(stamped) == 30
    (line,) = kubectl("get", "jobs", "-n", "t", "--no-headers").stdout.splitlines()
    assert line.split()[:3] == ["good", "Complete", "1/1"]
    described = kubectl("describe", "job/good", "-n", "t").stdout
    assert "0 Active (0 Ready) / 1 Succeeded / 0 Failed" in described
    assert "SuccessfulCreate" in described
    assert "Completed" in kubectl("get", "pods", "-n", "t").stdout
    assert kubectl("get", "nodes", "--no-headers").stdout.split()[1] == "Ready"
    assert "Allocated resources" in kubectl("describe", "nodes").stdout
    kubectl(
        "create", "-n", "t", "-f", "-", input=job("long", "echo begun; trap 'exit 0' TERM; sleep 600 & wait")
    )
    wait_for(lambda: kubectl("logs", "-n", "t", "job/long", check=False).stdout == "begun\n", what="a line")
    ran = kubectl("exec", "-n", "t", "job/long", "--", "sh", "-c", "echo inside; exit 3", check=False)
    assert (ran.returncode, ran.stdout) == (3, "inside\n")
    fed = kubectl("exec", "-i", "-n", "t", "job/long", "--", "cat", input="fed\n")
    assert fed.stdout == "fed\n"
    kubectl("label", "-n", "t", "job/long", "colour=red")
    assert kubectl("get", "jobs", "-n", "t", "-l", "colour=red", "-o", "name").stdout == "job.batch/long\n"
    kubectl("delete", "job", "-n", "t", "long")
    wait_for(lambda: "long" not in kubectl("get", "pods", "-n", "t").stdout, what="its pod to go")
    kubectl("apply", "-n", "t", "-f", "-", input=job("applied", "true"))
    assert "unchanged" in kubectl("apply", "-n", "t", "-f", "-", input=job("applied", "true")).stdout
    for question in (["create", "jobs.batch"], ["get", "pods", "--subresource=log"], ["--list"]):
        assert kubectl("auth", "can-i", "-n", "t", *question).stdout
    assert local.get("jobs", "-n", "t")["items"]
    assert "batch/v1" in kubectl("api-resources").stdout
    missing = kubectl("get", "job", "-n", "t", "nope", check=False)
    assert missing.stderr == 'Error from server (NotFound): jobs.batch "nope" not found\n'


def test_a_namespace_goes_with_all_that_is_in_it(local: LocalCluster) -> None:
    local.kubectl("create", "-f", "-", input=json.dumps(namespace_object("gone")))
    local.kubectl("create", "-n", "gone", "-f", "-", input=job("j", "sleep 600"))
    wait_for(lambda: "Running" in local.kubectl("get", "pods", "-n", "gone").stdout, what="the pod to run")
    local.kubectl("delete", "namespace", "gone")
    assert "gone" not in local.kubectl("get", "namespaces").stdout
    assert local.kubectl("get", "pods", "-n", "gone").stdout == ""
    refused = local.kubectl("delete", "namespace", "default", check=False)
    assert "this namespace may not be deleted" in refused.stderr


def test_a_follower_and_a_watch_end_when_the_server_does(local: LocalCluster) -> None:
    local.kubectl("create", "-n", "t", "-f", "-", input=job("f", "echo first; sleep 600"))
    wait_for(
        lambda: local.kubectl("logs", "-n", "t", "job/f", check=False).stdout == "first\n", what="a line"
    )
    command = [kubectl_path(), "--kubeconfig", str(local.kubeconfig), "-n", "t"]
    with (
        subprocess.Popen([*command, "logs", "-f", "job/f"], stdout=subprocess.PIPE) as follower,
        subprocess.Popen([*command, "get", "jobs", "-w", "--no-headers"], stdout=subprocess.PIPE) as watcher,
    ):
        assert follower.stdout
        assert watcher.stdout
        assert follower.stdout.readline() == b"first\n"
        assert watcher.stdout.readline()
        local.stop_api_server()
        follower.wait(60)
        watcher.terminate()
    local.start_api_server()
    assert (
        local.kubectl("get", "pods", "-n", "t", "-l", "job-name=f", "--no-headers").stdout.split()[2]
        == "Running"
    )
    assert local.kubectl("logs", "-n", "t", "job/f").stdout == "first\n"
    local.kubectl("delete", "-n", "t", "job/f")
