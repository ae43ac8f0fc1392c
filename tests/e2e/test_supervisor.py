"""The supervisor in pods of the real node: record, row of the queue and files say the same, however it ended.

All jobs run side by side: what the tests look at was done once, by `seen`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from kbatch_core.model.jobspec import TERM_TO_KILL_SECONDS
from kbatch_core.model.record import Record, parse_record
from tests.cluster.node import Node
from tests.cluster.processes import wait_for
from tests.cluster.users import Server, User

pytestmark = pytest.mark.node

ARBITRARY = 1_000_650_000
GREEDY = "data = []\nwhile True: data.append(bytearray(1 << 20))\n"
ONCE = """#!/bin/sh
echo "start $SLURM_RESTART_COUNT"
[ "$SLURM_RESTART_COUNT" = 0 ] || exit 0
"""
POLITE = ONCE + "trap 'echo asked; exit 0' TERM\nsleep 1000 & wait\n"
SCRIPTS: dict[str, str] = {
    "exit0": "#!/bin/sh\necho hello\n",
    "exit3": "#!/bin/sh\necho hello\nexit 3\n",
    "exit255": "#!/bin/sh\nexit 255\n",
    "segv": "#!/bin/sh\necho hello\nkill -SEGV $$\n",
    "missing": "#!/opt/R/bin/Rscript\n1\n",
    "oom": f"#!/usr/bin/python3\n{GREEDY}",
    "oomchild": f"#!/bin/sh\npython3 -c '{GREEDY}'\necho child: $?\nexit 0\n",
    "oomfails": f"#!/bin/sh\nset -e\npython3 -c '{GREEDY}'\n",
    "limit": "#!/bin/sh\ntrap 'echo asked' TERM\necho hello\nwhile :; do sleep 0.2; done\n",
    "children": "#!/bin/sh\nsetsid sleep 1000 &\nsleep 1000 &\necho hello\n",
    "evicted": POLITE,
    "warned": ONCE + "trap 'echo warned; exit 0' USR1\nsleep 1000 & wait\n",
    "deleted": POLITE,
    "forced": ONCE + "trap '' TERM\nwhile :; do echo line; sleep 0.1; done\n",
    "through": "#!/bin/sh\ni=0\nwhile [ $((i += 1)) -le 150 ]; do\n  echo $i\n  sleep 0.1\n"
    "  [ $i != 50 ] || until [ -e killed ]; do sleep 0.1; done\ndone\n",
    "readonly": "#!/bin/sh\ntouch /opt/x 2>/dev/null && exit 9\necho hello\nexit 4\n",
    "stranger": "#!/bin/sh\nid -u\nexit 5\n",
    "progress": "#!/bin/sh\necho '2/5 halfway' >$KBATCH_PROGRESS\nwhile [ ! -e go ]; do sleep 0.1; done\n"
    "echo '5/5 done' >$KBATCH_PROGRESS\n",
}
OPTIONS = {
    "limit": "-t 0:02",
    "warned": "--signal=USR1@60",
    "oom": "--mem 48M",
    "oomchild": "--mem 48M",
    "oomfails": "--mem 48M",
}
CHANGED: dict[str, dict[str, Any]] = {
    "readonly": {"readOnlyRootFilesystem": True},
    "stranger": {"runAsUser": ARBITRARY, "runAsGroup": 0},
}
SUBMIT = """cd /home/jovyan && for name in {names}; do
  options=$(cat $name.options)
  kbatch -c 10m --mem 32M -J $name $options --parsable $name.sh >$name.id 2>$name.said &
