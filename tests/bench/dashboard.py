"""The dashboard on a real terminal, in front of the real API server with 1,000 and with 10,000 jobs.

The bars are those of issue 7. Beside them stand peers that can run here: a Textual app that shows one word, and
`kubectl get jobs`. CPU time is user and system together, of the dashboard's process alone.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.bench.fill import fill, manifest
from tests.bench.timing import measure
from tests.cluster.control import Cluster, kubectl_path
from tests.commands.terminal import Terminal

SIZES = (1_000, 10_000)
DATA_SECONDS = {1_000: 1, 10_000: 3}
MEMORY = {1_000: 90, 10_000: 200}
RUNS = 5
SETTLE_SECONDS = 5
IDLE_SECONDS = 30
BUSY_SECONDS = 15
KEYS = 300
KEY_PAUSE_SECONDS = 0.05
COLUMNS, LINES = 160, 45

# As in a pod: a token, a CA and a namespace in a folder, and no kubeconfig. Which folder is said when the dashboard
# connects: before its first paint it imports no more than a user's.
IN_POD = """
import functools, gc, sys
from pathlib import Path
gc.disable()
from kqueue_tui.dashboard import launch
gc.enable()
folder, cluster = Path(sys.argv.pop(1)), launch.cluster
def in_pod(options):
    def connect(scope, on_change):
        from kbatch_core.cluster import choose
        choose.load = functools.partial(choose.load, service_account=folder)
        return cluster(options)(scope, on_change)
    return connect
launch.cluster = in_pod
from kqueue_tui.cli.kqueue import main
main()
"""
# Before one of them: writes the seconds and CPU seconds of each key to a file, from the moment when the driver has
# made its event to the driver's write with a sign that shows it. What the pty and its reader take is not in it.
TIMED = """
import sys, time
from textual import events
from textual.drivers.linux_driver import LinuxDriver
kept, sign = open(sys.argv.pop(1), "w", buffering=1), sys.argv.pop(1)
typed = []
def process_message(self, message, take=LinuxDriver.process_message):
    if isinstance(message, events.Key):
        typed.append((time.perf_counter(), time.process_time()))
    take(self, message)
def write(self, data, put=LinuxDriver.write):
    put(self, data)
    if typed and sign in data:
        wall, cpu = typed[0]
        print(time.perf_counter() - wall, time.process_time() - cpu, file=kept)
        typed.clear()
LinuxDriver.process_message, LinuxDriver.write = process_message, write
"""
# What the machine itself adds: the same few milliseconds of work each time, after a pause as between two keys.
LOOP = """
import sys, time
for _ in range(int(sys.argv[1])):
    time.sleep(float(sys.argv[2]))
    wall, cpu = time.perf_counter(), time.process_time()
    sum(number * number % 7 for number in range(40_000))
    print(time.perf_counter() - wall, time.process_time() - cpu)
"""
CURSOR = "▌"
WORD = "nothing"
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Static("nothing but this")
    def on_key(self, event):
        self.query_one(Static).update(f"nothing but {event.key}")
Bare().run()
"""


class Start(NamedTuple):
    """Seconds since the start of the process, CPU seconds until paint and until all was there, and MB then."""

    paint: float
    first_rows: float
    all_rows: float
    cpu_paint: float
    cpu_all: float
    memory: float


def run() -> list[str]:
    lines = []
    with tempfile.TemporaryDirectory() as name, Cluster() as cluster:
        folders = {size: Path(name) / str(size) for size in SIZES}
        for size, folder in folders.items():
            account(cluster, folder, f"bench-{size}")
        # It would go on for minutes to write that new jobs are held, 20 a second, into what is measured as idle.
        cluster.components["kube-controller-manager"].stop()
        for size, folder in folders.items():
            namespace = f"bench-{size}"
            fill(cluster, namespace, size, partial(manifest, namespace))
            lines += starts(cluster, folder, size)
            lines += held_open(cluster, folder, size)
        lines += [bare_held_open(Path(name)), loop()]
    return lines


