"""Where the API server is and how we say who we are.

In a pod everything comes from the mounted service account (rules of client-go's rest.InClusterConfig), with no
import of the `kubernetes` package, which alone costs 0.4 s. A kubeconfig goes through that package's loader
(`kubeconfig.py`), which knows exec plugins, proxies and certificates.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from kbatch_core.environment.session import ACCOUNT
from kbatch_core.errors import NoCluster

CLUSTER_VARIABLE = "KBATCH_CLUSTER"
"""`local` or `local:NAME` in it is the local cluster, which takes the place of all that is looked for here."""
# client-go reads the token file again after a minute; the kubelet rotates it about once an hour.
TOKEN_REREAD_SECONDS = 60.0


class Credentials(Protocol):
    """Says who we are on each request."""

    def headers(self) -> dict[str, str]:
        """The headers of the next request."""

    def refresh(self) -> bool:
        """Read or make the credentials again after a 401; False when that cannot change anything."""


class NoCredentials:
    """For a client certificate, which is part of the TLS handshake, and for none at all."""

    def headers(self) -> dict[str, str]:
        return {}

    def refresh(self) -> bool:
        return False


class NowhereCredentials:
    """For a process that has no cluster: each request says why."""

    def __init__(self, error: NoCluster) -> None:
        self._error = error

    def headers(self) -> dict[str, str]:
        raise self._error

    def refresh(self) -> bool:
        return False


class TokenFile:
    """A bearer token in a file that may be replaced at any moment; safe to share between threads."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._read_at = float("-inf")

    def headers(self) -> dict[str, str]:
        with self._lock:
            if self._clock() - self._read_at >= TOKEN_REREAD_SECONDS:
                self._read()
            return {"Authorization": f"Bearer {self._token}"}

    def refresh(self) -> bool:
        with self._lock:
            before = self._token
            self._read()
            return self._token != before

    def _read(self) -> None:
        try:
            self._token = self._path.read_text().strip()
        except OSError as error:
            # The kubelet swaps the file by a symlink: keep the last token while it is away.
            if not self._token:
                raise NoCluster(
                    f"The service account token {self._path} cannot be read ({error.strerror}).",
                    "Ask your admin to mount a service account token in notebook servers.",
                ) from error
            return
        self._read_at = self._clock()


class Settings(msgspec.Struct, frozen=True):
    """One cluster as one account sees it. `ca_file`, `cert_file`, `key_file` are paths; None = not used."""

    server: str
    namespace: str
    credentials: Credentials = msgspec.field(default_factory=NoCredentials)
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True
    tls_server_name: str | None = None
    proxy: str | None = None
    proxy_headers: dict[str, str] | None = None
    source: str = ""
    """Where these settings came from, for messages."""


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