done; wait"""


class Told(NamedTuple):
    """What is known of one job: its id, its row, its records in home and in the pod, and its output."""

    id: str
    row: dict[str, Any]
    record: Record | None
    message: Record | None
    pod_exit: int | None
    output: str
    starts: int


class Fleet:
    """The jobs by the name of their script."""

    def __init__(self, user: User, server: Server) -> None:
        self.user = user
        self.server = server
        self.ids: dict[str, str] = {}

    def submit(self) -> None:
        """All at once, from the server; those of CHANGED by kubectl, as another image or policy would have them."""
        for name, script in SCRIPTS.items():
            self.server.write(f"{name}.sh", script)
            options = "--dry-run=json" if name in CHANGED else OPTIONS.get(name, "")
            self.server.write(f"{name}.options", options)
        self.server.run("sh", "-c", SUBMIT.format(names=" ".join(SCRIPTS)))
        for name in SCRIPTS:
            text = (self.user.home / f"{name}.id").read_text()
            said = (self.user.home / f"{name}.said").read_text()
            assert text, said
            if name in CHANGED:
                job = json.loads(text)
                container = job["spec"]["template"]["spec"]["containers"][0]
                container["securityContext"] = CHANGED[name]
                self.user.node.apply(job)
                text = job["metadata"]["labels"]["kbatch/id"]
            self.ids[name] = text.strip()

    def pods(self, name: str) -> list[dict[str, Any]]:
        """Oldest first."""
        where = ("-n", self.user.namespace, "-l", f"kbatch/id={self.ids[name]}")
        pods: list[dict[str, Any]] = self.user.node.get("pods", *where)["items"]
        return sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def output(self, name: str) -> str:
        path = self.user.home / f"kbatch-{self.ids[name]}.out"
        return path.read_text() if path.exists() else ""

    def wait_output(self, name: str, text: str) -> None:
        wait_for(lambda: text in self.output(name), what=f"{text!r} of {name}")

    def rows(self) -> dict[str, dict[str, Any]]:
        """By name, as `kqueue list --json` has them in the server."""
        rows = json.loads(self.server.run("kqueue", "list", "--json").stdout)["jobs"]
        return {row["name"]: row for row in rows}

    def wait_finished(self, *names: str, seconds: float = 90) -> None:
        ids = {self.ids[name] for name in names}

        def over() -> bool:
            jobs = self.user.node.get("jobs", "-n", self.user.namespace)["items"]
            done = {
                job["metadata"]["labels"]["kbatch/id"]
                for job in jobs
                for one in job["status"].get("conditions", [])
                if one["type"] in ("Complete", "Failed") and one["status"] == "True"
            }
            return ids <= done

        wait_for(over, what=f"{names} to end", seconds=seconds)

    def told(self) -> dict[str, Told]:
        rows = self.rows()
        found = {}
        for name, job_id in self.ids.items():
            folder = self.user.home / ".kbatch" / job_id
            record = folder / "record.json"
            starts = folder / "starts"
            ended = _terminated(self.pods(name))
            found[name] = Told(
                job_id,
                rows[name],
                parse_record(record.read_bytes()) if record.exists() else None,
                parse_record(str(ended.get("message", ""))),
                ended.get("exitCode"),
                self.output(name),
                starts.read_text().count("\n") if starts.exists() else 0,
            )
        return found


def _terminated(pods: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The end of the newest pod's container; empty when there is none."""
    states = [status["state"] for status in pods[-1]["status"].get("containerStatuses", [])] if pods else []
    return next((dict(state["terminated"]) for state in states if "terminated" in state), {})


@pytest.fixture(scope="module")
def fleet(node: Node) -> Iterator[Fleet]:
    """A user with one server, from which everything is submitted."""
    user = User(node, "hub-supervisor")
    # Group 0 and the sticky home, as where a platform gives each pod a user of its own.
    os.chown(user.home, 1000, 0)
    user.home.chmod(0o2777)
    yield Fleet(user, user.start_server())
    user.remove()


class Seen(NamedTuple):
    """The rows while the jobs ran, and what is known of them in the end."""

    running: dict[str, dict[str, Any]]
    told: dict[str, Told]


@pytest.fixture(scope="module")
def seen(fleet: Fleet) -> Seen:
    """Submit everything, do to each what is to be done to it, wait until all have ended."""
    node, namespace = fleet.user.node, fleet.user.namespace
    fleet.submit()
    for name in ("evicted", "warned", "deleted", "forced"):
        fleet.wait_output(name, "start 0")
    for name in ("evicted", "warned"):
        pod = fleet.pods(name)[0]["metadata"]["name"]
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
        node.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(eviction))
    for name, how in (("deleted", ("--grace-period=30",)), ("forced", ("--grace-period=0", "--force"))):
        pod = fleet.pods(name)[0]["metadata"]["name"]
        node.kubectl("delete", "pod", pod, "-n", namespace, "--wait=false", *how)
    wait_for(
        lambda: (row := fleet.rows()["progress"])["state"] == "R" and row["progress"],
        what="progress in the queue",
    )
    running = fleet.rows()
    fleet.server.write("go", "")
    fleet.wait_finished("evicted", "warned", "exit0", "exit3", "oom", "children", "readonly", "stranger")
    fleet.wait_output("through", "50\n")
    node.kill_kubelet()
    try:
        before = fleet.output("through")
        fleet.server.write("killed", "")
        wait_for(lambda: fleet.output("through") != before, what="the job to go on without a kubelet")
    finally:
        # Other tests share the node.
        node.start_kubelet()
    fleet.wait_finished(*SCRIPTS)
    return Seen(running, fleet.told())