def starts(cluster: Cluster, folder: Path, size: int) -> list[str]:
    """From the start of the process to paint and rows, in turn with the peers."""
    kubectl = (kubectl_path(), "--kubeconfig", str(cluster.kubeconfig), "-n", f"bench-{size}", "get", "jobs")
    ours, alone, theirs = [], [], []
    for _ in range(RUNS):
        ours.append(started(cluster.server, folder, size))
        alone.append(started_bare(folder))
        theirs.append(measure(kubectl))
    paint, rows, everything, cpu_paint, cpu_all, memory = map(statistics.median, zip(*ours, strict=True))
    bare_paint, bare_cpu = map(statistics.median, zip(*alone, strict=True))
    wall, used = map(statistics.median, zip(*theirs, strict=True))
    return [
        f"{size} jobs, first paint: {paint * 1000:.0f} ms (bar 350), CPU {cpu_paint * 1000:.0f} ms; "
        f"a Textual app of one word {bare_paint * 1000:.0f} ms (ratio {paint / bare_paint:.2f}), "
        f"CPU {bare_cpu * 1000:.0f} ms (ratio {cpu_paint / bare_cpu:.2f})",
        f"{size} jobs, on screen: the first rows after {rows:.2f} s, all after {everything:.2f} s "
        f"(bar {DATA_SECONDS[size]}), CPU {cpu_all:.2f} s, {memory:.0f} MB (bar {MEMORY[size]}); "
        f"kubectl get jobs {wall:.2f} s, CPU {used:.2f} s (ratios {everything / wall:.2f}, {cpu_all / used:.2f})",
    ]


def revision(cluster: Cluster, size: int) -> int:
    """How many writes there have been, of anything."""
    answer = cluster.kubectl("get", "--raw", f"/apis/batch/v1/namespaces/bench-{size}/jobs?limit=1").stdout
    return int(json.loads(answer)["metadata"]["resourceVersion"])


def bare_held_open(folder: Path) -> str:
    """What Textual alone takes for that: the app of one word, which says the key."""
    kept = folder / "bare-keys"
    with bare(folder, kept) as terminal:
        arrival(terminal, lambda text: WORD in text, "the word")
        terminal.look(SETTLE_SECONDS)
        quiet = watch(terminal, IDLE_SECONDS)
        return (
            f"a Textual app of one word, idle: {quiet.cpu:.2%} of a core, {quiet.bytes / 1024:.2f} KiB/s, "
            f"{quiet.memory:.0f} MB; key to screen: {echoes(terminal, kept)}"
        )


def loop() -> str:
    """What the same work takes each time, where nobody waits for a screen."""
    command = (sys.executable, "-c", LOOP, str(KEYS), str(KEY_PAUSE_SECONDS))
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return f"a loop of a few milliseconds, as often: {of_process(lines)}"


def held_open(cluster: Cluster, folder: Path, size: int) -> list[str]:
    """What it costs while nothing happens, and while much does; how soon a key is answered in both."""
    kept = folder / "keys"
    with dashboard(cluster.server, folder, kept) as terminal:
        terminal.wait_for(lambda text: str(size) in text and "LIVE" in text, "all rows", 120)
        terminal.look(SETTLE_SECONDS)
        quiet = watch(terminal, IDLE_SECONDS)
        quiet_keys = echoes(terminal, kept)
        lines = [
            f"{size} jobs, idle: {quiet.cpu:.2%} of a core (bar 1 %), "
            f"{quiet.bytes / 1024:.2f} KiB/s to the terminal (bar 2), {quiet.memory:.0f} MB (bar {MEMORY[size]})",
            f"{size} jobs, key to screen: {quiet_keys} (bar p99 20 ms in process)",
        ]
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.queue", "write", str(cluster.kubeconfig), f"bench-{size}"]
        )
        terminal.look(SETTLE_SECONDS)
        before, began = revision(cluster, size), time.monotonic()
        busy = watch(terminal, BUSY_SECONDS)
        reached = (revision(cluster, size) - before) / (time.monotonic() - began)
        busy_keys = echoes(terminal, kept)
        writer.kill()
        writer.wait()
    return [
        *lines,
        f"{size} jobs, {reached:.0f} writes a second (100 wanted): {busy.cpu:.1%} of a core (bar 10 %), "
        f"{busy.bytes / 1024:.2f} KiB/s to the terminal, {busy.memory:.0f} MB; key to screen: {busy_keys}",
    ]


class Watched(NamedTuple):
    """CPU as a part of one core, bytes a second to the terminal, and MB at the end."""

    cpu: float
    bytes: float
    memory: float


def watch(terminal: Terminal, seconds: float) -> Watched:
    used, began = cpu(terminal.pid), time.monotonic()
    count = terminal.look(seconds)
    passed = time.monotonic() - began
    return Watched((cpu(terminal.pid) - used) / passed, count / passed, resident(terminal.pid))


