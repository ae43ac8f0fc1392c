"""LocalCluster: the embedded local cluster in place of a real control plane, for the same tests."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kbatch_core.local import lifecycle
from kbatch_core.local.place import Address, find_place
from kbatch_core.local.state.store import Store
from tests.cluster.control import Cluster


class LocalCluster(Cluster):
    """A local cluster with a state folder of its own. It has no accounts: whoever has the token may do everything."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="kbatch-local-"))
        self.environ = {"XDG_STATE_HOME": str(self.folder)}
        self.place = find_place("test", self.environ)
        self.kubeconfig = self.place.kubeconfig
        self.ca_file = self.place.certificate
        self.components = {}
        self.server = ""

    def start(self) -> LocalCluster:
        self.address()
        return self

    def address(self) -> Address:
        """Where its server is; it is started when it does not run."""
        address = lifecycle.start(self.place)
        self.server, self.port = address.server, address.port
        return address

    def stop(self) -> None:
        lifecycle.clean(self.place)
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop_api_server(self) -> None:
        """Kill -9, and wait until the kernel has taken its lock away."""
        address = lifecycle.running(self.place)
        if address is not None:
            os.kill(address.pid, signal.SIGKILL)
            lifecycle.stop(self.place)

    def start_api_server(self) -> None:
        before = self.server
        self.address()
        assert self.server == before, "it comes back where its clients know it"

    def compact(self) -> None:
        """Make the store forget every version but the newest."""
        self.stop_api_server()
        store = Store(self.place.database, history=0)
        made = store.create("configmaps", {"metadata": {"name": "compact", "namespace": "default"}})
        store.delete("configmaps", "default", made["metadata"]["name"])
        store.close()
        self.start_api_server()

    def create_namespace(self, name: str) -> None:
        self.send("POST", "/api/v1/namespaces", namespace_object(name))

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.place.token.read_text()}"}

    def identify(self, context: ssl.SSLContext) -> None:
        """Its token does."""

    def token(self, namespace: str, account: str, *, cluster_role: str = "") -> str:
        return self.place.token.read_text()


def namespace_object(name: str) -> dict[str, object]:
    """A namespace, for `kubectl create -f`."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


@contextmanager
def local_cluster() -> Iterator[LocalCluster]:
    """One for the length of a `with`."""
    made = LocalCluster()
    try:
        yield made.start()
    finally:
        made.stop()