# name: state, code, exit code, signal, reason in the record
EXPECTED: dict[str, tuple[str, str, int, int, str]] = {
    "exit0": ("CD", "", 0, 0, ""),
    "exit3": ("F", "NonZeroExitCode", 3, 0, ""),
    "exit255": ("F", "NonZeroExitCode", 255, 0, ""),
    "segv": ("F", "NonZeroExitCode", 139, 11, ""),
    "missing": ("F", "NonZeroExitCode", 127, 0, ""),
    "oom": ("OOM", "OutOfMemory", 137, 9, "OutOfMemory"),
    "oomchild": ("CD", "", 0, 0, ""),
    "oomfails": ("OOM", "OutOfMemory", 137, 9, "OutOfMemory"),
    "limit": ("TO", "TimeLimit", 124, 0, "TimeLimit"),
    "children": ("CD", "", 0, 0, ""),
    "evicted": ("CD", "", 0, 0, ""),
    "warned": ("CD", "", 0, 0, ""),
    "deleted": ("F", "NonZeroExitCode", 143, 15, "Terminated"),
    "through": ("CD", "", 0, 0, ""),
    "readonly": ("F", "NonZeroExitCode", 4, 0, ""),
    "stranger": ("F", "NonZeroExitCode", 5, 0, ""),
    "progress": ("CD", "", 0, 0, ""),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_record_row_and_pod_say_the_same(seen: Seen, name: str) -> None:
    state, code, exit_code, number, reason = EXPECTED[name]
    told = seen.told[name]
    row = told.row
    assert (row["state"], row["code"], row["exit_code"], row["signal"]) == (state, code, exit_code, number)
    assert told.record is not None
    assert (told.record.id, told.record.exit, told.record.reason) == (told.id, exit_code, reason)
    assert (told.record.node, told.record.output_error) == (row["node"] or "node1", "")
    assert row["started"] == told.record.start
    assert row["ended"] == told.record.end >= told.record.start
    assert 0 < told.record.memory_peak <= 48 << 20
    if told.pod_exit is not None:
        assert told.message == told.record
        assert told.pod_exit == exit_code
    else:
        assert name == "deleted", "only its pod is gone"


OUTPUT = {
    "exit0": "hello\n",
    "exit3": "hello\n",
    "segv": "hello\n",
    "children": "hello\n",
    "readonly": "hello\n",
    "stranger": f"{ARBITRARY}\n",
    "deleted": "start 0\nasked\n",
    "through": "".join(f"{number}\n" for number in range(1, 151)),
}


@pytest.mark.parametrize("name", OUTPUT)
def test_output(seen: Seen, name: str) -> None:
    """Of `through` each line once, although the kubelet was killed and started again under it."""
    assert seen.told[name].output == OUTPUT[name]


def test_kills_for_memory_are_counted_also_of_a_child(seen: Seen) -> None:
    kills = {
        name: told.record.oom
        for name, told in seen.told.items()
        if told.record is not None and told.record.oom
    }
    assert kills == {"oom": 1, "oomchild": 1, "oomfails": 1}
    assert "child: 137" in seen.told["oomchild"].output
    assert "1 of its processes killed for memory" in seen.told["oomchild"].row["sentence"]


def test_a_time_limit_is_kept_to_the_second_and_ends_who_does_not_listen(seen: Seen) -> None:
    told = seen.told["limit"]
    assert told.output.endswith("asked\n")
    assert told.record is not None
    assert told.record.end - told.record.start >= 2 + TERM_TO_KILL_SECONDS


@pytest.mark.parametrize(("name", "last_word"), [("evicted", "asked"), ("warned", "warned")])
def test_an_evicted_job_starts_again_in_the_same_file(seen: Seen, name: str, last_word: str) -> None:
    """With --signal it is that signal that tells it, before TERM."""
    told = seen.told[name]
    assert re.fullmatch(rf"start 0\n{last_word}\n\n--- restart 1: [^\n]+ ---\nstart 1\n", told.output)
    assert told.starts == 2
    assert told.record is not None
    assert told.record.restart == told.row["restarts"] == 1


def test_who_is_killed_without_a_word_has_no_record_and_no_success(seen: Seen) -> None:
    """A forced delete: nobody waits, and what is known comes from the container alone."""
    told = seen.told["forced"]
    assert (told.record, told.message) == (None, None)
    assert (told.row["state"], told.row["exit_code"]) == ("F", 137)
    lines = told.output.splitlines()
    assert lines[0] == "start 0"
    assert set(lines[1:]) == {"line"}
    assert told.starts == 1, "nobody else wrote meanwhile"


def test_progress_is_in_the_queue_while_it_runs_and_after(seen: Seen) -> None:
    assert seen.running["progress"]["progress"] == "2/5 halfway"
    assert seen.told["progress"].row["progress"] == "5/5 done"


def test_what_a_missing_interpreter_is_told_of(seen: Seen) -> None:
    assert "/kbatch/bin/script" in seen.told["missing"].output
    assert "first line" in seen.told["missing"].row["hint"]
