"""What is left when the server is killed: everything."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import msgspec
import pytest

from kbatch_core.local.controllers import jobfacts
from kbatch_core.local.kubelet.status import UNKNOWN
from tests.local.kills import Kills
from tests.local.running import MACHINE, Here, here, is_there, state


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait after a disruption is not what this is about."""
    monkeypatch.setattr(jobfacts, "BACKOFF_SECONDS", 0.1)


@pytest.mark.skipif(
    sys.platform != "linux", reason="the jobs lock with flock, and keepers are found in /proc"
)
def test_twenty_kills_lose_nothing(tmp_path: Path) -> None:
    history = Kills(tmp_path, seed=7).run(20)
    assert history.wrong == []
    assert history.kills == 20
    assert history.ends["Complete"] > 0


POLICY = {"rules": [{"action": "Count", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]}


def keeper_of(cluster: Here, pod: dict[str, object]) -> int:
    """The process that keeps a pod's container."""
    metadata = pod["metadata"]
    assert isinstance(metadata, dict)
    (path,) = (cluster.folder / "pods" / metadata["uid"]).glob("containers/*/0/started.json")
    return int(msgspec.json.decode(path.read_bytes())["keeper"])


async def test_what_runs_goes_on_without_a_server_and_is_found_by_the_next(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        go, asked = tmp_path / "go", "while [ ! -e {} ]; do sleep 0.05; done; echo went; exit {}"
        goes_on = cluster.job("goes-on", asked.format(go, 4))
        ends_meanwhile = cluster.job("ends-meanwhile", asked.format(go, 0))
        first = [await cluster.running(name) for name in (goes_on, ends_meanwhile)]
        await cluster.restart()
        assert [await cluster.running(name) for name in (goes_on, ends_meanwhile)] == first
        (folder,) = (tmp_path / "pods" / first[1]["metadata"]["uid"]).glob("containers/main/0")

        def end() -> None:
            go.touch()
            for _ in range(2000):
                if (folder / "exit.json").exists():
                    return
                time.sleep(0.01)

        await cluster.restart(end)
        assert [await cluster.ended(name) for name in (goes_on, ends_meanwhile)] == ["Failed", "Complete"]
        assert state(cluster.pods(goes_on)[0])["terminated"]["exitCode"] == 4
        assert [await cluster.output(name) for name in (goes_on, ends_meanwhile)] == [b"went\n"] * 2


async def test_an_end_that_nobody_saw_is_the_nodes_failure(tmp_path: Path) -> None:
    """Its keeper is gone: what is left of it is ended first, and then it is run again."""
    async with here(tmp_path) as cluster:
        mark = tmp_path / "stray"
        stray = (
            f"(env PATH=$PATH setsid sh -c 'echo $$$$ >{mark}.new; mv {mark}.new {mark}; exec sleep 1000' &)"
        )
        first = f"[ -e {mark} ] && exit 0; {stray}; echo begun; sleep 1000"
        name = cluster.job(
            "lost", first, podFailurePolicy=POLICY, podReplacementPolicy="Failed", backoffLimit=5
        )
        away = cluster.job("away", f"[ -e {mark}2 ] && exit 0; touch {mark}2; sleep 1000",
                           podFailurePolicy=POLICY, backoffLimit=5)  # fmt: skip
        last = cluster.job("last", "sleep 1000")
        pods = [await cluster.running(one) for one in (name, away, last)]
        await cluster.until(lambda: mark.exists() and Path(f"{mark}2").exists())
        (log,) = (cluster.folder / "pods" / pods[0]["metadata"]["uid"]).glob("containers/main/0.log")
        await cluster.until(lambda: b"begun" in log.read_bytes(), "its keeper to write what it said")
        os.kill(keeper_of(cluster, pods[0]), signal.SIGKILL)

        # These are missed by a server that is not there.
        def kill() -> None:
            for pod in pods[1:]:
                os.kill(keeper_of(cluster, pod), signal.SIGKILL)

        await cluster.restart(kill)
        pod = await cluster.in_phase(name, "Failed")
        assert state(pod)["terminated"]["reason"] == "ContainerStatusUnknown"
        assert (state(pod)["terminated"]["exitCode"], state(pod)["terminated"]["message"]) == (137, UNKNOWN)
        assert pod["status"]["reason"] == "NodeLost"
        target = next(one for one in pod["status"]["conditions"] if one["type"] == "DisruptionTarget")
        assert (target["status"], target["reason"]) == ("True", "DeletionByPodGC")
        assert not is_there(int(mark.read_text()))
        assert await cluster.log(pod) == b"begun\n"
        ends = [await cluster.ended(one) for one in (name, away, last)]
        assert ends == ["Complete", "Complete", "Failed"]
        assert cluster.status(name)["failed"] == cluster.status(away)["failed"] == 1


async def test_a_machine_that_shuts_down_disrupts(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        mark = tmp_path / "mark"
        name = cluster.job("cut-off", f"[ -e {mark} ] && exit 0; touch {mark}; sleep 1000",
                           podFailurePolicy=POLICY, backoffLimit=5)  # fmt: skip
        pod = await cluster.running(name)
        await cluster.until(mark.exists)
        os.kill(keeper_of(cluster, pod), signal.SIGTERM)
        assert await cluster.ended(name) == "Complete"
        first = await cluster.in_phase(name, "Failed")
        target = next(one for one in first["status"]["conditions"] if one["type"] == "DisruptionTarget")
        assert target["reason"] == "TerminationByKubelet"


async def test_a_start_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    """A folder without a word that anything began: nothing has run there, so it may run now."""
    async with here(tmp_path) as cluster:
        container = {"name": "main", "image": "none", "command": ["echo", "once"]}
        await cluster.runner.stop()
        pod = cluster.store.create(
            "pods",
            {
                "metadata": {"name": "begun", "namespace": "default"},
                "spec": {"nodeName": MACHINE.name, "restartPolicy": "Never", "containers": [container]},
                "status": {"phase": "Pending"},
            },
        )
        folder = tmp_path / "pods" / pod["metadata"]["uid"] / "containers" / "main" / "0"
        folder.mkdir(parents=True)
        (folder / "start.json").write_text("{")
        os.mkfifo(folder / "alive")
        await cluster.restart()

        def phase() -> str:
            return str(cluster.store.get("pods", "default", "begun")["status"]["phase"])

        await cluster.until(lambda: phase() == "Succeeded")
        assert await cluster.log(pod) == b"once\n"
