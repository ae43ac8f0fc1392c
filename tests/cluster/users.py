"""Users of a hub on the test node: a namespace, an account with rights, a home, and the pod of a notebook server.

The pods are those of tests/fixtures/pods, with what only their own cluster can do taken out.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kbatch_core.cluster.execute import Channel, exit_code, open_exec
from kbatch_core.cluster.kubeconfig import from_kubeconfig
from tests.cluster.control import kubectl_path
from tests.cluster.images import GID, HOME, UID
from tests.cluster.node import Node
from tests.cluster.processes import wait_for
from tests.pods import admin_object, load_pod

# What a user of kbatch needs.
RULES: list[dict[str, Any]] = admin_object("Role")["rules"]
ACCOUNT = "notebook-user"
CLAIM = "claim-user"


class User:
    """A hub's user in a namespace of her own; `home` is her home as the host sees it."""

    def __init__(self, node: Node, namespace: str) -> None:
        self.node = node
        self.namespace = namespace
        self.home = node.folder / "homes" / namespace
        self.home.mkdir(parents=True)
        os.chown(self.home, UID, GID)
        node.create_namespace(namespace)
        node.apply(*account(namespace), *_claim(namespace, self.home))

    def start_server(self, fixture: str = "z2jh-pvc", name: str = "") -> Server:
        """A running notebook server shaped like the fixture; its home is the user's claim."""
        pod = adapted(load_pod(fixture), self.node.image, self.namespace)
        if name:
            pod["metadata"]["name"] = name
        self.node.apply(pod)
        server = Server(self, pod["metadata"]["name"], pod["spec"]["containers"][0]["name"])
        server.wait_running()
        return server

    def remove(self) -> None:
        """Delete the namespace and the volume."""
        self.node.delete_namespace(self.namespace)
        self.node.send("DELETE", f"/api/v1/persistentvolumes/{self.namespace}")


class Server:
    """The pod of a notebook server, and a terminal in it."""

    def __init__(self, user: User, name: str, container: str) -> None:
        self.user = user
        self.name = name
        self._container = container

    def wait_running(self) -> None:
        """Until its container runs."""
        wait_for(lambda: self._get()["status"].get("phase") == "Running", what=f"the server {self.name}")

    def run(self, *command: str, cwd: str = HOME, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        """Run a command in the server, as a terminal in it would. Raises RuntimeError when it fails."""
        came = {Channel.STDOUT: bytearray(), Channel.STDERR: bytearray()}
        with open_exec(
            from_kubeconfig(str(self.user.node.kubeconfig)), namespace=self.user.namespace, pod=self.name,
            container=self._container, command=_in_folder(command, cwd), tty=False, stdin=True,
        ) as running:  # fmt: skip
            running.close_stdin()
            while not running.ended:
                for channel, data in running.read():
                    came[channel] += data
        code = exit_code(running.status) if running.status is not None else None
        assert code is not None, running.status
        out, err = (bytes(data) for data in came.values())
        if check and code:
            raise RuntimeError(f"{command}: {code}: {err.decode(errors='replace')}")
        return subprocess.CompletedProcess(command, code, out, err)

    def start(self, *command: str, cwd: str = HOME) -> subprocess.Popen[bytes]:
        """Start a command in the server; the caller waits for its end."""
        return subprocess.Popen(
            self._exec(command, cwd),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "HOME": str(self.user.node.folder)},
        )

    def _exec(self, command: Sequence[str], cwd: str) -> list[str]:
        return [
            kubectl_path(), "--kubeconfig", str(self.user.node.kubeconfig), "-n", self.user.namespace,
            "exec", "-i", self.name, "--", *_in_folder(command, cwd),
        ]  # fmt: skip

    def write(self, path: str, data: bytes | str) -> None:
        """A file in the user's home, owned by her."""
        target = self.user.home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        for owned in (target, *target.relative_to(self.user.home).parents):
            os.chown(self.user.home / owned, UID, GID)

    def submit(self, *args: str, cwd: str = HOME) -> str:
        """`kbatch ARGS` in the server; the job's id."""
        answer = self.run("kbatch", *args, cwd=cwd).stdout.decode()
        assert answer.startswith("Submitted batch job "), answer
        return answer.split()[-1]

    def delete(self) -> None:
        """Delete the pod at once, as a culled server or a lost node does."""
        node, pods = self.user.node, f"/api/v1/namespaces/{self.user.namespace}/pods"
        node.send("DELETE", f"{pods}/{self.name}?gracePeriodSeconds=0")

        def gone() -> bool:
            listed = json.loads(node.send("GET", pods))["items"]
            return self.name not in [pod["metadata"]["name"] for pod in listed]

        wait_for(gone, what=f"the server {self.name} to go")

    def _get(self) -> dict[str, Any]:
        pod: dict[str, Any] = self.user.node.get("pod", self.name, "-n", self.user.namespace)
        return pod


def _in_folder(command: Sequence[str], folder: str) -> list[str]:
    return ["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", folder, *command]


def adapted(pod: dict[str, Any], image: str, namespace: str) -> dict[str, Any]:
    """A fixture as this node can run it: our image, our claim, no other node, and a server that sleeps."""
    spec, metadata = pod["spec"], pod["metadata"]
    metadata["namespace"] = namespace
    for field in ("uid",):
        metadata.pop(field, None)
    pod.pop("status")
    for field in (
        "nodeName",
        "nodeSelector",
        "schedulerName",
        "initContainers",
        "priority",
        "preemptionPolicy",
    ):
        spec.pop(field, None)
    spec["serviceAccountName"] = ACCOUNT
    spec["automountServiceAccountToken"] = True
    spec["terminationGracePeriodSeconds"] = 1
    container = spec["containers"][0]
    container["image"] = image
    container["imagePullPolicy"] = "IfNotPresent"
    container["args"] = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"]
    container["resources"] = {"requests": {"cpu": "10m", "memory": "64Mi"}}
    gone = [v["name"] for v in spec.get("volumes", []) if "projected" in v or "secret" in v]
    container["volumeMounts"] = [m for m in container.get("volumeMounts", []) if m["name"] not in gone]
    spec["volumes"] = [
        {"name": volume["name"], "persistentVolumeClaim": {"claimName": CLAIM}}
        if "persistentVolumeClaim" in volume
        else volume
        for volume in spec.get("volumes", [])
        if volume["name"] not in gone
    ]
    return pod


def account(
    namespace: str, name: str = ACCOUNT, rules: Sequence[dict[str, Any]] = RULES
) -> list[dict[str, Any]]:
    """An account that a notebook server runs with, and its rights."""
    where = {"name": name, "namespace": namespace}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": where,
            "rules": list(rules),
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": where,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", **where}],
        },
    ]


def volume(name: str, namespace: str, claim: str, folder: Path) -> dict[str, Any]:
    """A folder of the host as a disk for one claim."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": str(folder)},
            "storageClassName": "manual",
            "claimRef": {"namespace": namespace, "name": claim},
        },
    }


def _claim(namespace: str, folder: Path) -> list[dict[str, Any]]:
    size = {"storage": "10Gi"}
    return [
        volume(namespace, namespace, CLAIM, folder),
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": CLAIM, "namespace": namespace},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": size},
                "storageClassName": "manual",
                "volumeName": namespace,
            },
        },
    ]
