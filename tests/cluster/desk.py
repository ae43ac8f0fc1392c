"""A user's desk on a cluster without a real node: an account with the rights that are named, and a Client of hers."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kbatch_core.client import Client
from kbatch_core.cluster.api import Api
from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment import Session
from tests.cluster.control import Cluster
from tests.cluster.images import HOME
from tests.cluster.objects import Objects
from tests.cluster.users import CLAIM, RULES, adapted
from tests.pods import load_pod

READ_RULES = {"apiGroups": [""], "resources": ["resourcequotas", "limitranges"], "verbs": ["list"]}
READ_CLAIMS = {"apiGroups": [""], "resources": ["persistentvolumeclaims"], "verbs": ["get"]}
READ_CLUSTER = [
    {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["list"]},
]


class Desk:
    """An account called `name` in `namespace`, with kbatch's rights, `extra` ones, and `everywhere` those of the
    cluster. `server` is the pod that her notebook server would be; it is not there before `start_server`."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        folder: Path,
        *,
        name: str = "ann",
        extra: Sequence[dict[str, Any]] = (),
        everywhere: Sequence[dict[str, Any]] = (),
    ) -> None:
        self.cluster = cluster
        self.objects = Objects(cluster)
        self.namespace = namespace
        self._claimed = False
        self.name = name
        where = {"name": name, "namespace": namespace}
        self.objects.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where})
        self._bind("Role", [*RULES, *extra])
        if everywhere:
            self._bind("ClusterRole", list(everywhere))
        self._token = folder / f"{name}.token"
        self._token.write_text(self.objects.token(namespace, name))
        self.server = adapted(load_pod("z2jh-pvc"), "images.example.org/x", namespace)
        self.server["metadata"]["name"] = f"jupyter-{name}"
        self.server["metadata"]["labels"]["hub.jupyter.org/username"] = name
        self.server["metadata"]["annotations"]["hub.jupyter.org/username"] = name

    def client(self, url: str = "", **session: Any) -> Client:
        """A Client in the notebook server; `url` is another address of the API server, a proxy's."""
        settings = Settings(
            server=url or self.cluster.server,
            namespace=self.namespace,
            credentials=TokenFile(self._token),
            ca_file=str(self.cluster.ca_file),
        )
        fields = {
            "cwd": HOME, "home": HOME, "user": self.name, "host": self.server["metadata"]["name"], "in_pod": True,
            "environ": {}, "start": {}, **session,
        }  # fmt: skip
        return Client(Api(Transport(settings)), Session(**fields))

    @classmethod
    def in_new_namespace(cls, cluster: Cluster, folder: Path, **fields: Any) -> Desk:
        """A desk in a namespace of its own."""
        return cls(cluster, Objects(cluster).namespace(), folder, **fields)

    def start_server(self, node: str = "", access: str = "ReadWriteOnce") -> None:
        """Make the pod of the notebook server, on a node; her home is a claim, which any node can reach."""
        pod = copy.deepcopy(self.server)
        pod["spec"]["serviceAccountName"] = self.name
        if node:
            pod["spec"]["nodeName"] = node
        if not self._claimed:
            self.objects.create(*self._claim(access))
            self._claimed = True
        self.objects.create(pod)

    def _claim(self, access: str) -> list[dict[str, Any]]:
        size = {"storage": "1Gi"}
        volume = f"{self.namespace}-home"
        return [
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": volume},
                "spec": {
                    "capacity": size, "accessModes": [access], "hostPath": {"path": "/none"},
                    "storageClassName": "manual", "claimRef": {"namespace": self.namespace, "name": CLAIM},
                },
            },
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": CLAIM, "namespace": self.namespace},
                "spec": {
                    "accessModes": [access], "resources": {"requests": size}, "storageClassName": "manual",
                    "volumeName": volume,
                },
            },
        ]  # fmt: skip

    def _bind(self, kind: str, rules: list[dict[str, Any]]) -> None:
        name = self.name if kind == "Role" else f"{self.namespace}-{self.name}"
        metadata = {"name": name, **({"namespace": self.namespace} if kind == "Role" else {})}
        group = "rbac.authorization.k8s.io"
        self.objects.create(
            {"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, "rules": rules},
            {
                "apiVersion": f"{group}/v1", "kind": f"{kind}Binding", "metadata": metadata,
                "roleRef": {"apiGroup": group, "kind": kind, "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": self.name, "namespace": self.namespace}],
            },
        )  # fmt: skip
