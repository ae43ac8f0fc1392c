"""The clusters leave nothing behind, however a run ends, and do not see each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import Cluster, Node, cgroups, wait_for
from tests.cluster.processes import Component

ROOT = Path(__file__).parents[2]


def processes(folder: Path) -> list[str]:
    """Command lines that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and str(os.getpid()) not in path.parts:
            found.append(line)
    return found


def host() -> dict[str, object]:
    """What a node could leave on the host: mounts, links, rules."""
    rules = subprocess.run(["iptables", "-t", "nat", "-S"], capture_output=True, text=True).stdout
    return {
        "mounts": Path("/proc/self/mountinfo").read_text().count("\n"),
        "links": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "rules": [line for line in rules.splitlines() if "10.96." in line],
    }


def run_python(code: str, folder: Path) -> subprocess.Popen[str]:
    """A Python process like a test run, which prints `ready` and waits."""
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


HOLD = """
import sys, threading
from pathlib import Path
from tests.cluster import Cluster, Node
with {kind}(Path(sys.argv[1])):
    print("ready", flush=True)
    threading.Event().wait()
"""


@pytest.mark.cluster
def test_two_control_planes_side_by_side(cluster: Cluster, namespace: str) -> None:
    with Cluster() as other:
        assert other.port != cluster.port
        assert other.kubectl("get", "namespace", namespace, check=False).returncode != 0
        folder = other.folder
        assert processes(folder)
    assert processes(folder) == []
    assert not folder.exists()
    assert cluster.kubectl("get", "namespace", namespace).returncode == 0


@pytest.mark.cluster
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_control_plane_dies_with_the_run(cluster: Cluster, tmp_path: Path, how: signal.Signals) -> None:
    run = run_python(HOLD.format(kind="Cluster"), tmp_path)
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    assert processes(tmp_path)
    run.send_signal(how)
    run.wait(30)
    run.stdout.close()
    wait_for(lambda: processes(tmp_path) == [], what="its processes to end", seconds=20)


@pytest.mark.node
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_node_dies_with_the_run_and_the_next_one_cleans_up(
    node: Node, tmp_path: Path, how: signal.Signals
) -> None:
    before = host()
    run = run_python(HOLD.format(kind="Node"), tmp_path)
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    assert host() == before, "nothing of a node is seen outside its namespaces"
    run.send_signal(how)
    run.wait(60)
    run.stdout.close()
    wait_for(lambda: processes(tmp_path) == [], what="its processes to end", seconds=20)
    assert host() == before

    def swept() -> bool:
        for name in cgroups.leftovers():
            cgroups.remove(name)
        return cgroups.leftovers() == set()

    wait_for(swept, what="its control groups to be removed", seconds=20)


def test_a_tied_component_is_told_apart_from_its_log(tmp_path: Path) -> None:
    component = Component("echo", ["sh", "-c", "echo hello; exec sleep 600"], tmp_path, tied=True)
    component.start()
    wait_for(lambda: "hello" in component.tail(), what="its output")
    pid = component.pid
    assert pid
    component.stop()
    assert component.pid == 0
    assert not Path(f"/proc/{pid}").exists()


def test_cgroups_of_both_versions(tmp_path: Path) -> None:
    for controller in ("memory", "cpuset"):
        (tmp_path / "v1" / controller).mkdir(parents=True)
    cgroups.create("kbatch-test-1-x", tmp_path / "v1")
    assert (tmp_path / "v1/memory/kbatch-test-1-x").is_dir()
    (tmp_path / "v1/memory/kbatch-test-1-x/pod").mkdir()
    (tmp_path / "v1/memory/kbatch-test-999999999").mkdir()
    assert cgroups.leftovers(tmp_path / "v1") == {"kbatch-test-999999999"}
    cgroups.remove("kbatch-test-1-x", tmp_path / "v1")
    assert not (tmp_path / "v1/memory/kbatch-test-1-x").exists()
    (tmp_path / "v2").mkdir()
    (tmp_path / "v2/cgroup.controllers").write_text("cpu memory")
    assert cgroups.hierarchies(tmp_path / "v2") == [tmp_path / "v2"]
