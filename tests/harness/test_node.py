"""The node is a real one: what it does with an image that is not there, with memory, with an account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster import wait_for
from tests.cluster.users import User

pytestmark = pytest.mark.node


def pod(user: User, name: str, **container: Any) -> dict[str, Any]:
    made = {"name": "c", "image": user.node.image, "imagePullPolicy": "Never", **container}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": user.namespace},
        "spec": {"restartPolicy": "Never", "serviceAccountName": "notebook-user", "containers": [made]},
    }


def state(user: User, name: str) -> dict[str, Any]:
    found: dict[str, Any] = user.node.get("pod", name, "-n", user.namespace)["status"]
    statuses = found.get("containerStatuses") or [{}]
    return dict(statuses[0].get("state") or {})


def test_an_image_that_cannot_be_pulled(user: User) -> None:
    user.node.apply(pod(user, "pull", image="images.example.org/none:1", imagePullPolicy="IfNotPresent"))
    reasons = ("ErrImagePull", "ImagePullBackOff")
    wait_for(lambda: state(user, "pull").get("waiting", {}).get("reason") in reasons, what="the pull to fail")


def test_a_container_that_takes_too_much_memory_is_killed(user: User) -> None:
    user.node.apply(
        pod(
            user,
            "oom",
            command=["python3", "-c", "x = bytearray(200_000_000)"],
            resources={"limits": {"memory": "32Mi"}},
        )
    )
    ended = wait_for(lambda: state(user, "oom").get("terminated"), what="the kill")
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


def test_a_server_reaches_the_api_with_its_own_token_and_names_its_image_by_digest(user: User) -> None:
    server = user.start_server()
    code = (
        "import ssl, urllib.request as r; d='/var/run/secrets/kubernetes.io/serviceaccount/';"
        "u='https://10.96.0.1/api/v1/namespaces/'+open(d+'namespace').read()+'/pods';"
        "q=r.Request(u, headers={'Authorization': 'Bearer '+open(d+'token').read()});"
        "print(r.urlopen(q, context=ssl.create_default_context(cafile=d+'ca.crt')).status)"
    )
    assert server.run("python3", "-c", code).stdout == b"200\n"
    found = user.node.get("pod", server.name, "-n", user.namespace)
    assert "@sha256:" in found["status"]["containerStatuses"][0]["imageID"]
