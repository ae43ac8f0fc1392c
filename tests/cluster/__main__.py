"""A cluster for a developer to poke around in, which stays until `down`; and what clusters are made of.

python -m tests.cluster prepare | up | node | down | kubeconfig
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster.build import Missing, binaries, cache_dir, say
from tests.cluster.control import Cluster
from tests.cluster.images import pause_image, user_image
from tests.cluster.node import Node, check_machine
from tests.cluster.processes import wait_for

FOLDER = cache_dir() / "developer"
READY, PID = FOLDER / "ready", FOLDER / "pid"


def prepare() -> int:
    """Make what the tests' clusters are made of: a test has ten minutes, and the first build may take longer.

    What this machine lacks is not an error here: the tests that need it say so.
    """
    try:
        binaries()
        check_machine()
        pause_image()
        user_image()
    except Missing as reason:
        say(str(reason))
    return 0


def running() -> int:
    """The pid of the process that keeps the cluster; 0 when there is none."""
    try:
        pid = int(PID.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return 0
    return pid


def keep(kind: type[Cluster]) -> int:
    """Start a cluster and hold it until TERM. Its programs die with this process."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    PID.write_text(str(os.getpid()))
    with kind(FOLDER / "state"):
        READY.touch()
        while True:
            time.sleep(3600)


def start(name: str) -> int:
    """Start the keeper in the background and wait until the cluster is ready."""
    if running():
        print("There is one already: `python -m tests.cluster down` ends it.", file=sys.stderr)
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    log = FOLDER / "log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster", f"keep-{name}"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    say("starting; the first time ever this takes ten minutes")
    wait_for(lambda: READY.exists() or keeper.poll() is not None, what="the cluster", seconds=3600)
    if not READY.exists():
        print(log.read_text().strip().splitlines()[-1], file=sys.stderr)
        return 1
    return kubeconfig()


def kubeconfig() -> int:
    """Print the path of the admin's kubeconfig."""
    if not running():
        print("There is none: `python -m tests.cluster up` or `node` starts one.", file=sys.stderr)
        return 1
    print(FOLDER / "state" / "admin.kubeconfig")
    return 0


def down() -> int:
    """End the cluster and remove all of it."""
    pid = running()
    if pid:
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not running(), what="the cluster to end", seconds=60)
    shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


def main(argv: list[str]) -> int:
    actions: dict[str, Callable[[], int]] = {
        "prepare": prepare,
        "up": lambda: start("up"),
        "node": lambda: start("node"),
        "down": down,
        "kubeconfig": kubeconfig,
        "keep-up": lambda: keep(Cluster),
        "keep-node": lambda: keep(Node),
    }
    if len(argv) != 1 or argv[0] not in actions:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return actions[argv[0]]()
    except Missing as reason:
        print(reason, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