def echoes(terminal: Terminal, kept: Path) -> str:
    """How long after a key it is shown: in the process, and at the terminal. The cursor goes down and up again."""
    begun = len(kept.read_text().splitlines())
    found = []
    for number in range(KEYS):
        terminal.look(KEY_PAUSE_SECONDS)
        before, typed = len(terminal.arrived), time.monotonic()
        terminal.type("j" if number % 40 < 20 else "k")
        terminal.look_once()
        found.append(terminal.arrived[before][0] - typed)
    terminal.look(KEY_PAUSE_SECONDS)
    lines = kept.read_text().splitlines()[begun:]
    return f"in process {of_process(lines)}; at the terminal {parts(found)}"


def of_process(lines: Sequence[str]) -> str:
    """Of lines with seconds and CPU seconds each."""
    wall, used = zip(*(map(float, line.split()) for line in lines), strict=True)
    return f"{parts(wall)} (CPU {parts(used)})"


def parts(seconds: Sequence[float]) -> str:
    """The median, and what one in a hundred goes beyond."""
    found = sorted(seconds)
    return ", ".join(f"p{part} {found[len(found) * part // 100] * 1000:.1f} ms" for part in (50, 99))


def account(cluster: Cluster, folder: Path, namespace: str) -> None:
    """A namespace, and what a pod of ann's in it would find mounted."""
    folder.mkdir()
    cluster.create_namespace(namespace)
    # A controller fills the role in, which is stopped soon after.
    while not json.loads(cluster.kubectl("get", "clusterrole", "admin", "-o", "json").stdout).get("rules"):
        time.sleep(0.1)
    (folder / "token").write_text(cluster.token(namespace, "ann", cluster_role="admin"))
    (folder / "ca.crt").write_bytes(cluster.ca_file.read_bytes())
    (folder / "namespace").write_text(namespace)


def environ(server: str, home: Path) -> dict[str, str]:
    parts = urlsplit(server)
    return {
        "KUBERNETES_SERVICE_HOST": parts.hostname or "",
        "KUBERNETES_SERVICE_PORT": str(parts.port),
        "JUPYTERHUB_USER": "ann",
        "HOME": str(home),
        "COLORTERM": "truecolor",
    }


@contextmanager
def dashboard(server: str, folder: Path, kept: Path | None = None) -> Iterator[Terminal]:
    """The dashboard as in a pod, in a home where it was never opened before; the times of keys go to `kept`."""
    where = environ(server, folder)
    program = timed(IN_POD, kept, CURSOR)
    with Terminal(
        "python", "-c", *program, str(folder), environ=where, columns=COLUMNS, lines=LINES
    ) as terminal:
        yield terminal
        terminal.type("q")
        terminal.wait_end()


def started(server: str, folder: Path, size: int) -> Start:
    began = time.monotonic()
    with dashboard(server, folder) as terminal:
        paint = arrival(terminal, lambda text: "kqueue" in text, "the first paint") - began
        cpu_paint = cpu(terminal.pid)
        rows = arrival(terminal, lambda text: "Held;" in text, "the first rows") - began
        all_rows = (
            arrival(terminal, lambda text: str(size) in text and "LIVE" in text, "all rows", 120) - began
        )
        return Start(paint, rows, all_rows, cpu_paint, cpu(terminal.pid), resident(terminal.pid))


def timed(program: str, kept: Path | None, sign: str) -> list[str]:
    """The program and its first arguments, so that the times of keys go to `kept` if that is given."""
    return [program] if kept is None else [TIMED + program, str(kept), sign]


@contextmanager
def bare(home: Path, kept: Path | None = None) -> Iterator[Terminal]:
    """A Textual app of one word."""
    where = {"HOME": str(home), "COLORTERM": "truecolor"}
    program = timed(BARE, kept, WORD)
    with Terminal("python", "-c", *program, environ=where, columns=COLUMNS, lines=LINES) as terminal:
        yield terminal
        terminal.type("q")
        terminal.wait_end()


def started_bare(home: Path) -> tuple[float, float]:
    """Seconds and CPU seconds until it is painted."""
    began = time.monotonic()
    with bare(home) as terminal:
        paint = arrival(terminal, lambda text: WORD in text, "the word") - began
        return paint, cpu(terminal.pid)


def arrival(terminal: Terminal, check: Callable[[str], object], what: str, seconds: float = 60.0) -> float:
    """When the bytes came that made `check` of the screen true."""
    terminal.wait_for(check, what, seconds)
    return terminal.arrived[-1][0]


def cpu(pid: int) -> float:
    """Seconds of CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """MB of memory that a process has now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
