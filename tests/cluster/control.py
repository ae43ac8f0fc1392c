"""Cluster: a real control plane on loopback, for the length of a test run. No root needed."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.cluster.build import binaries
from tests.cluster.pki import Authority
from tests.cluster.processes import Component, wait_for

# Addresses of the node's network namespace; the same in every run, because no run sees another's.
NODE_ADDRESS = "10.99.0.1"
SERVICE_ADDRESS = "10.96.0.1"
SERVICE_RANGE = "10.96.0.0/16"


_GET = argparse.ArgumentParser(exit_on_error=False)
_GET.add_argument("name", nargs="?", default="")
_GET.add_argument("-n", "--namespace", default="")
_GET.add_argument("-l", "--selector", default="")


_STRICT = "?fieldValidation=Strict"


def kubectl_path() -> str:
    """The kubectl of the virtual environment."""
    return str(Path(sys.executable).with_name("kubectl"))


class Cluster:
    """etcd, kube-apiserver, kube-controller-manager and kube-scheduler with a state folder of their own.

    `tied`: all of it dies with this process. Use it in `with`, or call `start` and `stop`.
    """

    listen = "127.0.0.1"
    advertise = "127.0.0.1"
    # How long a node may be silent: nobody speaks for those that tests make up.
    node_grace = "24h"

    def __init__(
        self, folder: Path | None = None, *, tied: bool = True, apiserver_args: Sequence[str] = ()
    ) -> None:
        self.bin = binaries()
        self.folder = folder or Path(tempfile.mkdtemp(prefix="kbatch-cluster-"))
        self._owns_folder = folder is None
        self._tied = tied
        self._apiserver_args = list(apiserver_args)
        self.components: dict[str, Component] = {}
        (self.folder / "log").mkdir(parents=True, exist_ok=True)
        self.authority = Authority(self.folder / "pki")
        self.ca_file = self.authority.ca_file
        self._etcd_port, self._etcd_peer_port, self.port = self.choose_ports()
        self.server = f"https://127.0.0.1:{self.port}"
        self.kubeconfig = self.folder / "admin.kubeconfig"
        self._certificates()

    def choose_ports(self) -> tuple[int, int, int]:
        """Free ports for etcd, its peers, and the API server."""
        first, second, third = free_ports(3)
        return first, second, third

    def __enter__(self) -> Cluster:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> Cluster:
        """Start everything and wait until a pod could be made: namespaces have their service account."""
        self.component("etcd", self._etcd_command()).start()
        self.component("kube-apiserver", self._apiserver_command()).start()
        self.wait_ready()
        for name in ("kube-controller-manager", "kube-scheduler"):
            self.component(name, self._controller_command(name)).start()
        wait_for(
            lambda: self.get("serviceaccount", "default", "-n", "default"), what="the controller manager"
        )
        return self

    def stop(self) -> None:
        """End what was started, last first, and remove the state folder if it was made here."""
        for component in reversed(list(self.components.values())):
            component.stop(kill=component.name == "etcd", seconds=5)
        self.components.clear()
        if self._owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def component(self, name: str, command: Sequence[str]) -> Component:
        """Register a program of this cluster; the caller starts it."""
        made = Component(name, command, self.folder / "log", tied=self._tied)
        self.components[name] = made
        return made

    def wait_ready(self) -> None:
        """Until the API server answers. Raises RuntimeError with the end of its log when it does not."""
        try:
            wait_for(lambda: self.send("GET", "/readyz"), what="the API server", seconds=120)
        except TimeoutError as error:
            logs = "\n".join(component.tail() for component in self.components.values())
            raise RuntimeError(f"the API server did not start:\n{logs}") from error

    def stop_api_server(self) -> None:
        """Kill the API server alone; everything else waits for it."""
        self._end("kube-apiserver")

    def start_api_server(self) -> None:
        """Start it after `stop_api_server`; what it had only in memory is gone, such as its watch cache."""
        self.components["kube-apiserver"].start()
        self.wait_ready()

    def restart_api_server(self) -> None:
        self.stop_api_server()
        self.start_api_server()

    def compact(self) -> None:
        """Make etcd forget every version but the newest."""
        with urllib.request.urlopen(self._etcd("kv/range", {"key": "YQ=="})) as answer:
            revision = json.load(answer)["header"]["revision"]
        with urllib.request.urlopen(self._etcd("kv/compaction", {"revision": revision, "physical": True})):
            pass

    def _etcd(self, call: str, body: Mapping[str, Any]) -> urllib.request.Request:
        """A call of etcd's own JSON gateway."""
        return urllib.request.Request(
            f"http://127.0.0.1:{self._etcd_port}/v3/{call}", json.dumps(body).encode(), method="POST"
        )

    def _end(self, name: str) -> None:
        self.components[name].stop(kill=True)

    def kubectl(
        self, *args: str, input: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the cluster's admin. Raises RuntimeError with its words when it fails."""
        result = subprocess.run(
            [kubectl_path(), "--kubeconfig", str(self.kubeconfig), *args],
            input=input,
            capture_output=True,
            text=True,
            env={**os.environ, "HOME": str(self.folder)},
        )
        if check and result.returncode:
            raise RuntimeError(f"kubectl {' '.join(args)}: {result.stderr.strip()}")
        return result

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        """One request of the admin's. Raises RuntimeError with the server's words, OSError when there is none."""
        request = urllib.request.Request(
            self.server + path, json.dumps(body).encode() if body is not None else None,
            {"Content-Type": f"application/{'merge-patch+' if method == 'PATCH' else ''}json", **self.headers()},
            method=method,
        )  # fmt: skip
        try:
            with self._opener.open(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                raise RuntimeError(f"{method} {path}: {refused.read().decode(errors='replace')}") from None

    def headers(self) -> dict[str, str]:
        """Who asks, where connections do not say it."""
        return {}

    @functools.cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        self.identify(context)
        return urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def identify(self, context: ssl.SSLContext) -> None:
        """Connections are the admin's."""
        context.load_cert_chain(self.authority.folder / "admin.crt", self.authority.folder / "admin.key")

    def get(self, kind: str, *args: str) -> Any:
        """`kubectl get KIND [NAME] [-n NAMESPACE] [-l SELECTOR] -o json`, decoded, without the tenth of a second of
        a processor that kubectl takes to start. Raises RuntimeError where there is none."""
        given = _GET.parse_args(args)
        group = "/apis/batch/v1" if kind.startswith("job") else "/api/v1"
        namespace = f"/namespaces/{given.namespace}" if given.namespace else ""
        name = f"/{given.name}" if given.name else ""
        selector = f"?{urlencode({'labelSelector': given.selector})}" if given.selector else ""
        found = json.loads(self.send("GET", f"{group}{namespace}/{kind.rstrip('s')}s{name}{selector}"))
        for item in found.get("items", ()):
            item.update(apiVersion=found["apiVersion"], kind=found["kind"].removesuffix("List"))
        return found

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Create or change objects; a field that the server does not know is an error, as it is for kubectl."""
        for made in objects:
            if not self._created(collection(made), made):
                self.send("PATCH", f"{collection(made)}/{made['metadata']['name']}{_STRICT}", made)

    def _created(self, path: str, made: Mapping[str, Any]) -> bool:
        """Whether it was not there before."""
        try:
            self.send("POST", path + _STRICT, made)
        except RuntimeError as error:
            if '"reason":"AlreadyExists"' not in str(error):
                raise
            return False
        return True

    def create_namespace(self, name: str) -> None:
        """A namespace that is ready for pods."""
        self.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        wait_for(
            lambda: self.get("serviceaccount", "default", "-n", name), what=f"the service account of {name}"
        )

    def delete_namespace(self, name: str) -> None:
        """Begin to delete it; what is in it goes by and by."""
        self.send("DELETE", f"/api/v1/namespaces/{name}")

    def token(self, namespace: str, account: str, *, cluster_role: str = "") -> str:
        """A service account's token; the account is made, and bound in its namespace to `cluster_role`."""
        where = {"name": account, "namespace": namespace}
        accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        self._created(accounts, {"metadata": where})
        if cluster_role:
            group = "rbac.authorization.k8s.io"
            binding = {
                "metadata": {"name": f"{account}-{cluster_role}"},
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": cluster_role},
                "subjects": [{"kind": "ServiceAccount", **where}],
            }
            self._created(f"/apis/{group}/v1/namespaces/{namespace}/rolebindings", binding)
        asked = self.send("POST", f"{accounts}/{account}/token", {})
        return str(json.loads(asked)["status"]["token"])

    def _certificates(self) -> None:
        hosts = ["127.0.0.1", SERVICE_ADDRESS, NODE_ADDRESS, "localhost", "kubernetes.default.svc"]
        self.authority.issue("apiserver", "kube-apiserver", "kubernetes", hosts)
        accounts = {
            "admin": ("admin", "system:masters"),
            "kube-controller-manager": ("system:kube-controller-manager", "system:masters"),
            "kube-scheduler": ("system:kube-scheduler", "system:masters"),
        }
        for name, (common_name, organization) in accounts.items():
            self.authority.issue(name, common_name, organization)
            self.authority.kubeconfig(name, self.internal_server(), self.folder / f"{name}.kubeconfig")
        self.authority.kubeconfig("admin", self.server, self.kubeconfig)

    def internal_server(self) -> str:
        """The API server's address for the other components."""
        return self.server

    def _etcd_command(self) -> list[str]:
        client = f"http://127.0.0.1:{self._etcd_port}"
        peer = f"http://127.0.0.1:{self._etcd_peer_port}"
        return [
            str(self.bin / "etcd"),
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]

    def _apiserver_command(self) -> list[str]:
        pki = self.authority.folder
        return [
            str(self.bin / "kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            f"--bind-address={self.listen}",
            f"--advertise-address={self.advertise}",
            f"--secure-port={self.api_port()}",
            f"--tls-cert-file={pki / 'apiserver.crt'}",
            f"--tls-private-key-file={pki / 'apiserver.key'}",
            f"--client-ca-file={self.ca_file}",
            f"--kubelet-client-certificate={pki / 'admin.crt'}",
            f"--kubelet-client-key={pki / 'admin.key'}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--service-account-key-file={pki / 'sa.pub'}",
            f"--service-account-signing-key-file={pki / 'sa.key'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            "--endpoint-reconciler-type=none",
            *self._apiserver_args,
        ]

    def api_port(self) -> int:
        """The port that the API server itself listens on."""
        return self.port

    def _controller_command(self, name: str) -> list[str]:
        command = [
            str(self.bin / name),
            f"--kubeconfig={self.folder / f'{name}.kubeconfig'}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
        ]
        if name == "kube-controller-manager":
            command += [
                f"--service-account-private-key-file={self.authority.folder / 'sa.key'}",
                f"--root-ca-file={self.ca_file}",
                "--use-service-account-credentials=true",
                "--allocate-node-cidrs=false",
                f"--node-monitor-grace-period={self.node_grace}",
            ]
        return command


def collection(made: Mapping[str, Any]) -> str:
    """The path of all objects of its kind, in its namespace if it has one."""
    version, kind = made["apiVersion"], made["kind"].lower()
    group = f"/apis/{version}" if "/" in version else f"/api/{version}"
    namespace = made["metadata"].get("namespace")
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}es" if kind.endswith("s") else f"{kind}s"
    return f"{group}{f'/namespaces/{namespace}' if namespace else ''}/{plural}"


def free_ports(count: int) -> list[int]:
    """Ports of loopback that are free now. Two runs side by side ask the kernel, which gives each its own."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
