"""How fast a command starts, against the imports that it cannot do without and against kubectl.

On a real API server with an empty namespace, so that what is measured is the command.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.timing import compare
from tests.cluster.control import Cluster, kubectl_path

# As in a pod: a token file and a CA, no kubeconfig, and so no import of the package `kubernetes`.
IN_POD = """
import sys
from pathlib import Path
import kbatch_core.client as client
from kbatch_core.cluster.settings import Settings, TokenFile
server, folder = sys.argv.pop(1), Path(sys.argv.pop(1))
client.load = lambda *args, **kwargs: Settings(
    server=server, namespace="bench", credentials=TokenFile(folder / "token"), ca_file=str(folder / "ca.crt")
)
from kqueue_tui.cli.{prog} import main
main()
"""


def run() -> list[str]:
    lines = []
    python = sys.executable
    with tempfile.TemporaryDirectory() as name, Cluster() as cluster:
        folder = Path(name)
        cluster.create_namespace("bench")
        (folder / "token").write_text(cluster.token("bench", "ann", cluster_role="admin"))
        (folder / "ca.crt").write_bytes(cluster.ca_file.read_bytes())
        script = folder / "hello.sh"
        script.write_text("#!/bin/sh\necho hello\n")
        environ = {"KUBECONFIG": str(cluster.kubeconfig), "HOME": name}
        where = (cluster.server, name)
        kubectl = (kubectl_path(), "-n", "bench")
        lines += compare(
            "kqueue list in a pod",
            [python, "-c", IN_POD.format(prog="kqueue"), *where, "list"],
            {
                "import urllib3, msgspec": [python, "-c", "import urllib3, msgspec"],
                "kubectl get jobs": [*kubectl, "get", "jobs"],
            },
            environ=environ,
        )
        lines += compare(
            "kbatch hello.sh in a pod, accepted by the API server as a dry run",
            [python, "-c", IN_POD.format(prog="kbatch"), *where, "--image=x", "--test-only", str(script)],
            {
                "import urllib3, msgspec, click": [python, "-c", "import urllib3, msgspec, click"],
                "kubectl create job": [*kubectl, "create", "job", "x", "--image=x", "--dry-run=server"],
            },
            environ=environ,
        )
        lines += compare(
            "kqueue list with a kubeconfig",
            [python, "-c", "from kqueue_tui.cli.kqueue import main; main()", "list", "--namespace=bench"],
            {"import kubernetes.config": [python, "-c", "import kubernetes.config, urllib3, msgspec"]},
            environ=environ,
        )
    return lines
