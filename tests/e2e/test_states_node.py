"""States and reasons that only a real kubelet makes: all jobs at once on one node, as the queue tells them.

kubectl is asked whether it sees the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from kbatch_core.cluster.api import core_path
from tests.cluster.node import NODE_NAME, Node
from tests.commands.fleet import Fleet
from tests.e2e.scene import Scene
from tests.queue.watched import watching

pytestmark = pytest.mark.node

NAMESPACE = "st-node"
# A job that ends at once when asked to, so that nothing waits for it.
STAYS = "#!/bin/sh\ntrap 'exit 143' TERM\nsleep 600 & wait\n"
FILLS_DISK = "#!/bin/sh\ndd if=/dev/zero of=/tmp/data bs=1M count=40\nsleep 600 & wait\n"
FILLS_MEMORY = "#!/bin/sh\nexec python3 -c 'x = bytearray(512 << 20); print(len(x))'\n"


@pytest.fixture(scope="module")
def scene(node: Node) -> Iterator[Scene]:
    node.create_namespace(NAMESPACE)
    fleet = Fleet(node, NAMESPACE, image=node.image)
    with watching(fleet.api) as watched:
        yield Scene(node, watched, {NAMESPACE: fleet}, cpus=50)
    fleet.close()
    node.delete_namespace(NAMESPACE)


def test_what_never_starts_says_why(scene: Scene) -> None:
    container = {"name": "job", "image": scene.fleet.image, "imagePullPolicy": "IfNotPresent"}
    missing = {**container, "envFrom": [{"secretRef": {"name": "nowhere"}}]}
    no_image = scene.submit(image="127.0.0.1:1/nobody/nothing:1")
    no_secret = scene.submit(pod={"containers": [missing], "volumes": []})
    no_room = scene.submit(cpus=900_000, requeue=False, pod={"nodeName": NODE_NAME})
    no_shell = scene.submit(image="kbatch.test/pause:1", requeue=False)

    row = scene.until(no_image, "PD", "BadImage")
    assert row.sentence.startswith("Cannot pull 127.0.0.1:1/nobody/nothing:1: ")
    row = scene.until(no_secret, "PD", "BadConfig")
    assert 'secret "nowhere" not found' in row.sentence
    row = scene.until(no_room, "BF", "BootFail")
    assert row.sentence.startswith(f"{NODE_NAME} refused it at the last moment")
    assert "cpu" in row.evidence
    row = scene.until(no_shell, "F", "BadConfig")
    assert '"/bin/sh"' in row.sentence


def test_how_it_ends_is_told_apart(scene: Scene) -> None:
    memory = scene.submit(script=FILLS_MEMORY, memory=64 << 20, requeue=False)
    late = scene.submit(script=STAYS, time_limit=1)
    lost = scene.submit(script="#!/bin/sh\nno-such-command\n")
    well = scene.submit(script="#!/bin/sh\nexit 0\n")

    row = scene.until(memory, "OOM", "OutOfMemory")
    assert "of 64M because its memory was full" in row.sentence
    assert row.hint == "Try --mem 128M"
    assert scene.until(late, "TO", "TimeLimit").sentence.startswith("Reached --time 0:01")
    assert scene.until(lost, "F", "NonZeroExitCode").exit_code == 127
    row = scene.until(well, "CD")
    assert row.sentence.startswith("exit 0; peak ")


def test_who_is_taken_away_is_told_why(scene: Scene) -> None:
    greedy = scene.submit(script=FILLS_DISK, tmp=10 << 20, requeue=False)
    drained = scene.submit(script=STAYS)
    scene.until(drained, "R")
    (pod,) = scene.fleet.pods(drained)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod.metadata.name}}
    path = f"{core_path(NAMESPACE, 'pods')}/{pod.metadata.name}/eviction"
    scene.fleet.transport.request("POST", path, body=msgspec.json.encode(eviction))
    scene.watched.until(lambda: scene.row(drained).restarts == 1, seconds=60)
    scene.until(drained, "R")
    scene.watched.until(lambda: scene.row(greedy).finished, seconds=60)
    row = scene.until(greedy, "PR", "Evicted")
    assert row.sentence.startswith(
        "Wrote more to the node's local disk than it may (10M); it was not to be restarted"
    )


def test_a_node_that_is_silent(scene: Scene, node: Node) -> None:
    """Last, because nothing else can be seen while its kubelet is dead."""
    job = scene.submit(script=STAYS)
    scene.until(job, "R")
    node.kill_kubelet()
    try:
        row = scene.until(job, "R", "NodeSilent")
        assert row.sentence.startswith(f"Node {NODE_NAME} has been silent for ")
    finally:
        node.start_kubelet()
    scene.until(job, "R")
