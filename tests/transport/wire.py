"""Requests to an API server as they are, without a client of ours between."""

from __future__ import annotations

import copy
import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from tests.cluster import Cluster
from tests.cluster.local import LocalCluster

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "a", "labels": {"x": "1"}},
    "spec": {
        "suspend": True,
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "containers": [
                    {
                        "name": "c",
                        "image": "local",
                        "command": ["true"],
                        "env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                        "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}},
                    }
                ],
                "volumes": [
                    {
                        "name": "v",
                        "downwardAPI": {
                            "items": [{"path": "s", "fieldRef": {"fieldPath": "metadata.annotations['x']"}}]
                        },
                    }
                ],
            }
        },
    },
}


class Wire:
    """Requests as they are, to one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.namespace = namespace
        self.jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self.pods = f"/api/v1/namespaces/{namespace}/pods"
        self._server = cluster.server
        self._tls = ssl.create_default_context(cafile=str(cluster.ca_file))
        if not isinstance(cluster, LocalCluster):
            cluster.apply(binding(namespace))
        self._token = cluster.token(namespace, "default")

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        token: str | None = None,
        host: str = "",
    ) -> tuple[int, bytes]:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Accept": accept, "Authorization": f"Bearer {self._token if token is None else token}"}
        headers |= {"Content-Type": content_type} if data is not None else {}
        headers |= {"Host": host} if host else {}
        request = urllib.request.Request(self._server + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The same, decoded; `code` is in the answer of a Status."""
        return json.loads(self.send(method, path, body, **more)[1])


def binding(namespace: str) -> dict[str, Any]:
    """All rights for the namespace's account, where there are rights."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"wire-{namespace}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": namespace}],
    }


def job(name: str = "a", **spec: Any) -> dict[str, Any]:
    made = copy.deepcopy(JOB)
    made["metadata"]["name"] = name
    made["spec"].update(spec)
    return made


def container(**fields: Any) -> dict[str, Any]:
    """A Job whose container has these fields."""
    made = job("x")
    made["spec"]["template"]["spec"]["containers"][0].update(fields)
    return made
