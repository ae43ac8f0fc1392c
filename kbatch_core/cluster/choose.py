"""Which cluster: what was named, else the pod's own, else the kubeconfig in its usual place.

In a pod everything comes from the mounted service account (rules of client-go's rest.InClusterConfig), with no
import of the `kubernetes` package, which alone costs 0.4 s. A kubeconfig goes through that package's loader
(`kubeconfig.py`), which knows exec plugins, proxies and certificates.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.environment.session import ACCOUNT
from kbatch_core.errors import NoCluster


class NowhereCredentials:
    """For a process that has no cluster: each request says why."""

    def __init__(self, error: NoCluster) -> None:
        self._error = error

    def headers(self) -> dict[str, str]:
        raise self._error

    def refresh(self) -> bool:
        return False


def load(
    environ: Mapping[str, str],
    *,
    namespace: str | None = None,
    kubeconfig: str | None = None,
    context: str | None = None,
    service_account: Path = ACCOUNT,
) -> Settings:
    """Find the cluster: what was named, else the pod's own, else the kubeconfig in its usual place.

    A pod's own cluster goes before `~/.kube/config`, because a home directory outlives the cluster that
    it was written for; KUBECONFIG or a named context says otherwise. Raises NoCluster, BadConfig.
    """
    named = kubeconfig or context or environ.get("KUBECONFIG")
    if not named and (service_account / "token").exists():
        return in_cluster(environ, namespace=namespace, service_account=service_account)
    default = Path(environ.get("HOME", "~")).expanduser() / ".kube" / "config"
    if not named and not default.exists():
        raise NoCluster(
            "There is no Kubernetes cluster to talk to: this is not a pod with a service account, "
            f"and there is no {default}.",
            "On a JupyterHub, ask your admin to set a service account for notebook servers; elsewhere, set "
            "KUBECONFIG, or use this machine alone: --cluster local.",
        )
    from kbatch_core.cluster.kubeconfig import from_kubeconfig

    return from_kubeconfig(kubeconfig, context=context, namespace=namespace)


def nowhere(error: NoCluster) -> Settings:
    """Settings with which each request raises `error`: for what can be answered without a cluster."""
    return Settings(server="", namespace="", credentials=NowhereCredentials(error))


def in_cluster(
    environ: Mapping[str, str],
    *,
    namespace: str | None = None,
    service_account: Path = ACCOUNT,
    clock: Callable[[], float] = time.monotonic,
) -> Settings:
    """The settings of a pod with a mounted service account."""
    host = environ.get("KUBERNETES_SERVICE_HOST") or "kubernetes.default.svc"
    port = environ.get("KUBERNETES_SERVICE_PORT") or "443"
    if ":" in host:
        host = f"[{host}]"
    if namespace is None:
        try:
            namespace = (service_account / "namespace").read_text().strip()
        except OSError:
            namespace = "default"
    return Settings(
        server=f"https://{host}:{port}",
        namespace=namespace,
        credentials=TokenFile(service_account / "token", clock),
        ca_file=str(service_account / "ca.crt"),
        source="this pod's service account",
    )
