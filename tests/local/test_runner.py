"""Jobs run as processes: what becomes of their exit codes, output, files and time."""

from __future__ import annotations

import os
import time
from pathlib import Path

from kbatch_core.local.state.deletion import delete_pod
from kbatch_core.model.record import parse_record
from tests.local.running import here, is_there, state


async def test_exit_codes_output_and_statuses(tmp_path: Path) -> None:
    """A blank in the folder's name, as on macOS, is no trouble."""
    async with here(tmp_path / "with a blank") as cluster:
        good = cluster.job("good", "echo out; echo err >&2; printf 'last word' >/dev/termination-log")
        bad = cluster.job("bad", "exit 7")
        killed = cluster.job("killed", "kill -9 $$$$")
        tail = cluster.job("tail", "echo why; exit 1")
        missing = cluster.job("missing", "", pod={"containers": [{"name": "main", "command": ["no-such"]}]})
        cluster.store.change("jobs", "default", tail, _fall_back)
        ends = [await cluster.ended(name) for name in (good, bad, killed, missing, tail)]
        assert ends == ["Complete", "Failed", "Failed", "Failed", "Failed"]
        (pod,) = cluster.pods(good)
        assert pod["status"]["phase"] == "Succeeded"
        assert state(pod)["terminated"]["reason"] == "Completed"
        assert state(pod)["terminated"]["message"] == "last word"
        assert {one["type"]: one["status"] for one in pod["status"]["conditions"]} == {
            "PodReadyToStartContainers": "False",
            "Initialized": "True",
            "Ready": "False",
            "ContainersReady": "False",
            "PodScheduled": "True",
        }
        assert sorted((await cluster.log(pod)).split()) == [b"err", b"out"]
        assert await cluster.log(pod, stream="stderr") == b"err\n"
        assert ("Started", "Container started") in cluster.events(pod["metadata"]["name"])
        codes = [state(cluster.pods(name)[0])["terminated"]["exitCode"] for name in (bad, killed, missing)]
        assert codes == [7, 137, 128]
        end = state(cluster.pods(missing)[0])["terminated"]
        assert end["reason"] == "StartError"
        assert 'exec: "no-such": executable file not found in $PATH' in end["message"]
        assert state(cluster.pods(tail)[0])["terminated"]["message"] == "why\n"


def _fall_back(job: dict[str, object]) -> None:
    spec = job["spec"]
    assert isinstance(spec, dict)
    spec["template"]["spec"]["containers"][0]["terminationMessagePolicy"] = "FallbackToLogsOnError"


