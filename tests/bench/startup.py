"""How fast a command starts, against the imports that it cannot do without and against kubectl.

On a real API server with an empty namespace, so that what is measured is the command.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kbatch_core.cluster.api import Api
from kbatch_core.cluster.settings import Settings, TokenFile
from kbatch_core.cluster.transport import Transport
from tests.bench.timing import compare, inherited, medians
from tests.cluster.control import Cluster, kubectl_path

# As in a pod: a token file and a CA, no kubeconfig, and so no import of the package `kubernetes`.
IN_POD = """
import sys
from pathlib import Path
from kbatch_core.cluster import choose
server, folder = sys.argv.pop(1), Path(sys.argv.pop(1))
choose.load = lambda *args, **kwargs: choose.Settings(
    server=server,
    namespace="bench",
    credentials=choose.TokenFile(folder / "token"),
    ca_file=str(folder / "ca.crt"),
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
                "import http.client, ssl, msgspec": [python, "-c", "import http.client, ssl, msgspec"],
                "kubectl get jobs": [*kubectl, "get", "jobs"],
            },
            environ=environ,
        )
        lines += submits(cluster, folder, script, environ)
        lines += compare(
            "kqueue list with a kubeconfig",
            [python, "-c", "from kqueue_tui.cli.kqueue import main; main()", "list", "--namespace=bench"],
            {"import kubernetes.config": [python, "-c", "import kubernetes.config, msgspec"]},
            environ=environ,
        )
    return lines


def submits(cluster: Cluster, folder: Path, script: Path, environ: dict[str, str]) -> list[str]:
    """Real submits: the Jobs are there afterwards.

    kbatch is to take at most 1.6 times its imports and the round trip of the create; that is measured alone, with the
    very object that kbatch sends.
    """
    python = sys.executable
    where = (cluster.server, str(folder))
    kbatch = [python, "-c", IN_POD.format(prog="kbatch"), *where, "--image=x"]
    printed = subprocess.run(
        [*kbatch, "--dry-run=json", str(script)],
        env=inherited(environ),
        capture_output=True,
        check=True,
    )
    manifest = json.loads(printed.stdout)
    trips = []
    for number in range(9):
        manifest["metadata"]["name"] = f"trip-{number}"
        trips.append(_trip(cluster, folder, manifest))
    trip = statistics.median(trips)
    manifest["metadata"].pop("name")
    manifest["metadata"]["generateName"] = "peer-"
    peer = folder / "peer.json"
    peer.write_text(json.dumps(manifest))
    imports = "import http.client, ssl, msgspec, click"
    times = medians(
        {
            "kbatch": [*kbatch, str(script)],
            imports: [python, "-c", imports],
            "kubectl": [kubectl_path(), "-n", "bench", "create", "-f", str(peer)],
        },
        environ=environ,
    )
    wall, cpu = times["kbatch"]
    return [
        f"kbatch hello.sh in a pod, submitted: wall {wall * 1000:.0f} ms, CPU {cpu * 1000:.0f} ms, of which the "
        f"round trip of the create {trip * 1000:.0f} ms",
        f"  against {imports}: wall {times[imports][0] * 1000:.0f} ms (ratio without the round trip "
        f"{(wall - trip) / times[imports][0]:.2f}), CPU {times[imports][1] * 1000:.0f} ms "
        f"(ratio {cpu / times[imports][1]:.2f})",
        f"  against kubectl create -f of the same Job: wall {times['kubectl'][0] * 1000:.0f} ms "
        f"(ratio {wall / times['kubectl'][0]:.2f}), CPU {times['kubectl'][1] * 1000:.0f} ms "
        f"(ratio {cpu / times['kubectl'][1]:.2f})",
    ]


def _trip(cluster: Cluster, folder: Path, manifest: dict[str, Any]) -> float:
    """Seconds that a new connection and a create take."""
    settings = Settings(
        server=cluster.server,
        namespace="bench",
        credentials=TokenFile(folder / "token"),
        ca_file=str(folder / "ca.crt"),
    )
    start = time.perf_counter()
    Api(Transport(settings)).create_job(manifest)
    return time.perf_counter() - start
