"""How fast a command starts, against the imports that it cannot do without and against kubectl."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.bench.timing import compare
from tests.cluster.control import kubectl_path
from tests.scripted import ScriptedServer

CONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "m",
    "clusters": [{"name": "m", "cluster": {"server": ""}}],
    "users": [{"name": "m", "user": {"token": "t"}}],
    "contexts": [{"name": "m", "context": {"cluster": "m", "user": "m"}}],
}
# What a pod has, so that no kubeconfig is loaded; the package `kubernetes` is not imported then.
IN_POD = """
import sys
from pathlib import Path
import kbatch_core.client as client
from kbatch_core.cluster.settings import Settings
client.load = lambda *args, **kwargs: Settings(server=sys.argv[1], namespace="x")
del sys.argv[1]
from kqueue_tui.cli.{prog} import main
main()
"""
EMPTY = b'{"kind":"JobList","apiVersion":"batch/v1","metadata":{"resourceVersion":"1"},"items":[]}'


def run() -> list[str]:
    lines = []
    answer = (200, {"Content-Type": "application/json"}, EMPTY)
    with tempfile.TemporaryDirectory() as name, ScriptedServer([answer]) as server:
        folder = Path(name)
        script = folder / "hello.sh"
        script.write_text("#!/bin/sh\necho hello\n")
        CONFIG["clusters"][0]["cluster"]["server"] = server.url  # type: ignore[index]
        (folder / "config").write_text(json.dumps(CONFIG))
        python = sys.executable
        environ = {"KUBECONFIG": str(folder / "config")}
        imports = [python, "-c", "import urllib3, msgspec"]
        with_click = [python, "-c", "import urllib3, msgspec, click"]
        lines += compare(
            "kqueue list in a pod",
            [python, "-c", IN_POD.format(prog="kqueue"), server.url, "list"],
            {"import urllib3, msgspec": imports, "kubectl get jobs": [kubectl_path(), "get", "jobs"]},
            environ=environ,
        )
        lines += compare(
            "kbatch hello.sh in a pod, dry run",
            [python, "-c", IN_POD.format(prog="kbatch"), server.url, "--image=x", "--test-only", str(script)],
            {"import urllib3, msgspec, click": with_click},
            environ=environ,
        )
        lines += compare(
            "kqueue list with a kubeconfig",
            [python, "-c", "from kqueue_tui.cli.kqueue import main; main()", "list"],
            {"import kubernetes.config": [python, "-c", "import kubernetes.config, urllib3, msgspec"]},
            environ=environ,
        )
    return lines