async def test_a_job_of_kbatch_with_its_supervisor(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    async with here(tmp_path / "cluster") as cluster:
        done = cluster.kbatch("done", "#!/bin/sh\necho $KBATCH_JOB_ID; pwd; cat $0 | head -c 9\n", home)
        late = cluster.kbatch("late", "#!/bin/sh\nsleep 1000\n", home, time_limit=1)
        three = cluster.kbatch("three", "#!/bin/sh\nexit 3\n", home)
        assert [await cluster.ended(name) for name in (done, three, late)] == ["Complete", "Failed", "Failed"]
        text = f"done2222\n{home}\n#!/bin/sh"
        assert (await cluster.output(done)).decode() == text
        files = [path.read_text() for path in home.iterdir() if path.is_file()]
        assert text in files
        terminated = state(cluster.pods(late)[0])["terminated"]
        record = parse_record(terminated["message"])
        assert (terminated["exitCode"], record and record.reason) == (124, "TimeLimit")
        assert {path.name for path in (home / ".kbatch").iterdir()} >= {"done2222", "late2222", "three222"}


USES = """#!/usr/bin/env python3
import os, pathlib, subprocess, sys, time
kept = bytearray(os.urandom(64 << 20))
while time.process_time() < 0.8: pass
subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.7: pass"])
folder = pathlib.Path(os.environ["KBATCH_LOCAL_CONTAINER"])
def seen(name):
    return int((folder / name).read_text().split()[-1]) if (folder / name).exists() else 0
while seen("cpu.stat") < 1_400_000 or seen("memory.peak") < 64 << 20: time.sleep(0.05)
"""


async def test_what_it_used_is_in_its_record(tmp_path: Path) -> None:
    """As in a container, where a control group counts: of all its processes, those that have ended too."""
    home = tmp_path / "home"
    home.mkdir()
    async with here(tmp_path / "cluster") as cluster:
        name = cluster.kbatch("uses", USES, home)
        assert await cluster.ended(name) == "Complete"
        record = parse_record(state(cluster.pods(name)[0])["terminated"]["message"])
        assert record is not None
        assert record.cpu_seconds >= 1
        assert record.memory_peak >= 64 << 20


async def test_what_a_pod_tells_its_containers(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        cluster.store.create(
            "configmaps",
            {"metadata": {"name": "settings", "namespace": "default"}, "data": {"a": "1", "b": "2"}},
        )
        script = (
            'echo "$NAME|$NODE|$CPU|$BOTH|$ALL_b|$MISSING|$PATH_"; cat /etc/podinfo/labels /etc/set/a; '
            "echo x >/data/x; umask; echo $(id -u)"
        )
        container = {
            "name": "main",
            "command": ["sh", "-c", script],
            "resources": {"limits": {"cpu": "1500m"}},
            "envFrom": [{"configMapRef": {"name": "settings"}, "prefix": "ALL_"}],
            "env": [
                {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['x']"}}},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                {"name": "BOTH", "value": "$(NAME)-$(NODE) $$(NAME) $(NOBODY)"},
                {
                    "name": "MISSING",
                    "valueFrom": {"configMapKeyRef": {"name": "no", "key": "k", "optional": True}},
                },
                {"name": "PATH_", "value": "/data/y:/database:/data"},
            ],
            "volumeMounts": [
                {"name": "info", "mountPath": "/etc/podinfo"},
                {"name": "set", "mountPath": "/etc/set"},
                {"name": "data", "mountPath": "/data"},
            ],
        }
        labels = {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}
        volumes = [
            {"name": "info", "downwardAPI": labels},
            {"name": "set", "configMap": {"name": "settings"}},
            {"name": "data", "hostPath": {"path": str(tmp_path / "real"), "type": "DirectoryOrCreate"}},
        ]
        name = cluster.job("tells", "", pod={"containers": [container], "volumes": volumes})
        cluster.store.change(
            "jobs",
            "default",
            name,
            lambda job: job["spec"]["template"].update(metadata={"labels": {"x": "ann"}}),
        )
        assert await cluster.ended(name) == "Complete"
        real = tmp_path / "real"
        assert (await cluster.output(name)).decode() == (
            f'ann|here|2|ann-here $(NAME) $(NOBODY)|2||{real}/y:/database:{real}\nx="ann"10022\n{os.getuid()}\n'
        )
        assert (real / "x").read_text() == "x\n"
        waits = cluster.job(
            "waits",
            "",
            pod={
                "containers": [
                    {
                        "name": "main",
                        "command": ["echo", "$(KEY)"],
                        "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                    }
                ]
            },
        )
        await cluster.until(lambda: [pod for pod in cluster.pods(waits) if "startTime" in pod["status"]])
        waiting = {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}
        assert state(cluster.pods(waits)[0]) == {"waiting": waiting}
        cluster.store.create(
            "secrets", {"metadata": {"name": "s", "namespace": "default"}, "data": {"k": "aGk="}}
        )
        assert await cluster.ended(waits) == "Complete"
        assert await cluster.output(waits) == b"hi\n"


async def test_init_containers_several_containers_and_restarts(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        shared = [{"name": "data", "mountPath": "/data"}]

        def container(name: str, script: str) -> dict[str, object]:
            return {"name": name, "command": ["sh", "-c", script], "volumeMounts": shared}

        volumes = [{"name": "data", "emptyDir": {}}]
        both = cluster.job(
            "both",
            "",
            pod={
                "initContainers": [container("a", "echo 1 >/data/f"), container("b", "echo 2 >>/data/f")],
                "containers": [container("c", "cat /data/f"), container("d", "exit 0")],
                "volumes": volumes,
            },
        )
        broken = cluster.job(
            "broken",
            "",
            pod={"initContainers": [container("a", "exit 9")], "containers": [container("c", "true")],
                 "volumes": volumes},
        )  # fmt: skip
        again = cluster.job(
            "again",
            "",
            pod={
                "restartPolicy": "OnFailure",
                "containers": [
                    container("main", 'echo x >>/data/n; wc -l </data/n; [ -n "$(sed -n 2p /data/n)" ]')
                ],
                "volumes": volumes,
            },
            backoffLimit=6,
        )
        ends = [await cluster.ended(name) for name in (both, broken, again)]
        assert ends == ["Complete", "Failed", "Complete"]
        assert await cluster.log(cluster.pods(both)[0], container="c") == b"1\n2\n"
        (pod,) = cluster.pods(broken)
        assert pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 9
        assert state(pod) == {"waiting": {"reason": "PodInitializing"}}
        (pod,) = cluster.pods(again)
        status = pod["status"]["containerStatuses"][0]
        assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 1)
        assert await cluster.log(pod) == b"2\n"
        assert await cluster.log(pod, previous=True) == b"1\n"


async def test_what_is_to_end(tmp_path: Path) -> None:
    """TERM first; what does not listen is killed, with all that came from it, wherever it went."""
    async with here(tmp_path) as cluster:
        marks = {name: tmp_path / name for name in ("gentle", "deaf", "stray")}
        gentle = cluster.job(
            "gentle", f"trap 'echo bye; exit 5' TERM; touch {marks['gentle']}; while :; do sleep 0.1; done"
        )
        deaf = cluster.job(
            "deaf",
            f"trap '' TERM; (env -i setsid sh -c 'trap \"\" TERM; echo $$$$ >{marks['stray']}; exec sleep 1000' &); "
            f"touch {marks['deaf']}; while :; do sleep 0.1; done",
        )
        late = cluster.job("late", "sleep 1000", pod={"activeDeadlineSeconds": 1})
        await cluster.until(lambda: all(mark.exists() for mark in marks.values()))
        await cluster.until(lambda: marks["stray"].read_text().strip())
        stray = int(marks["stray"].read_text())
        os.kill(stray, 0)
        for name, grace in ((gentle, 30), (deaf, 1)):
            delete_pod(cluster.store, await cluster.running(name), time.time(), grace=grace)
        assert [await cluster.ended(name) for name in (gentle, deaf, late)] == ["Failed"] * 3
        await cluster.until(lambda: not is_there(stray))
        assert cluster.pods(gentle) == cluster.pods(deaf) == []
        (pod,) = cluster.pods(late)
        assert (pod["status"]["reason"], pod["status"]["phase"]) == ("DeadlineExceeded", "Failed")
        assert state(pod)["terminated"]["exitCode"] == 143


async def test_what_a_script_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    """It keeps neither the pod nor the output open, wherever it went."""
    async with here(tmp_path) as cluster:
        mark = tmp_path / "mark"
        stray = f"(env -i setsid sh -c 'echo $$$$ >{mark}.new; mv {mark}.new {mark}; exec sleep 1000' &)"
        name = cluster.job("leaves", f"{stray}; while [ ! -e {mark} ]; do sleep 0.05; done; echo last")
        assert await cluster.ended(name) == "Complete"
        assert not is_there(int(mark.read_text()))
        assert await cluster.output(name) == b"last\n"


async def test_a_job_that_is_deleted_takes_its_processes_along(tmp_path: Path) -> None:
    async with here(tmp_path) as cluster:
        mark = tmp_path / "mark"
        name = cluster.job("gone", f"echo $$$$ >{mark}.new; mv {mark}.new {mark}; exec sleep 1000")
        await cluster.until(mark.exists)
        process = int(mark.read_text())
        cluster.store.delete("jobs", "default", name)
        await cluster.until(lambda: not cluster.store.list("pods"))
        await cluster.until(lambda: not is_there(process))
        await cluster.until(lambda: not any((tmp_path / "pods").iterdir()))
